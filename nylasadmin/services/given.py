"""What only Nylas can give an item that we created there: its organizer and UID go back into the CRM's item.

Without that the next Get would find every new item different, and write it again.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from nylasadmin.domain.fidelity import FULL
from nylasadmin.domain.items import ChangedOccurrence, ItemId, ScheduleItem
from nylasadmin.domain.plan import ActionKind
from nylasadmin.services.ports import Outcome, WriteOrder
from nylasadmin.services.recording import Work
from nylasadmin.services.storage import UnitOfWork


def take_over(work: Work, tx: UnitOfWork, made: Mapping[ItemId, Outcome]) -> None:
    """Complete the CRM's items, named by their ids, by what their creation gave; what they have already stays."""
    if not made:
        return
    store = tx.items.store(work.scope)
    orders: list[WriteOrder] = []
    for item_id, item in store.load(list(made)).items():
        whole = _completed(item, made[item_id])
        if whole != item:
            orders.append(WriteOrder(key=len(orders), kind=ActionKind.UPDATE, fidelity=FULL, id=item_id, item=whole))
    for _ in store.write(orders):
        pass  # an item that cannot be completed stays as it is: the next Get tries again, and says why


def _completed(item: ScheduleItem, made: Outcome) -> ScheduleItem:
    organizer = item.organizer or made.organizer
    exceptions = tuple(
        ChangedOccurrence(e.original_start, replace(e.item, organizer=e.item.organizer or organizer))
        for e in item.exceptions
    )
    return replace(item, organizer=organizer, uid=item.uid or made.uid, exceptions=exceptions)
