"""Queries behind the screens. Lists come from Core selects, never from entities: a panel's cost is its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, or_, select

from nylasadmin.adapters.storage.links import SqlAccounts, SqlCrmUsers, SqlLinks
from nylasadmin.adapters.storage.runs import COUNTERS
from nylasadmin.adapters.storage.tables import accounts, failures, links, plan_uses, runs, snapshots, targets
from nylasadmin.adapters.storage.targets import SqlTargets
from nylasadmin.domain.guard import Hold
from nylasadmin.domain.links import AccountState, CrmUser, off_reasons
from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.domain.progress import estimate
from nylasadmin.domain.runs import LIVE, Counters, RunState
from nylasadmin.errors import NotFound
from nylasadmin.services.views import (
    FailureRow,
    LinkDetails,
    LinkPage,
    LinkQuery,
    LinkRow,
    LinkSort,
    LinkState,
    RunRow,
    SkippedLink,
    SnapshotQuery,
    SnapshotState,
    SnapshotView,
    TargetRow,
)

_live_run = runs.alias("live_run")
_links_joined = (
    links.join(accounts, links.c.account_id == accounts.c.id)
    .join(targets, links.c.target_id == targets.c.id)
    .outerjoin(
        _live_run,
        and_(
            _live_run.c.link_id == links.c.id,
            _live_run.c.state.in_(sorted(LIVE)),
            _live_run.c.is_preview.is_(False),
        ),
    )
)
# The most urgent word first; the same order as LinkState.
_link_state: ColumnElement[str] = case(
    (_live_run.c.state == str(RunState.HELD), str(LinkState.HELD)),
    (_live_run.c.id.is_not(None), str(LinkState.RUNNING)),
    (accounts.c.state != str(AccountState.CONNECTED), str(LinkState.NEEDS_SIGN_IN)),
    (links.c.is_failing, str(LinkState.FAILING)),
    (
        or_(
            targets.c.is_disabled,
            and_(
                or_(targets.c.inbound.is_(False), links.c.inbound.is_(False)),
                or_(targets.c.outbound.is_(False), links.c.outbound.is_(False)),
            ),
        ),
        str(LinkState.OFF),
    ),
    (and_(links.c.last_get_at.is_(None), links.c.last_send_at.is_(None)), str(LinkState.NEW)),
    else_=str(LinkState.HEALTHY),
)
_link_row: tuple[ColumnElement[Any], ...] = (
    links.c.id,
    links.c.user_name,
    links.c.folder_name,
    links.c.item_type,
    links.c.folder_owner,
    links.c.inbound,
    links.c.outbound,
    links.c["items"],
    links.c.last_get_at,
    links.c.last_send_at,
)


class SqlConsole:
    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._db = connection
        self._now = now

    def targets(self) -> list[TargetRow]:
        counted = {row.target_id: row for row in self._db.execute(_link_counts())}
        held = {row.target_id: row[1] for row in self._db.execute(_held_counts())}
        rows = self._db.execute(select(targets).order_by(targets.c.name))
        return [self._target_row(row, counted.get(row.id), held.get(row.id, 0)) for row in rows]

    def _target_row(self, row: Row[Any], counts: Row[Any] | None, held: int) -> TargetRow:
        live = self.newest_snapshot(row.id, None, live_only=True)
        percent = live.progress.percent if live and live.state is SnapshotState.RUNNING else None
        return TargetRow(
            id=row.id,
            name=row.name,
            host=row.host,
            inbound=row.inbound,
            outbound=row.outbound,
            is_disabled=row.is_disabled,
            links=counts.links if counts else 0,
            need_sign_in=counts.need_sign_in if counts else 0,
            failing=counts.failing if counts else 0,
            held=held,
            last_activity=counts.last_activity if counts else None,
            percent=percent,
        )

    def links(self, query: LinkQuery) -> LinkPage:
        matching = _link_filter(query)
        counts = select(_link_state, func.count()).select_from(_links_joined).where(matching).group_by(_link_state)
        by_state = {LinkState(word): number for word, number in self._db.execute(counts)}
        found = select(*_link_row, _link_state.label("state")).select_from(_links_joined).where(matching)
        if query.state is not None:
            found = found.where(_link_state == str(query.state))
        page = found.order_by(*_link_order(query)).offset((query.page - 1) * query.size).limit(query.size)
        rows = tuple(LinkRow(**{**row._mapping, "state": LinkState(row.state)}) for row in self._db.execute(page))
        return LinkPage(rows=rows, total=sum(by_state.values()), by_state=by_state, query=query)

    def link(self, link_id: int) -> LinkDetails:
        link = SqlLinks(self._db, self._now).get(link_id)
        target = SqlTargets(self._db).get(link.target_id)
        account = SqlAccounts(self._db).get(link.account_id)
        user = SqlCrmUsers(self._db).get(link.user_id) or CrmUser(id=link.user_id, name=link.user_id, email="")
        facts = select(links.c["items"], links.c.last_get_at, links.c.last_send_at, _link_state.label("state"))
        row = self._db.execute(facts.select_from(_links_joined).where(links.c.id == link_id)).one()
        return LinkDetails(
            link=link,
            target=target,
            account=account,
            user=user,
            state=LinkState(row.state),
            items=row.items,
            last_get_at=row.last_get_at,
            last_send_at=row.last_send_at,
            inbound_off=off_reasons(Direction.GET, link, target, account),
            outbound_off=off_reasons(Direction.SEND, link, target, account),
            runs=tuple(self._runs(and_(runs.c.link_id == link_id, runs.c.is_preview.is_(False)), 0, 8)),
            failures=tuple(self._latest_failures(link_id)),
        )

    def _latest_failures(self, link_id: int) -> list[FailureRow]:
        """Give the failed items of the link's newest ended run: an older run's are history."""
        newest = (
            select(func.max(runs.c.id))
            .where(runs.c.link_id == link_id, runs.c.is_preview.is_(False), runs.c.finished_at.is_not(None))
            .scalar_subquery()
        )
        return self._failures(failures.c.run_id == newest, 0, 20)

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

    def runs(self, snapshot_id: int, states: Sequence[RunState], offset: int, limit: int) -> list[RunRow]:
        which = runs.c.snapshot_id == snapshot_id
        if states:
            which = and_(which, runs.c.state.in_([str(s) for s in states]))
        return self._runs(which, offset, limit)

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
        sums = self._sums([row.id for row in rows])
        return [self._snapshot(row, sums.get(row.id, [])) for row in rows]

    def _sums(self, ids: list[int]) -> dict[int, list[Row[Any]]]:
        summed = (
            select(
                runs.c.snapshot_id,
                runs.c.state,
                func.count().label("links"),
                func.min(runs.c.started_at).label("started_at"),
                func.max(runs.c.finished_at).label("finished_at"),
                *(func.sum(runs.c[name]).label(name) for name in COUNTERS),
            )
            .where(runs.c.snapshot_id.in_(ids))
            .group_by(runs.c.snapshot_id, runs.c.state)
        )
        by_snapshot: dict[int, list[Row[Any]]] = {}
        for row in self._db.execute(summed):
            by_snapshot.setdefault(row.snapshot_id, []).append(row)
        return by_snapshot

    def _snapshot(self, row: Row[Any], sums: list[Row[Any]]) -> SnapshotView:
        by_state = {RunState(s.state): int(s.links) for s in sums}
        counters = Counters(**{name: sum(int(getattr(s, name)) for s in sums) for name in COUNTERS})
        finished = [s.finished_at for s in sums if s.finished_at is not None]
        state = _snapshot_state(by_state, counters)
        started = min((s.started_at for s in sums if s.started_at is not None), default=row.requested_at)
        is_over = state not in (SnapshotState.RUNNING, SnapshotState.HELD)
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
        )

    def _runs(self, which: ColumnElement[bool], offset: int, limit: int) -> list[RunRow]:
        found = (
            select(
                runs,
                links.c.user_name,
                links.c.folder_name,
                snapshots.c.requested_at,
                snapshots.c.operator,
            )
            .select_from(
                runs.join(links, runs.c.link_id == links.c.id).join(snapshots, runs.c.snapshot_id == snapshots.c.id)
            )
            .where(which)
            .order_by(runs.c.id.desc())
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
    unplanned = by_state.get(RunState.QUEUED, 0) + by_state.get(RunState.PLANNING, 0)
    if is_preview or unplanned or links_total > 1:
        return {"done": ended, "total": links_total}
    return {"done": counters.written + counters.failed + counters.moved, "total": counters.to_write}


def _snapshot_state(by_state: dict[RunState, int], counters: Counters) -> SnapshotState:
    if any(by_state.get(s) for s in (RunState.QUEUED, RunState.PLANNING, RunState.RUNNING)):
        return SnapshotState.RUNNING
    if by_state.get(RunState.HELD):
        return SnapshotState.HELD
    if by_state.get(RunState.FAILED) or counters.failed:
        return SnapshotState.FAILED
    return SnapshotState.CANCELLED if by_state.get(RunState.CANCELLED) else SnapshotState.DONE


def _link_counts() -> Any:
    needs = case((accounts.c.state != str(AccountState.CONNECTED), 1), else_=0)
    return (
        select(
            links.c.target_id,
            func.count().label("links"),
            func.sum(needs).label("need_sign_in"),
            func.sum(case((links.c.is_failing, 1), else_=0)).label("failing"),
            func.max(
                case(
                    (
                        func.coalesce(links.c.last_get_at, 0) > func.coalesce(links.c.last_send_at, 0),
                        links.c.last_get_at,
                    ),
                    else_=links.c.last_send_at,
                )
            ).label("last_activity"),
        )
        .select_from(links.join(accounts, links.c.account_id == accounts.c.id))
        .where(links.c.removed_at.is_(None))
        .group_by(links.c.target_id)
    )


def _held_counts() -> Any:
    return (
        select(links.c.target_id, func.count())
        .select_from(runs.join(links, runs.c.link_id == links.c.id))
        .where(runs.c.state == str(RunState.HELD), runs.c.is_preview.is_(False))
        .group_by(links.c.target_id)
    )


def _link_filter(query: LinkQuery) -> ColumnElement[bool]:
    which: list[ColumnElement[bool]] = [links.c.target_id == query.target_id, links.c.removed_at.is_(None)]
    if query.item_type:
        which.append(links.c.item_type == query.item_type)
    for word in query.search.split():
        columns = (links.c.user_name, links.c.folder_name, links.c.folder_owner)
        which.append(or_(*(c.icontains(word, autoescape=True) for c in columns)))
    return and_(*which)


def _link_order(query: LinkQuery) -> list[Any]:
    last_sync = func.coalesce(links.c.last_get_at, links.c.last_send_at, 0)
    columns: dict[LinkSort, list[Any]] = {
        LinkSort.NAME: [links.c.user_name, links.c.folder_name],
        LinkSort.OWNER: [links.c.folder_owner],
        LinkSort.ITEMS: [links.c["items"]],
        LinkSort.LAST_SYNC: [last_sync],
    }
    chosen = [*columns[query.sort], links.c.id]
    return [c.desc() for c in chosen] if query.descending else chosen


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
    return and_(*which)


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
    )
