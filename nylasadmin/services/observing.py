"""Gather the facts of one run: both listings and the pairs. Holds readers only, so nothing here can write."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from nylasadmin.domain.fidelity import FULL, Fidelity, meet
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.links import Account, Link
from nylasadmin.domain.plan import ALWAYS, Direction, Observed, Options, Pair, Reason, ReceiverOnly
from nylasadmin.domain.providers import rules_for
from nylasadmin.domain.targets import Target
from nylasadmin.services.ports import FolderRef, ItemReader, SenderSettings


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What one run works on: the link with everything above it, and how its folder is reached."""

    link: Link
    account: Account
    target: Target
    sender: SenderSettings
    folder: FolderRef


class Facts(msgspec.Struct, kw_only=True):
    """Both complete listings by id, and the pairs; ``read_before``: how many items the source had at the last run."""

    direction: Direction
    fidelity: Fidelity
    source: dict[ItemId, Observed]
    destination: dict[ItemId, Observed]
    pairs: list[Pair]
    read_before: int | None = None


def fidelity_of(direction: Direction, provider: str) -> Fidelity:
    """Give what is compared and written in a direction: what the source reports and the destination accepts."""
    rules = rules_for(provider)
    return meet(rules.reports, FULL) if direction is Direction.GET else meet(FULL, rules.accepts)


def gather(
    direction: Direction,
    fidelity: Fidelity,
    *,
    nylas: ItemReader,
    crm: Iterable[Observed],
    pairs: list[tuple[ItemId, ItemId]],
    still_wanted: Callable[[], None],
) -> Facts:
    """Read both sides completely.

    An item that we know at Nylas but that its listing lacks is looked up by its id: it may have slipped through between
    two pages, or lie outside the listed window. ``still_wanted`` is called between pages and may raise to stop.
    Raises :class:`~nylasadmin.errors.NylasError` when the listing cannot be completed.
    """
    at_nylas: dict[ItemId, Observed] = {}
    for batch in nylas.observe(fidelity, ALWAYS):
        at_nylas |= {o.id: o for o in batch}
        still_wanted()
    missing = [nylas_id for _, nylas_id in pairs if nylas_id not in at_nylas]
    at_nylas |= {o.id: o for o in nylas.look_up(missing, fidelity)}
    at_crm = {o.id: o for o in crm}
    if direction is Direction.GET:
        known = [Pair(nylas_id, crm_id) for crm_id, nylas_id in pairs]
        return Facts(direction=direction, fidelity=fidelity, source=at_nylas, destination=at_crm, pairs=known)
    known = [Pair(crm_id, nylas_id) for crm_id, nylas_id in pairs]
    return Facts(direction=direction, fidelity=fidelity, source=at_crm, destination=at_nylas, pairs=known)


def options_for(direction: Direction, link: Link, receiver_only: ReceiverOnly) -> Options:
    """Give the planner's options: a read-only folder takes no writes at all."""
    refusal = Reason.FOLDER_READ_ONLY if direction is Direction.SEND and link.is_read_only else None
    return Options(receiver_only=receiver_only, refusal=refusal)
