"""The deletion guard at work: what it says about one run's plan, and about a snapshot once all links are planned."""

from __future__ import annotations

import logging

import msgspec

from nylasadmin.domain.guard import Hold, Tally, check, deletes_of, digest, held_with, together
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import Action, ActionKind
from nylasadmin.domain.runs import Run
from nylasadmin.domain.targets import GuardLimits
from nylasadmin.services.observing import Facts
from nylasadmin.services.storage import UnitOfWork

log = logging.getLogger(__name__)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the guard says about a run's plan: ``hold`` it, let it ``wait`` for the snapshot's other links, or neither.

    ``victims`` is what an approval is bound to.
    """

    tally: Tally
    victims: bytes
    hold: Hold | None = None
    waits: bool = False


def judge(
    run: Run, limits: GuardLimits, facts: Facts, actions: list[Action], done: frozenset[ItemId] = frozenset()
) -> Verdict:
    """Judge a run's plan before its first write. ``done``: what this run has deleted before it was interrupted.

    Exactly the deletes that were approved pass, by whoever approved them; so they do after an interruption.
    """
    victims = deletes_of(actions) | done
    counted = _tally(facts, actions, len(victims), done)
    verdict = Verdict(tally=counted, victims=digest(victims))
    if run.approved == verdict.victims:
        return verdict
    hold = check(counted, limits)
    return msgspec.structs.replace(verdict, hold=hold, waits=hold is None and run.is_one_of_many and bool(victims))


def tally_of(facts: Facts, actions: list[Action], done: frozenset[ItemId] = frozenset()) -> Tally:
    """Give what the guard counts of a run; what the run has deleted already counts as still there."""
    return _tally(facts, actions, len(deletes_of(actions) | done), done)


def _tally(facts: Facts, actions: list[Action], deletes: int, done: frozenset[ItemId]) -> Tally:
    return Tally(
        deletes=deletes,
        destination_items=_taking_part(facts, actions) + len(done),
        source_items=len(facts.source),
        source_before=facts.read_before,
    )


def _taking_part(facts: Facts, actions: list[Action]) -> int:
    """Count the destination's items that may be touched: a share is one of these, not of what a filter leaves out."""
    outside = sum(a.kind is ActionKind.OUTSIDE and a.destination in facts.destination for a in actions)
    return len(facts.destination) - outside


def judge_snapshots(tx: UnitOfWork) -> None:
    """Decide about every snapshot of which runs wait and all links are planned: all of them go on, or all are held.

    Everything it looks at is in the database, so it does not matter who calls it, when, or how often.
    """
    for snapshot_id, target_id in tx.holds.unjudged():
        hold = check(together(tx.holds.tallies(snapshot_id)), tx.targets.get(target_id).guard)
        if hold is None:
            runs = tx.holds.let_pass(snapshot_id)
            log.info("snapshot %s: the deletes of %s runs pass together", snapshot_id, runs)
            continue
        for run_id, own in tx.holds.waiting(snapshot_id):
            tx.holds.hold_waiting(run_id, held_with(hold, own))
        log.info("snapshot %s is held: %s", snapshot_id, hold.limit)
