"""Putting one meeting into the calendars of all who take part, each copy as its owner's provider would show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from nylasadmin.sandbox.calendars import Calendar
from nylasadmin.sandbox.events.occurrences import occurrence
from nylasadmin.sandbox.events.rows import row_of
from nylasadmin.sandbox.events.whens import moved
from nylasadmin.sandbox.events.writes import exclude_occurrence
from nylasadmin.sandbox.identifiers import Identifiers
from nylasadmin.sandbox.wire import Json, decoded


@dataclass(slots=True)
class Meeting:
    """What all copies of a meeting share."""

    when: Json
    fields: Json
    created_at: int
    updated_at: int
    participants: list[Json] = field(default_factory=list)
    moved_occurrence: tuple[int, int] | None = None
    """Original start and new start of one occurrence."""
    cancelled_occurrence: int | None = None

    @property
    def size(self) -> int:
        """How many stored events a copy takes at most."""
        return 1 + (self.moved_occurrence is not None) + (self.cancelled_occurrence is not None)


def deliver(meeting: Meeting, calendars: Sequence[Calendar], identifiers: Identifiers) -> list[int]:
    """Store a copy in each calendar, the organizer's first; return how many stored events each took."""
    first = identifiers.fresh(calendars[0].rules.event_id_shape)
    organizer = calendars[0]
    shared = {
        "organizer": {"email": organizer.organizer_address, "name": organizer.grant.name},
        "creator": {"email": organizer.grant.email, "name": organizer.grant.name},
        "ical_uid": f"{first.casefold().replace('=', '')}@{organizer.rules.name}.example",
    }
    taken = []
    for number, calendar in enumerate(calendars):
        # Google shows a meeting under one id to everybody, the others under an id of each user's own.
        own_id = (
            first
            if number == 0 or calendar.rules.organizer_is_calendar
            else identifiers.fresh(calendar.rules.event_id_shape)
        )
        before = len(calendar.events)
        _store(meeting, calendar, own_id, shared)
        taken.append(len(calendar.events) - before)
    return taken


def _store(meeting: Meeting, calendar: Calendar, event_id: str, shared: Json) -> None:
    event = calendar.blank_event(event_id, meeting.created_at) | shared | meeting.fields
    event["when"] = meeting.when
    event["participants"] = meeting.participants
    event["updated_at"] = meeting.updated_at
    exclusive = calendar.rules.end_date_exclusive
    if calendar.rules.default_visibility is None:
        event.pop("visibility", None)
    calendar.events.put(row_of(event, end_exclusive=exclusive))
    if meeting.moved_occurrence is not None:
        original, start = meeting.moved_occurrence
        changed = occurrence(event, original, calendar.rules)
        changed["when"] = moved(changed["when"], start, end_exclusive=exclusive)
        calendar.events.put(row_of(changed, end_exclusive=exclusive))
    if meeting.cancelled_occurrence is not None:
        _cancel(calendar, event, meeting.cancelled_occurrence, meeting.updated_at)


def _cancel(calendar: Calendar, event: Json, start: int, now: int) -> None:
    if not calendar.rules.occurrence_deletion_cancels:
        row = calendar.events.get(event["id"])
        exclude_occurrence(calendar, decoded(row.body) if row else event, start, now)
        return
    gone = occurrence(event, start, calendar.rules) | {"status": "cancelled"}
    calendar.events.put(row_of(gone, end_exclusive=calendar.rules.end_date_exclusive))
