"""Schedule items: what both sides hold, in one normal form.

Times are half-open. A timed item carries UTC instants (Unix seconds) plus the zone's name as text; an all-day item
carries dates, ``end`` being the day after its last one. A series is one item: its rules, the occurrences that were
cancelled and the occurrences that were changed travel together, so that providers which store them differently
(override or EXDATE) compare equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import NewType

import msgspec

ItemId = NewType("ItemId", str)
"""An item's id at one side. Ids of the two sides never mix: a pair ties one of each together."""

Moment = int | date
"""When an occurrence originally began: Unix seconds, or the date of an all-day occurrence."""


class ItemType(StrEnum):
    """What one folder holds."""

    EVENT = "event"
    CONTACT = "contact"
    MESSAGE = "message"
    THREAD = "thread"


class Visibility(StrEnum):
    DEFAULT = "default"
    PUBLIC = "public"
    PRIVATE = "private"


class Reply(StrEnum):
    """What an attendee answered."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"
    NONE = "noreply"


class Timed(msgspec.Struct, frozen=True, tag="timed", tag_field="kind", omit_defaults=True):
    """A span ``[start, end)`` in Unix seconds; ``end == start`` is a point in time. Zones are IANA names if known."""

    start: int
    end: int
    zone: str | None = None
    end_zone: str | None = None  # only when it differs from ``zone``


class AllDay(msgspec.Struct, frozen=True, tag="all_day", tag_field="kind", omit_defaults=True):
    """Whole days ``[start, end)``: ``end`` is the first day that is free again."""

    start: date
    end: date


When = Timed | AllDay


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    email: str = ""
    name: str = ""


class Attendee(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody invited. ``email`` is lower case; empty when the other side knows only a name or telephone number."""

    email: str = ""
    name: str = ""
    status: Reply = Reply.NONE
    comment: str = ""
    phone: str = ""


class Reminder(msgspec.Struct, frozen=True, order=True):
    minutes: int
    method: str = "popup"


class ScheduleItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One meeting, absence or series, as both sides can hold it.

    ``reminders`` is ``None`` for "as the calendar does by default", an empty tuple for "none".
    ``priority`` and ``private_notes`` live in the CRM only and never leave it.
    ``original_start`` is set when the item is one occurrence of a series that this account cannot read.
    """

    when: When
    title: str = ""
    notes: str = ""
    location: str = ""
    busy: bool = True
    visibility: Visibility = Visibility.DEFAULT
    organizer: Person | None = None
    attendees: tuple[Attendee, ...] = ()
    reminders: tuple[Reminder, ...] | None = None
    rules: tuple[str, ...] = ()
    cancelled: tuple[Moment, ...] = ()
    exceptions: tuple[ChangedOccurrence, ...] = ()
    original_start: Moment | None = None
    uid: str | None = None
    priority: int | None = None
    private_notes: str = ""

    @property
    def is_recurring(self) -> bool:
        return bool(self.rules)


class ChangedOccurrence(msgspec.Struct, frozen=True):
    """One occurrence that differs from its series; ``item`` is what takes its place."""

    original_start: Moment
    item: ScheduleItem


_decoder = msgspec.json.Decoder(ScheduleItem)
_encoder = msgspec.json.Encoder()


def encode_item(item: ScheduleItem) -> bytes:
    """Encode for storage as JSON; :func:`decode_item` is its inverse."""
    return _encoder.encode(item)


def decode_item(body: bytes | str) -> ScheduleItem:
    """Decode what :func:`encode_item` made. Raises ``msgspec.ValidationError`` naming the field that is wrong."""
    return _decoder.decode(body)


def first_start(when: When) -> int:
    """Give the start in Unix seconds; an all-day item begins at 00:00 UTC of its first day."""
    return when.start if isinstance(when, Timed) else midnight_utc(when.start)


def first_end(when: When) -> int:
    """Give the exclusive end in Unix seconds; an all-day item ends at 00:00 UTC of the day after its last."""
    return when.end if isinstance(when, Timed) else midnight_utc(when.end)


def moment_seconds(moment: Moment) -> int:
    """Give a moment in Unix seconds, dates as 00:00 UTC; the order of moments of either kind."""
    return moment if isinstance(moment, int) else midnight_utc(moment)


def midnight_utc(day: date) -> int:
    """Give 00:00 UTC of a day in Unix seconds."""
    return (day.toordinal() - _EPOCH_ORDINAL) * 86_400


def day_of(seconds: int) -> date:
    """Give the UTC day that an instant lies in."""
    return datetime.fromtimestamp(seconds, UTC).date()


_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def normalized(item: ScheduleItem) -> ScheduleItem:
    """Sort what has no order of its own, so that equal items are equal values.

    Attendees by address, reminders by time, rules and cancelled and changed occurrences by their text or moment. An
    occurrence is changed once at most, and a changed one is not cancelled as well.
    """
    if not (item.exceptions or item.cancelled or item.rules):
        return _normalized_single(item)
    exceptions = _one_per_moment(item.exceptions)
    changed = {moment_seconds(e.original_start) for e in exceptions}
    return msgspec.structs.replace(
        item,
        attendees=sorted_attendees(item.attendees),
        reminders=None if item.reminders is None else tuple(sorted(set(item.reminders))),
        rules=tuple(sorted(set(item.rules))),
        cancelled=_sorted_moments(m for m in item.cancelled if moment_seconds(m) not in changed),
        exceptions=exceptions,
    )


def _normalized_single(item: ScheduleItem) -> ScheduleItem:
    """Normalize what is no series; most items are in order already and are given back as they are."""
    attendees, reminders = sorted_attendees(item.attendees), item.reminders
    if reminders is not None and len(reminders) > 1:
        reminders = tuple(sorted(set(reminders)))
    if attendees is item.attendees and reminders is item.reminders:
        return item
    return msgspec.structs.replace(item, attendees=attendees, reminders=reminders)


def _one_per_moment(exceptions: tuple[ChangedOccurrence, ...]) -> tuple[ChangedOccurrence, ...]:
    if not exceptions:
        return ()
    clean = [ChangedOccurrence(e.original_start, normalized(e.item)) for e in exceptions]
    clean.sort(key=lambda e: (moment_seconds(e.original_start), encode_item(e.item)))
    return tuple({moment_seconds(e.original_start): e for e in clean}.values())


def _sorted_moments(moments: Iterable[Moment]) -> tuple[Moment, ...]:
    return tuple(sorted(set(moments), key=lambda m: (moment_seconds(m), isinstance(m, int))))


def sorted_attendees(attendees: tuple[Attendee, ...]) -> tuple[Attendee, ...]:
    """Sort by address, then by the rest; adapters call it on every item they read."""
    before = None
    for attendee in attendees:
        if before is not None and before >= attendee.email:
            return tuple(sorted(attendees, key=lambda a: (a.email, a.name, a.phone, a.status, a.comment)))
        before = attendee.email
    return attendees
