"""Keep what a preview planned, and bind a run to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec

from nylasadmin.domain.binding import PlanItemState, bind
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import Item, encode_body, merged
from nylasadmin.domain.plan import Action, ActionKind, Direction, Reason
from nylasadmin.services.ports import ItemReader
from nylasadmin.services.recording import WITH_BODY, Work
from nylasadmin.services.rows import PlanItem

_BATCH = 500
KEPT_DAYS = 7
"""How long a preview's items are kept; its counts stay."""

SHOWN = frozenset(ActionKind) - {ActionKind.UNCHANGED, ActionKind.ADOPT, ActionKind.FORGET}
"""Kinds that a preview lists; what is equal or only remembered is counted."""

UNWRITABLE = frozenset({ActionKind.SKIP})
"""What a snapshot keeps of its plan: who looks for an item finds out why it was not written.

So are items that stay because an operator said so; those that only the receiver has may be many, and are counted."""

VICTIMS = UNWRITABLE | {ActionKind.DELETE}
"""What a held run keeps: who approves sees what will be deleted."""

Bodies = dict[ItemId, Item]


def keep_plan(work: Work, nylas: ItemReader, actions: Sequence[Action], kinds: frozenset[ActionKind] = SHOWN) -> None:
    """Store a plan's actions of some kinds, with both versions of each item, in place of what was stored before.

    Raises as a lease does between batches.
    """
    with work.storage.write() as tx:
        work.lease.check_in(tx)
        tx.plans.clear(work.run.id)
    for batch in _batches(enumerate(a for a in actions if _is_listed(a, kinds))):
        is_get, is_undo = work.run.direction is Direction.GET, work.run.undoes_id is not None
        at_nylas = {} if is_get and is_undo else nylas.load_brief(_ids(batch, of_source=is_get))
        with work.storage.write() as tx:
            work.lease.check_in(tx)
            sources, written = _ids(batch, of_source=True), _ids(batch, of_source=False)
            source = at_nylas if is_get and not is_undo else work.source_in(tx, sources)
            destination = tx.items.store(work.scope).load_brief(written) if is_get else at_nylas
            items = [_plan_item(work, seq, action, source, destination) for seq, action in batch]
            tx.plans.add(work.run.snapshot_id, work.run.id, items)


def keep_some(work: Work, nylas: ItemReader, actions: Sequence[Action], kinds: frozenset[ActionKind]) -> None:
    """Keep some kinds of a run's plan; most runs have none of them and nothing from before, and so nothing to do."""
    if work.run.fence > 1 or any(_is_listed(a, kinds) for a in actions):
        keep_plan(work, nylas, actions, kinds)


def _is_listed(action: Action, kinds: frozenset[ActionKind]) -> bool:
    return action.kind in kinds or action.reason is Reason.DELETE_REJECTED


def _batches(listed: Iterator[tuple[int, Action]]) -> Iterator[list[tuple[int, Action]]]:
    while batch := list(islice(listed, _BATCH)):
        yield batch


def _ids(batch: list[tuple[int, Action]], *, of_source: bool) -> list[ItemId]:
    """Give the ids at one side of the items whose bodies the page shows."""
    if of_source:
        return [a.source for _, a in batch if a.source is not None and a.kind in WITH_BODY]
    return [a.destination for _, a in batch if a.destination is not None and a.writes]


def _plan_item(work: Work, seq: int, action: Action, source: Bodies, destination: Bodies) -> PlanItem:
    old = destination.get(action.destination) if action.destination is not None and action.writes else None
    new = source.get(action.source) if action.source is not None and action.kind in WITH_BODY else None
    if old is not None and new is not None:
        new = merged(new, old, work.facts.fidelity)
    seen = work.facts.source.get(action.source) if action.source is not None else None
    return PlanItem(
        seq=seq,
        kind=action.kind,
        reason=action.reason,
        source_id=action.source,
        destination_id=action.destination,
        title=action.title,
        is_recurring=action.is_recurring,
        source_fingerprint=seen.fingerprint if seen is not None else None,
        expected=action.expected,
        before=encode_body(old) if old is not None else None,
        after=encode_body(new) if new is not None else None,
    )


class BoundActions(msgspec.Struct, frozen=True):
    """What may be carried out of a fresh plan, and how many shown writes moved since."""

    actions: list[Action]
    moved: int


def bound_to_plan(work: Work, actions: list[Action]) -> BoundActions:
    """Reduce a fresh plan to what the run's preview showed; mark what moved since on the preview's page."""
    run = work.run
    if run.plan_id is None:
        return BoundActions(actions, 0)
    fingerprints = {item_id: seen.fingerprint for item_id, seen in work.facts.source.items()}
    with work.storage.write() as tx:
        work.lease.check_in(tx)
        shown = tx.plans.shown(run.plan_id, run.link_id)
        bound = bind(actions, fingerprints, shown, tx.plans.done_by(run.id, run.direction))
        tx.plans.mark(run.plan_id, run.link_id, bound.moved, PlanItemState.MOVED)
    return BoundActions(bound.actions, len(bound.moved))
