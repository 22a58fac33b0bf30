"""Nylas with ears: tests make edits at exact moments of a run.

Moments are named by what has just happened: ``page 1`` (the first page was given), ``listed`` (the last one was),
``load 1`` (bodies are about to be loaded for the first time), ``order 1`` (the first write is about to leave).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence

from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.domain.fidelity import Fidelity
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import Item
from nylasadmin.domain.plan import Observed, Window
from nylasadmin.services.ports import (
    Directory,
    FolderRef,
    HostedAuth,
    ItemReader,
    ItemStore,
    Outcome,
    SenderSettings,
    WriteOrder,
)


class Meanwhile(NylasHttpSide):
    """Opens folders that call back. Each callback is called once."""

    def __init__(self, side: NylasHttpSide) -> None:
        self._side = side
        self._due: dict[str, Callable[[], object]] = {}
        self.seen: Counter[str] = Counter()

    def at(self, moment: str, edit: Callable[[], object]) -> None:
        """Make an edit at the next such moment; counting begins anew."""
        self.seen.clear()
        self._due[moment] = edit

    def next(self, kind: str, edit: Callable[[], object]) -> None:
        """Make one more edit, at the next moment of a kind."""
        self._due[kind] = edit

    def forget(self) -> None:
        """Make no more edits."""
        self._due.clear()

    @property
    def is_pending(self) -> bool:
        return bool(self._due)

    def note(self, kind: str) -> None:
        self.seen[kind] += 1
        for name in (kind, f"{kind} {self.seen[kind]}"):
            if edit := self._due.pop(name, None):
                edit()

    def directory(self, sender: SenderSettings) -> Directory:
        return self._side.directory(sender)

    def hosted_auth(self, sender: SenderSettings, application_id: str) -> HostedAuth:
        return self._side.hosted_auth(sender, application_id)

    def reader(self, sender: SenderSettings, folder: FolderRef) -> ItemReader:
        return _Reader(self._side.reader(sender, folder), self)

    def store(self, sender: SenderSettings, folder: FolderRef) -> ItemStore:
        return _Store(self._side.store(sender, folder), self)

    def close(self) -> None:
        self._side.close()


class _Reader:
    def __init__(self, reader: ItemReader, ears: Meanwhile) -> None:
        self._reader = reader
        self._ears = ears

    def observe(self, fidelity: Fidelity, window: Window) -> Iterator[list[Observed]]:
        for page in self._reader.observe(fidelity, window):
            yield page
            self._ears.note("page")
        self._ears.note("listed")

    def look_up(self, ids: Sequence[ItemId], fidelity: Fidelity) -> list[Observed]:
        return self._reader.look_up(ids, fidelity)

    def load(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        self._ears.note("load")
        return self._reader.load(ids)

    def load_brief(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        self._ears.note("load")
        return self._reader.load_brief(ids)

    def find_claiming(self, claims: ItemId) -> ItemId | None:
        return self._reader.find_claiming(claims)

    def find_equal(self, wanted: bytes, fidelity: Fidelity, known: Container[ItemId]) -> ItemId | None:
        return self._reader.find_equal(wanted, fidelity, known)


class _Store(_Reader):
    def __init__(self, store: ItemStore, ears: Meanwhile) -> None:
        super().__init__(store, ears)
        self._store = store

    def write(self, orders: Iterable[WriteOrder]) -> Iterator[Outcome]:
        return self._store.write(self._heard(orders))

    def _heard(self, orders: Iterable[WriteOrder]) -> Iterator[WriteOrder]:
        for order in orders:
            self._ears.note("order")
            yield order
