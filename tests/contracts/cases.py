"""The stores that must keep the contract: one factory each. A new store adds itself to ``FACTORIES``."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import create_engine

from nylasadmin.adapters.memory import MemoryItemStore
from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.adapters.storage.database import Database, prepare
from nylasadmin.domain.fidelity import FULL, Fidelity, meet
from nylasadmin.domain.items import ItemId, ItemType
from nylasadmin.domain.kinds import Item, fingerprint
from nylasadmin.domain.links import ADDRESS_BOOK, CrmUser
from nylasadmin.domain.plan import ALWAYS, ActionKind, Observed, Window
from nylasadmin.domain.providers import rules_for
from nylasadmin.sandbox.clocks import FrozenClock
from nylasadmin.sandbox.testing import RunningSandbox
from nylasadmin.services.ports import FolderRef, ItemStore, Outcome, SenderSettings, WriteOrder
from nylasadmin.services.rows import ItemScope
from tests.made_once import put_tables
from tests.sandbox.openapi import judged_sandbox

NOW = 1_772_445_600  # 2026-03-02T10:00:00Z, a Monday


@dataclass
class StoreCase:
    """An empty folder behind the port. ``open`` gives a fresh view of it, as another process would have."""

    open: Callable[[], ItemStore]
    fidelity: Fidelity = FULL
    box: RunningSandbox | None = None
    created: list[ItemId] = field(default_factory=list)
    is_one_transaction: bool = False  # nothing is ever unanswered: no markers, and orders are taken in batches

    def create(self, item: Item, claims: str | None = None) -> ItemId:
        """Create an item and give its id."""
        order = WriteOrder(
            kind=ActionKind.CREATE, fidelity=self.fidelity, item=item, claims=ItemId(claims) if claims else None
        )
        outcome = self.write(order)
        assert outcome.error is None, outcome.error
        assert outcome.id is not None
        return outcome.id

    def update(self, item_id: ItemId, item: Item, expected: bytes | None = None) -> Outcome:
        """Overwrite an item."""
        return self.write(
            WriteOrder(kind=ActionKind.UPDATE, fidelity=self.fidelity, id=item_id, item=item, expected=expected)
        )

    def delete(self, item_id: ItemId, expected: bytes | None = None) -> Outcome:
        """Delete an item."""
        return self.write(WriteOrder(kind=ActionKind.DELETE, fidelity=self.fidelity, id=item_id, expected=expected))

    def write(self, order: WriteOrder) -> Outcome:
        """Carry out one order."""
        (outcome,) = self.open().write([order])
        return outcome

    def observe(self, window: Window = ALWAYS) -> dict[ItemId, Observed]:
        """List the folder."""
        return {o.id: o for batch in self.open().observe(self.fidelity, window) for o in batch}

    def print_of(self, item: Item) -> bytes:
        """Give an item's fingerprint under the case's fidelity."""
        return fingerprint(item, self.fidelity)

    def stored(self, item_id: ItemId) -> Item:
        """Load one item from a fresh listing."""
        store = self.open()
        for _ in store.observe(self.fidelity, ALWAYS):
            pass
        return store.load([item_id])[item_id]


@contextmanager
def memory() -> Iterator[StoreCase]:
    store = MemoryItemStore()
    yield StoreCase(open=lambda: store)


def nylas(provider: str, item_type: ItemType = ItemType.EVENT) -> Callable[[], AbstractContextManager[StoreCase]]:
    @contextmanager
    def case() -> Iterator[StoreCase]:
        with judged_sandbox(users=1, provider=provider, clock=FrozenClock(NOW)) as box:
            grant = box.grants[0]
            side = NylasHttpSide(now=lambda: NOW)
            sender = SenderSettings(base_url=box.url, api_key=box.api_key, requests_per_s=0)
            folder = FolderRef(
                grant_id=grant.id,
                provider=provider,
                folder_id=box.calendar(grant.id).id if item_type is ItemType.EVENT else ADDRESS_BOOK,
                account_email=grant.email,
                installation="here",
                item_type=item_type,
            )
            yield StoreCase(
                open=lambda: side.store(sender, folder), fidelity=meet(FULL, rules_for(provider).accepts), box=box
            )
            side.close()

    return case


class InUnitsOfWork:
    """The CRM's store as a run sees it: each call in a transaction of its own."""

    def __init__(self, storage: Database, item_type: ItemType) -> None:
        self._storage = storage
        self._scope = ItemScope(user_id="anna", collection="primary", item_type=item_type, origin="contract")

    @contextmanager
    def _store(self) -> Iterator[ItemStore]:
        with self._storage.write() as tx:
            yield tx.items.store(self._scope)

    def observe(self, fidelity: Fidelity, window: Window) -> Iterator[list[Observed]]:
        with self._store() as store:
            yield from store.observe(fidelity, window)

    def look_up(self, ids: Sequence[ItemId], fidelity: Fidelity) -> list[Observed]:
        with self._store() as store:
            return store.look_up(ids, fidelity)

    def load(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        with self._store() as store:
            return store.load(ids)

    def load_brief(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        with self._store() as store:
            return store.load_brief(ids)

    def find_claiming(self, claims: ItemId) -> ItemId | None:
        with self._store() as store:
            return store.find_claiming(claims)

    def find_equal(self, wanted: bytes, fidelity: Fidelity, known: Container[ItemId]) -> ItemId | None:
        with self._store() as store:
            return store.find_equal(wanted, fidelity, known)

    def write(self, orders: Iterable[WriteOrder]) -> Iterator[Outcome]:
        with self._store() as store:
            outcomes = list(store.write(orders))
        yield from outcomes


def crm(item_type: ItemType = ItemType.EVENT) -> Callable[[], AbstractContextManager[StoreCase]]:
    @contextmanager
    def case() -> Iterator[StoreCase]:
        with TemporaryDirectory() as folder:
            put_tables(Path(folder) / "crm.db")
            engine = prepare(create_engine(f"sqlite:///{folder}/crm.db"))
            storage = Database(engine, lambda: NOW)
            with storage.write() as tx:
                tx.users.save(CrmUser(id="anna", name="Anna", email="anna@brightwater.example"))
            yield StoreCase(open=lambda: InUnitsOfWork(storage, item_type), is_one_transaction=True)
            engine.dispose()

    return case


FACTORIES: dict[str, Callable[[], AbstractContextManager[StoreCase]]] = {
    "memory": memory,
    "crm": crm(),
    "nylas-google": nylas("google"),
    "nylas-microsoft": nylas("microsoft"),
    "nylas-icloud": nylas("icloud"),
}

CONTACT_FACTORIES: dict[str, Callable[[], AbstractContextManager[StoreCase]]] = {
    "memory": memory,
    "crm": crm(ItemType.CONTACT),
    **{
        f"nylas-{provider}": nylas(provider, ItemType.CONTACT)
        for provider in ("google", "microsoft", "icloud", "ews", "imap")
    },
}

MAIL_FACTORIES: dict[str, Callable[[], AbstractContextManager[StoreCase]]] = {
    "memory": memory,
    "crm-messages": crm(ItemType.MESSAGE),
    "crm-threads": crm(ItemType.THREAD),
}
