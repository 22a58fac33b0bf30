"""Asking Nylas about single items as long as it answers. Holds a reader only, so nothing here can write.

The first error is remembered and ends the asking: what is said afterwards says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from nylasadmin.domain.fidelity import Fidelity
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import Item, fingerprint
from nylasadmin.domain.plan import Observed
from nylasadmin.errors import NylasError
from nylasadmin.services.ports import ItemReader, Searching

_T = TypeVar("_T")


class Inquiry:
    """Asks about one folder. ``problem`` is the error that ended it; ``seen`` all items that were met, by id."""

    def __init__(self, reader: ItemReader, fidelity: Fidelity) -> None:
        self._reader = reader
        self._fidelity = fidelity
        self._missing: set[ItemId] = set()
        self.problem: NylasError | None = None
        self.seen: dict[ItemId, Observed] = {}

    def look_up(self, ids: Iterable[ItemId]) -> None:
        """Meet items by their ids; each is asked for once."""
        wanted = [i for i in dict.fromkeys(ids) if i not in self.seen and i not in self._missing]
        if wanted:
            self._meet(self._asked(lambda: self._reader.look_up(wanted, self._fidelity), []))
            self._missing |= set(wanted) - self.seen.keys()

    def search(self, words: str) -> list[Observed]:
        """Find items by words of their title, or by an address."""
        reader = self._reader
        if not isinstance(reader, Searching):
            return []
        return self._meet(self._asked(lambda: reader.search(words, self._fidelity), []))

    def find_uid(self, uid: str) -> list[Observed]:
        """Find items by their UID."""
        reader = self._reader
        if not isinstance(reader, Searching):
            return []
        return self._meet(self._asked(lambda: reader.find_uid(uid, self._fidelity), []))

    def find_series(self, occurrence: ItemId) -> ItemId | None:
        """Meet the series of an occurrence that somebody names by its own id; give the series' id."""
        reader = self._reader
        if not isinstance(reader, Searching):
            return None
        series = self._asked(lambda: reader.series_of(occurrence), None)
        if series is not None:
            self.look_up([series])
        return series if series in self.seen else None

    def find_claiming(self, crm_id: ItemId) -> None:
        """Meet the item that carries our marker for an item of the CRM."""
        claiming = self._asked(lambda: self._reader.find_claiming(crm_id), None)
        if claiming is not None:
            self.look_up([claiming])

    def load(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        """Give bodies of items that were met, without long texts."""
        return self._asked(lambda: self._reader.load_brief(ids), {}) if ids else {}

    def _meet(self, found: list[Observed]) -> list[Observed]:
        self.seen |= {o.id: o for o in found}
        return found

    def _asked(self, ask: Callable[[], _T], otherwise: _T) -> _T:
        if self.problem is not None:
            return otherwise
        try:
            return ask()
        except NylasError as error:
            self.problem = error
            return otherwise


def seen_otherwise(item: Observed, body: Item | None, fidelity: Fidelity) -> Observed:
    """Give an item as it is observed under another fidelity; one that cannot be read stays as it is."""
    return item if body is None else msgspec.structs.replace(item, fingerprint=fingerprint(body, fidelity))
