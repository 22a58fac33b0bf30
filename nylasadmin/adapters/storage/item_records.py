"""What the database knows of single items. Queries only.

The record of writes has no index by item: it is looked through by the newest runs of one link, which bounds the work.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from nylasadmin.adapters.storage.conditions import occupies_link
from nylasadmin.adapters.storage.tables import (
    crm_items,
    failed_items,
    pairs,
    plan_items,
    plan_uses,
    rejections,
    runs,
    snapshots,
    writes,
)
from nylasadmin.domain.explaining import Answer, Failing
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import ActionKind, Direction
from nylasadmin.domain.runs import RunState
from nylasadmin.services.item_records import ItemWrite, Named
from nylasadmin.services.rows import ItemScope, PairRow

_MOST_RUNS = 200
_HAPPENED = writes.c.state.in_(["done", "unknown"])


class SqlItemRecords:
    """Asks about few items of one link."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    # --- finding items

    def by_words(self, scope: ItemScope, words: str, limit: int) -> list[ItemId]:
        """Give the CRM's items whose title contains the words, in any case, the latest first."""
        found = select(crm_items.c.id).where(_within(scope), crm_items.c.title.icontains(words, autoescape=True))
        rows = self._db.execute(found.order_by(crm_items.c.start.desc(), crm_items.c.id).limit(limit))
        return [ItemId(found_id) for found_id in rows.scalars()]

    def by_uid(self, scope: ItemScope, uids: Collection[str]) -> list[ItemId]:
        """Give the CRM's items with one of these UIDs."""
        found = select(crm_items.c.id).where(_within(scope), crm_items.c.uid.in_(list(uids)))
        return [ItemId(found_id) for found_id in self._db.execute(found.order_by(crm_items.c.id)).scalars()]

    def recorded(self, link_id: int, words: str, limit: int) -> list[Named]:
        """Give items that snapshots wrote, or failed to write, under a title that contains the words."""
        written = _of_link(link_id).where(_HAPPENED, writes.c.title.icontains(words, autoescape=True))
        failed = select(failed_items.c.crm_id, failed_items.c.nylas_id, failed_items.c.title).where(
            failed_items.c.link_id == link_id, failed_items.c.title.icontains(words, autoescape=True)
        )
        rows = [*self._db.execute(written.limit(limit * 4)), *self._db.execute(failed.limit(limit))]
        by_ids = {(row.crm_id, row.nylas_id): _named(row) for row in reversed(rows)}
        return list(by_ids.values())[:limit]

    def recorded_as(self, link_id: int, item_id: ItemId) -> Named | None:
        """Give an item that snapshots wrote, or failed to write, by its id at either side."""
        row = self._db.execute(_of_link(link_id).where(_HAPPENED, _either(writes.c, [item_id])).limit(1)).first()
        if row is None:
            failed = select(failed_items).where(failed_items.c.link_id == link_id, _either(failed_items.c, [item_id]))
            row = self._db.execute(failed.limit(1)).first()
        return None if row is None else _named(row)

    # --- one item

    def pairs(self, link_id: int, ids: Collection[ItemId]) -> list[PairRow]:
        found = self._db.execute(select(pairs).where(pairs.c.link_id == link_id, _either(pairs.c, ids)))
        return [PairRow(ItemId(row.crm_id), ItemId(row.nylas_id), bytes(row.base), row.seen) for row in found]

    def writes(self, link_id: int, ids: Collection[ItemId], limit: int) -> list[ItemWrite]:
        """Give what snapshots wrote to an item, the newest first."""
        found = _of_link(link_id).where(_HAPPENED, _either(writes.c, ids)).limit(limit)
        return [_write(row) for row in self._db.execute(found)]

    def failures(self, link_id: int, ids: Collection[ItemId]) -> dict[Direction, Failing]:
        found = select(failed_items).where(failed_items.c.link_id == link_id, _either(failed_items.c, ids))
        return {Direction(row.direction): _failing(row) for row in self._db.execute(found)}

    def rejections(self, link_id: int, ids: Collection[ItemId]) -> dict[Direction, Answer]:
        mine = and_(rejections.c.link_id == link_id, rejections.c.destination_id.in_(list(ids)))
        return {
            Direction(row.direction): Answer(operator=row.operator, at=row.at, reason=row.reason)
            for row in self._db.execute(select(rejections).where(mine))
        }

    def left_out(self, link_id: int, ids: Collection[ItemId]) -> dict[Direction, Answer]:
        """Give by direction who left an item out of the last snapshot that was carried out on its link."""
        carried_out = func.coalesce(plan_uses.c.snapshot_id, plan_items.c.plan_id).label("snapshot")
        found = (
            select(runs.c.direction, plan_items.c.excluded_by, carried_out, snapshots.c.requested_at)
            .select_from(
                plan_items.join(runs, plan_items.c.run_id == runs.c.id)
                .outerjoin(plan_uses, plan_uses.c.plan_id == plan_items.c.plan_id)
                .join(snapshots, snapshots.c.id == func.coalesce(plan_uses.c.snapshot_id, plan_items.c.plan_id))
            )
            .where(plan_items.c.run_id.in_(_newest_runs(link_id)), plan_items.c.excluded_by != "", _ends(ids))
            .order_by(plan_items.c.run_id)
        )
        answers = {
            Direction(row.direction): Answer(
                operator=row.excluded_by, at=row.requested_at, snapshot_id=row._mapping["snapshot"]
            )
            for row in self._db.execute(found)
        }
        return {way: a for way, a in answers.items() if a.snapshot_id == self._last_done(link_id, way)}

    def _last_done(self, link_id: int, direction: Direction) -> int | None:
        done = and_(runs.c.link_id == link_id, runs.c.direction == str(direction), runs.c.is_preview.is_(False))
        found = select(runs.c.snapshot_id).where(done, runs.c.state == str(RunState.DONE))
        return self._db.execute(found.order_by(runs.c.id.desc()).limit(1)).scalar_one_or_none()

    def held(self, link_id: int, ids: Collection[ItemId]) -> dict[Direction, int]:
        """Give by direction the held snapshot that would delete the item."""
        victims = and_(plan_items.c.kind == str(ActionKind.DELETE), plan_items.c.excluded_by == "", _ends(ids))
        found = (
            select(runs.c.direction, runs.c.snapshot_id)
            .join_from(plan_items, runs, plan_items.c.run_id == runs.c.id)
            .where(runs.c.link_id == link_id, occupies_link(runs), runs.c.state == str(RunState.HELD), victims)
        )
        return {Direction(row.direction): row.snapshot_id for row in self._db.execute(found)}


def _within(scope: ItemScope) -> ColumnElement[bool]:
    return and_(
        crm_items.c.user_id == scope.user_id,
        crm_items.c.collection == scope.collection,
        crm_items.c.item_type == str(scope.item_type),
    )


def _either(columns: Any, ids: Collection[ItemId]) -> ColumnElement[bool]:
    return or_(columns.crm_id.in_(list(ids)), columns.nylas_id.in_(list(ids)))


def _ends(ids: Collection[ItemId]) -> ColumnElement[bool]:
    return or_(plan_items.c.source_id.in_(list(ids)), plan_items.c.destination_id.in_(list(ids)))


def _newest_runs(link_id: int) -> Select[Any]:
    return select(runs.c.id).where(runs.c.link_id == link_id).order_by(runs.c.id.desc()).limit(_MOST_RUNS)


def _of_link(link_id: int) -> Select[Any]:
    """Select the writes of a link's newest runs, the newest first."""
    columns = (runs.c.snapshot_id, runs.c.direction, runs.c.finished_at, snapshots.c.operator, snapshots.c.undoes_id)
    joined = writes.join(runs, writes.c.run_id == runs.c.id).join(snapshots, runs.c.snapshot_id == snapshots.c.id)
    of_link = select(writes, *columns).select_from(joined).where(writes.c.run_id.in_(_newest_runs(link_id)))
    return of_link.order_by(writes.c.run_id.desc(), writes.c.seq.desc())


def _named(row: Row[Any]) -> Named:
    return Named(crm_id=_id(row.crm_id), nylas_id=_id(row.nylas_id), title=row.title)


def _id(value: str | None) -> ItemId | None:
    return ItemId(value) if value else None


def _write(row: Row[Any]) -> ItemWrite:
    return ItemWrite(
        run_id=row.run_id,
        seq=row.seq,
        snapshot_id=row.snapshot_id,
        undoes_id=row.undoes_id,
        direction=Direction(row.direction),
        operator=row.operator,
        at=row.finished_at,
        kind=ActionKind(row.kind),
        state=row.state,
        crm_id=_id(row.crm_id),
        nylas_id=_id(row.nylas_id),
        title=row.title,
        before=None if row.before is None else bytes(row.before),
        after=None if row.after is None else bytes(row.after),
    )


def _failing(row: Row[Any]) -> Failing:
    return Failing(**{name: getattr(row, name) for name in Failing.__struct_fields__})
