"""The CRM side by hand: users, single items, export and import as JSON lines (:mod:`nylasadmin.services.crm_lines`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import kind_of
from nylasadmin.domain.links import CrmUser
from nylasadmin.domain.privileges import Actor
from nylasadmin.errors import InvalidInput, NotFound
from nylasadmin.services.audit import record
from nylasadmin.services.crm_lines import DamagedLine, Line, UserLine, line_of, read_line, take_line
from nylasadmin.services.refusals import noting_refusals
from nylasadmin.services.rows import CrmItem
from nylasadmin.services.storage import Storage

__all__ = ["Crm", "ImportReport", "UserLine"]

_PAGE = 500


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """How many users and items were taken, and what was wrong with which line (counted from 1)."""

    users: int
    items: int
    problems: tuple[tuple[int, str], ...] = ()


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
        """Insert or replace an item, as its CRM user would.

        Raises :class:`NotFound` for a user nobody knows, :class:`InvalidInput` for an item that cannot be.
        """
        wrong = kind_of(item.item).defects(item.item)
        if wrong:
            raise InvalidInput({"item": "; ".join(wrong)})
        with self._storage.write() as tx:
            if tx.users.get(item.user_id) is None:
                raise NotFound("user", item.user_id)
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
                yield msgspec.json.encode(line_of(item))
            if len(page) < _PAGE:
                return
            after = page[-1].id

    def load(self, actor: Actor, lines: Iterable[str | bytes]) -> ImportReport:
        """Take users and items from JSON lines; damaged lines are reported by number, the rest is taken.

        All lines are read before the transaction begins: a slow pipe must not keep others from writing.
        """
        good, problems = _decoded(lines)
        users = items = 0
        with self._storage.write() as tx:
            for number, line in good:
                try:
                    take_line(tx, line)
                except DamagedLine as error:
                    problems.append((number, str(error)))
                    continue
                users += isinstance(line, UserLine)
                items += not isinstance(line, UserLine)
            summary = {"users": users, "items": items, "damaged": len(problems)}
            record(tx, actor, "crm.import", "CRM items", new=summary)
        return ImportReport(users=users, items=items, problems=tuple(sorted(problems)))


def _decoded(lines: Iterable[str | bytes]) -> tuple[list[tuple[int, Line]], list[tuple[int, str]]]:
    good: list[tuple[int, Line]] = []
    damaged: list[tuple[int, str]] = []
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            good.append((number, read_line(text)))
        except DamagedLine as error:
            damaged.append((number, str(error)))
    return good, damaged
