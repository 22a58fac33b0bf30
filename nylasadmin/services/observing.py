"""Gather the facts of one run: both listings and the pairs. Holds readers only, so nothing here can write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from nylasadmin.domain.arrivals import Touches
from nylasadmin.domain.fidelity import FULL, Fidelity, meet
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.links import Account, Link
from nylasadmin.domain.plan import ALWAYS, Action, Direction, Observed, Options, Pair, Reason, Window
from nylasadmin.domain.providers import rules_for
from nylasadmin.domain.runs import Run
from nylasadmin.domain.targets import Target
from nylasadmin.services.ports import FolderRef, ItemReader, SenderSettings
from nylasadmin.services.rows import ItemScope, SeenPair

_DAY_S = 86_400


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What one run works on: the link with everything above it, and how its folder is reached."""

    link: Link
    account: Account
    target: Target
    sender: SenderSettings
    folder: FolderRef


class Facts(msgspec.Struct, kw_only=True):
    """Both complete listings by id, and the pairs; ``read_before``: how many items the source had at the last run.

    ``watermark``: the number of the newest arrival at Nylas that the facts know of. ``touches``: what changed since the
    plan was made with ``options``. ``rejections``: items of the link that operators refused to delete, by direction.
    ``window``: the time that was listed at Nylas. Nothing is known of what lies outside.
    """

    direction: Direction
    fidelity: Fidelity
    source: dict[ItemId, Observed]
    destination: dict[ItemId, Observed]
    pairs: list[Pair]
    remembered: Sequence[SeenPair] = ()  # of a Get
    read_before: int | None = None
    watermark: int = 0
    options: Options | None = None
    touches: Touches | None = None
    rejections: dict[Direction, frozenset[ItemId]] = {}
    window: Window = ALWAYS

    @property
    def at_nylas(self) -> dict[ItemId, Observed]:
        return self.source if self.direction is Direction.GET else self.destination


def scope_of(subject: Subject, run: Run) -> ItemScope:
    """Name the CRM's items that a run works on, and the run as the origin of their changes."""
    link = subject.link
    return ItemScope(user_id=link.user_id, collection=link.collection, item_type=link.item_type, origin=f"run {run.id}")


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
    window: Window = ALWAYS,
) -> Facts:
    """Read both sides completely.

    An item that we know at Nylas but that its listing lacks is looked up by its id: it may have slipped through between
    two pages, or lie outside the listed window. ``still_wanted`` is called between pages and may raise to stop.
    Raises :class:`~nylasadmin.errors.NylasError` when the listing cannot be completed.
    """
    at_crm = {o.id: o for o in crm}
    at_nylas = _listed(nylas, fidelity, still_wanted, window)
    missing = [(crm_id, nylas_id) for crm_id, nylas_id in pairs if nylas_id not in at_nylas]
    at_nylas |= _looked_up(nylas, fidelity, (n for crm_id, n in missing if _counts(at_crm, crm_id, window)))
    if direction is Direction.GET:
        known = [Pair(nylas_id, crm_id) for crm_id, nylas_id in pairs]
        return Facts(
            direction=direction, fidelity=fidelity, source=at_nylas, destination=at_crm, pairs=known, window=window
        )
    known = [Pair(crm_id, nylas_id) for crm_id, nylas_id in pairs]
    return Facts(
        direction=direction, fidelity=fidelity, source=at_crm, destination=at_nylas, pairs=known, window=window
    )


def _counts(at_crm: dict[ItemId, Observed], crm_id: ItemId, window: Window) -> bool:
    """Say whether it matters that an item is missing at Nylas: outside the listed time it is no wonder."""
    return crm_id not in at_crm or window.holds(at_crm[crm_id])


def listed(
    nylas: ItemReader,
    fidelity: Fidelity,
    known: Iterable[ItemId],
    still_wanted: Callable[[], None],
    window: Window = ALWAYS,
) -> dict[ItemId, Observed]:
    """Read a folder completely; items that are known and not in its listing are looked up by their ids."""
    found = _listed(nylas, fidelity, still_wanted, window)
    return found | _looked_up(nylas, fidelity, (item_id for item_id in known if item_id not in found))


def _listed(
    nylas: ItemReader, fidelity: Fidelity, still_wanted: Callable[[], None], window: Window
) -> dict[ItemId, Observed]:
    found: dict[ItemId, Observed] = {}
    for batch in nylas.observe(fidelity, window):
        found.update({o.id: o for o in batch})
        still_wanted()
    return found


def _looked_up(nylas: ItemReader, fidelity: Fidelity, ids: Iterable[ItemId]) -> dict[ItemId, Observed]:
    return {o.id: o for o in nylas.look_up(list(dict.fromkeys(ids)), fidelity)}


def newest_first(facts: Facts, actions: list[Action]) -> list[Action]:
    """Order the actions of a plan by the dates of their items: a source that lists by date gives texts page by page."""

    def date(action: Action) -> int:
        item = _item_of(facts, action)
        return item.start if item is not None else 0

    return sorted(actions, key=date, reverse=True)


def nearest_first(facts: Facts, actions: list[Action], now: float) -> list[Action]:
    """Order the actions of a plan by how far their items are from now: people look for today's first.

    Series that go on, and items without a time, come with what is under way now.
    """

    def distance(action: Action) -> float:
        item = _item_of(facts, action)
        return max(item.start - now, now - item.end, 0) if item is not None else 0

    return sorted(actions, key=distance)


def _item_of(facts: Facts, action: Action) -> Observed | None:
    item = facts.source.get(action.source) if action.source is not None else None
    if item is None and action.destination is not None:
        item = facts.destination.get(action.destination)
    return item


def refusal_for(direction: Direction, link: Link) -> Reason | None:
    """Say why a link's destination takes no writes at all; ``None`` if it does."""
    return Reason.FOLDER_READ_ONLY if direction is Direction.SEND and link.is_read_only else None


def options_for(
    run: Run,
    subject: Subject,
    now: float,
    *,
    window: Window = ALWAYS,
    only: frozenset[ItemId] | None = None,
    rejected: frozenset[ItemId] = frozenset(),
) -> Options:
    """Give the planner's options: a read-only folder takes no writes, and what is old takes no inbound deletes.

    ``only``: the items that were chosen; ``rejected``: those that an operator refused to delete.
    """
    return Options(
        receiver_only=run.receiver_only,
        window=window,
        refusal=refusal_for(run.direction, subject.link),
        filter=run.filter,
        archived_before=_archived_before(run.direction, subject.target, now),
        only=only,
        rejected=rejected,
    )


def _archived_before(direction: Direction, target: Target, now: float) -> int | None:
    """Give the start of the day (UTC) that many days ago; to the day, so that a plan and its run see the same."""
    if direction is not Direction.GET or target.keep_older_days is None:
        return None
    return int(now) // _DAY_S * _DAY_S - target.keep_older_days * _DAY_S
