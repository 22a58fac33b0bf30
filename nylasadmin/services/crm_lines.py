"""Lines of an import and an export: what they look like, and which are damaged.

A line is ``{"type": "user", "id", "name", "email"}`` or ``{"type": "event", "id"?, "user", "collection"?, "item"}``;
``item`` is a schedule item as :mod:`nylasadmin.domain.items` encodes it.
"""

from __future__ import annotations

import msgspec

from nylasadmin.domain.items import ItemId, ScheduleItem, first_end, first_start, normalized
from nylasadmin.domain.links import PRIMARY, CrmUser
from nylasadmin.domain.recurrence import FOREVER
from nylasadmin.errors import CannotBeStored
from nylasadmin.services.ids import new_item_id
from nylasadmin.services.storage import CrmItem, UnitOfWork


class UserLine(msgspec.Struct, frozen=True, kw_only=True, tag="user", tag_field="type"):
    id: str
    name: str
    email: str


class EventLine(msgspec.Struct, frozen=True, kw_only=True, tag="event", tag_field="type", omit_defaults=True):
    user: str
    item: ScheduleItem
    id: str = ""
    collection: str = PRIMARY


_line: msgspec.json.Decoder[UserLine | EventLine] = msgspec.json.Decoder(UserLine | EventLine)
_LONGEST = {"id": 80, "user": 80, "collection": 300, "name": 200, "email": 320}


class DamagedLine(Exception):
    """A line that cannot be taken, with why."""


def read_line(text: str | bytes) -> UserLine | EventLine:
    """Decode a line. Raises :class:`DamagedLine`."""
    try:
        line = _line.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise DamagedLine(str(error)) from error
    for field, longest in _LONGEST.items():
        if len(getattr(line, field, "")) > longest:
            raise DamagedLine(f"{field}: longer than {longest} characters")
    return line


def take_line(tx: UnitOfWork, line: UserLine | EventLine) -> None:
    """Insert or replace what a line says. Raises :class:`DamagedLine`."""
    if isinstance(line, UserLine):
        _take_user(tx, line)
    else:
        _take_event(tx, line)


def _take_event(tx: UnitOfWork, line: EventLine) -> None:
    if tx.users.get(line.user) is None:
        raise DamagedLine(f"user {line.user!r} is not known: put a line of type user before its items")
    item_id = ItemId(line.id) if line.id else new_item_id()
    known = tx.items.get(item_id)
    if known is not None and known.user_id != line.user:
        raise DamagedLine(f"item {line.id!r} belongs to another user")
    start, end = first_start(line.item.when), first_end(line.item.when)
    if not -FOREVER <= start <= end <= FOREVER:
        raise DamagedLine("the item ends before it begins, or lies beyond every calendar")
    item = CrmItem(id=item_id, user_id=line.user, collection=line.collection or PRIMARY, item=normalized(line.item))
    try:
        tx.items.put(item, origin="import")
    except CannotBeStored as error:
        raise DamagedLine(error.detail) from error


def _take_user(tx: UnitOfWork, line: UserLine) -> None:
    email = line.email.strip().lower()
    if not line.id or "@" not in email:
        raise DamagedLine("a user needs an id and an e-mail address")
    same = tx.users.by_email(email)
    if same is not None and same.id != line.id:
        raise DamagedLine(f"the address {email} belongs to user {same.id!r} already")
    tx.users.save(CrmUser(id=line.id, name=line.name, email=email))
