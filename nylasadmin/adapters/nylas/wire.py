"""What Nylas sends, as typed structs: only the fields we use, unknown ones ignored, optional ones missing or null.

A page is decoded whole, straight into structs. One event that is not what the contract says does not spoil its page:
it comes back as :class:`Unreadable`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Container
from hashlib import sha256
from typing import TypeVar

import msgspec

from nylasadmin.errors import BadAnswer


class WireWhen(msgspec.Struct, gc=False):
    """All four kinds of ``when``; ``object`` may be missing, so the kind follows from the fields."""

    start_time: int | None = None
    end_time: int | None = None
    start_timezone: str | None = None
    end_timezone: str | None = None
    time: int | None = None
    timezone: str | None = None
    date: dt.date | None = None
    start_date: dt.date | None = None
    end_date: dt.date | None = None


class WireParticipant(msgspec.Struct, gc=False):
    email: str | None = None
    name: str | None = None
    status: str | None = None
    comment: str | None = None
    phone_number: str | None = None


class WirePerson(msgspec.Struct, gc=False):
    email: str | None = None
    name: str | None = None


class WireReminder(msgspec.Struct, gc=False):
    reminder_minutes: int | None = None
    reminder_method: str | None = None


class WireReminders(msgspec.Struct, gc=False):
    use_default: bool | None = None
    overrides: list[WireReminder] | None = None


class WireEvent(msgspec.Struct, gc=False):
    id: str
    calendar_id: str | None = None
    when: WireWhen | None = None
    title: str | None = None
    description: str | None = None
    location: str | None = None
    busy: bool | None = None
    status: str | None = None
    read_only: bool | None = None
    visibility: str | None = None
    participants: list[WireParticipant] | None = None
    organizer: WirePerson | None = None
    reminders: WireReminders | None = None
    recurrence: list[str] | None = None
    master_event_id: str | None = None
    original_start_time: int | None = None
    ical_uid: str | None = None
    metadata: dict[str, object] | None = None
    updated_at: object = None  # of any kind: an event is not unreadable because of it

    @property
    def is_cancelled(self) -> bool:
        return self.status == "cancelled"

    @property
    def modified(self) -> int | None:
        """When it last changed, in Unix seconds; ``None`` when the answer does not say."""
        return int(self.updated_at) if isinstance(self.updated_at, int | float) else None


class Unreadable(msgspec.Struct, gc=False):
    """An event that cannot be understood: its id, what stands in it, and why; ``master_id`` if it is an occurrence."""

    id: str
    body: bytes
    title: str = ""
    why: str = ""
    master_id: str | None = None


class EventPage(msgspec.Struct, gc=False):
    """``digests`` are those of ``data``, ``known`` those of events that were not decoded, where anybody asked."""

    data: list[WireEvent]
    next_cursor: str | None = None
    unreadable: list[Unreadable] = []  # this and the following are never on the wire
    digests: list[bytes] = []
    known: list[bytes] = []


class _RawPage(msgspec.Struct):
    data: list[msgspec.Raw]
    next_cursor: str | None = None


class _RawEvent(msgspec.Struct):
    data: msgspec.Raw


class _BareEvent(msgspec.Struct):
    id: str
    title: object = None
    master_event_id: object = None


class WireApplication(msgspec.Struct):
    application_id: str
    region: str | None = None
    environment: str | None = None
    branding: WirePerson | None = None


class ApplicationAnswer(msgspec.Struct):
    data: WireApplication


class WireGrant(msgspec.Struct):
    id: str
    provider: str
    email: str | None = None
    name: str | None = None
    grant_status: str | None = None
    created_at: int | None = None
    updated_at: int | None = None


class GrantAnswer(msgspec.Struct):
    data: WireGrant


class TokenAnswer(msgspec.Struct):
    """What a code is exchanged for; of the tokens in it none is kept."""

    grant_id: str
    email: str | None = None
    provider: str | None = None


class GrantPage(msgspec.Struct):
    data: list[WireGrant]


class WireCalendar(msgspec.Struct):
    id: str
    name: str | None = None
    is_primary: bool | None = None
    read_only: bool | None = None
    is_owned_by_user: bool | None = None
    owner_email: str | None = None
    timezone: str | None = None


class CalendarPage(msgspec.Struct):
    data: list[WireCalendar]
    next_cursor: str | None = None


_page = msgspec.json.Decoder(EventPage)
_raw_page = msgspec.json.Decoder(_RawPage)
_raw_event = msgspec.json.Decoder(_RawEvent)
_event = msgspec.json.Decoder(WireEvent)
_lenient = msgspec.json.Decoder(WireEvent, strict=False)
_bare = msgspec.json.Decoder(_BareEvent)

_T = TypeVar("_T")
_DIGEST = 16  # bytes of SHA-256 that are kept: no two events of a calendar ever share them


def read(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T:
    """Decode an answer. Raises :class:`BadAnswer` for what is not the JSON we expect."""
    try:
        return decoder.decode(body)
    except msgspec.DecodeError as error:
        raise BadAnswer(f"not the expected answer: {error}", status=200, may_have_happened=True) from error


def read_event(body: bytes) -> WireEvent | Unreadable:
    """Decode an answer that holds one event. Raises :class:`BadAnswer` when there is none in it."""
    return _read_piece(bytes(read(_raw_event, body).data))


def read_page(body: bytes) -> EventPage:
    """Decode a page of events. Raises :class:`BadAnswer` when it is no page at all."""
    try:
        return _page.decode(body)
    except msgspec.ValidationError:
        return _read_page_one_by_one(body)
    except msgspec.DecodeError as error:
        raise BadAnswer(f"not JSON: {error}", status=200) from error


def read_digested_page(body: bytes, known: Container[bytes], tag: bytes) -> EventPage:
    """Decode a page and digest its events; those whose digest is known already are named only by it.

    A digest is of the bytes as they came, under ``tag``, which stands for how they are understood. Raises
    :class:`BadAnswer` when it is no page at all.
    """
    raw = read(_raw_page, body)
    pieces = {tag + sha256(piece).digest()[:_DIGEST]: piece for piece in raw.data}
    found = [digest for digest in pieces if digest in known]
    if found or len(pieces) < len(raw.data):
        page = EventPage(data=[], next_cursor=raw.next_cursor, known=found)
        if len(found) < len(pieces):
            _read_pieces(page, {digest: piece for digest, piece in pieces.items() if digest not in known})
        return page
    try:
        page = _page.decode(body)
        page.digests = list(pieces)
    except msgspec.ValidationError:
        page = EventPage(data=[], next_cursor=raw.next_cursor)
        _read_pieces(page, pieces)
    return page


def _read_pieces(page: EventPage, pieces: dict[bytes, msgspec.Raw]) -> None:
    """Add events one by one: some are not there, or one is not as it should be."""
    page.unreadable, page.digests = [], []
    for digest, piece in pieces.items():
        event = _read_piece(bytes(piece))
        if isinstance(event, Unreadable):
            page.unreadable.append(event)
        else:
            page.data.append(event)
            page.digests.append(digest)


def _read_page_one_by_one(body: bytes) -> EventPage:
    raw = read(_raw_page, body)
    page = EventPage(data=[], next_cursor=raw.next_cursor, unreadable=[])
    for piece in raw.data:
        event = _read_piece(bytes(piece))
        if isinstance(event, Unreadable):
            page.unreadable.append(event)
        else:
            page.data.append(event)
    return page


def _read_piece(body: bytes) -> WireEvent | Unreadable:
    try:
        return _event.decode(body)
    except msgspec.ValidationError as error:
        why = str(error)
    try:
        return _lenient.decode(body)
    except msgspec.ValidationError:
        bare = read(_bare, body)
        return Unreadable(bare.id, body, _text(bare.title), why, _text(bare.master_event_id) or None)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
