"""The fields of one VEVENT: texts, state, people, alarms. Time and recurrence are the business of others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from icalendar import Component

from nylasadmin.sandbox.calendars import Calendar
from nylasadmin.sandbox.events.whens import span
from nylasadmin.sandbox.ics.reports import FileReport
from nylasadmin.sandbox.ics.values import first, moment, second_of, text, values
from nylasadmin.sandbox.wire import Json

_ANSWERS = {"ACCEPTED": "yes", "DECLINED": "no", "TENTATIVE": "maybe", "NEEDS-ACTION": "noreply", "": "noreply"}
_STATUSES = {"": "confirmed", "CONFIRMED": "confirmed", "TENTATIVE": "maybe", "CANCELLED": "cancelled"}
_VISIBILITIES = {"PUBLIC": "public", "PRIVATE": "private", "CONFIDENTIAL": "private"}
_METHODS = {"DISPLAY": ("popup", "display"), "EMAIL": ("email",), "AUDIO": ("sound", "popup", "display")}
_ROOMS = ("RESOURCE", "ROOM")
_TEXTS = (("SUMMARY", "title"), ("DESCRIPTION", "description"), ("LOCATION", "location"))
_TAKEN = frozenset(
    (
        "UID",
        "DTSTAMP",
        "CREATED",
        "LAST-MODIFIED",
        "SEQUENCE",
        "DTSTART",
        "DTEND",
        "DURATION",
        "SUMMARY",
        "DESCRIPTION",
        "LOCATION",
        "STATUS",
        "CLASS",
        "TRANSP",
        "RRULE",
        "EXRULE",
        "EXDATE",
        "RDATE",
        "RECURRENCE-ID",
        "ATTENDEE",
        "ORGANIZER",
    )
)


class Conversion:
    """Turns the VEVENTs of one file into events of one calendar."""

    def __init__(self, calendar: Calendar, report: FileReport) -> None:
        self._calendar = calendar
        self._rules = calendar.rules
        self._report = report

    def event(self, part: Component, uid: str, event_id: str, when: Json) -> Json:
        """Return the event with all fields but recurrence."""
        created, changed = _stamp(part, "CREATED", "DTSTAMP"), _stamp(part, "LAST-MODIFIED", "DTSTAMP", "CREATED")
        event = self._calendar.blank_event(event_id, created)
        event |= {"ical_uid": uid, "when": when, "updated_at": max(created, changed)}
        event["busy"] = text(part, "TRANSP").upper() != "TRANSPARENT"
        self._set_texts(event, part, uid)
        self._set_state(event, part, uid)
        self._set_people(event, part, uid)
        self._set_reminders(event, part, uid)
        self._report_rest(part, uid)
        return event

    def _set_texts(self, event: Json, part: Component, uid: str) -> None:
        for name, key in _TEXTS:
            if len(values(part, name)) > 1:
                self._report.add(uid, name, "occurs more than once: the first is kept")
            if text(part, name):
                event[key] = text(part, name)
        longest = self._rules.max_description
        if longest is not None and len(event.get("description", "")) > longest:
            event["description"] = event["description"][:longest]
            self._report.add(uid, "DESCRIPTION", f"is longer than {longest} characters: cut")

    def _set_state(self, event: Json, part: Component, uid: str) -> None:
        sequence = text(part, "SEQUENCE")
        if sequence.isdigit():
            event["sequence"] = int(sequence)
        if self._rules.has_status:
            event["status"] = _STATUSES.get(text(part, "STATUS").upper(), "confirmed")
        elif text(part, "STATUS").upper() == "TENTATIVE":
            self._report.add(uid, "STATUS:TENTATIVE", f"{self._rules.name} has no status")
        wanted = text(part, "CLASS").upper()
        shown = _VISIBILITIES.get(wanted)
        if shown in self._rules.visibilities:
            event["visibility"] = shown
        if wanted not in ("", "PUBLIC", "PRIVATE") or (shown == "private" and not self._rules.visibilities):
            self._report.add(uid, f"CLASS:{wanted}", f"is shown as {event.get('visibility', 'nothing')}")

    def _set_people(self, event: Json, part: Component, uid: str) -> None:
        organizer = first(part, "ORGANIZER")
        if organizer is not None:
            event["organizer"] = event["creator"] = _person(organizer)
        rooms = [one for one in values(part, "ATTENDEE") if _parameter(one, "CUTYPE") in _ROOMS]
        people = [one for one in values(part, "ATTENDEE") if _parameter(one, "CUTYPE") not in _ROOMS]
        event["participants"] = [self._participant(one, uid) for one in people]
        if rooms:
            event["resources"] = [_person(one) for one in rooms]

    def _participant(self, value: Any, uid: str) -> Json:
        answer = _parameter(value, "PARTSTAT")
        if answer not in _ANSWERS:
            self._report.add(uid, f"PARTSTAT={answer}", "is shown as noreply")
        person = _person(value)
        if "email" not in person:
            self._report.add(uid, f"ATTENDEE {value}", "has no e-mail address")
        return person | {"status": _ANSWERS.get(answer, "noreply")}

    def _set_reminders(self, event: Json, part: Component, uid: str) -> None:
        overrides = []
        for alarm in part.walk("VALARM"):
            minutes = _minutes_before(alarm, *span(event["when"], end_exclusive=self._rules.end_date_exclusive))
            method = self._method(text(alarm, "ACTION").upper())
            if minutes is None or method is None:
                self._report.add(uid, "VALARM", "is not a message some minutes before the beginning")
            else:
                overrides.append({"reminder_minutes": minutes, "reminder_method": method})
        most = self._rules.max_reminders
        if most is not None and len(overrides) > most:
            self._report.add(uid, "VALARM", f"{self._rules.name} keeps {most} of {len(overrides)}")
        event["reminders"] = {"use_default": False, "overrides": overrides[:most]}

    def _method(self, action: str) -> str | None:
        return next((name for name in _METHODS.get(action, ()) if name in self._rules.reminder_methods), None)

    def _report_rest(self, part: Component, uid: str) -> None:
        for name in part:
            if name not in _TAKEN and any(value.to_ical().strip() for value in values(part, name)):
                self._report.add_property(name)
        for name, problem in part.errors:
            self._report.add(uid, name or "a line", f"cannot be read: {problem}")


def _stamp(part: Component, *names: str) -> int:
    found = (moment(part, name) for name in names)
    return next((second_of(value) for value in found if isinstance(value, datetime)), 0)


def _parameter(value: Any, name: str) -> str:
    return str(getattr(value, "params", {}).get(name, "")).upper()


def _person(value: Any) -> Json:
    address = str(value).strip()
    bare = address[len("mailto:") :] if address.lower().startswith("mailto:") else address
    name = getattr(value, "params", {}).get("CN")
    return ({"email": bare} if "@" in bare else {}) | ({"name": str(name)} if name else {})


def _minutes_before(alarm: Component, start: int, end: int) -> int | None:
    """Return how many minutes before the beginning an alarm goes off; None if it does not."""
    trigger = first(alarm, "TRIGGER")
    value = getattr(trigger, "dt", None)
    if isinstance(value, datetime):
        at = second_of(value if value.tzinfo else value.replace(tzinfo=UTC))
    elif isinstance(value, timedelta):
        at = (end if _parameter(trigger, "RELATED") == "END" else start) + int(value.total_seconds())
    else:
        return None
    return (start - at) // 60 if at <= start else None
