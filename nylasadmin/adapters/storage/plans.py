"""Stored plans: what a preview would write, item by item, as its page shows it and a bound run compares with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
    update,
)

from nylasadmin.adapters.storage.bulk import insert_rows
from nylasadmin.adapters.storage.links import chunks
from nylasadmin.adapters.storage.run_statements import COUNTERS
from nylasadmin.adapters.storage.tables import accounts, links, plan_items, plan_uses, runs, snapshots, writes
from nylasadmin.domain.binding import Key, PlanItemState, Shown
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import WRITES, ActionKind, Direction, Reason
from nylasadmin.domain.runs import LIVE, Counters, RunState
from nylasadmin.services.plan_views import PlanItemRow, PlanLink, PlanQuery, PlanTotal
from nylasadmin.services.rows import PlanItem

_COLUMNS = (
    "run_id",
    "seq",
    "plan_id",
    "kind",
    "reason",
    "state",
    "source_id",
    "destination_id",
    "title",
    "is_recurring",
    "source_fingerprint",
    "expected",
    "before",
    "after",
    "excluded_by",
)
_PLANNED = str(PlanItemState.PLANNED)


class SqlPlans:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, plan_id: int, run_id: int, items: Sequence[PlanItem]) -> None:
        rows = [
            (
                run_id,
                i.seq,
                plan_id,
                str(i.kind),
                str(i.reason),
                _PLANNED,
                i.source_id,
                i.destination_id,
                i.title,
                i.is_recurring,
                i.source_fingerprint,
                i.expected,
                i.before,
                i.after,
                "",
            )
            for i in items
        ]
        insert_rows(self._db, plan_items, _COLUMNS, rows)

    def next_seq(self, run_id: int) -> int:
        """Give the number after the last of a run's stored items."""
        highest = self._db.execute(select(func.max(plan_items.c.seq)).where(plan_items.c.run_id == run_id)).scalar()
        return 0 if highest is None else int(highest) + 1

    def clear(self, run_id: int) -> None:
        """Forget what an interrupted preview stored."""
        self._db.execute(delete(plan_items).where(plan_items.c.run_id == run_id))

    def prune(self, previews_before: int, snapshots_before: int) -> None:
        """Drop the items of what was asked for before a time; counts stay, and so does what a run still needs."""
        asked = snapshots.c.requested_at
        is_old = or_(and_(snapshots.c.is_preview, asked < previews_before), asked < snapshots_before)
        is_live = exists().where(runs.c.snapshot_id == snapshots.c.id, runs.c.state.in_(sorted(LIVE)))
        user = exists().where(
            plan_uses.c.plan_id == snapshots.c.id,
            runs.c.snapshot_id == plan_uses.c.snapshot_id,
            runs.c.state.in_(sorted(LIVE)),
        )
        old = select(snapshots.c.id).where(is_old, not_(is_live), not_(user))
        self._db.execute(delete(plan_items).where(plan_items.c.plan_id.in_(old)))

    def shown(self, plan_id: int, link_id: int) -> dict[Key, Shown]:
        """Give the writes that a plan showed for a link, by the ids of source and destination."""
        found = self._db.execute(
            select(plan_items)
            .join(runs, plan_items.c.run_id == runs.c.id)
            .where(plan_items.c.plan_id == plan_id, runs.c.link_id == link_id, _is_write())
        )
        return {
            (row.source_id, row.destination_id): Shown(
                kind=ActionKind(row.kind),
                source_fingerprint=_bytes(row.source_fingerprint),
                expected=_bytes(row.expected),
                is_excluded=bool(row.excluded_by),
            )
            for row in found
        }

    def done_by(self, run_id: int, direction: Direction) -> frozenset[Key]:
        """Give the keys of what a run has written, or may have when it was interrupted, as its plan names them."""
        written = writes.c.state.in_(["done", "unknown"])
        found = self._db.execute(select(writes).where(writes.c.run_id == run_id, written))
        return frozenset(_key(row, direction) for row in found)

    def mark(self, plan_id: int, link_id: int, keys: Sequence[Key], state: PlanItemState) -> None:
        """Note what became of shown writes."""
        run_id = select(runs.c.id).where(runs.c.snapshot_id == plan_id, runs.c.link_id == link_id).scalar_subquery()
        for source, destination in keys:
            self._db.execute(
                update(plan_items)
                .where(
                    plan_items.c.run_id == run_id,
                    plan_items.c.source_id.is_not_distinct_from(source),
                    plan_items.c.destination_id.is_not_distinct_from(destination),
                )
                .values(state=str(state))
            )

    def exclude(self, plan_id: int, items: Sequence[tuple[int, int]], operator: str) -> int:
        """Leave writes out (or, with an empty name, take them in again); give how many changed."""
        changed = 0
        by_run: dict[int, list[int]] = {}
        for run_id, seq in items:
            by_run.setdefault(run_id, []).append(seq)
        for run_id, numbers in by_run.items():
            for chunk in chunks(numbers):
                changed += self._db.execute(
                    update(plan_items)
                    .where(
                        plan_items.c.plan_id == plan_id,
                        plan_items.c.run_id == run_id,
                        plan_items.c.seq.in_(chunk),
                        _is_write(),
                    )
                    .values(excluded_by=operator)
                ).rowcount
        return changed

    def totals(self, plan_id: int) -> list[PlanTotal]:
        """Count a plan's items by kind, reason, state and whether they are excluded."""
        excluded = plan_items.c.excluded_by != ""
        columns = (plan_items.c.kind, plan_items.c.reason, plan_items.c.state, excluded.label("is_excluded"))
        found = select(*columns, func.count().label("items")).where(plan_items.c.plan_id == plan_id).group_by(*columns)
        return [
            PlanTotal(
                kind=ActionKind(row.kind),
                reason=Reason(row.reason),
                state=PlanItemState(row.state),
                is_excluded=bool(row.is_excluded),
                items=row._mapping["items"],
            )
            for row in self._db.execute(found)
        ]

    def links(self, plan_id: int, offset: int, limit: int) -> list[PlanLink]:
        """Give a plan's counts per link, those with most deletes, then most writes first."""
        found = (
            select(runs, links.c.user_name, links.c.folder_name)
            .select_from(runs.join(links, runs.c.link_id == links.c.id))
            .where(runs.c.snapshot_id == plan_id)
            .order_by(
                runs.c.to_delete.desc(), (runs.c.to_create + runs.c.to_update).desc(), links.c.user_name, runs.c.id
            )
            .offset(offset)
            .limit(limit)
        )
        return [_link(row) for row in self._db.execute(found)]

    def count(self, query: PlanQuery) -> int:
        counted = select(func.count()).select_from(plan_items).where(_matches(query))
        return int(self._db.execute(counted).scalar_one())

    def rows(self, query: PlanQuery) -> list[PlanItemRow]:
        """Give a page of items: first their keys, which the index alone tells, then these rows only."""
        keys = select(plan_items.c.run_id, plan_items.c.seq).where(_matches(query)).order_by(*_ORDER)
        page = keys.offset((query.page - 1) * query.size).limit(query.size).subquery()
        is_on_it = and_(plan_items.c.run_id == page.c.run_id, plan_items.c.seq == page.c.seq)
        found = _selected(_joined.join(page, is_on_it))
        return [_row(row) for row in self._db.execute(found)]

    def all_rows(self, query: PlanQuery) -> Iterator[PlanItemRow]:
        """Yield every item that matches, without holding them all."""
        matching = _selected(_joined).where(_matches(query)).execution_options(yield_per=500)
        found = self._db.execute(matching)
        for row in found:
            yield _row(row)


_joined = (
    plan_items.join(runs, plan_items.c.run_id == runs.c.id)
    .join(links, runs.c.link_id == links.c.id)
    .join(accounts, links.c.account_id == accounts.c.id)
)


_KINDS = (
    ActionKind.DELETE,
    ActionKind.UPDATE,
    ActionKind.CREATE,
    ActionKind.SKIP,
    ActionKind.KEEP,
    ActionKind.OUTSIDE,
)
_RANK = case({str(kind): rank for rank, kind in enumerate(_KINDS)}, value=plan_items.c.kind, else_=len(_KINDS))
_ORDER = (_RANK, plan_items.c.kind, plan_items.c.reason, plan_items.c.run_id, plan_items.c.seq)
"""What an operator has to look at first comes first."""


def _selected(source: FromClause) -> Select[Any]:
    columns = (links.c.id.label("link_id"), links.c.user_name, links.c.folder_name, accounts.c.provider)
    return select(plan_items, *columns).select_from(source).order_by(*_ORDER)


def _is_write() -> ColumnElement[bool]:
    return plan_items.c.kind.in_(sorted(str(kind) for kind in WRITES))


def _matches(query: PlanQuery) -> ColumnElement[bool]:
    which: list[ColumnElement[bool]] = [plan_items.c.plan_id == query.plan_id]
    if query.kind is not None:
        which.append(plan_items.c.kind == str(query.kind))
    if query.reason is not None:
        which.append(plan_items.c.reason == str(query.reason))
    if query.state is not None:
        which.append(plan_items.c.state == str(query.state))
    if query.only_excluded:
        which.append(plan_items.c.excluded_by != "")
    if query.only_held:
        which.append(_in_runs(query.plan_id, runs.c.state == str(RunState.HELD)))
    if query.link_id is not None:
        which.append(_in_runs(query.plan_id, runs.c.link_id == query.link_id))
    which += (_says(query, word) for word in query.search.split())
    return and_(*which)


def _says(query: PlanQuery, word: str) -> ColumnElement[bool]:
    """Find a word in an item's title or reason, or in the names of its link; those are looked through once."""
    names = or_(*(c.icontains(word, autoescape=True) for c in (links.c.user_name, links.c.folder_name)))
    found = [_in_runs(query.plan_id, names), plan_items.c.reason.icontains(word, autoescape=True)]
    if not query.hides_titles:
        found.append(plan_items.c.title.icontains(word, autoescape=True))
    return or_(*found)


def _in_runs(plan_id: int, which: ColumnElement[bool]) -> ColumnElement[bool]:
    joined = runs.join(links, runs.c.link_id == links.c.id)
    return plan_items.c.run_id.in_(select(runs.c.id).select_from(joined).where(runs.c.snapshot_id == plan_id, which))


def _link(row: Row[Any]) -> PlanLink:
    return PlanLink(
        link_id=row.link_id,
        user_name=row.user_name,
        folder_name=row.folder_name,
        state=RunState(row.state),
        cause=row.cause,
        counters=Counters(**{name: getattr(row, name) for name in COUNTERS}),
    )


def _key(row: Row[Any], direction: Direction) -> Key:
    crm = ItemId(row.crm_id) if row.crm_id else None
    nylas = ItemId(row.nylas_id) if row.nylas_id else None
    source, destination = (nylas, crm) if direction is Direction.GET else (crm, nylas)
    source = ItemId(row.restores) if row.restores else source
    return (source, None if row.kind == str(ActionKind.CREATE) else destination)


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


def _row(row: Row[Any]) -> PlanItemRow:
    return PlanItemRow(
        run_id=row.run_id,
        seq=row.seq,
        kind=ActionKind(row.kind),
        reason=Reason(row.reason),
        state=PlanItemState(row.state),
        title=row.title,
        is_recurring=row.is_recurring,
        link_id=row.link_id,
        user_name=row.user_name,
        folder_name=row.folder_name,
        provider=row.provider,
        excluded_by=row.excluded_by,
        before=_bytes(row.before),
        after=_bytes(row.after),
    )
