"""The kinds of items, in one table: how each is compared, merged, placed in time, read and stored.

Whoever handles items of any kind asks here. A new kind is a struct of its own and a row of the table.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Generic, TypeVar

import msgspec

from nylasadmin.domain import contacts, defects, fidelity, fields, mail
from nylasadmin.domain.contacts import Contact
from nylasadmin.domain.fidelity import FULL, Fidelity
from nylasadmin.domain.items import ItemType, Moment, ScheduleItem
from nylasadmin.domain.items import normalized as normalized_event
from nylasadmin.domain.mail import Mail, Message, Thread
from nylasadmin.domain.recurrence import FOREVER, span

Item = ScheduleItem | Contact | Message | Thread
"""What one side holds of one item, whatever its kind."""

_T = TypeVar("_T")


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an item beside its contents: where it lies in time, and what tells that it is the same.

    ``start`` and ``end`` are Unix seconds, the end exclusive; what has no time lies in every window.
    """

    start: int = 0
    end: int = FOREVER
    is_recurring: bool = False
    exceptions: int = 0
    uid: str | None = None
    original_start: Moment | None = None


class Kind(msgspec.Struct, Generic[_T], frozen=True, kw_only=True):
    """How items of one type are handled. ``fingerprint`` hashes what ``compared`` gives.

    ``is_known_by_content``: such items have no UID, and equal ones are the same. ``is_inbound_only``: they are copied
    from Nylas and never written there. ``brief`` leaves out what a plan does not show and an overwrite does not change.
    """

    item_type: ItemType
    normalized: Callable[[_T], _T]
    compared: Callable[[_T, Fidelity], _T]
    fingerprint: Callable[[_T, Fidelity], bytes]
    is_alike: Callable[[_T, Fidelity], bool]
    merged: Callable[[_T, _T, Fidelity], _T]
    outline: Callable[[_T], Outline]
    fields: fields.Readings[_T]
    defects: Callable[[_T], list[str]]
    is_known_by_content: bool = False
    is_inbound_only: bool = False
    brief: Callable[[_T], _T] = lambda item: item


def _event_outline(item: ScheduleItem) -> Outline:
    start, end = span(item)
    return Outline(
        start=start,
        end=end,
        is_recurring=bool(item.rules),
        exceptions=len(item.exceptions),
        uid=item.uid,
        original_start=item.original_start,
    )


def _contact_fingerprint(contact: Contact, fidelity: Fidelity) -> bytes:
    return _hash(contacts.compared(contact, fidelity.contacts))


def _contact_outline(contact: Contact) -> Outline:
    """A contact made from mail lies where that message does; any other, and one of unknown date, in every window."""
    if not contact.is_from_mail or contact.received is None:
        return _TIMELESS
    return Outline(start=contact.received, end=contact.received)


def _mail_outline(item: Mail) -> Outline:
    """Mail has no length: the moment that decides whether it takes part is both its start and its end."""
    return Outline(start=item.received, end=item.received, uid=item.uid)


def _hash(compared: object) -> bytes:
    return blake2b(_encode(compared), digest_size=16).digest()


_encode = msgspec.json.Encoder().encode
_TIMELESS = Outline()

EVENT: Kind[ScheduleItem] = Kind(
    item_type=ItemType.EVENT,
    normalized=normalized_event,
    compared=fidelity.compared,
    fingerprint=fidelity.fingerprint,
    is_alike=fidelity.is_alike,
    merged=fidelity.merged,
    outline=_event_outline,
    fields=fields.EVENT_FIELDS,
    defects=defects.defects,
)
CONTACT: Kind[Contact] = Kind(
    item_type=ItemType.CONTACT,
    normalized=contacts.normalized,
    compared=lambda contact, fidelity: contacts.compared(contact, fidelity.contacts),
    fingerprint=_contact_fingerprint,
    is_alike=lambda contact, fidelity: contacts.is_alike(contact, fidelity.contacts),
    merged=lambda source, destination, fidelity: contacts.merged(source, destination, fidelity.contacts),
    outline=_contact_outline,
    fields=fields.CONTACT_FIELDS,
    defects=contacts.defects,
    is_known_by_content=True,
)

MESSAGE: Kind[Message] = Kind(
    item_type=ItemType.MESSAGE,
    normalized=mail.normalized_message,
    compared=lambda message, _: mail.compared_message(message),
    fingerprint=lambda message, _: _hash(mail.compared_message(message)),
    is_alike=lambda *_: True,
    merged=lambda source, destination, _: mail.merged_message(source, destination),
    outline=_mail_outline,
    fields=fields.MESSAGE_FIELDS,
    defects=mail.defects,
    is_inbound_only=True,
    brief=mail.brief,
)
THREAD: Kind[Thread] = Kind(
    item_type=ItemType.THREAD,
    normalized=mail.normalized_thread,
    compared=lambda thread, fidelity: mail.compared_thread(thread, is_whole=fidelity.has_whole_threads),
    fingerprint=lambda thread, fidelity: _hash(mail.compared_thread(thread, is_whole=fidelity.has_whole_threads)),
    is_alike=lambda _, fidelity: fidelity.has_whole_threads,
    merged=lambda source, destination, fidelity: mail.merged_thread(
        source, destination, is_whole=fidelity.has_whole_threads
    ),
    outline=_mail_outline,
    fields=fields.THREAD_FIELDS,
    defects=mail.defects,
    is_inbound_only=True,
)

_KINDS: dict[type, Kind[Any]] = {ScheduleItem: EVENT, Contact: CONTACT, Message: MESSAGE, Thread: THREAD}
_BY_TYPE = {kind.item_type: kind for kind in _KINDS.values()}


def kind_of(item: Item) -> Kind[Any]:
    """Give the kind of an item."""
    return _KINDS[type(item)]


def supported(item_type: ItemType) -> bool:
    """Say whether items of that type can be copied."""
    return item_type in _BY_TYPE


def is_known_by_content(item_type: ItemType) -> bool:
    """Say whether items of that type have no UID, so that equal ones are the same."""
    return item_type in _BY_TYPE and _BY_TYPE[item_type].is_known_by_content


def is_inbound_only(item_type: ItemType) -> bool:
    """Say whether items of that type are only ever copied from Nylas."""
    return item_type in _BY_TYPE and _BY_TYPE[item_type].is_inbound_only


def fingerprint(item: Item, fidelity: Fidelity = FULL) -> bytes:
    """Hash the shared part of an item: 16 bytes, the same on every machine, no clock involved."""
    return _KINDS[type(item)].fingerprint(item, fidelity)


def compared(item: Item, fidelity: Fidelity) -> Item:
    """Give what :func:`fingerprint` hashes: the item as held, spelled so that what means the same is the same."""
    found: Item = _KINDS[type(item)].compared(item, fidelity)
    return found


def is_alike(item: Item, fidelity: Fidelity) -> bool:
    """Say whether an item loses nothing under a fidelity, so that its full fingerprint is the one under it too."""
    return _KINDS[type(item)].is_alike(item, fidelity)


def merged(source: Item, destination: Item, fidelity: Fidelity) -> Item:
    """Overwrite a destination's item by the source's, keeping what the source cannot know.

    Where the kinds differ nothing can be kept.
    """
    if type(source) is not type(destination):
        return source
    found: Item = _KINDS[type(source)].merged(source, destination, fidelity)
    return found


def brief(item: Item) -> Item:
    """Leave out what a plan does not show and an overwrite does not change: the text of a message."""
    found: Item = _KINDS[type(item)].brief(item)
    return found


def normalized(item: Item) -> Item:
    """Spell an item in one way, so that equal items are equal values."""
    found: Item = _KINDS[type(item)].normalized(item)
    return found


def outline(item: Item) -> Outline:
    """Give what is known of an item beside its contents."""
    return _KINDS[type(item)].outline(item)


# --- storing -----------------------------------------------------------------------------------------------------

_TAGGED = b'{"kind":'
"""How the body of everything but an event begins: events are stored without a tag, and always were."""

_events = msgspec.json.Decoder(ScheduleItem)
_others = msgspec.json.Decoder(Contact | Message | Thread)


def encode_body(item: Item) -> bytes:
    """Encode for storage as JSON; :func:`decode_body` is its inverse."""
    return _encode(item)


def decode_body(body: bytes) -> Item:
    """Decode what :func:`encode_body` made. Raises ``msgspec.ValidationError`` naming the field that is wrong."""
    return _others.decode(body) if body.startswith(_TAGGED) else _events.decode(body)
