"""The CRM side by hand: users, single items, export and import as JSON lines.

A line is ``{"type": "user", "id", "name", "email"}`` or ``{"type": "event", "id"?, "user", "collection"?, "item"}``;
``item`` is a schedule item as :mod:`nylasadmin.domain.items` encodes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from nylasadmin.domain.items import ItemId, ScheduleItem, normalized
from nylasadmin.domain.links import PRIMARY, CrmUser
from nylasadmin.domain.privileges import Actor
from nylasadmin.errors import NotFound
from nylasadmin.services.audit import record
from nylasadmin.services.ids import new_item_id
from nylasadmin.services.refusals import noting_refusals
from nylasadmin.services.storage import CrmItem, Storage, UnitOfWork

_PAGE = 500


class UserLine(msgspec.Struct, frozen=True, kw_only=True, tag="user", tag_field="type"):
    id: str
    name: str
    email: str


class EventLine(msgspec.Struct, frozen=True, kw_only=True, tag="event", tag_field="type", omit_defaults=True):
    user: str
    item: ScheduleItem
    id: str = ""
    collection: str = PRIMARY


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """How many users and items were taken, and what was wrong with which line (counted from 1)."""

    users: int
    items: int
    problems: tuple[tuple[int, str], ...] = ()


_line = msgspec.json.Decoder(UserLine | EventLine)


class Crm:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def users(self) -> list[CrmUser]:
        with self._storage.read() as tx:
            return tx.users.all()

    def item(self, item_id: str) -> CrmItem:
        """Give an item. Raises :class:`NotFound`."""
        with self._storage.read() as tx:
            item = tx.items.get(ItemId(item_id))
        if item is None:
            raise NotFound("item", item_id)
        return item

    @noting_refusals("item.put", "item {item.id}")
    def put(self, actor: Actor, item: CrmItem) -> None:
        """Insert or replace an item, as its CRM user would."""
        with self._storage.write() as tx:
            tx.items.put(item, origin=f"user {item.user_id}")
            record(tx, actor, "item.put", f"item {item.id}")

    @noting_refusals("item.delete", "item {item_id}")
    def delete(self, actor: Actor, item_id: str) -> None:
        """Delete an item, as its CRM user would. Raises :class:`NotFound`."""
        with self._storage.write() as tx:
            tx.items.delete(ItemId(item_id), origin=actor.name)
            record(tx, actor, "item.delete", f"item {item_id}")

    def export(self, user: str | None = None) -> Iterator[bytes]:
        """Yield users, then items, a JSON line each; of one user (by id or address) if given. Raises ``NotFound``."""
        chosen = [u for u in self.users() if user is None or user in (u.id, u.email)]
        if user is not None and not chosen:
            raise NotFound("user", user)
        for one in chosen:
            yield msgspec.json.encode(UserLine(id=one.id, name=one.name, email=one.email))
        for one in chosen:
            yield from self._export_items(one.id)

    def _export_items(self, user_id: str) -> Iterator[bytes]:
        after = ""
        while True:
            with self._storage.read() as tx:
                page = tx.items.page(user_id, after, _PAGE)
            for item in page:
                line = EventLine(id=item.id, user=item.user_id, collection=item.collection, item=item.item)
                yield msgspec.json.encode(line)
            if len(page) < _PAGE:
                return
            after = page[-1].id

    def load(self, actor: Actor, lines: Iterable[str | bytes]) -> ImportReport:
        """Take users and items from JSON lines; damaged lines are reported by number, the rest is taken."""
        users = items = 0
        problems: list[tuple[int, str]] = []
        with self._storage.write() as tx:
            for number, text in enumerate(lines, 1):
                if not text.strip():
                    continue
                try:
                    line = _line.decode(text)
                    _take(tx, line)
                except (msgspec.DecodeError, UnicodeDecodeError, _BadLine) as error:
                    problems.append((number, str(error)))
                    continue
                users += isinstance(line, UserLine)
                items += isinstance(line, EventLine)
            summary = {"users": users, "items": items, "damaged": len(problems)}
            record(tx, actor, "crm.import", "CRM items", new=summary)
        return ImportReport(users=users, items=items, problems=tuple(problems))


class _BadLine(Exception):
    pass


def _take(tx: UnitOfWork, line: UserLine | EventLine) -> None:
    if isinstance(line, UserLine):
        _take_user(tx, line)
        return
    if tx.users.get(line.user) is None:
        raise _BadLine(f"user {line.user!r} is not known: put a line of type user before its items")
    item_id = ItemId(line.id) if line.id else new_item_id()
    known = tx.items.get(item_id)
    if known is not None and known.user_id != line.user:
        raise _BadLine(f"item {line.id!r} belongs to another user")
    item = CrmItem(id=item_id, user_id=line.user, collection=line.collection, item=normalized(line.item))
    tx.items.put(item, origin="import")


def _take_user(tx: UnitOfWork, line: UserLine) -> None:
    email = line.email.strip().lower()
    if not line.id or "@" not in email:
        raise _BadLine("a user needs an id and an e-mail address")
    same = [u for u in tx.users.all() if u.email == email and u.id != line.id]
    if same:
        raise _BadLine(f"the address {email} belongs to user {same[0].id!r} already")
    tx.users.save(CrmUser(id=line.id, name=line.name, email=email))
