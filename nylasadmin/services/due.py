"""What falls due by itself: judging snapshots whose links are all planned, creating again what was not to be deleted,
copying what was missed while an account was not signed in.

All of it follows from rows of the database. It is done by whoever looks for work, again and again, so a process that
ends in between loses nothing, and the order in which links end does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence

from nylasadmin.domain.links import Link
from nylasadmin.domain.plan import OPPOSITE, Action, ActionKind, Direction
from nylasadmin.domain.privileges import ENGINE, Actor
from nylasadmin.domain.runs import Run, RunState
from nylasadmin.errors import Refused
from nylasadmin.services import wording
from nylasadmin.services.audit import record
from nylasadmin.services.guarding import judge_snapshots
from nylasadmin.services.observing import Facts
from nylasadmin.services.rows import ChosenItem, DueRejection, Rejection
from nylasadmin.services.snapshots import Wish, add_over, add_runs_for
from nylasadmin.services.storage import UnitOfWork

CREATE_AGAIN = "create again what was not to be deleted"
_STANDING = frozenset({ActionKind.SKIP, ActionKind.KEEP, ActionKind.OUTSIDE})
"""Kinds that leave an item as it was when an operator refused to delete it."""


def is_something_due(tx: UnitOfWork) -> bool:
    """Say whether :func:`do_what_is_due` has anything to do; three looks at small indexes."""
    return bool(tx.holds.unjudged()) or tx.rejections.has_due() or tx.links.has_behind()


def do_what_is_due(tx: UnitOfWork) -> None:
    """Decide and ask for what is due. Doing it twice does nothing twice."""
    judge_snapshots(tx)
    groups: dict[tuple[int, Direction, str], list[DueRejection]] = {}
    for due in tx.rejections.due():
        groups.setdefault(_group(due), []).append(due)
    for (target_id, direction, operator), group in groups.items():
        free = [due.rejection for due in group if due.busy is None]
        if free and all(due.busy in (None, RunState.HELD) for due in group):  # in one snapshot, not one per link
            _create_again(tx, target_id, direction, Actor(name=operator), free)
            tx.rejections.settle([r.id for r in free])
    _catch_up(tx)


def _catch_up(tx: UnitOfWork) -> None:
    """Ask for a Get of the links that may have missed changes, in one snapshot for each target."""
    behind: dict[int, list[Link]] = {}
    for link in tx.links.behind():
        behind.setdefault(link.target_id, []).append(link)
    for target_id, links in behind.items():
        _get(tx, target_id, links)
        tx.links.caught_up([link.id for link in links])


def _get(tx: UnitOfWork, target_id: int, links: Sequence[Link]) -> None:
    link_id = links[0].id if len(links) == 1 else None
    wish = Wish(direction=Direction.GET, target_id=target_id, link_id=link_id, reason=wording.AFTER_SIGN_IN)
    facts = {"direction": wish.direction, "links": len(links), "reason": wish.reason}
    try:
        snapshot_id, _ = add_over(tx, ENGINE, wish, links)
    except Refused as refusal:  # inbound is off meanwhile: the next Get does it
        name = f"target {tx.targets.get(target_id).name}"
        record(tx, ENGINE, "snapshot.request", name, new=facts | {"why": refusal.why}, outcome="refused")
        return
    record(tx, ENGINE, "snapshot.request", tx.console.snapshot(snapshot_id).name, new=facts)


def _group(due: DueRejection) -> tuple[int, Direction, str]:
    return due.target_id, OPPOSITE[due.rejection.direction], due.rejection.operator


def _create_again(
    tx: UnitOfWork, target_id: int, direction: Direction, actor: Actor, rejections: Sequence[Rejection]
) -> None:
    """Ask for a snapshot of exactly these items, in the direction in which they were no copies."""
    links = tx.links.present([r.link_id for r in rejections])
    wish = Wish(
        direction=direction, target_id=target_id, link_id=links[0] if len(links) == 1 else None, reason=CREATE_AGAIN
    )
    facts = {"direction": direction, "links": len(links), "items": len(rejections), "reason": CREATE_AGAIN}
    try:
        snapshot_id, _ = add_runs_for(tx, actor, wish, links)
    except Refused as refusal:  # off or gone meanwhile: the answer stays, the next snapshot creates them
        name = f"target {tx.targets.get(target_id).name}"
        record(tx, actor, "snapshot.request", name, new=facts | {"why": refusal.why}, outcome="refused")
        return
    tx.runs.narrow(snapshot_id, [_chosen(r) for r in rejections])
    name = f"snapshot {snapshot_id} of {tx.targets.get(target_id).name}"
    record(tx, actor, "snapshot.request", name, new=facts)


def _chosen(rejection: Rejection) -> ChosenItem:
    source, destination = rejection.source_id, rejection.destination_id
    crm, nylas = (destination, source) if rejection.direction is Direction.GET else (source, destination)
    return ChosenItem(link_id=rejection.link_id, crm_id=crm, nylas_id=nylas)


def forget_overtaken(tx: UnitOfWork, run: Run, facts: Facts, actions: Sequence[Action]) -> None:
    """Forget answers about items whose deletion is no question any more: paired and whole again, or gone."""
    rejected = facts.rejections.get(run.direction)
    if rejected:
        standing = {a.destination for a in actions if a.kind in _STANDING}
        tx.rejections.drop(run.link_id, run.direction, sorted(rejected - standing))
