"""A calendar back into an .ics file: what was loaded from one comes out the same when it is loaded again.

Nylas knows fields that iCalendar has no place for (metadata, conferencing, colours); the JSON of the grant has them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from icalendar import Alarm, Component, Event, vCalAddress, vRecur, vText
from icalendar import Calendar as IcsCalendar
from icalendar.prop import vDDDLists

from nylasadmin.sandbox.events.recurrences import excluded_moments
from nylasadmin.sandbox.events.whens import is_all_day, span, zone_name
from nylasadmin.sandbox.events.zones import instant, wall_clock, zone
from nylasadmin.sandbox.wire import Json, decoded

if TYPE_CHECKING:
    from nylasadmin.sandbox.calendars import Calendar

_STATUSES = {"confirmed": "CONFIRMED", "maybe": "TENTATIVE", "cancelled": "CANCELLED"}
_CLASSES = {"public": "PUBLIC", "private": "PRIVATE"}
_ANSWERS = {"yes": "ACCEPTED", "no": "DECLINED", "maybe": "TENTATIVE", "noreply": "NEEDS-ACTION"}
_ACTIONS = {"popup": "DISPLAY", "display": "DISPLAY", "email": "EMAIL", "sound": "AUDIO"}
_TEXTS = (("title", "SUMMARY"), ("description", "DESCRIPTION"), ("location", "LOCATION"))
_NO_ADDRESS = "invalid:nomail"


def written(calendar: Calendar) -> bytes:
    """Return a calendar as the text of an .ics file, with the definitions of its zones."""
    file = IcsCalendar()
    file.add("prodid", "-//nylasadmin//sandbox//EN")
    file.add("version", "2.0")
    file.add("x-wr-calname", calendar.name)
    if calendar.timezone:
        file.add("x-wr-timezone", calendar.timezone)
    for _, row in calendar.events.rows():
        file.add_component(_EventWriter(calendar, decoded(row.body)).component())
    file.add_missing_timezones()
    return bytes(file.to_ical())


class _EventWriter:
    """Writes one event as a VEVENT."""

    def __init__(self, calendar: Calendar, event: Json) -> None:
        self._calendar = calendar
        self._event = event
        self._exclusive = calendar.rules.end_date_exclusive
        self._part = Event()

    def component(self) -> Component:
        """Return the VEVENT."""
        self._set_identity()
        self._set_time()
        self._set_state()
        self._set_people()
        for reminder in (self._event.get("reminders") or {}).get("overrides") or []:
            self._part.add_component(_alarm(reminder, self._event.get("title")))
        return self._part

    def _set_identity(self) -> None:
        event, part = self._event, self._part
        master = self._master()
        part.add("uid", (master or event).get("ical_uid") or event["id"])
        part.add("dtstamp", datetime.fromtimestamp(event["updated_at"], UTC))
        part.add("created", datetime.fromtimestamp(event["created_at"], UTC))
        part.add("last-modified", datetime.fromtimestamp(event["updated_at"], UTC))
        if event.get("sequence") is not None:
            part.add("sequence", event["sequence"])
        if event.get("original_start_time") is not None:
            series = (master or event)["when"]
            part.add("recurrence-id", _moment(event["original_start_time"], zone_name(series), day=is_all_day(series)))

    def _master(self) -> Json | None:
        row = self._calendar.events.get(self._event.get("master_event_id") or "")
        return decoded(row.body) if row else None

    def _set_time(self) -> None:
        when = self._event["when"]
        start, end = span(when, end_exclusive=self._exclusive)
        whole_days = is_all_day(when)
        self._part.add("dtstart", _moment(start, zone_name(when), day=whole_days))
        if end > start:
            self._part.add("dtend", _moment(end, when.get("end_timezone") or zone_name(when), day=whole_days))
        for line in self._event.get("recurrence") or []:
            if line.upper().startswith("RRULE:"):
                self._part.add("rrule", vRecur.from_ical(line[len("RRULE:") :]))
        for moment in excluded_moments(self._event):
            self._part.add("exdate", vDDDLists([moment]))

    def _set_state(self) -> None:
        event, part = self._event, self._part
        for key, name in _TEXTS:
            if event.get(key):
                part.add(name, vText(event[key]))
        if event.get("status") in _STATUSES:
            part.add("status", _STATUSES[event["status"]])
        if event.get("visibility") in _CLASSES:
            part.add("class", _CLASSES[event["visibility"]])
        part.add("transp", "TRANSPARENT" if event.get("busy") is False else "OPAQUE")

    def _set_people(self) -> None:
        event = self._event
        people, rooms = event.get("participants") or [], event.get("resources") or []
        blank = self._calendar.blank_event(event["id"], 0)
        is_own = (event.get("organizer"), event.get("creator")) == (blank["organizer"], blank["creator"])
        if event.get("organizer") and not (is_own and (not people or blank["organizer"] != blank["creator"])):
            self._part.add("organizer", _address(event["organizer"]))
        for one in people:
            answer = _ANSWERS.get(one.get("status") or "noreply", "NEEDS-ACTION")
            self._part.add("attendee", _address(one, PARTSTAT=answer))
        for one in rooms:
            self._part.add("attendee", _address(one, CUTYPE="ROOM"))


def _moment(at: int, zone_of: str | None, *, day: bool) -> datetime | date:
    """Return a day, or a time in its zone; in UTC where the wall clock of the zone shows the same time twice."""
    if day:
        return datetime.fromtimestamp(at, UTC).date()
    if zone_of in (None, "UTC") or zone(zone_of) is None:
        return datetime.fromtimestamp(at, UTC)
    local = wall_clock(at, zone_of)
    if instant(local.replace(fold=0), zone_of) != at:
        return datetime.fromtimestamp(at, UTC)
    return local.replace(tzinfo=zone(zone_of), fold=0)


def _address(person: Json, **parameters: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{person['email']}" if person.get("email") else _NO_ADDRESS)
    if person.get("name"):
        address.params["CN"] = vText(person["name"])
    for name, value in parameters.items():
        address.params[name] = vText(value)
    return address


def _alarm(reminder: Json, title: str | None) -> Component:
    alarm = Alarm()
    alarm.add("action", _ACTIONS.get(reminder.get("reminder_method") or "", "DISPLAY"))
    alarm.add("trigger", timedelta(minutes=-reminder["reminder_minutes"]))
    alarm.add("description", title or "Reminder")
    return alarm
