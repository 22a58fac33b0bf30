"""Lines of an import and an export: what they look like, and which are damaged.

A line is ``{"type": "user", "id", "name", "email"}`` or ``{"type": "event", "id"?, "user", "collection"?, "item"}``,
``contact``, ``message`` or ``thread`` in place of ``event`` for those. ``item`` is a schedule item as
:mod:`nylasadmin.domain.items` has it, or a contact as :mod:`nylasadmin.domain.contacts` has it, or mail as
:mod:`nylasadmin.domain.mail` has it, and a possible one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from nylasadmin.domain.contacts import Contact
from nylasadmin.domain.items import ItemId, ScheduleItem
from nylasadmin.domain.kinds import kind_of, normalized
from nylasadmin.domain.links import CONTACTS, MAIL, PRIMARY, THREADS, CrmUser
from nylasadmin.domain.mail import Message, Thread
from nylasadmin.errors import CannotBeStored
from nylasadmin.services.ids import new_item_id
from nylasadmin.services.rows import CrmItem
from nylasadmin.services.storage import UnitOfWork


class UserLine(msgspec.Struct, frozen=True, kw_only=True, tag="user", tag_field="type"):
    id: str
    name: str
    email: str


class EventLine(msgspec.Struct, frozen=True, kw_only=True, tag="event", tag_field="type", omit_defaults=True):
    user: str
    item: ScheduleItem
    id: str = ""
    collection: str = PRIMARY


class ContactLine(msgspec.Struct, frozen=True, kw_only=True, tag="contact", tag_field="type", omit_defaults=True):
    user: str
    item: Contact
    id: str = ""
    collection: str = CONTACTS


class MessageLine(msgspec.Struct, frozen=True, kw_only=True, tag="message", tag_field="type", omit_defaults=True):
    user: str
    item: Message
    id: str = ""
    collection: str = MAIL


class ThreadLine(msgspec.Struct, frozen=True, kw_only=True, tag="thread", tag_field="type", omit_defaults=True):
    user: str
    item: Thread
    id: str = ""
    collection: str = THREADS


ItemLine = EventLine | ContactLine | MessageLine | ThreadLine
Line = UserLine | ItemLine

_COLLECTIONS: dict[type, str] = {EventLine: PRIMARY, ContactLine: CONTACTS, MessageLine: MAIL, ThreadLine: THREADS}
_LINES: dict[type, Any] = {
    ScheduleItem: EventLine,
    Contact: ContactLine,
    Message: MessageLine,
    Thread: ThreadLine,
}
_line: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)
_LONGEST = {"id": 80, "user": 80, "collection": 300, "name": 200, "email": 320}


class DamagedLine(Exception):
    """A line that cannot be taken, with why."""


def line_of(item: CrmItem) -> ItemLine:
    """Spell an item as a line."""
    line: ItemLine = _LINES[type(item.item)](id=item.id, user=item.user_id, collection=item.collection, item=item.item)
    return line


def read_line(text: str | bytes) -> Line:
    """Decode a line. Raises :class:`DamagedLine`."""
    try:
        line = _line.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise DamagedLine(str(error)) from error
    for field, longest in _LONGEST.items():
        if len(getattr(line, field, "")) > longest:
            raise DamagedLine(f"{field}: longer than {longest} characters")
    wrong = [f"there is no field {name!r}" for name in _unknown_fields(msgspec.json.decode(text), line)]
    wrong += [] if isinstance(line, UserLine) else kind_of(line.item).defects(line.item)
    if wrong:
        raise DamagedLine("; ".join(wrong))
    return line


def _unknown_fields(given: object, taken: object, above: str = "") -> Iterator[str]:
    """Name the fields that decoding passed over: usually typing errors, and their values would be lost."""
    if isinstance(given, dict) and isinstance(taken, msgspec.Struct):
        known = {*taken.__struct_fields__, taken.__struct_config__.tag_field}
        for name, value in given.items():
            if name not in known:
                yield above + name
            else:
                yield from _unknown_fields(value, getattr(taken, name, None), f"{above}{name}.")
    elif isinstance(given, list) and isinstance(taken, tuple):
        for one, part in zip(given, taken, strict=True):
            yield from _unknown_fields(one, part, above)


def take_line(tx: UnitOfWork, line: Line) -> None:
    """Insert or replace what a line says. Raises :class:`DamagedLine`."""
    if isinstance(line, UserLine):
        _take_user(tx, line)
    else:
        _take_item(tx, line)


def _take_item(tx: UnitOfWork, line: ItemLine) -> None:
    if tx.users.get(line.user) is None:
        raise DamagedLine(f"user {line.user!r} is not known: put a line of type user before its items")
    item_id = ItemId(line.id) if line.id else new_item_id()
    known = tx.items.get(item_id)
    if known is not None and known.user_id != line.user:
        raise DamagedLine(f"item {line.id!r} belongs to another user")
    collection = line.collection or _COLLECTIONS[type(line)]
    item = CrmItem(id=item_id, user_id=line.user, collection=collection, item=normalized(line.item))
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
