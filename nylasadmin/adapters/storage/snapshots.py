"""Queries about snapshots, their runs and their failed items: sums over runs, never entities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, case, exists, func, not_, or_, select, true

from nylasadmin.adapters.storage.run_statements import COUNTERS
from nylasadmin.adapters.storage.tables import failures, links, plan_uses, runs, snapshots, targets
from nylasadmin.domain.filters import decode_filter
from nylasadmin.domain.guard import Hold
from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.domain.progress import estimate
from nylasadmin.domain.runs import LIVE, PAUSABLE, Counters, RunState
from nylasadmin.errors import NotFound
from nylasadmin.services.views import (
    FailureRow,
    RunRow,
    RunSort,
    SkippedLink,
    SnapshotQuery,
    SnapshotState,
    SnapshotView,
)

_UNDER_WAY = tuple(str(s) for s in PAUSABLE)
_URGENCY = ("held", "paused", "failed", "running", "planning", "waiting", "queued", "cancelled", "done")
_RUN_ORDERS: dict[RunSort, tuple[Any, ...]] = {
    RunSort.NEWEST: (),
    RunSort.STATE: (case({word: n for n, word in enumerate(_URGENCY)}, value=runs.c.state, else_=0),),
    RunSort.LINK: (func.lower(links.c.user_name), links.c.folder_name),
    RunSort.WRITTEN: ((runs.c.created + runs.c.updated + runs.c.deleted).desc(),),
    RunSort.FAILED: (runs.c.failed.desc(),),
}


class SnapshotQueries:
    """What the screens ask about snapshots."""

    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._db = connection
        self._now = now

    def snapshot(self, snapshot_id: int) -> SnapshotView:
        found = self._snapshots(snapshots.c.id == snapshot_id, 0, 1)
        if not found:
            raise NotFound("snapshot", snapshot_id)
        return found[0]

    def snapshots(self, query: SnapshotQuery) -> list[SnapshotView]:
        return self._snapshots(_snapshot_filter(query), (query.page - 1) * query.size, query.size)

    def count_snapshots(self, query: SnapshotQuery) -> int:
        counted = select(func.count()).select_from(snapshots).where(_snapshot_filter(query))
        return int(self._db.execute(counted).scalar_one())

    def newest_snapshot(self, target_id: int, link_id: int | None, *, live_only: bool) -> SnapshotView | None:
        which: list[ColumnElement[bool]] = [snapshots.c.target_id == target_id, snapshots.c.is_preview.is_(False)]
        if link_id is not None:
            mine = and_(runs.c.link_id == link_id, runs.c.is_preview.is_(False))
            which.append(snapshots.c.id.in_(select(runs.c.snapshot_id).where(mine)))
        if live_only:
            live = and_(runs.c.state.in_(sorted(LIVE)), runs.c.is_preview.is_(False))
            which.append(snapshots.c.id.in_(select(runs.c.snapshot_id).where(live)))
        found = self._snapshots(and_(*which), 0, 1)
        return found[0] if found else None

    def runs(
        self,
        snapshot_id: int,
        states: Sequence[RunState],
        offset: int,
        limit: int,
        sort: RunSort = RunSort.NEWEST,
    ) -> list[RunRow]:
        which = runs.c.snapshot_id == snapshot_id
        if states:
            which = and_(which, runs.c.state.in_([str(s) for s in states]))
        return self._runs(which, offset, limit, sort)

    def failures(self, *, snapshot_id: int | None, link_id: int | None, offset: int, limit: int) -> list[FailureRow]:
        which: list[ColumnElement[bool]] = [failures.c.id.is_not(None)]
        if snapshot_id is not None:
            which.append(runs.c.snapshot_id == snapshot_id)
        if link_id is not None:
            which.append(failures.c.link_id == link_id)
        return self._failures(and_(*which), offset, limit)

    def _snapshots(self, which: ColumnElement[bool], offset: int, limit: int) -> list[SnapshotView]:
        found = (
            select(
                snapshots,
                plan_uses.c.plan_id,
                targets.c.name.label("target_name"),
                targets.c.undo_days,
                (links.c.user_name + " · " + links.c.folder_name).label("link_name"),
            )
            .select_from(
                snapshots.join(targets)
                .outerjoin(links, snapshots.c.link_id == links.c.id)
                .outerjoin(plan_uses, snapshots.c.id == plan_uses.c.snapshot_id)
            )
            .where(which)
            .order_by(snapshots.c.id.desc())
            .offset(offset)
            .limit(limit)
        )
        rows = self._db.execute(found).all()
        ids = [row.id for row in rows]
        sums, undos = self._sums(ids), self._undos(ids)
        return [self._snapshot(row, sums.get(row.id, []), undos.get(row.id, ())) for row in rows]

    def _undos(self, ids: list[int]) -> dict[int, tuple[int, ...]]:
        """Give the snapshots that take others back, by the others' ids, without those that were taken back themselves.

        Only what has written anything counts there; one that is under way, or failed at once, leaves all as it was.
        """
        found = self._asked_undos(ids)
        undo_ids = [undo_id for undos in found.values() for undo_id in undos]
        if not undo_ids:
            return {}
        again = self._undos(undo_ids)
        sums = self._sums([undo_id for undos in again.values() for undo_id in undos])
        gone = {undone for undone, undos in again.items() if any(_has_written(sums.get(u, [])) for u in undos)}
        return {i: tuple(u for u in undos if u not in gone) for i, undos in found.items()}

    def _asked_undos(self, ids: list[int]) -> dict[int, tuple[int, ...]]:
        which = and_(snapshots.c.undoes_id.in_(ids), snapshots.c.is_preview.is_(False))
        found: dict[int, tuple[int, ...]] = {}
        for row in self._db.execute(
            select(snapshots.c.id, snapshots.c.undoes_id).where(which).order_by(snapshots.c.id)
        ):
            found[row.undoes_id] = (*found.get(row.undoes_id, ()), row.id)
        return found

    def _sums(self, ids: list[int]) -> dict[int, list[Row[Any]]]:
        summed = (
            select(
                runs.c.snapshot_id,
                runs.c.state,
                func.count().label("links"),
                func.min(runs.c.started_at).label("started_at"),
                func.max(runs.c.finished_at).label("finished_at"),
                func.min(runs.c.finished_at).label("first_finished_at"),
                func.max(runs.c.cause).label("cause"),
                *(func.sum(runs.c[name]).label(name) for name in COUNTERS),
            )
            .where(runs.c.snapshot_id.in_(ids))
            .group_by(runs.c.snapshot_id, runs.c.state)
        )
        by_snapshot: dict[int, list[Row[Any]]] = {}
        for row in self._db.execute(summed):
            by_snapshot.setdefault(row.snapshot_id, []).append(row)
        return by_snapshot

    def _snapshot(self, row: Row[Any], sums: list[Row[Any]], undone_by: tuple[int, ...]) -> SnapshotView:
        by_state = {RunState(s.state): int(s.links) for s in sums}
        counters = Counters(**{name: sum(int(getattr(s, name)) for s in sums) for name in COUNTERS})
        first_finished = min((s.first_finished_at for s in sums if s.first_finished_at is not None), default=None)
        is_undoable = first_finished is not None and counters.written > 0 and not row.is_preview
        finished = [s.finished_at for s in sums if s.finished_at is not None]
        state = _snapshot_state(by_state, counters)
        started = min((s.started_at for s in sums if s.started_at is not None), default=row.requested_at)
        is_over = not any(by_state.get(s) for s in LIVE)
        links_total = sum(by_state.values())
        ended = sum(by_state.get(s, 0) for s in (RunState.DONE, RunState.FAILED, RunState.CANCELLED))
        finished_at = max(finished) if finished and is_over else None
        return SnapshotView(
            id=row.id,
            target_id=row.target_id,
            target_name=row.target_name,
            link_id=row.link_id,
            link_name=row.link_name or "",
            direction=Direction(row.direction),
            receiver_only=ReceiverOnly(row.receiver_only),
            is_preview=row.is_preview,
            reason=row.reason,
            operator=row.operator,
            requested_at=row.requested_at,
            finished_at=finished_at,
            state=state,
            links=links_total,
            links_by_state=by_state,
            counters=counters,
            skipped=tuple(msgspec.json.decode(row.skipped, type=list[SkippedLink])),
            progress=estimate(
                **_done_of_all(row.is_preview, by_state, ended, links_total, counters),
                started_at=started,
                now=finished_at or self._now(),
            ),
            plan_id=row.plan_id,
            filter=decode_filter(row.filter),
            is_narrow=row.is_narrow,
            note=max((s.cause for s in sums if s.state == str(RunState.PLANNING)), default=""),
            undoes_id=row.undoes_id,
            undone_by=undone_by,
            undo_until=first_finished + row.undo_days * 86_400 if is_undoable else None,
        )

    def _runs(
        self, which: ColumnElement[bool], offset: int, limit: int, sort: RunSort = RunSort.NEWEST
    ) -> list[RunRow]:
        found = (
            select(
                runs,
                links.c.user_name,
                links.c.folder_name,
                snapshots.c.requested_at,
                snapshots.c.operator,
                snapshots.c.undoes_id,
            )
            .select_from(
                runs.join(links, runs.c.link_id == links.c.id).join(snapshots, runs.c.snapshot_id == snapshots.c.id)
            )
            .where(which)
            .order_by(*_RUN_ORDERS[sort], runs.c.id.desc())
            .offset(offset)
            .limit(limit)
        )
        return [_run_row(row) for row in self._db.execute(found)]

    def _failures(self, which: ColumnElement[bool], offset: int, limit: int) -> list[FailureRow]:
        found = (
            select(failures, links.c.user_name, links.c.folder_name)
            .select_from(
                failures.join(runs, failures.c.run_id == runs.c.id).join(links, failures.c.link_id == links.c.id)
            )
            .where(which)
            .order_by(failures.c.id.desc())
            .offset(offset)
            .limit(limit)
        )
        return [
            FailureRow(
                id=row.id,
                run_id=row.run_id,
                link_id=row.link_id,
                user_name=row.user_name,
                folder_name=row.folder_name,
                title=row.title,
                action=row.action,
                cause=row.cause,
                detail=row.detail,
                at=row.at,
            )
            for row in self._db.execute(found)
        ]


def _done_of_all(
    is_preview: bool, by_state: dict[RunState, int], ended: int, links_total: int, counters: Counters
) -> dict[str, int]:
    """Choose what progress is measured in: links while any is unplanned (or a single one plans), then items."""
    unplanned = sum(by_state.get(s, 0) for s in (RunState.QUEUED, RunState.PLANNING, RunState.WAITING))
    if is_preview or unplanned or links_total > 1:
        return {"done": ended, "total": links_total}
    return {"done": counters.written + counters.failed + counters.moved, "total": counters.to_write}


def _snapshot_state(by_state: dict[RunState, int], counters: Counters) -> SnapshotState:
    if any(by_state.get(s) for s in PAUSABLE):
        return SnapshotState.RUNNING
    if by_state.get(RunState.HELD):
        return SnapshotState.HELD
    if by_state.get(RunState.PAUSED):
        return SnapshotState.PAUSED
    if by_state.get(RunState.FAILED) or counters.failed:
        return SnapshotState.FAILED
    return SnapshotState.CANCELLED if by_state.get(RunState.CANCELLED) else SnapshotState.DONE


def _snapshot_filter(query: SnapshotQuery) -> ColumnElement[bool]:
    which: list[ColumnElement[bool]] = [snapshots.c.is_preview.is_(query.open_plans)]
    if query.open_plans:
        which.append(snapshots.c.id.not_in(select(plan_uses.c.plan_id)))
    if query.target_id is not None:
        which.append(snapshots.c.target_id == query.target_id)
    if query.direction is not None:
        which.append(snapshots.c.direction == str(query.direction))
    if query.link_id is not None:
        which.append(snapshots.c.id.in_(select(runs.c.snapshot_id).where(runs.c.link_id == query.link_id)))
    if query.state is not None:
        which.append(_is_in(query.state))
    if query.operator:
        which.append(snapshots.c.operator.icontains(query.operator, autoescape=True))
    if query.since is not None:
        which.append(snapshots.c.requested_at >= query.since)
    if query.until is not None:
        which.append(snapshots.c.requested_at < query.until)
    return and_(*which)


def _is_in(state: SnapshotState) -> ColumnElement[bool]:
    """Say in SQL what :func:`_snapshot_state` says of the sums: the first of these that is true."""
    ladder = {
        SnapshotState.RUNNING: _has(runs.c.state.in_(_UNDER_WAY)),
        SnapshotState.HELD: _has(runs.c.state == str(RunState.HELD)),
        SnapshotState.PAUSED: _has(runs.c.state == str(RunState.PAUSED)),
        SnapshotState.FAILED: or_(_has(runs.c.state == str(RunState.FAILED)), _has(runs.c.failed > 0)),
        SnapshotState.CANCELLED: _has(runs.c.state == str(RunState.CANCELLED)),
        SnapshotState.DONE: true(),
    }
    earlier = list(ladder)[: list(ladder).index(state)]
    return and_(*(not_(ladder[word]) for word in earlier), ladder[state])


def _has(run: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(runs.c.snapshot_id == snapshots.c.id, run)


def _run_row(row: Row[Any]) -> RunRow:
    return RunRow(
        id=row.id,
        snapshot_id=row.snapshot_id,
        link_id=row.link_id,
        user_name=row.user_name,
        folder_name=row.folder_name,
        direction=Direction(row.direction),
        state=RunState(row.state),
        counters=Counters(**{name: getattr(row, name) for name in COUNTERS}),
        requested_at=row.requested_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        operator=row.operator,
        cause=row.cause,
        detail=row.detail,
        hold=msgspec.json.decode(row.hold, type=Hold) if row.hold else None,
        undoes_id=row.undoes_id,
    )


def _has_written(sums: list[Row[Any]]) -> bool:
    return any(s.created or s.updated or s.deleted for s in sums)
