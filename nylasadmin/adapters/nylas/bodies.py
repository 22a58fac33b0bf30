"""Schedule items to request bodies: whole ones to create, only what differs to update, never a read-only field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from nylasadmin.domain.fidelity import FULL, compared
from nylasadmin.domain.items import AllDay, Attendee, Moment, Reminder, ScheduleItem, Visibility, When
from nylasadmin.domain.providers import ProviderRules
from nylasadmin.domain.recurrence import format_exdates

Body = dict[str, object]

_DAY = timedelta(days=1)


def create_body(item: ScheduleItem, rules: ProviderRules) -> Body:
    """Spell a new event. Left out: what the provider's own default already says."""
    body = {name: spell(item, rules) for name, (_, spell) in _FIELDS.items()}
    if item.visibility is Visibility.DEFAULT:  # also where the provider has none
        del body["visibility"]
    if item.reminders is None:
        del body["reminders"]
    if item.rules:
        body["recurrence"] = recurrence_of(item.rules, item.cancelled)
    return {name: value for name, value in body.items() if value not in ("", [])}


def changes(current: ScheduleItem, wanted: ScheduleItem, rules: ProviderRules) -> Body:
    """Spell the fields of ``wanted`` that mean something else, nested ones whole; the recurrence is not among them."""
    have, want = compared(current, FULL), compared(wanted, FULL)
    return {
        name: spell(wanted, rules)
        for name, (field, spell) in _FIELDS.items()
        if getattr(have, field) != getattr(want, field)
    }


def recurrence_of(lines: tuple[str, ...], cancelled: tuple[Moment, ...]) -> list[str]:
    """Spell a recurrence; an empty one makes a single event of a series."""
    named = [line if ":" in line else f"RRULE:{line}" for line in lines]
    return [*named, *format_exdates(cancelled)] if named else []


def when_body(when: When, rules: ProviderRules) -> Body:
    """Spell a ``when``: a point as time, both zones or none, all-day ends as the provider counts them."""
    if isinstance(when, AllDay):
        return _days(when, rules.is_end_inclusive)
    if when.end == when.start:
        return {"time": when.start} | ({"timezone": when.zone} if when.zone else {})
    zones = {"start_timezone": when.zone, "end_timezone": when.end_zone or when.zone} if when.zone else {}
    return {"start_time": when.start, "end_time": when.end, **zones}


def _days(when: AllDay, is_end_inclusive: bool) -> Body:
    end = when.end - _DAY if is_end_inclusive else when.end
    if end == when.start:
        return {"date": when.start.isoformat()}
    return {"start_date": when.start.isoformat(), "end_date": end.isoformat()}


def _participant(attendee: Attendee) -> Body:
    body = {"email": attendee.email, "name": attendee.name, "comment": attendee.comment}
    body["phone_number"] = attendee.phone
    return {name: value for name, value in body.items() if value}


def _reminders(reminders: tuple[Reminder, ...] | None, popup: str) -> Body:
    overrides = [
        {"reminder_minutes": r.minutes, "reminder_method": popup if r.method == "popup" else r.method}
        for r in reminders or ()
    ]
    return {"use_default": reminders is None, "overrides": overrides}


def _visibility(item: ScheduleItem, rules: ProviderRules) -> str:
    if item.visibility is Visibility.DEFAULT and not rules.has_default_visibility:
        return Visibility.PUBLIC.value
    return item.visibility.value


_FIELDS: dict[str, tuple[str, Callable[[ScheduleItem, ProviderRules], object]]] = {
    "title": ("title", lambda item, _: item.title),
    "description": ("notes", lambda item, _: item.notes),
    "location": ("location", lambda item, _: item.location),
    "busy": ("busy", lambda item, _: item.busy),
    "visibility": ("visibility", _visibility),
    "when": ("when", lambda item, rules: when_body(item.when, rules)),
    "participants": ("attendees", lambda item, _: [_participant(a) for a in item.attendees if a.email]),
    "reminders": ("reminders", lambda item, rules: _reminders(item.reminders, rules.popup)),
}
"""Wire name: the item's field it comes from, and how it is spelt."""
