"""Failed items: one row per link, direction and item, from its first failure until it is written, equal or gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from nylasadmin.adapters.storage.bulk import storable
from nylasadmin.adapters.storage.links import chunks
from nylasadmin.adapters.storage.tables import failed_items, failures, links, runs, snapshot_items, targets
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.domain.runs import Failure, Run, RunState
from nylasadmin.domain.tries import next_wait_s
from nylasadmin.services.failed_views import FailedItem, FailedQuery, FailedRow

_OPEN = failed_items.c.dismissed_at.is_(None)
_DIRECTIONS = {str(word): word for word in Direction}
_RECEIVER_ONLY = {str(word): word for word in ReceiverOnly}
_UNDISMISSED = {"dismissed_at": None, "dismissed_by": "", "dismissed_reason": ""}


class SqlFailedItems:
    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._db = connection
        self._now = now

    # --- what runs tell -------------------------------------------------------------------------------------------

    def note(self, run: Run, new: Sequence[Failure]) -> None:
        """Remember failed items; one that is known counts one more try, and is no longer dismissed.

        What a snapshot that takes another back could not do is no item to copy again, and not remembered here.
        """
        if not new or run.undoes_id is not None:
            return
        by_key = {_key(f, run.direction): f for f in new}
        known: dict[str, Any] = {}
        for chunk in chunks(list(by_key)):
            found = select(failed_items).where(_of(run), failed_items.c.item_key.in_(chunk))
            known |= {row.item_key: row for row in self._db.execute(found)}
        for key, failure in by_key.items():
            self._save(run, key, failure, known.get(key))

    def _save(self, run: Run, key: str, failure: Failure, known: Any) -> None:
        now = self._now()
        attempts = known.attempts + 1 if known is not None else 1
        values = {
            "crm_id": failure.crm_id,
            "nylas_id": failure.nylas_id,
            "run_id": run.id,
            "title": storable(failure.title),
            "action": failure.action,
            "cause": storable(failure.cause),
            "detail": storable(failure.detail),
            "last_at": now,
            "attempts": attempts,
            "next_try_at": _later(now, attempts, failure.is_transient),
            **_UNDISMISSED,
        }
        if known is not None:
            self._db.execute(update(failed_items).where(failed_items.c.id == known.id).values(**values))
            return
        mine = {"link_id": run.link_id, "direction": str(run.direction), "item_key": key, "first_at": now}
        self._db.execute(insert(failed_items).values(**mine, **values))

    def not_failed_by(self, run: Run) -> dict[int, tuple[ItemId | None, ItemId | None]]:
        """Give the items of a run's link and direction that it did not fail on: (CRM id, Nylas id) by row."""
        if run.undoes_id is not None:
            return {}
        mine = {"the_link": run.link_id, "the_direction": str(run.direction), "the_run": run.id}
        return {row.id: (row.crm_id, row.nylas_id) for row in self._db.execute(_NOT_FAILED[run.direction], mine)}

    def clear(self, ids: Sequence[int]) -> None:
        for chunk in chunks(ids):
            self._db.execute(delete(failed_items).where(failed_items.c.id.in_(chunk)))

    def not_reached(self, run: Run, *, is_transient: bool) -> None:
        """Count a try for the items that a run was restricted to, and that it did not come to because it failed."""
        if run.undoes_id is not None:
            return
        chosen = and_(snapshot_items.c.snapshot_id == run.snapshot_id, snapshot_items.c.link_id == run.link_id)
        crm = select(snapshot_items.c.crm_id).where(chosen, snapshot_items.c.crm_id.is_not(None))
        nylas = select(snapshot_items.c.nylas_id).where(chosen, snapshot_items.c.nylas_id.is_not(None))
        wanted = or_(failed_items.c.crm_id.in_(crm), failed_items.c.nylas_id.in_(nylas))
        left = select(failed_items.c.id, failed_items.c.attempts).where(
            _of(run), wanted, failed_items.c.run_id != run.id
        )
        for row in self._db.execute(left).all():
            at = _later(self._now(), row.attempts + 1, is_transient)
            values = {"attempts": row.attempts + 1, "last_at": self._now(), "next_try_at": at}
            self._db.execute(update(failed_items).where(failed_items.c.id == row.id).values(**values))

    def has_open(self, link_id: int) -> bool:
        return self._db.execute(_HAS_OPEN, {"the_link": link_id}).first() is not None

    # --- tries ----------------------------------------------------------------------------------------------------

    def due(self, now: float, limit: int) -> list[FailedItem]:
        """Give items whose next try has come, the longest waiting first."""
        which = and_(failed_items.c.next_try_at <= now, links.c.removed_at.is_(None))
        return self._items(_joined_items().where(which).order_by(failed_items.c.next_try_at).limit(limit))

    def claim(self, ids: Sequence[int], now: float, until: int) -> set[int]:
        """Take due items for a try, so that no other process tries them, too; give those that were to be had."""
        taken: set[int] = set()
        for chunk in chunks(ids):
            due = and_(failed_items.c.id.in_(chunk), failed_items.c.next_try_at <= now)
            claimed = update(failed_items).where(due).values(next_try_at=until).returning(failed_items.c.id)
            taken |= set(self._db.execute(claimed).scalars())
        return taken

    def postpone(self, ids: Sequence[int], until: int) -> None:
        """Try items later that cannot be tried now; those that are tried no more stay so."""
        for chunk in chunks(ids):
            waiting = and_(failed_items.c.id.in_(chunk), failed_items.c.next_try_at.is_not(None))
            self._db.execute(update(failed_items).where(waiting).values(next_try_at=until))

    def chosen(self, query: FailedQuery) -> list[FailedItem]:
        """Give all items a query matches."""
        return self._items(_joined_items().where(_matching(query)).order_by(failed_items.c.id))

    def _items(self, found: Select[Any]) -> list[FailedItem]:
        return [
            FailedItem(
                id=row.id,
                target_id=row.target_id,
                link_id=row.link_id,
                direction=_DIRECTIONS[row.direction],
                receiver_only=_RECEIVER_ONLY[row.receiver_only],
                crm_id=row.crm_id,
                nylas_id=row.nylas_id,
            )
            for row in self._db.execute(found)
        ]

    # --- the page -------------------------------------------------------------------------------------------------

    def rows(self, query: FailedQuery) -> list[FailedRow]:
        found = (
            select(
                failed_items,
                links.c.target_id,
                links.c.user_name,
                links.c.folder_name,
                links.c.item_type,
                targets.c.name.label("target_name"),
                runs.c.snapshot_id,
            )
            .select_from(_joined().join(runs, failed_items.c.run_id == runs.c.id))
            .where(_matching(query))
            .order_by(failed_items.c.last_at.desc(), failed_items.c.id.desc())
            .offset((query.page - 1) * query.size)
            .limit(query.size)
        )
        return [_row(row) for row in self._db.execute(found)]

    def causes(self, query: FailedQuery) -> list[tuple[str, int]]:
        """Count the items that match per cause, the most frequent first; the causes are few, they come from a table."""
        number = func.count()
        found = select(failed_items.c.cause, number).select_from(_joined()).where(_matching(query))
        rows = self._db.execute(found.group_by(failed_items.c.cause).order_by(number.desc(), failed_items.c.cause))
        return [(cause, count) for cause, count in rows]

    def count_open(self, most: int) -> int:
        """Count the open items, up to ``most``: for the navigation of every page."""
        found = select(failed_items.c.id).select_from(_joined()).where(_OPEN, links.c.removed_at.is_(None)).limit(most)
        return int(self._db.execute(select(func.count()).select_from(found.subquery())).scalar_one())

    def dismiss(self, query: FailedQuery, operator: str, reason: str) -> int:
        """Put open items aside; give how many. Links on which nothing fails any more are no longer failing."""
        which = select(failed_items.c.id).select_from(_joined()).where(_matching(query), _OPEN)
        link_ids = select(failed_items.c.link_id).where(failed_items.c.id.in_(which)).distinct()
        affected = list(self._db.execute(link_ids).scalars())
        values = {"dismissed_at": self._now(), "dismissed_by": operator, "dismissed_reason": reason}
        put_aside = update(failed_items).where(failed_items.c.id.in_(which)).values(next_try_at=None, **values)
        count = self._db.execute(put_aside).rowcount
        for chunk in chunks(affected):
            mended = and_(links.c.id.in_(chunk), ~_still_fails(), ~_last_run_failed())
            self._db.execute(update(links).where(mended).values(is_failing=False))
        return count


def _of(run: Run) -> ColumnElement[bool]:
    return and_(failed_items.c.link_id == run.link_id, failed_items.c.direction == str(run.direction))


def _key(failure: Failure, direction: Direction) -> str:
    """Name an item by its id at the source, else at the destination."""
    ends = (failure.nylas_id, failure.crm_id) if direction is Direction.GET else (failure.crm_id, failure.nylas_id)
    return ends[0] or ends[1] or failure.title


def _not_failed(direction: Direction) -> Select[Any]:
    """Select the items of a link that one of its runs did not fail on."""
    is_get = direction is Direction.GET
    ends = (failures.c.nylas_id, failures.c.crm_id) if is_get else (failures.c.crm_id, failures.c.nylas_id)
    failed = select(func.coalesce(*ends, failures.c.title)).where(failures.c.run_id == bindparam("the_run"))
    return select(failed_items.c.id, failed_items.c.crm_id, failed_items.c.nylas_id).where(
        failed_items.c.link_id == bindparam("the_link"),
        failed_items.c.direction == bindparam("the_direction"),
        failed_items.c.item_key.not_in(failed),
    )


_NOT_FAILED = {direction: _not_failed(direction) for direction in Direction}
_HAS_OPEN = select(failed_items.c.id).where(failed_items.c.link_id == bindparam("the_link"), _OPEN).limit(1)


def _later(now: int, attempts: int, is_transient: bool) -> int | None:
    wait_s = next_wait_s(attempts, is_transient=is_transient)
    return None if wait_s is None else now + wait_s


def _joined() -> Any:
    return failed_items.join(links, failed_items.c.link_id == links.c.id).join(
        targets, links.c.target_id == targets.c.id
    )


def _joined_items() -> Select[Any]:
    item = failed_items.c
    columns = (item.id, item.link_id, item.direction, item.crm_id, item.nylas_id, links.c.target_id)
    joined = _joined().join(runs, item.run_id == runs.c.id)
    return select(*columns, runs.c.receiver_only).select_from(joined)


def _matching(query: FailedQuery) -> ColumnElement[bool]:
    which: list[ColumnElement[bool]] = [links.c.removed_at.is_(None), _OPEN if not query.dismissed else ~_OPEN]
    if query.ids is not None:
        which.append(or_(*(failed_items.c.id.in_(chunk) for chunk in chunks(query.ids or (0,)))))
    if query.target_id is not None:
        which.append(links.c.target_id == query.target_id)
    if query.link_id is not None:
        which.append(failed_items.c.link_id == query.link_id)
    if query.snapshot_id is not None:
        which.append(failed_items.c.run_id.in_(select(runs.c.id).where(runs.c.snapshot_id == query.snapshot_id)))
    if query.cause:
        which.append(failed_items.c.cause == query.cause)
    which.extend(_finds(query))
    return and_(*which)


def _finds(query: FailedQuery) -> Iterable[ColumnElement[bool]]:
    """Look for each word in title, user and folder. Links are far fewer than items: they are searched once, apart."""
    of_link = links.alias("of_link")
    for word in query.search.split():
        columns = (of_link.c.user_name, of_link.c.folder_name, of_link.c.folder_owner)
        named = or_(*(column.icontains(word, autoescape=True) for column in columns))
        found = failed_items.c.link_id.in_(select(of_link.c.id).where(named))
        yield found if query.hides_titles else or_(failed_items.c.title.icontains(word, autoescape=True), found)


def _still_fails() -> ColumnElement[bool]:
    return exists().where(failed_items.c.link_id == links.c.id, _OPEN)


def _last_run_failed() -> ColumnElement[bool]:
    ended = runs.alias("ended")
    newest = (
        select(func.max(ended.c.id))
        .where(ended.c.link_id == links.c.id, ended.c.is_preview.is_(False), ended.c.finished_at.is_not(None))
        .correlate(links)
        .scalar_subquery()
    )
    return exists().where(runs.c.id == newest, runs.c.state == str(RunState.FAILED))


def _row(row: Any) -> FailedRow:
    values = {name: getattr(row, name) for name in FailedRow.__struct_fields__}
    return FailedRow(**values | {"direction": Direction(row.direction)})
