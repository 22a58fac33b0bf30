"""Items known by what was sent: an event that comes again byte for byte need not be converted and hashed again.

With a pair stands what Nylas sent when both sides were seen to be equal, as a digest, and the fingerprint it had then.
If the CRM's item still has that fingerprint, an event with that digest is the same item again. Anything else, the
smallest change of the event, of the CRM's item, of a provider's rules or of our own way to read, is looked at in full.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import Action, ActionKind, Observed
from nylasadmin.services.rows import SeenPair

_FINGERPRINT = 16
_TAG = 4  # how it was understood: the beginning of every digest


def seen(item: Observed) -> bytes | None:
    """Give what is remembered with a pair; ``None`` for an item that comes in several pieces, such as a series."""
    return None if item.digest is None else item.digest + item.fingerprint


def recognizable(crm: Iterable[Observed], pairs: Iterable[SeenPair]) -> dict[bytes, Observed]:
    """Give by digest the items at Nylas that need not be looked at if they come as they came before."""
    at_crm = {item.id: item for item in crm}
    known: dict[bytes, Observed] = {}
    for crm_id, nylas_id, remembered in pairs:
        if remembered is None or (item := at_crm.get(crm_id)) is None:
            continue
        if item.fingerprint == remembered[-_FINGERPRINT:]:
            digest = remembered[:-_FINGERPRINT]
            known[digest] = _same(item, nylas_id, digest)
    return known


def _same(item: Observed, nylas_id: ItemId, digest: bytes) -> Observed:
    """Give the item at Nylas that equals one of the CRM. Nobody will write it, so nothing says whether one could."""
    return Observed(
        id=nylas_id,
        fingerprint=item.fingerprint,
        title=item.title,
        start=item.start,
        end=item.end,
        is_recurring=item.is_recurring,
        uid=item.uid,
        original_start=item.original_start,
        digest=digest,
    )


def to_remember(
    actions: Iterable[Action], source: Mapping[ItemId, Observed], pairs: Iterable[SeenPair]
) -> list[SeenPair]:
    """Give pairs of equal items that nothing is remembered with, or only what was understood otherwise.

    Of an event that comes anew with each listing though nothing about it changes, the first sight is kept: remembering
    every one would make each Get write.
    """
    new = {nylas_id for _, nylas_id, remembered in pairs if _is_new(source.get(nylas_id), remembered)}
    if not new:
        return []
    equal = (a for a in actions if a.kind is ActionKind.UNCHANGED and a.source in new)
    return [SeenPair(a.destination, a.source, seen(source[a.source])) for a in equal if a.source and a.destination]


def _is_new(item: Observed | None, remembered: bytes | None) -> bool:
    if item is None or item.digest is None:
        return False
    return remembered is None or remembered[:_TAG] != item.digest[:_TAG]
