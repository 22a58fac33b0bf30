"""Telling what became of a write whose answer was lost, by looking at what is there.

An update has happened where the item is as it was to be, a delete where it is gone; who else did so matters to nobody.
Of what creates have made, most items carry our marker. Where one carries none, it is known by its content: it is there
now, equal to what was sent, and nobody knew it before. Taking it for ours is right even if somebody entered the very
same meanwhile, for equal items without a pair are taken for the same in every plan.
"""

from __future__ import annotations

from collections.abc import Container

from nylasadmin.domain.fidelity import Fidelity
from nylasadmin.domain.items import ItemId, ScheduleItem
from nylasadmin.domain.plan import ActionKind, Observed
from nylasadmin.services.ports import ItemReader, Outcome


def find_made(
    nylas: ItemReader, claims: ItemId, wanted: bytes | None, fidelity: Fidelity, known: Container[ItemId]
) -> ItemId | None:
    """Give the item at Nylas that was made for ``claims``, sent with the fingerprint ``wanted``; ``None`` for none.

    ``known``: items that belong to others, or were there before. Raises :class:`~nylasadmin.errors.NylasError`.
    """
    found = nylas.find_claiming(claims)
    if found is None and wanted is not None:
        return nylas.find_equal(wanted, fidelity, known)
    return found


def has_happened(
    nylas: ItemReader, kind: ActionKind, item_id: ItemId, wanted: bytes | None, fidelity: Fidelity
) -> bool:
    """Say whether an update or delete has left at Nylas what it was to leave. Raises ``NylasError``."""
    if kind is ActionKind.UPDATE and wanted is None:
        return False
    seen = nylas.look_up([item_id], fidelity)
    if kind is ActionKind.DELETE:
        return not seen
    return bool(seen) and seen[0].fingerprint == wanted


def as_made(nylas: ItemReader, key: int, found: ItemId, fidelity: Fidelity) -> tuple[Outcome, Observed | None]:
    """Give what the lost answer of a create would have told, and how the item is now. Raises ``NylasError``."""
    seen = nylas.look_up([found], fidelity)
    item = nylas.load([found]).get(found) if seen else None
    if not isinstance(item, ScheduleItem):
        return Outcome(key=key, id=found), seen[0] if seen else None
    return Outcome(key=key, id=found, organizer=item.organizer, uid=item.uid), seen[0]
