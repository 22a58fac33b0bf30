"""What only Nylas can give an item that we created there: its organizer and UID go back into the CRM's item.

Without that the next Get would find every new item different, and write it again.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from nylasadmin.domain.fidelity import FULL
from nylasadmin.domain.items import ChangedOccurrence, ItemId, ScheduleItem
from nylasadmin.domain.kinds import Item
from nylasadmin.domain.plan import ActionKind
from nylasadmin.services.ports import Outcome, WriteOrder
from nylasadmin.services.rows import ItemScope
from nylasadmin.services.storage import UnitOfWork


def take_over(tx: UnitOfWork, scope: ItemScope, made: Mapping[ItemId, Outcome]) -> None:
    """Complete the CRM's items, named by their ids, by what their creation gave; what they have already stays."""
    given = [item_id for item_id, outcome in made.items() if outcome.organizer or outcome.uid]
    if not given:
        return
    store = tx.items.store(scope)
    orders: list[WriteOrder] = []
    for item_id, item in store.load(given).items():
        whole = _completed(item, made[item_id])
        if whole != item:
            orders.append(WriteOrder(key=len(orders), kind=ActionKind.UPDATE, fidelity=FULL, id=item_id, item=whole))
    for _ in store.write(orders):
        pass  # an item that cannot be completed stays as it is: the next Get tries again, and says why


def _completed(item: Item, made: Outcome) -> Item:
    if not isinstance(item, ScheduleItem):
        return item  # Nylas gives other kinds nothing of that
    organizer = item.organizer or made.organizer
    exceptions = tuple(
        ChangedOccurrence(e.original_start, replace(e.item, organizer=e.item.organizer or organizer))
        for e in item.exceptions
    )
    return replace(item, organizer=organizer, uid=item.uid or made.uid, exceptions=exceptions)
