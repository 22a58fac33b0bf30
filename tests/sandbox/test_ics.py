"""Calendars from .ics text: what is kept, what is reported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Api

WIDE = {"start": 0, "end": 4_000_000_000, "expand_recurring": False, "show_cancelled": True}
SERIES = "UID:s\nDTSTART;TZID=Europe/Berlin:20260105T090000\nDTEND;TZID=Europe/Berlin:20260105T100000\n"


class Loaded:
    """A sandbox with one file in it."""

    def __init__(self, api: Api) -> None:
        self.calendar = api.box.grants[0].primary
        assert self.calendar is not None
        window = WIDE if api.box.sandbox.provider != "icloud" else WIDE | {"start": 1_750_000_000, "end": 1_780_000_000}
        self.events = api.events(grant=api.box.grants[0].id, calendar=self.calendar.id, **window)
        self.report = [(entry["uid"], entry["what"], entry["why"]) for entry in api.get("/sandbox/report")["data"]]

    @property
    def event(self) -> Any:
        [only] = self.events
        return only


@pytest.fixture
def load(start: Callable[..., Api], tmp_path: Path) -> Callable[..., Loaded]:
    def run(*parts: str, provider: str = "google", head: str = "") -> Loaded:
        text = "".join(f"BEGIN:VEVENT\n{part}\nEND:VEVENT\n" for part in parts)
        (tmp_path / "file.ics").write_text(f"BEGIN:VCALENDAR\n{head}{text}END:VCALENDAR\n", encoding="utf-8")
        return Loaded(start(users=1, provider=provider, ics=tmp_path))

    return run


def test_all_fields_are_taken_over(load: Callable[..., Loaded]) -> None:
    event = load(
        "UID:u1\nDTSTART;TZID=Europe/Berlin:20260105T090000\nDTEND;TZID=Europe/Berlin:20260105T101500\n"
        "SUMMARY:Größe\nDESCRIPTION:a\\nb\nLOCATION:Room\nSTATUS:TENTATIVE\nCLASS:PRIVATE\nTRANSP:TRANSPARENT\n"
        "SEQUENCE:4\nCREATED:20250101T000000Z\nLAST-MODIFIED:20250102T000000Z\n"
        "ORGANIZER;CN=Boss:mailto:boss@c.example\n"
        "ATTENDEE;CN=X;PARTSTAT=ACCEPTED:mailto:x@c.example\nATTENDEE;PARTSTAT=DECLINED:MAILTO:y@c.example\n"
        "ATTENDEE;CUTYPE=ROOM;CN=Room 1:mailto:room1@c.example\n"
        "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nEND:VALARM"
    ).event
    assert event["when"] == {
        "start_time": 1767600000,
        "end_time": 1767604500,
        "start_timezone": "Europe/Berlin",
        "end_timezone": "Europe/Berlin",
        "object": "timespan",
    }
    assert (event["title"], event["description"], event["location"]) == ("Größe", "a\nb", "Room")
    assert (event["status"], event["visibility"], event["busy"], event["sequence"]) == ("maybe", "private", False, 4)
    assert (event["created_at"], event["updated_at"]) == (1735689600, 1735776000)
    assert event["organizer"] == {"email": "boss@c.example", "name": "Boss"}
    assert event["participants"] == [
        {"email": "x@c.example", "name": "X", "status": "yes"},
        {"email": "y@c.example", "status": "no"},
    ]
    assert event["resources"] == [{"email": "room1@c.example", "name": "Room 1"}]
    assert event["reminders"]["overrides"] == [{"reminder_minutes": 15, "reminder_method": "popup"}]


@pytest.mark.parametrize(
    ("times", "when"),
    [
        ("DTSTART:20260105T090000Z", {"time": 1767603600, "timezone": "UTC", "object": "time"}),
        ("DTSTART:20260105T090000Z\nDTEND:20260105T090000Z", {"time": 1767603600, "timezone": "UTC", "object": "time"}),
        ("DTSTART;VALUE=DATE:20260105", {"start_date": "2026-01-05", "end_date": "2026-01-06", "object": "datespan"}),
        (
            "DTSTART;VALUE=DATE:20260105\nDTEND;VALUE=DATE:20260105",
            {"start_date": "2026-01-05", "end_date": "2026-01-06", "object": "datespan"},
        ),
        (
            "DTSTART;VALUE=DATE:20260105\nDURATION:P3D",
            {"start_date": "2026-01-05", "end_date": "2026-01-08", "object": "datespan"},
        ),
    ],
)
def test_ends_that_are_not_written_follow_the_standard(
    load: Callable[..., Loaded], times: str, when: dict[str, Any]
) -> None:
    assert load(f"UID:u\n{times}").event["when"] == when


def test_a_length_in_hours_is_exact_over_a_clock_change_and_days_keep_the_clock(load: Callable[..., Loaded]) -> None:
    loaded = load(
        "UID:h\nDTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:PT20H",
        "UID:d\nDTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:P1D",
    )
    lengths = [event["when"]["end_time"] - event["when"]["start_time"] for event in loaded.events]
    assert lengths == [20 * 3600, 23 * 3600]


def test_icloud_shows_one_day_as_a_date(load: Callable[..., Loaded]) -> None:
    loaded = load("UID:a\nDTSTART;VALUE=DATE:20260105\nDTEND;VALUE=DATE:20260107", provider="icloud")
    assert loaded.event["when"] == {"start_date": "2026-01-05", "end_date": "2026-01-06", "object": "datespan"}


def test_a_time_without_zone_takes_the_calendars_and_says_so(load: Callable[..., Loaded]) -> None:
    loaded = load("UID:u\nDTSTART:20260105T090000", head="X-WR-TIMEZONE:Asia/Tokyo\n")
    assert loaded.event["when"] == {"time": 1767571200, "timezone": "Asia/Tokyo", "object": "time"}
    assert loaded.report == [("u", "DTSTART", "has no zone: taken as Asia/Tokyo")]


ZONE = (
    "BEGIN:VTIMEZONE\nTZID:{0}\nBEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:{2}\nTZOFFSETTO:{1}\n"
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010101T020000\n"
    "TZOFFSETFROM:{1}\nTZOFFSETTO:{2}\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE\n"
)


@pytest.mark.parametrize(
    ("tzid", "name", "notes"),
    [
        ("America/New_York", "America/New_York", 0),
        ("EST5EDT", "EST5EDT", 0),
        ("Eastern Standard Time", "America/New_York", 0),
        ("/mozilla.org/20050126_1/America/New_York", "America/New_York", 1),
    ],
)
def test_zones_are_known_by_many_names(load: Callable[..., Loaded], tzid: str, name: str, notes: int) -> None:
    loaded = load(f"UID:u\nDTSTART;TZID={tzid}:20260105T090000\nDURATION:PT1H")
    assert loaded.event["when"]["start_timezone"] == name
    assert loaded.event["when"]["start_time"] == 1767621600
    assert len(loaded.report) == notes


def test_a_zone_with_a_name_of_its_own_is_known_by_its_rules(load: Callable[..., Loaded]) -> None:
    loaded = load(
        "UID:u\nDTSTART;TZID=Office:20260705T090000\nDURATION:PT1H", head=ZONE.format("Office", "+0100", "+0200")
    )
    assert loaded.event["when"]["start_timezone"] == "Europe/Berlin"
    assert loaded.event["when"]["start_time"] == 1783234800
    assert loaded.report == [(None, "the zone Office", "is shown as Europe/Berlin, which has the same rules")]


def test_a_zone_like_no_other_is_kept_as_instants(load: Callable[..., Loaded]) -> None:
    loaded = load("UID:u\nDTSTART;TZID=Odd:20260705T090000\nDURATION:PT1H", head=ZONE.format("Odd", "+0117", "+0217"))
    assert loaded.event["when"]["start_timezone"] == "UTC"
    assert loaded.event["when"]["start_time"] == 1783233780
    assert loaded.report == [(None, "the zone Odd", "is unknown: its times are kept as instants in UTC")]


def test_series_keep_rule_exclusions_and_exceptions(load: Callable[..., Loaded]) -> None:
    loaded = load(
        SERIES + "SUMMARY:daily\nRRULE:FREQ=DAILY;COUNT=5\nEXDATE;TZID=Europe/Berlin:20260106T090000",
        "UID:s\nRECURRENCE-ID;TZID=Europe/Berlin:20260107T090000\nDTSTART:20260107T150000Z\nSUMMARY:moved",
        "UID:s\nRECURRENCE-ID:20260108T080000Z\nDTSTART:20260108T080000Z\nSTATUS:CANCELLED",
    )
    master, moved, cancelled = loaded.events
    assert master["recurrence"] == ["RRULE:FREQ=DAILY;COUNT=5", "EXDATE:20260106T080000Z"]
    assert moved["id"] == f"{master['id']}_20260107T080000Z"
    assert (moved["master_event_id"], moved["original_start_time"]) == (master["id"], 1767772800)
    assert (moved["title"], cancelled["status"]) == ("moved", "cancelled")
    assert loaded.report == []


def test_microsoft_excludes_cancelled_occurrences(load: Callable[..., Loaded]) -> None:
    loaded = load(
        SERIES + "RRULE:FREQ=DAILY;COUNT=5",
        "UID:s\nRECURRENCE-ID:20260108T080000Z\nDTSTART:20260108T080000Z\nSTATUS:CANCELLED",
        provider="microsoft",
    )
    assert loaded.event["recurrence"] == ["RRULE:FREQ=DAILY;COUNT=5", "EXDATE:20260108T080000Z"]


def test_an_exception_may_come_before_its_series(load: Callable[..., Loaded]) -> None:
    exception = "UID:s\nRECURRENCE-ID:20260107T080000Z\nDTSTART:20260107T150000Z"
    loaded = load(exception, SERIES + "RRULE:FREQ=DAILY;COUNT=5")
    assert loaded.events[1]["master_event_id"] == loaded.events[0]["id"]


def test_whole_day_series_accept_times_as_exceptions(load: Callable[..., Loaded]) -> None:
    loaded = load(
        "UID:w\nDTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;COUNT=4\nEXDATE;VALUE=DATE:20260112",
        "UID:w\nRECURRENCE-ID;TZID=Europe/Berlin:20260119T000000\nDTSTART;VALUE=DATE:20260120",
    )
    assert loaded.events[0]["recurrence"] == ["RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE;VALUE=DATE:20260112"]
    assert loaded.events[1]["id"] == f"{loaded.events[0]['id']}_20260119"


def test_added_dates_become_events_of_their_own(load: Callable[..., Loaded]) -> None:
    loaded = load(
        SERIES + "RRULE:FREQ=DAILY;COUNT=2\nRDATE;TZID=Europe/Berlin:20260106T090000,20260301T140000,20260302T140000\n"
        "EXDATE;TZID=Europe/Berlin:20260302T140000"
    )
    assert [event["when"]["start_time"] for event in loaded.events] == [1767600000, 1772370000]
    assert loaded.events[1]["ical_uid"] == "s-rdate-20260301T130000Z"
    assert "recurrence" not in loaded.events[1]
    assert loaded.report == [("s", "RDATE 20260301T130000Z", "is kept as an event of its own")]


def test_an_exception_without_its_series_is_kept(load: Callable[..., Loaded]) -> None:
    loaded = load("UID:o\nRECURRENCE-ID:20260107T080000Z\nDTSTART:20260107T150000Z")
    assert loaded.event["original_start_time"] == 1767772800
    assert loaded.report[0][2] == "its series is not in the file: kept as a single event"


def test_an_unreadable_rule_leaves_a_single_event_and_a_note(load: Callable[..., Loaded]) -> None:
    loaded = load("UID:u\nDTSTART:20260105T090000Z\nRRULE:FREQ=SECONDLY;COUNT=2")
    assert "recurrence" not in loaded.event
    assert [what for _, what, _ in loaded.report] == ["RRULE:FREQ=SECONDLY;COUNT=2"]


def test_the_newest_of_two_descriptions_counts(load: Callable[..., Loaded]) -> None:
    part = "UID:u\nDTSTART:20260105T090000Z\nSEQUENCE:{0}\nSUMMARY:version {0}"
    loaded = load(part.format(2), part.format(10), part.format(9))
    assert loaded.event["title"] == "version 10"
    assert [why for _, _, why in loaded.report] == ["is described more than once: the newest is kept"] * 2


def test_two_events_of_one_uid_at_different_times_are_both_kept(load: Callable[..., Loaded]) -> None:
    loaded = load("UID:u\nDTSTART:20260105T090000Z", "UID:u\nDTSTART:20260106T090000Z")
    assert len({event["id"] for event in loaded.events}) == 2


@pytest.mark.parametrize("part", ["UID:u\nSUMMARY:x", "UID:u\nDTSTART:garbage"])
def test_an_event_without_a_beginning_is_reported(load: Callable[..., Loaded], part: str) -> None:
    loaded = load(part, "UID:good\nDTSTART:20260105T090000Z")
    assert loaded.event["ical_uid"] == "good"
    assert ("u", "the event", "has no readable DTSTART: left out") in loaded.report


def test_what_has_no_place_is_told_once_per_file(load: Callable[..., Loaded]) -> None:
    part = "UID:{0}\nDTSTART:20260105T090000Z\nPRIORITY:5\nCATEGORIES:\nX-A:1\nX-B:2"
    assert load(part.format(1), part.format(2)).report == [
        (None, "PRIORITY of 2 events", "events at Nylas have no such field"),
        (None, "X-A, X-B", "private extensions have no place at Nylas"),
    ]


@pytest.mark.parametrize(
    ("extra", "what"),
    [
        ("BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:PT5M\nEND:VALARM", "VALARM"),
        ("BEGIN:VALARM\nACTION:PROCEDURE\nTRIGGER:-PT5M\nEND:VALARM", "VALARM"),
        ("CLASS:CONFIDENTIAL", "CLASS:CONFIDENTIAL"),
        ("ATTENDEE;PARTSTAT=DELEGATED:mailto:x@c.example", "PARTSTAT=DELEGATED"),
        ("ATTENDEE:urn:uuid:1", "ATTENDEE urn:uuid:1"),
        ("DESCRIPTION:" + "x" * 9000, "DESCRIPTION"),
        ("RRULE:FREQ=DAILY;COUNT=2\nEXRULE:FREQ=WEEKLY", "EXRULE"),
        ("DTEND:20260104T090000Z", "DTEND"),
        ("SUMMARY:a\nSUMMARY:b", "SUMMARY"),
    ],
)
def test_every_loss_is_reported(load: Callable[..., Loaded], extra: str, what: str) -> None:
    loaded = load(f"UID:u\nDTSTART:20260105T090000Z\n{extra}")
    assert [(uid, lost) for uid, lost, _ in loaded.report] == [("u", what)]
    assert len(loaded.events) == 1


def test_icloud_has_no_cancelled_events(load: Callable[..., Loaded]) -> None:
    loaded = load("UID:u\nDTSTART:20260105T090000Z\nSTATUS:CANCELLED", provider="icloud")
    assert loaded.events == []
    assert ("u", "STATUS:CANCELLED", "icloud has no cancelled events: left out") in loaded.report


def test_a_file_that_is_cut_off_gives_what_is_whole_in_it(start: Callable[..., Api], tmp_path: Path) -> None:
    events = "".join(f"BEGIN:VEVENT\nUID:{n}\nDTSTART:2026010{n}T090000Z\nEND:VEVENT\n" for n in (1, 2))
    text = f"BEGIN:VCALENDAR\nX-WR-CALNAME:Cut\n{events}BEGIN:VEVENT\nUID:3\nDTSTA"
    (tmp_path / "cut.ics").write_text(text)
    loaded = Loaded(start(users=1, ics=tmp_path))
    assert [event["ical_uid"] for event in loaded.events] == ["1", "2"]
    assert loaded.calendar.name == "Cut"
    assert (None, "the file", "is damaged: 2 of 3 events could be read") in loaded.report


@pytest.mark.parametrize("data", [b"", b"hello", b"\x00\xff\xfe", b"BEGIN:VCALENDAR", b"END:VCALENDAR\n"])
def test_a_file_that_is_no_calendar_is_reported_and_the_rest_loaded(
    start: Callable[..., Api], tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "bad.ics").write_bytes(data)
    (tmp_path / "good.ics").write_text(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:g\nDTSTART:20260105T090000Z\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    api = start(users=2, ics=tmp_path)
    assert {entry["file"] for entry in api.get("/sandbox/report")["data"]} == {"bad.ics"}
    assert [len(grant.primary.events) for grant in api.box.grants if grant.primary] == [0, 1]


def test_files_go_round_the_users_and_the_first_is_the_primary(start: Callable[..., Api], tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.ics").write_text(
            f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:{number}\nDTSTART:20260105T090000Z\nEND:VEVENT\nEND:VCALENDAR\n"
        )
    grants = start(users=2, ics=tmp_path).box.grants
    names = [[(one.name, one.is_primary) for one in grant.calendars.values()] for grant in grants]
    assert names == [[("0", True), ("2", False), ("4", False)], [("1", True), ("3", False)]]


def test_users_with_events_keep_their_primary_calendar(start: Callable[..., Api], tmp_path: Path) -> None:
    (tmp_path / "a.ics").write_text("BEGIN:VCALENDAR\nEND:VCALENDAR\n")
    [grant] = start(users=1, events_per_user=3, ics=tmp_path).box.grants
    assert [(one.name, one.is_primary) for one in grant.calendars.values()][::3] == [(grant.email, True), ("a", False)]
