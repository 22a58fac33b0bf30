"""Export: what was loaded from .ics comes out, goes in again and is the same; a grant comes out as JSON."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import icalendar
import pytest

from .conftest import ANNA, Api, span

DIRECTORY = Path(os.environ.get("NYLASADMIN_ICS_DIR") or Path(__file__).parents[3] / "shared" / "data" / "ics")
REAL = sorted(DIRECTORY.glob("*.ics")) if DIRECTORY.is_dir() else []

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//y//EN
X-WR-CALNAME:Everything; and more
X-WR-TIMEZONE:Europe/Berlin
BEGIN:VEVENT
UID:series@x.example
DTSTAMP:20260101T080000Z
CREATED:20250101T080000Z
LAST-MODIFIED:20260102T080000Z
SEQUENCE:3
DTSTART;TZID=Europe/Berlin:20260105T093000
DTEND;TZID=Europe/Berlin:20260105T103000
RRULE:FREQ=WEEKLY;UNTIL=20260601T073000Z;BYDAY=MO
EXDATE;TZID=Europe/Berlin:20260112T093000,20260119T093000
SUMMARY:Stand-up\\, weekly
DESCRIPTION:Line one\\nLine two\\; with signs \\\\ and a very long text that has to be folded over more than one line ü
LOCATION:Raum „Elbe“
ORGANIZER;CN="Kessler, Bruno":mailto:bruno@x.example
ATTENDEE;CN=Anna;PARTSTAT=ACCEPTED:mailto:anna@x.example
ATTENDEE;PARTSTAT=TENTATIVE:MAILTO:chen@x.example
ATTENDEE;CUTYPE=ROOM;CN=Elbe:mailto:elbe@x.example
CLASS:PRIVATE
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-PT15M
END:VALARM
END:VEVENT
BEGIN:VEVENT
UID:series@x.example
DTSTAMP:20260101T080000Z
RECURRENCE-ID;TZID=Europe/Berlin:20260330T093000
DTSTART;TZID=America/New_York:20260331T093000
DTEND;TZID=Europe/Berlin:20260331T170000
SUMMARY:Stand-up\\, moved
END:VEVENT
BEGIN:VEVENT
UID:series@x.example
DTSTAMP:20260101T080000Z
RECURRENCE-ID;TZID=Europe/Berlin:20260406T093000
DTSTART;TZID=Europe/Berlin:20260406T093000
DTEND;TZID=Europe/Berlin:20260406T103000
STATUS:CANCELLED
SUMMARY:Stand-up\\, weekly
END:VEVENT
BEGIN:VEVENT
UID:days@x.example
DTSTAMP:20260101T080000Z
DTSTART;VALUE=DATE:20260214
DTEND;VALUE=DATE:20260217
RRULE:FREQ=YEARLY;COUNT=4
EXDATE;VALUE=DATE:20270214
TRANSP:TRANSPARENT
SUMMARY:Away
END:VEVENT
BEGIN:VEVENT
UID:orphan@x.example
DTSTAMP:20260101T080000Z
RECURRENCE-ID:20260301T100000Z
DTSTART:20260301T110000Z
DTEND:20260301T113000Z
STATUS:TENTATIVE
SUMMARY:Without its series
END:VEVENT
BEGIN:VEVENT
UID:moment@x.example
DTSTAMP:20260101T080000Z
DTSTART;TZID=Asia/Kolkata:20260301T110000
SUMMARY:Just a moment
END:VEVENT
BEGIN:VEVENT
UID:added@x.example
DTSTAMP:20260101T080000Z
DTSTART:20260301T110000Z
DTEND:20260301T113000Z
RDATE:20260303T110000Z
SUMMARY:With one more date
END:VEVENT
END:VCALENDAR
"""


def stored(api: Api) -> list[Any]:
    """Return the events of the primary calendar without what depends on the order of loading."""
    grant = api.get(f"/sandbox/grants/{api.box.grants[0].id}.json")
    calendar = next(one for one in grant["calendars"] if one["is_primary"])
    events = calendar["events"]
    uids = {event["id"]: event["ical_uid"] for event in events}
    for event in events:
        for name in ("id", "html_link"):
            del event[name]
        if "master_event_id" in event:
            event["master_event_id"] = uids[event["master_event_id"]]
    return sorted(events, key=lambda event: (event["ical_uid"], event.get("original_start_time", 0), str(event)))


def exported(api: Api) -> bytes:
    calendar = api.box.calendar(api.box.grants[0].id)
    path = f"/sandbox/grants/{api.box.grants[0].id}/calendars/{quote(calendar.id, safe='')}.ics"
    answer = api._session.get(api.box.url + path, timeout=30)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/calendar")
    return answer.content


def folder(path: Path, name: str, data: bytes) -> Path:
    path.mkdir()
    (path / name).write_bytes(data)
    return path


def assert_round_trip(start: Callable[..., Api], tmp_path: Path, data: bytes, provider: str, users: int = 1) -> None:
    first = start(users=users, provider=provider, ics=folder(tmp_path / "first", "one.ics", data))
    assert stored(first)
    text = exported(first)
    second = start(users=users, provider=provider, ics=folder(tmp_path / "second", "one.ics", text))
    assert stored(second) == stored(first)
    assert second.box.calendar(ANNA).name == first.box.calendar(ANNA).name
    assert exported(second) == text


@pytest.mark.parametrize("provider", ["google", "microsoft", "icloud", "ews", "virtual-calendar"])
def test_a_calendar_comes_back_the_same(start: Callable[..., Api], tmp_path: Path, provider: str) -> None:
    assert_round_trip(start, tmp_path, CALENDAR.replace("\n", "\r\n").encode(), provider)


@pytest.mark.skipif(not REAL, reason="no directory of real .ics files")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
@pytest.mark.parametrize("provider", ["google", "microsoft", "icloud"])
def test_real_calendars_come_back_the_same(
    start: Callable[..., Api], tmp_path: Path, path: Path, provider: str
) -> None:
    if path.read_bytes().count(b"BEGIN:VEVENT") == 0:
        pytest.skip("no event in it")
    assert_round_trip(start, tmp_path, path.read_bytes(), provider)


def test_zones_are_defined_in_the_file(start: Callable[..., Api], tmp_path: Path) -> None:
    api = start(users=1, ics=folder(tmp_path / "one", "one.ics", CALENDAR.encode()))
    zones = icalendar.Calendar.from_ical(exported(api)).walk("VTIMEZONE")
    assert {str(zone["TZID"]) for zone in zones} == {"Europe/Berlin", "America/New_York", "Asia/Kolkata"}


def test_generated_events_come_back_the_same(start: Callable[..., Api], tmp_path: Path) -> None:
    first = start(users=1, events_per_user=80)
    second = start(users=1, ics=folder(tmp_path / "again", "one.ics", exported(first)))

    def comparable(api: Api) -> list[Any]:
        unlike = {"reminders", "visibility", "when", "organizer"}
        return [{name: event[name] for name in event if name not in unlike} for event in stored(api)]

    assert comparable(second) == comparable(first)


def test_a_time_that_happens_twice_keeps_its_instant(api: Api) -> None:
    twice = 1_792_891_800  # 2026-10-25 02:30 in Berlin for the second time
    zones = {"start_timezone": "Europe/Berlin", "end_timezone": "Europe/Berlin"}
    api.create(when={"start_time": twice, "end_time": twice + 600, **zones})
    [event] = icalendar.Calendar.from_ical(exported(api)).walk("VEVENT")
    assert int(event["DTSTART"].dt.timestamp()) == twice


def test_a_calendar_of_any_id_can_be_had(api: Api) -> None:
    odd = api.box.add_calendar(ANNA, "Odd", calendar_id="a/b c?d@e.ics")
    api.box.create_event(odd, {"title": "x", "when": span(0)})
    answer = api._session.get(f"{api.box.url}/sandbox/grants/{ANNA}/calendars/{quote(odd.id, safe='')}.ics", timeout=9)
    assert answer.status_code == 200
    assert b"SUMMARY:x" in answer.content


def test_a_grant_comes_out_with_all_it_holds(api: Api) -> None:
    made = api.create(when=span(0), title="x", metadata={"key1": "7"})
    api.box.sandbox.panels.add_collection("wishes", lambda grant: [{"of": grant.email}])
    found = api.get(f"/sandbox/grants/email:{ANNA}.json")
    assert found["grant"]["email"] == ANNA
    assert found["calendars"][0]["events"] == [made]
    assert found["wishes"] == [{"of": ANNA}]


def test_contacts_and_messages_come_out_with_a_grant(start: Callable[..., Api]) -> None:
    api = start(contacts_per_user=5, messages_per_user=5)
    found = api.get(f"/sandbox/grants/email:{ANNA}.json")
    assert found["contacts"] == api.box.contacts(ANNA)
    assert found["messages"] == api.box.messages(ANNA)
    assert min(len(found["contacts"]), len(found["messages"])) > 0


def test_unknown_ones_are_not_found(api: Api) -> None:
    assert api.call("GET", "/sandbox/grants/nobody.json")[0] == 404
    assert api.call("GET", f"/sandbox/grants/{ANNA}/calendars/none.ics")[0] == 404
