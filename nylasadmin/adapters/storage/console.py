"""Queries behind the screens. Lists come from Core selects, never from entities: a panel's cost is its rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, not_, or_, select

from nylasadmin.adapters.storage.account_queries import AccountQueries
from nylasadmin.adapters.storage.accounts import SqlAccounts
from nylasadmin.adapters.storage.conditions import occupies_link
from nylasadmin.adapters.storage.failed import SqlFailedItems
from nylasadmin.adapters.storage.link_counts import count_by_state
from nylasadmin.adapters.storage.links import SqlCrmUsers, SqlLinks
from nylasadmin.adapters.storage.snapshots import SnapshotQueries
from nylasadmin.adapters.storage.tables import accounts, links, runs, targets
from nylasadmin.adapters.storage.targets import SqlTargets
from nylasadmin.domain.links import AccountState, CrmUser, off_reasons
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.runs import RunState
from nylasadmin.services.failed_views import FailedQuery
from nylasadmin.services.views import (
    FailureRow,
    LinkDetails,
    LinkPage,
    LinkQuery,
    LinkRow,
    LinkSort,
    LinkState,
    SnapshotState,
    TargetRow,
)

_MOST_FAILURES = 20
_live_run = runs.alias("live_run")
_links_joined = (
    links.join(accounts, links.c.account_id == accounts.c.id)
    .join(targets, links.c.target_id == targets.c.id)
    .outerjoin(
        _live_run,
        and_(
            _live_run.c.link_id == links.c.id,
            occupies_link(_live_run),
        ),
    )
)
# The most urgent word first; the same order as LinkState.
_link_state: ColumnElement[str] = case(
    (_live_run.c.state == str(RunState.HELD), str(LinkState.HELD)),
    (and_(_live_run.c.state == str(RunState.PAUSED), not_(_live_run.c.is_parked)), str(LinkState.PAUSED)),
    (and_(_live_run.c.id.is_not(None), not_(_live_run.c.is_parked)), str(LinkState.RUNNING)),
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


class SqlConsole(SnapshotQueries, AccountQueries):
    """All queries of the screens."""

    def targets(self) -> list[TargetRow]:
        counted = {row.target_id: row for row in self._db.execute(_link_counts())}
        held = {row.target_id: row[1] for row in self._db.execute(_held_counts())}
        rows = self._db.execute(select(targets).order_by(targets.c.name_key))
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
        by_state = count_by_state(self._db, query, matching)
        ids = self._db.execute(_link_ids(query, matching)).scalars().all()
        found = select(*_link_row, _link_state.label("state")).select_from(_links_joined).where(links.c.id.in_(ids))
        found = found.order_by(*_link_order(query))
        rows = tuple(LinkRow(**{**row._mapping, "state": LinkState(row.state)}) for row in self._db.execute(found))
        return LinkPage(rows=rows, total=sum(by_state.values()), by_state=by_state, query=query)

    def link(self, link_id: int) -> LinkDetails:
        link = SqlLinks(self._db, self._now).get(link_id)
        target = SqlTargets(self._db).get(link.target_id)
        account = SqlAccounts(self._db, self._now).get(link.account_id)
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
        """Give the link's open failed items, the last failure first."""
        rows = SqlFailedItems(self._db, self._now).rows(FailedQuery(link_id=link_id, size=_MOST_FAILURES))
        return [
            FailureRow(
                id=row.id,
                run_id=row.run_id,
                link_id=link_id,
                user_name=row.user_name,
                folder_name=row.folder_name,
                title=row.title,
                action=row.action,
                cause=row.cause,
                detail=row.detail,
                at=row.last_at,
            )
            for row in rows
        ]


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


def _link_ids(query: LinkQuery, matching: ColumnElement[bool]) -> Any:
    """Select the links of one page. They are put in order alone: what is joined to them is read for the page only."""
    found = select(links.c.id).where(matching)
    if query.state is not None:
        found = found.select_from(_links_joined).where(_link_state == str(query.state))
    return found.order_by(*_link_order(query)).offset((query.page - 1) * query.size).limit(query.size)


def _link_order(query: LinkQuery) -> list[Any]:
    last_sync = func.coalesce(links.c.last_get_at, links.c.last_send_at, 0)
    columns: dict[LinkSort, list[Any]] = {
        LinkSort.NAME: [func.lower(links.c.user_name), links.c.user_id, not_(links.c.is_primary), links.c.folder_name],
        LinkSort.OWNER: [links.c.folder_owner],
        LinkSort.ITEMS: [links.c["items"]],
        LinkSort.LAST_SYNC: [last_sync],
    }
    chosen = [*columns[query.sort], links.c.id]
    return [c.desc() for c in chosen] if query.descending else chosen
