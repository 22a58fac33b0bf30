"""The embedded CRM store: items in tables, each change numbered in the change feed.

Bodies are stored as JSON beside the columns that are searched; the fingerprint of the full item is stored too, so that
a snapshot compares without decoding. Statements with many rows go to the driver as they are (``executemany``).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import cache, cached_property
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, case, delete, func, null, or_, select, update
from sqlalchemy.exc import DataError, InterfaceError

from nylasadmin.adapters.storage.bulk import insert_rows
from nylasadmin.adapters.storage.crm_rows import (
    PLANNING_COLUMNS,
    VALUE_COLUMNS,
    crm_item,
    observed,
    values_of,
    values_of_new,
)
from nylasadmin.adapters.storage.links import chunks
from nylasadmin.adapters.storage.tables import crm_changes, crm_items
from nylasadmin.domain.fidelity import FULL, Fidelity
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import (
    Item,
    brief,
    decode_body,
    is_known_by_content,
    kind_of,
)
from nylasadmin.domain.plan import ActionKind, Observed, Window
from nylasadmin.domain.providers import alike_bit
from nylasadmin.errors import BadRequest, CannotBeStored, NotFound
from nylasadmin.services.ids import new_item_ids
from nylasadmin.services.policy_views import Sighting
from nylasadmin.services.ports import Outcome, WriteOrder
from nylasadmin.services.rows import CrmItem, ItemScope

_BATCH = 1000
_ITEM_COLUMNS = ("id", "user_id", "collection", "item_type", *VALUE_COLUMNS)
_CHANGE_COLUMNS = ("item_id", "user_id", "collection", "kind", "at", "origin")
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
        return crm_item(row) if row else None

    def put(self, item: CrmItem, origin: str) -> None:
        """Insert or replace one item by its id. Raises ``CannotBeStored``."""
        store = self.store(_scope_of(item, origin))
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
        self.store(_scope_of(item, origin)).delete_rows([item_id])

    def count(self, scope: ItemScope) -> int:
        """Count one collection's items."""
        return int(self._db.execute(_COUNT, _owner(scope)).scalar_one())

    def sample(self, scope: ItemScope, most: int) -> list[Sighting]:
        """Tell where one collection's items lie; of more than ``most``, of every so manieth in the order of ends."""
        step = max(1, -(-self.count(scope) // most))
        place = func.row_number().over(order_by=(crm_items.c.end, crm_items.c.id)).label("place")
        rows = select(crm_items.c.start, crm_items.c.end, crm_items.c.is_recurring, place).where(_within(scope))
        numbered = rows.subquery()
        chosen = select(numbered.c.start, numbered.c.end, numbered.c.is_recurring).where(numbered.c.place % step == 0)
        return [Sighting(row.start, row.end, bool(row.is_recurring)) for row in self._db.execute(chosen)]

    def page(self, user_id: str | None, after: str, limit: int) -> list[CrmItem]:
        found = select(crm_items).where(crm_items.c.id > after).order_by(crm_items.c.id).limit(limit)
        if user_id is not None:
            found = found.where(crm_items.c.user_id == user_id)
        return [crm_item(row) for row in self._db.execute(found)]


class SqlCrmStore:
    """One collection of one user, as an item store inside a unit of work."""

    def __init__(self, connection: Connection, now: Callable[[], int], scope: ItemScope) -> None:
        self._db = connection
        self._now = now
        self._scope = scope
        self._by_content = is_known_by_content(scope.item_type)

    @cached_property
    def _mine(self) -> ColumnElement[bool]:
        return _within(self._scope)

    def observe(self, fidelity: Fidelity, window: Window) -> Iterator[list[Observed]]:
        """Yield the items of the collection that have a part in the window."""
        asked = {**_owner(self._scope), "the_start": window.start, "the_end": window.end}
        rows = self._db.execute(_listing(fidelity), asked)
        while batch := rows.fetchmany(_BATCH):
            yield observed(batch, fidelity, is_known_by_content=self._by_content)

    def look_up(self, ids: Sequence[ItemId], fidelity: Fidelity) -> list[Observed]:
        found: list[Observed] = []
        for chunk in chunks(ids):
            rows = self._db.execute(_select(fidelity).where(crm_items.c.id.in_(chunk), self._mine))
            found += observed(rows, fidelity, is_known_by_content=self._by_content)
        return found

    def load(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        found: dict[ItemId, Item] = {}
        for chunk in chunks(ids):
            rows = self._db.execute(
                select(crm_items.c.id, crm_items.c.body).where(crm_items.c.id.in_(chunk), self._mine)
            )
            found |= {row.id: decode_body(bytes(row.body)) for row in rows}
        return found

    def load_brief(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        """Give the items of the collection that are there, without long texts."""
        return {item_id: brief(item) for item_id, item in self.load(ids).items()}

    def find_claiming(self, claims: ItemId) -> ItemId | None:  # noqa: ARG002
        """Nothing is ever unanswered inside one transaction, so no marker is kept here."""
        return None

    def find_equal(self, wanted: bytes, fidelity: Fidelity, known: Container[ItemId]) -> ItemId | None:  # noqa: ARG002
        """Nothing is ever unanswered here."""
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
        outcomes = self._create_all([o for o in orders if o.kind is ActionKind.CREATE])
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

    def _create_all(self, orders: list[WriteOrder]) -> list[Outcome]:
        """Create items; one that is to have an id that is taken has moved: somebody has brought it back."""
        taken = self._taken([o.id for o in orders if o.id is not None])
        moved = [Outcome(key=o.key, has_moved=True) for o in orders if o.id in taken]
        return self._create([o for o in orders if o.id not in taken]) + moved

    def _taken(self, ids: list[ItemId]) -> set[ItemId]:
        found: set[ItemId] = set()
        for chunk in chunks(ids):
            found |= set(self._db.execute(select(crm_items.c.id).where(crm_items.c.id.in_(chunk))).scalars())
        return found

    def _create(self, orders: list[WriteOrder]) -> list[Outcome]:
        now = self._now()
        fresh = new_item_ids(len(orders))
        made = [(o.id or new_id, values_of_new(o, now)) for o, new_id in zip(orders, fresh, strict=True)]
        self._insert(made, "created", now)
        return [Outcome(key=order.key, id=made_id) for order, (made_id, _) in zip(orders, made, strict=True)]

    def insert_rows(self, rows: list[tuple[ItemId, Item]], change: str) -> None:
        """Insert items under given ids and number the change."""
        now = self._now()
        self._insert([(item_id, values_of(item, now)) for item_id, item in rows], change, now)

    def _insert(self, rows: list[tuple[ItemId, tuple[object, ...]]], change: str, now: int) -> None:
        owner = (self._scope.user_id, self._scope.collection, str(self._scope.item_type))
        insert_rows(self._db, crm_items, _ITEM_COLUMNS, [(item_id, *owner, *values) for item_id, values in rows])
        self._feed([item_id for item_id, _ in rows], change, now)

    def _update(self, orders: list[WriteOrder]) -> None:
        if not orders:
            return
        now = self._now()
        statement = update(crm_items).where(crm_items.c.id == bindparam("item_id"))
        rows = [
            {"item_id": o.id, **dict(zip(VALUE_COLUMNS, values_of(o.item, now), strict=True))}
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
    if order.kind is ActionKind.CREATE:
        return order.item is not None or (order.body is not None and order.seen is not None)
    return order.id is not None and (order.kind is ActionKind.DELETE or order.item is not None)


def _unfit(orders: list[WriteOrder]) -> list[Outcome]:
    error = BadRequest("an order without its item or id")
    return [Outcome(key=order.key, error=error) for order in orders if not _is_whole(order)]


def _scope_of(item: CrmItem, origin: str) -> ItemScope:
    item_type = kind_of(item.item).item_type
    return ItemScope(user_id=item.user_id, collection=item.collection, item_type=item_type, origin=origin)


def _within(scope: ItemScope) -> ColumnElement[bool]:
    return (
        (crm_items.c.user_id == scope.user_id)
        & (crm_items.c.collection == scope.collection)
        & (crm_items.c.item_type == str(scope.item_type))
    )


def _owner(scope: ItemScope) -> dict[str, object]:
    return {"the_user": scope.user_id, "the_collection": scope.collection, "the_type": str(scope.item_type)}


_OWNED = (
    (crm_items.c.user_id == bindparam("the_user"))
    & (crm_items.c.collection == bindparam("the_collection"))
    & (crm_items.c.item_type == bindparam("the_type"))
)
_COUNT = select(func.count()).select_from(crm_items).where(_OWNED)


def _select(fidelity: Fidelity) -> Select[Any]:
    """Select what planning needs; a body only where the stored fingerprint does not serve."""
    if fidelity == FULL:
        return select(*PLANNING_COLUMNS)
    bit = alike_bit(fidelity)
    body = case((crm_items.c.alike.op("&")(bit) != 0, null()), else_=crm_items.c.body).label("body")
    return select(*PLANNING_COLUMNS, body)


@cache
def _listing(fidelity: Fidelity) -> Select[Any]:
    """Select one collection's items with a part in a window; built once for each of the few fidelities."""
    start, end = crm_items.c.start, crm_items.c.end
    begin, stop = bindparam("the_start", type_=start.type), bindparam("the_end", type_=start.type)
    return _select(fidelity).where(_OWNED, start < stop, or_(end > begin, start >= begin))


def _words(error: Exception) -> str:
    return str(getattr(error, "orig", error))
