"""The stores that must keep the contract: one factory each. A new store adds itself to ``FACTORIES``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from nylasadmin.adapters.memory import MemoryItemStore
from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.domain.fidelity import FULL, Fidelity, fingerprint, meet, rules_for
from nylasadmin.domain.items import ItemId, ScheduleItem
from nylasadmin.domain.plan import ALWAYS, ActionKind, Observed, Window
from nylasadmin.sandbox.clocks import FrozenClock
from nylasadmin.sandbox.testing import RunningSandbox, running_sandbox
from nylasadmin.services.ports import FolderRef, ItemStore, Outcome, SenderSettings, WriteOrder

NOW = 1_772_445_600  # 2026-03-02T10:00:00Z, a Monday


@dataclass
class StoreCase:
    """An empty folder behind the port. ``open`` gives a fresh view of it, as another process would have."""

    open: Callable[[], ItemStore]
    fidelity: Fidelity = FULL
    box: RunningSandbox | None = None
    created: list[ItemId] = field(default_factory=list)

    def create(self, item: ScheduleItem, claims: str | None = None) -> ItemId:
        """Create an item and give its id."""
        order = WriteOrder(
            kind=ActionKind.CREATE, fidelity=self.fidelity, item=item, claims=ItemId(claims) if claims else None
        )
        outcome = self.write(order)
        assert outcome.error is None, outcome.error
        assert outcome.id is not None
        return outcome.id

    def update(self, item_id: ItemId, item: ScheduleItem, expected: bytes | None = None) -> Outcome:
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

    def print_of(self, item: ScheduleItem) -> bytes:
        """Give an item's fingerprint under the case's fidelity."""
        return fingerprint(item, self.fidelity)

    def stored(self, item_id: ItemId) -> ScheduleItem:
        """Load one item from a fresh listing."""
        store = self.open()
        for _ in store.observe(self.fidelity, ALWAYS):
            pass
        return store.load([item_id])[item_id]


@contextmanager
def memory() -> Iterator[StoreCase]:
    store = MemoryItemStore()
    yield StoreCase(open=lambda: store)


def nylas(provider: str) -> Callable[[], AbstractContextManager[StoreCase]]:
    @contextmanager
    def case() -> Iterator[StoreCase]:
        with running_sandbox(users=1, provider=provider, clock=FrozenClock(NOW)) as box:
            grant = box.grants[0]
            side = NylasHttpSide(now=lambda: NOW)
            sender = SenderSettings(base_url=box.url, api_key=box.api_key, requests_per_s=0)
            folder = FolderRef(
                grant_id=grant.id,
                provider=provider,
                folder_id=box.calendar(grant.id).id,
                account_email=grant.email,
                installation="here",
            )
            yield StoreCase(
                open=lambda: side.store(sender, folder), fidelity=meet(FULL, rules_for(provider).accepts), box=box
            )
            side.close()

    return case


FACTORIES: dict[str, Callable[[], AbstractContextManager[StoreCase]]] = {
    "memory": memory,
    "nylas-google": nylas("google"),
    "nylas-microsoft": nylas("microsoft"),
    "nylas-icloud": nylas("icloud"),
}
