"""Stored plans: look at them, leave items out, and carry out exactly what was shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from nylasadmin.domain.binding import PlanItemState
from nylasadmin.domain.differences import MASK, differences, masked
from nylasadmin.domain.items import decode_item
from nylasadmin.domain.plan import WRITES, ActionKind, Direction, Reason
from nylasadmin.domain.privileges import Actor
from nylasadmin.domain.runs import RunState
from nylasadmin.errors import InvalidInput, NotFound, Refused
from nylasadmin.services.audit import record
from nylasadmin.services.observing import fidelity_of
from nylasadmin.services.plan_views import (
    PlanItemRow,
    PlanItemView,
    PlanLink,
    PlanPage,
    PlanQuery,
    PlanTotal,
    PlanView,
)
from nylasadmin.services.refusals import noting_refusals
from nylasadmin.services.snapshots import Wish, add_runs_for
from nylasadmin.services.storage import Clock, Storage, UnitOfWork
from nylasadmin.services.views import SnapshotView

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
            if typed_deletes is not None and typed_deletes != view.to_delete:
                raise InvalidInput({"typed_deletes": f"Type {view.to_delete}, the number of items to be deleted."})
            snapshot_id, links = add_runs_for(tx, actor, _wish_of(view, reason), tx.runs.planned_links(plan_id))
            started = tx.console.snapshot(snapshot_id)
            facts = {"plan": plan_id, "links": links, "writes": view.to_write, "excluded": view.excluded}
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


def _wish_of(view: PlanView, reason: str) -> Wish:
    preview = view.preview
    return Wish(
        direction=preview.direction,
        target_id=preview.target_id,
        link_id=preview.link_id,
        receiver_only=preview.receiver_only,
        reason=reason.strip() or preview.reason,
        plan_id=preview.id,
    )


def _sum(totals: Sequence[PlanTotal]) -> int:
    return sum(t.items for t in totals)


def _item(row: PlanItemRow, direction: Direction, is_masked: bool) -> PlanItemView:
    old = decode_item(row.before) if row.before is not None else None
    new = decode_item(row.after) if row.after is not None else None
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
