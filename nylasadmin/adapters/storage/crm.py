"""The embedded CRM store: schedule items in tables, each change numbered in the change feed.

Bodies are stored as JSON beside the columns that are searched; the fingerprint of the full item is stored too, so that
a snapshot compares without decoding. Statements with many rows go to the driver as they are (``executemany``).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, delete, func, null, select, update
from sqlalchemy.exc import DataError, InterfaceError

from nylasadmin.adapters.storage.bulk import insert_rows, storable
from nylasadmin.adapters.storage.links import chunks
from nylasadmin.adapters.storage.tables import crm_changes, crm_items
from nylasadmin.domain.fidelity import FULL, Fidelity, fingerprint, is_alike
from nylasadmin.domain.items import ItemId, ItemType, Moment, ScheduleItem, decode_item, encode_item
from nylasadmin.domain.plan import ActionKind, Observed, Window
from nylasadmin.domain.providers import alike_bit, alike_mask
from nylasadmin.domain.recurrence import span
from nylasadmin.errors import BadRequest, CannotBeStored, NotFound
from nylasadmin.services.ids import new_item_id
from nylasadmin.services.ports import Outcome, WriteOrder
from nylasadmin.services.rows import CrmItem, ItemScope

_BATCH = 500
_VALUE_COLUMNS = (
    "uid",
    "original_start",
    "title",
    "start",
    "end",
    "is_recurring",
    "fingerprint",
    "alike",
    "body",
    "updated_at",
)
_ITEM_COLUMNS = ("id", "user_id", "collection", "item_type", *_VALUE_COLUMNS)
_CHANGE_COLUMNS = ("item_id", "user_id", "collection", "kind", "at", "origin")
_PLANNING_COLUMNS = [crm_items.c[name] for name in ("id", *_VALUE_COLUMNS[:8])]
_REFUSED = (DataError, InterfaceError, OverflowError, ValueError)
"""What databases and drivers raise for a value they cannot hold."""


class SqlCrmItems:
    """Items of all users; :meth:`store` narrows to one collection and implements the item store's port."""

    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._db = connection
        self._now = now

    def store(self, scope: ItemScope) -> SqlCrmStore:
        return SqlCrmStore(self._db, self._now, scope)

    def get(self, item_id: ItemId) -> CrmItem | None:
        row = self._db.execute(select(crm_items).where(crm_items.c.id == item_id)).one_or_none()
        return _crm_item(row) if row else None

    def put(self, item: CrmItem, origin: str) -> None:
        """Insert or replace one item by its id. Raises ``CannotBeStored``."""
        scope = ItemScope(user_id=item.user_id, collection=item.collection, origin=origin)
        store = self.store(scope)
        try:
            with self._db.begin_nested():
                self._replace(store, item)
        except _REFUSED as error:
            raise CannotBeStored(_words(error)) from error

    def _replace(self, store: SqlCrmStore, item: CrmItem) -> None:
        is_known = self._db.execute(select(crm_items.c.id).where(crm_items.c.id == item.id)).first() is not None
        if is_known:
            self._db.execute(delete(crm_items).where(crm_items.c.id == item.id))
        store.insert_rows([(item.id, item.item)], "updated" if is_known else "created")

    def delete(self, item_id: ItemId, origin: str) -> None:
        item = self.get(item_id)
        if item is None:
            raise NotFound("item", item_id)
        self.store(ItemScope(user_id=item.user_id, collection=item.collection, origin=origin)).delete_rows([item_id])

    def count(self, scope: ItemScope) -> int:
        """Count one collection's items."""
        mine = (crm_items.c.user_id == scope.user_id) & (crm_items.c.collection == scope.collection)
        return int(self._db.execute(select(func.count()).select_from(crm_items).where(mine)).scalar_one())

    def page(self, user_id: str | None, after: str, limit: int) -> list[CrmItem]:
        found = select(crm_items).where(crm_items.c.id > after).order_by(crm_items.c.id).limit(limit)
        if user_id is not None:
            found = found.where(crm_items.c.user_id == user_id)
        return [_crm_item(row) for row in self._db.execute(found)]


class SqlCrmStore:
    """One collection of one user, as an item store inside a unit of work."""

    def __init__(self, connection: Connection, now: Callable[[], int], scope: ItemScope) -> None:
        self._db = connection
        self._now = now
        self._scope = scope
        self._mine = (
            (crm_items.c.user_id == scope.user_id)
            & (crm_items.c.collection == scope.collection)
            & (crm_items.c.item_type == str(ItemType.EVENT))
        )

    def observe(self, fidelity: Fidelity, window: Window) -> Iterator[list[Observed]]:
        """Yield the items of the collection that have a part in the window."""
        start, end = crm_items.c.start, crm_items.c.end
        is_inside = (start < window.end) & ((end > window.start) | (start >= window.start))
        rows = self._db.execute(self._select(fidelity).where(self._mine, is_inside))
        while batch := rows.fetchmany(_BATCH):
            yield [_observed(row, fidelity) for row in batch]

    def look_up(self, ids: Sequence[ItemId], fidelity: Fidelity) -> list[Observed]:
        found: list[Observed] = []
        for chunk in chunks(ids):
            rows = self._db.execute(self._select(fidelity).where(crm_items.c.id.in_(chunk), self._mine))
            found += [_observed(row, fidelity) for row in rows]
        return found

    def _select(self, fidelity: Fidelity) -> Any:
        """Select what planning needs; a body only where the stored fingerprint does not serve."""
        bit = alike_bit(fidelity)
        body = case((crm_items.c.alike.op("&")(bit) != 0, null()), else_=crm_items.c.body).label("body")
        return select(*_PLANNING_COLUMNS) if fidelity == FULL else select(*_PLANNING_COLUMNS, body)

    def load(self, ids: Sequence[ItemId]) -> dict[ItemId, ScheduleItem]:
        found: dict[ItemId, ScheduleItem] = {}
        for chunk in chunks(ids):
            rows = self._db.execute(
                select(crm_items.c.id, crm_items.c.body).where(crm_items.c.id.in_(chunk), self._mine)
            )
            found |= {row.id: decode_item(bytes(row.body)) for row in rows}
        return found

    def find_claiming(self, claims: ItemId) -> ItemId | None:  # noqa: ARG002
        """Nothing is ever unanswered inside one transaction, so no marker is kept here."""
        return None

    def write(self, orders: Iterable[WriteOrder]) -> Iterator[Outcome]:
        """Carry out orders in batches inside the unit of work."""
        waiting = iter(orders)
        while batch := list(itertools.islice(waiting, _BATCH)):
            yield from self._write_apart(batch)

    def _write_apart(self, orders: list[WriteOrder]) -> list[Outcome]:
        """Write a batch at once; if the database refuses it, item by item, to find out which one it is."""
        try:
            with self._db.begin_nested():
                return self._write_batch([o for o in orders if _is_whole(o)]) + _unfit(orders)
        except _REFUSED as error:
            if len(orders) == 1:
                return [Outcome(key=orders[0].key, error=CannotBeStored(_words(error)))]
        return [outcome for order in orders for outcome in self._write_apart([order])]

    def _write_batch(self, orders: list[WriteOrder]) -> list[Outcome]:
        known = [o for o in orders if o.kind is not ActionKind.CREATE and o.id is not None]
        present = self._present(known)
        outcomes = self._create([o for o in orders if o.kind is ActionKind.CREATE])
        good: list[WriteOrder] = []
        for order in known:
            state = present.get(order.id or ItemId(""))
            if order.kind is ActionKind.DELETE and state is None:
                outcomes.append(Outcome(key=order.key, id=order.id))
            elif state is None or (order.expected is not None and state != order.expected):
                outcomes.append(Outcome(key=order.key, has_moved=True))
            else:
                good.append(order)
        self._update([o for o in good if o.kind is ActionKind.UPDATE])
        self.delete_rows([o.id for o in good if o.kind is ActionKind.DELETE and o.id is not None])
        return outcomes + [Outcome(key=o.key, id=o.id) for o in good]

    def _present(self, orders: list[WriteOrder]) -> dict[ItemId, bytes]:
        if not orders:
            return {}
        found = self.look_up([o.id for o in orders if o.id is not None], orders[0].fidelity)
        return {o.id: o.fingerprint for o in found}

    def _create(self, orders: list[WriteOrder]) -> list[Outcome]:
        now = self._now()
        made = [(new_item_id(), _created(o.item, o, now)) for o in orders if o.item is not None]
        self._insert(made, "created", now)
        return [Outcome(key=order.key, id=made_id) for order, (made_id, _) in zip(orders, made, strict=True)]

    def insert_rows(self, rows: list[tuple[ItemId, ScheduleItem]], change: str) -> None:
        """Insert items under given ids and number the change."""
        now = self._now()
        self._insert([(item_id, _values(item, now)) for item_id, item in rows], change, now)

    def _insert(self, rows: list[tuple[ItemId, tuple[object, ...]]], change: str, now: int) -> None:
        owner = (self._scope.user_id, self._scope.collection, str(ItemType.EVENT))
        insert_rows(self._db, crm_items, _ITEM_COLUMNS, [(item_id, *owner, *values) for item_id, values in rows])
        self._feed([item_id for item_id, _ in rows], change, now)

    def _update(self, orders: list[WriteOrder]) -> None:
        if not orders:
            return
        now = self._now()
        statement = update(crm_items).where(crm_items.c.id == bindparam("item_id"))
        rows = [
            {"item_id": o.id, **dict(zip(_VALUE_COLUMNS, _values(o.item, now), strict=True))}
            for o in orders
            if o.item is not None
        ]
        self._db.execute(statement, rows)
        self._feed([o.id for o in orders if o.id is not None], "updated", now)

    def delete_rows(self, ids: list[ItemId]) -> None:
        """Delete items and number the change."""
        for chunk in chunks(ids):
            self._db.execute(delete(crm_items).where(crm_items.c.id.in_(chunk), self._mine))
        self._feed(ids, "deleted", self._now())

    def _feed(self, ids: Sequence[ItemId], change: str, now: int) -> None:
        scope = self._scope
        what = (scope.user_id, scope.collection, change, now, scope.origin)
        insert_rows(self._db, crm_changes, _CHANGE_COLUMNS, [(item_id, *what) for item_id in ids])


def _is_whole(order: WriteOrder) -> bool:
    return (order.kind is ActionKind.DELETE or order.item is not None) and (
        order.kind is ActionKind.CREATE or order.id is not None
    )


def _unfit(orders: list[WriteOrder]) -> list[Outcome]:
    error = BadRequest("an order without its item or id")
    return [Outcome(key=order.key, error=error) for order in orders if not _is_whole(order)]


def _values(item: ScheduleItem, now: int) -> tuple[object, ...]:
    """Give an item's part of a row, in the order of ``_VALUE_COLUMNS``."""
    start, end = span(item)
    return _row_values(item, start, end, fingerprint(item, FULL), alike_mask(item), now)


def _created(item: ScheduleItem, order: WriteOrder, now: int) -> tuple[object, ...]:
    """Give a new item's part of a row; what its source has computed is taken over where it holds here too."""
    seen = order.seen
    if seen is None or not is_alike(item, order.fidelity):
        return _values(item, now)
    return _row_values(item, seen.start, seen.end, seen.fingerprint, alike_bit(order.fidelity), now)


def _row_values(
    item: ScheduleItem, start: int, end: int, full_fingerprint: bytes, alike: int, now: int
) -> tuple[object, ...]:
    return (
        item.uid,
        _moment_text(item.original_start),
        storable(item.title),
        start,
        end,
        item.is_recurring,
        full_fingerprint,
        alike,
        encode_item(item),
        now,
    )


def _words(error: Exception) -> str:
    return str(getattr(error, "orig", error))


def _moment_text(moment: Moment | None) -> str | None:
    if moment is None:
        return None
    return str(moment) if isinstance(moment, int) else moment.isoformat()


def _moment(text: str | None) -> Moment | None:
    if text is None:
        return None
    return date.fromisoformat(text) if "-" in text[1:] else int(text)


def _observed(row: Row[Any], fidelity: Fidelity) -> Observed:
    serves = fidelity == FULL or row.alike & alike_bit(fidelity)
    return Observed(
        id=row.id,
        fingerprint=bytes(row.fingerprint) if serves else fingerprint(decode_item(bytes(row.body)), fidelity),
        title=row.title,
        start=row.start,
        end=row.end,
        is_recurring=row.is_recurring,
        uid=row.uid,
        original_start=_moment(row.original_start),
    )


def _crm_item(row: Row[Any]) -> CrmItem:
    return CrmItem(
        id=row.id,
        user_id=row.user_id,
        collection=row.collection,
        item=decode_item(bytes(row.body)),
        updated_at=row.updated_at,
    )
