"""Stored plans: look at them, leave items out, and carry out exactly what was shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from nylasadmin.domain.binding import PlanItemState
from nylasadmin.domain.differences import MASK, differences, masked
from nylasadmin.domain.guard import check, together, without
from nylasadmin.domain.kinds import decode_body
from nylasadmin.domain.links import OffReason
from nylasadmin.domain.plan import WRITES, ActionKind, Direction, Reason
from nylasadmin.domain.privileges import Actor
from nylasadmin.domain.runs import RunState
from nylasadmin.errors import InvalidInput, NotFound, Refused
from nylasadmin.services.audit import record
from nylasadmin.services.observing import fidelity_of
from nylasadmin.services.plan_views import (
    Forecast,
    HeldLink,
    PlanItemRow,
    PlanItemView,
    PlanLink,
    PlanPage,
    PlanQuery,
    PlanTotal,
    PlanView,
)
from nylasadmin.services.refusals import noting_refusals
from nylasadmin.services.snapshots import Wish, add_runs_for, filter_facts
from nylasadmin.services.storage import Clock, Storage, UnitOfWork
from nylasadmin.services.undo import refuse_undo
from nylasadmin.services.views import SkippedLink, SnapshotView

LIFETIME_S = 24 * 3600
"""How long a plan may be carried out; both sides change, and a plan of yesterday is a plan of yesterday."""


class Plans:
    """``wake`` tells the runner that there is work."""

    def __init__(self, storage: Storage, clock: Clock, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._clock = clock
        self._wake = wake

    def get(self, plan_id: int) -> PlanView:
        """Give a preview with its counts. Raises :class:`NotFound` for anything but a preview."""
        with self._storage.read() as tx:
            return self._view(tx, plan_id)

    def reasons(self, snapshot_id: int, kind: ActionKind) -> dict[Reason, int]:
        """Count the kept items of one kind by their reason, the most frequent first; of a preview or a snapshot."""
        counts: Counter[Reason] = Counter()
        with self._storage.read() as tx:
            for total in tx.plans.totals(snapshot_id):
                if total.kind is kind:
                    counts[total.reason] += total.items
        return dict(counts.most_common())

    def unwritten(self, snapshot_id: int) -> dict[Reason, int]:
        """Count by reason what a preview or snapshot leaves as it is: what cannot be written, what an operator kept.

        Items that only the receiver has are not among them.
        """
        kept = self.reasons(snapshot_id, ActionKind.KEEP).get(Reason.DELETE_REJECTED, 0)
        return self.reasons(snapshot_id, ActionKind.SKIP) | ({Reason.DELETE_REJECTED: kept} if kept else {})

    def _view(self, tx: UnitOfWork, plan_id: int) -> PlanView:
        preview = _preview(tx, plan_id)
        totals = tuple(tx.plans.totals(plan_id))
        age = max(0, int(self._clock.now()) - preview.requested_at)
        writing = [t for t in totals if t.kind in WRITES and not t.is_excluded]
        return PlanView(
            preview=preview,
            totals=totals,
            age_s=age,
            expires_in_s=max(0, LIFETIME_S - age),
            has_expired=age >= LIFETIME_S,
            executed_by=tx.runs.executed_by(plan_id),
            to_write=_sum(writing),
            to_delete=_sum([t for t in writing if t.kind is ActionKind.DELETE]),
            excluded=_sum([t for t in totals if t.is_excluded]),
            moved=_sum([t for t in totals if t.state is PlanItemState.MOVED]),
        )

    def page(self, query: PlanQuery, *, is_masked: bool) -> PlanPage:
        """Give one page of items with their differences; masked ones do not say who meets whom about what."""
        found = replace(query, hides_titles=is_masked)
        with self._storage.read() as tx:
            direction = tx.console.snapshot(query.plan_id).direction
            rows = [_item(row, direction, is_masked) for row in tx.plans.rows(found)]
            return PlanPage(rows=tuple(rows), matching=tx.plans.count(found), query=query, is_masked=is_masked)

    def links(self, plan_id: int, page: int = 1, size: int = 50) -> list[PlanLink]:
        """Give what a plan would do per link: most deletes first, then most writes."""
        with self._storage.read() as tx:
            return tx.plans.links(plan_id, (page - 1) * size, size)

    def forecast(self, plan_id: int) -> Forecast:
        """Say what the deletion guard would hold, by the target's limits as they are, without what was left out."""
        with self._storage.read() as tx:
            limits = tx.targets.get(_preview(tx, plan_id).target_id).guard
            planned = tx.holds.planned(plan_id)
        tallies = [without(p.tally, p.left_out) for p in planned]
        judged = zip(planned, (check(t, limits) for t in tallies), strict=True)
        links = tuple(
            HeldLink(link_id=p.link_id, user_name=p.user_name, folder_name=p.folder_name, hold=hold)
            for p, hold in judged
            if hold is not None
        )
        return Forecast(links=links, snapshot=check(together(tallies), limits) if len(tallies) > 1 else None)

    def export(self, query: PlanQuery, *, is_masked: bool) -> Iterator[PlanItemView]:
        """Yield every item that matches, for a file."""
        with self._storage.read() as tx:
            direction = tx.console.snapshot(query.plan_id).direction
            for row in tx.plans.all_rows(replace(query, hides_titles=is_masked)):
                yield _item(row, direction, is_masked)

    @noting_refusals("plan.reveal", "plan {plan_id}")
    def reveal(self, actor: Actor, plan_id: int) -> None:
        """Note that somebody has looked behind the masks of a plan."""
        with self._storage.write() as tx:
            self._view(tx, plan_id)
            record(tx, actor, "plan.reveal", f"plan {plan_id}")

    @noting_refusals("plan.exclude", "plan {plan_id}")
    def exclude(self, actor: Actor, plan_id: int, items: Sequence[tuple[int, int]], *, is_excluded: bool) -> int:
        """Leave writes out of a plan, or take them in again; each is named by ``(run_id, seq)``.

        Raises :class:`Refused` once the plan has been carried out.
        """
        with self._storage.write() as tx:
            view = self._view(tx, plan_id)
            if view.executed_by is not None:
                raise Refused("plan_used", snapshot_id=view.executed_by)
            changed = tx.plans.exclude(plan_id, items, actor.name if is_excluded else "")
            facts = {"items": changed, "is_excluded": is_excluded}
            record(tx, actor, "plan.exclude", f"plan {plan_id}", new=facts)
            return changed

    @noting_refusals("plan.run", "plan {plan_id}")
    def run(
        self,
        actor: Actor,
        plan_id: int,
        *,
        typed_deletes: int | None = None,
        reason: str = "",
        allows_empty: bool = False,
    ) -> SnapshotView:
        """Carry out exactly what a plan shows, without what was excluded.

        An empty plan is refused unless ``allows_empty``: it writes nothing, and remembers which items belong together.
        Raises :class:`Refused` (``plan_unfinished``, ``plan_used``, ``plan_expired``, ``plan_empty``, or as a snapshot
        does), :class:`InvalidInput` when ``typed_deletes`` is given and is not the number of deletes.
        """
        with self._storage.write() as tx:
            view = self._view(tx, plan_id)
            _refuse_useless(view, allows_empty)
            if view.preview.undoes_id is not None:
                refuse_undo(tx, tx.console.snapshot(view.preview.undoes_id))
            if typed_deletes is not None and typed_deletes != view.to_delete:
                raise InvalidInput({"typed_deletes": f"Type {view.to_delete}, the number of items to be deleted."})
            snapshot_id, links = add_runs_for(
                tx, actor, _wish_of(view, reason, _not_compared(tx, view)), tx.runs.planned_links(plan_id)
            )
            if view.excluded:
                tx.runs.spare_excluded(snapshot_id, plan_id)
            started = tx.console.snapshot(snapshot_id)
            counts = {"plan": plan_id, "links": links, "writes": view.to_write, "excluded": view.excluded}
            facts = {**counts, **filter_facts(started.filter)}
            facts |= {} if started.undoes_id is None else {"undoes": started.undoes_id}
            record(tx, actor, "plan.run", f"snapshot {snapshot_id} of {started.target_name}", new=facts)
        self._wake()
        return started


def _preview(tx: UnitOfWork, plan_id: int) -> SnapshotView:
    try:
        preview = tx.console.snapshot(plan_id)
    except NotFound as error:
        raise NotFound("plan", plan_id) from error
    if not preview.is_preview:
        raise NotFound("plan", plan_id)
    return preview


def _refuse_useless(view: PlanView, allows_empty: bool) -> None:
    if view.executed_by is not None:
        raise Refused("plan_used", snapshot_id=view.executed_by)
    if view.is_planning or not view.preview.links_by_state.get(RunState.DONE):
        raise Refused("plan_unfinished")
    if view.has_expired:
        raise Refused("plan_expired")
    if not view.to_write and not allows_empty:
        raise Refused("plan_empty")


def _not_compared(tx: UnitOfWork, view: PlanView) -> tuple[SkippedLink, ...]:
    """Name the links that are missing from a plan: those it left out, and those whose comparison failed."""
    preview = view.preview
    other = sorted(set(preview.links_by_state) - {RunState.DONE})
    failed = tx.console.runs(preview.id, other, 0, preview.links) if other else []
    off = (OffReason.NOT_COMPARED,)
    return preview.skipped + tuple(
        SkippedLink(link_id=run.link_id, user_name=run.user_name, folder_name=run.folder_name, off=off)
        for run in failed
    )


def _wish_of(view: PlanView, reason: str, left_out: tuple[SkippedLink, ...]) -> Wish:
    preview = view.preview
    return Wish(
        direction=preview.direction,
        target_id=preview.target_id,
        link_id=preview.link_id,
        receiver_only=preview.receiver_only,
        reason=reason.strip() or preview.reason,
        plan_id=preview.id,
        filter=preview.filter,
        undoes_id=preview.undoes_id,
        left_out=left_out,
    )


def _sum(totals: Sequence[PlanTotal]) -> int:
    return sum(t.items for t in totals)


def _item(row: PlanItemRow, direction: Direction, is_masked: bool) -> PlanItemView:
    old = decode_body(row.before) if row.before is not None else None
    new = decode_body(row.after) if row.after is not None else None
    found = differences(old, new, fidelity_of(direction, row.provider))
    return PlanItemView(
        run_id=row.run_id,
        seq=row.seq,
        kind=row.kind,
        reason=row.reason,
        state=row.state,
        title=MASK if is_masked else row.title,
        is_recurring=row.is_recurring,
        link_id=row.link_id,
        user_name=row.user_name,
        folder_name=row.folder_name,
        excluded_by=row.excluded_by,
        differences=tuple(masked(found) if is_masked else found),
    )
