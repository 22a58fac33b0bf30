"""Wire events to items and back, provider by provider."""

from __future__ import annotations

import json
from datetime import date

import msgspec
import pytest
from msgspec.structs import replace

from nylasadmin.adapters.nylas.bodies import changes, create_body, when_body
from nylasadmin.adapters.nylas.convert import (
    Series,
    claimed_by,
    item_of,
    marker,
    original_moment,
    orphan_of,
    series_of,
    when_of,
)
from nylasadmin.adapters.nylas.wire import WireEvent, WireWhen
from nylasadmin.domain.items import (
    AllDay,
    Attendee,
    Moment,
    Person,
    Reminder,
    Reply,
    ScheduleItem,
    Timed,
    Visibility,
    When,
)
from nylasadmin.domain.providers import GOOGLE, ICLOUD, MICROSOFT, ProviderRules
from nylasadmin.domain.recurrence import FOREVER, span

NINE = 1_772_438_400  # 2026-03-02T08:00:00Z, 9 o'clock in Berlin
HOUR, DAY, WEEK = 3600, 86_400, 604_800
BERLIN = "Europe/Berlin"
TIMED = {"start_time": NINE, "end_time": NINE + HOUR, "start_timezone": BERLIN, "end_timezone": BERLIN}
DAYS = {"start_date": "2026-03-02", "end_date": "2026-03-03"}


def event(**fields: object) -> WireEvent:
    return msgspec.convert({"id": "m1", "when": TIMED} | fields, WireEvent)


def series(master: WireEvent, *overrides: WireEvent, rules: ProviderRules = GOOGLE) -> Series:
    return series_of(master, overrides, rules)


WHENS = [
    (TIMED, Timed(NINE, NINE + HOUR, BERLIN)),
    ({"start_time": 1, "end_time": 2}, Timed(1, 2)),
    ({"start_time": 1, "end_time": 2, "start_timezone": "A", "end_timezone": "B"}, Timed(1, 2, "A", "B")),
    ({"start_time": 1, "end_time": 2, "end_timezone": "B"}, Timed(1, 2, "B")),
    ({"start_time": 5}, Timed(5, 5)),
    ({"start_time": 5, "end_time": 3}, Timed(5, 5)),
    ({"time": 5, "timezone": "A"}, Timed(5, 5, "A")),
    ({"time": 0}, Timed(0, 0)),
    ({"date": "2026-03-02"}, AllDay(date(2026, 3, 2), date(2026, 3, 3))),
    ({"start_date": "2026-03-02"}, AllDay(date(2026, 3, 2), date(2026, 3, 3))),
]


@pytest.mark.parametrize("has_object", [True, False])
@pytest.mark.parametrize(("wire", "expected"), WHENS)
def test_a_time_is_read_with_and_without_its_object(wire: dict[str, object], expected: When, has_object: bool) -> None:
    wire = wire | {"object": "whatever"} if has_object else wire

    assert when_of(msgspec.convert(wire, WireWhen), GOOGLE) == expected


@pytest.mark.parametrize(
    ("rules", "end", "free_again"),
    [
        (GOOGLE, "2026-03-05", date(2026, 3, 5)),
        (MICROSOFT, "2026-03-05", date(2026, 3, 5)),
        (ICLOUD, "2026-03-04", date(2026, 3, 5)),
        (GOOGLE, "2026-03-02", date(2026, 3, 3)),
        (GOOGLE, "2026-03-01", date(2026, 3, 3)),
        (ICLOUD, "2026-03-02", date(2026, 3, 3)),
        (ICLOUD, "2026-02-01", date(2026, 3, 3)),
    ],
)
def test_the_last_whole_day_is_as_the_provider_counts(rules: ProviderRules, end: str, free_again: date) -> None:
    wire = msgspec.convert({"start_date": "2026-03-02", "end_date": end}, WireWhen)

    assert when_of(wire, rules) == AllDay(date(2026, 3, 2), free_again)


@pytest.mark.parametrize("rules", [GOOGLE, MICROSOFT, ICLOUD])
@pytest.mark.parametrize(
    "when",
    [
        Timed(NINE, NINE + HOUR, BERLIN),
        Timed(NINE, NINE + HOUR, BERLIN, "UTC"),
        Timed(NINE, NINE + HOUR),
        Timed(NINE, NINE, BERLIN),
        AllDay(date(2026, 3, 2), date(2026, 3, 3)),
        AllDay(date(2026, 3, 2), date(2026, 3, 9)),
    ],
)
def test_a_time_that_is_written_reads_back_equal(rules: ProviderRules, when: When) -> None:
    wire = json.loads(json.dumps(when_body(when, rules)))

    assert when_of(msgspec.convert(wire, WireWhen), rules) == when
    assert ("start_timezone" in wire) == ("end_timezone" in wire)


@pytest.mark.parametrize("when", [None, {}, {"object": "timespan"}])
def test_an_event_without_a_time_is_no_item(when: object) -> None:
    with pytest.raises(ValueError, match="no time"):
        item_of(event(when=when), GOOGLE)


def test_people_are_in_lower_case_and_in_order() -> None:
    item = item_of(
        event(
            organizer={"email": " Anna@Firm.Example ", "name": None},
            participants=[
                {"email": "Zoe@x.example", "status": "yes", "comment": "gladly"},
                {"email": "bob@x.example", "name": "Bob", "status": "perhaps"},
                {"name": "Door", "phone_number": "+49 1"},
            ],
        ),
        GOOGLE,
    )

    assert item.organizer == Person("anna@firm.example")
    assert item.attendees == (
        Attendee("", "Door", phone="+49 1"),
        Attendee("bob@x.example", "Bob"),
        Attendee("zoe@x.example", "", Reply.YES, "gladly"),
    )


@pytest.mark.parametrize(("busy", "expected"), [(None, True), (True, True), (False, False)])
def test_busy_unless_told_otherwise(busy: bool | None, expected: bool) -> None:
    assert item_of(event(busy=busy), GOOGLE).busy is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, Visibility.DEFAULT),
        ("default", Visibility.DEFAULT),
        ("public", Visibility.PUBLIC),
        ("private", Visibility.PRIVATE),
        ("confidential", Visibility.PRIVATE),
        ("something new", Visibility.DEFAULT),
    ],
)
def test_visibility_in_all_its_spellings(text: str | None, expected: Visibility) -> None:
    assert item_of(event(visibility=text), GOOGLE).visibility is expected


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (None, None),
        ({}, None),
        ({"use_default": None, "overrides": None}, None),
        ({"use_default": None, "overrides": []}, None),
        ({"use_default": True, "overrides": []}, None),
        ({"use_default": False, "overrides": None}, ()),
        ({"use_default": False, "overrides": []}, ()),
        ({"use_default": None, "overrides": [{"reminder_minutes": 5}]}, (Reminder(5),)),
        (
            {"overrides": [{"reminder_minutes": 9, "reminder_method": "email"}, {"reminder_minutes": 5}, {}]},
            (Reminder(5), Reminder(9, "email")),
        ),
    ],
)
def test_reminders_by_default_none_and_some(wire: object, expected: object) -> None:
    assert item_of(event(reminders=wire), GOOGLE).reminders == expected


def test_a_reminder_on_the_screen_is_called_as_the_provider_calls_it() -> None:
    wire = {"use_default": False, "overrides": [{"reminder_minutes": 5, "reminder_method": "display"}]}
    item = item_of(event(reminders=wire), ICLOUD)

    assert item.reminders == (Reminder(5),)
    assert create_body(item, ICLOUD)["reminders"] == wire


# series


def override(moment: int | None, **fields: object) -> WireEvent:
    stamp = "" if moment is None else f"_{moment}"
    return event(id=f"m1{stamp}", master_event_id="m1", original_start_time=moment, **fields)


def test_a_series_is_one_item_with_its_changed_and_cancelled_occurrences() -> None:
    master = event(recurrence=["RRULE:FREQ=WEEKLY;INTERVAL=1", "EXDATE:20260309T080000Z"], title="Weekly")
    moved = override(NINE + 2 * WEEK, when={"time": NINE + 2 * WEEK + DAY}, title="Moved", ical_uid="u")
    gone = override(NINE + 3 * WEEK, status="cancelled", when=None)

    found = series(master, moved, gone)

    assert found.item.rules == ("RRULE:FREQ=WEEKLY",)
    assert found.item.cancelled == (NINE + WEEK, NINE + 3 * WEEK)
    (change,) = found.item.exceptions
    assert change.original_start == NINE + 2 * WEEK
    assert (change.item.title, change.item.uid, change.item.rules) == ("Moved", None, ())
    assert found.excluded == {NINE + WEEK}
    assert found.occurrence_ids == {NINE + 2 * WEEK: moved.id, NINE + 3 * WEEK: gone.id}


def test_a_stored_occurrence_that_says_what_its_series_says_is_no_change() -> None:
    master = event(recurrence=["RRULE:FREQ=WEEKLY"], title="Weekly")
    same = override(
        NINE + WEEK, title="Weekly", when=TIMED | {"start_time": NINE + WEEK, "end_time": NINE + WEEK + HOUR}
    )

    assert series(master, same).item.exceptions == ()


def test_a_changed_occurrence_outweighs_an_exclusion_of_the_same_moment() -> None:
    master = event(recurrence=["RRULE:FREQ=WEEKLY", "EXDATE:20260309T080000Z"])

    item = series(master, override(NINE + WEEK, title="Back")).item

    assert (item.cancelled, len(item.exceptions)) == ((), 1)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("EXDATE:20260309T080000Z", NINE + WEEK),
        ("EXDATE;TZID=Europe/Berlin:20260309T090000", NINE + WEEK),
        ("EXDATE:20260309T090000", NINE + WEEK),
        ("EXDATE;VALUE=DATE:20260309", NINE + WEEK),
        ("exdate;tzid=Europe/Berlin:20260330T090000", NINE + 4 * WEEK - HOUR),
    ],
)
def test_exclusions_of_a_timed_series_in_all_spellings(line: str, expected: int) -> None:
    assert series(event(recurrence=["RRULE:FREQ=WEEKLY", line])).item.cancelled == (expected,)


@pytest.mark.parametrize(
    "line", ["EXDATE;VALUE=DATE:20260309", "EXDATE:20260309", "EXDATE:20260309T000000Z", "EXDATE:20260309T000000"]
)
def test_exclusions_of_a_series_of_whole_days_in_all_spellings(line: str) -> None:
    assert series(event(when=DAYS, recurrence=["RRULE:FREQ=WEEKLY", line])).item.cancelled == (date(2026, 3, 9),)


@pytest.mark.parametrize("line", ["RDATE:20260310T080000Z", "EXRULE:FREQ=YEARLY", "EXDATE:sometimes", "nonsense"])
def test_what_we_cannot_read_in_a_recurrence_is_kept(line: str) -> None:
    item = series(event(recurrence=["RRULE:FREQ=WEEKLY;COUNT=2", line])).item

    assert len(item.rules) == 2
    assert any("SOMETIMES" in r.upper() or r.upper().endswith(line.upper()) for r in item.rules)
    assert span(item)[1] <= FOREVER


def test_exclusions_without_a_rule_mean_nothing() -> None:
    item = series(event(recurrence=["EXDATE:20260309T080000Z"])).item

    assert (item.rules, item.cancelled) == ((), ())


@pytest.mark.parametrize(
    ("event_id", "original", "expected"),
    [
        ("m1_20260309", None, date(2026, 3, 9)),
        ("m1_20260309", 1_773_010_800, date(2026, 3, 9)),
        ("AAMk=", 1_773_014_400, date(2026, 3, 9)),  # midnight in UTC
        ("AAMk=", 1_773_010_800, date(2026, 3, 9)),  # midnight in Berlin
        ("AAMk=", 1_773_032_400, date(2026, 3, 9)),  # midnight in New York
    ],
)
def test_the_day_an_occurrence_stands_for(event_id: str, original: int | None, expected: date) -> None:
    found = event(id=event_id, master_event_id="m1", original_start_time=original, when=DAYS)

    assert original_moment(found, AllDay(date(2026, 3, 2), date(2026, 3, 3))) == expected


@pytest.mark.parametrize(
    ("event_id", "original", "expected"),
    [("x", NINE + WEEK, NINE + WEEK), ("m1_20260309T080000Z", None, NINE + WEEK), ("x", None, NINE)],
)
def test_the_time_an_occurrence_stands_for(event_id: str, original: int | None, expected: Moment) -> None:
    found = event(id=event_id, master_event_id="m1", original_start_time=original)

    assert original_moment(found, Timed(NINE, NINE + HOUR)) == expected


def test_an_occurrence_of_an_unreadable_series_is_an_item_that_says_so() -> None:
    item = orphan_of(override(NINE + WEEK, ical_uid="u1"), GOOGLE)

    assert (item.original_start, item.uid, item.rules) == (NINE + WEEK, "u1", ())


# bodies

ITEM = ScheduleItem(
    when=Timed(NINE, NINE + HOUR, BERLIN),
    title="T",
    notes="N",
    organizer=Person("anna@firm.example"),
    attendees=(Attendee("bob@x.example", "Bob", Reply.YES), Attendee("", "Door")),
    uid="u",
    priority=1,
    private_notes="never",
)


def test_a_new_event_has_no_read_only_field_and_no_answer() -> None:
    body = create_body(ITEM, GOOGLE)

    assert body == {
        "title": "T",
        "description": "N",
        "busy": True,
        "when": TIMED,
        "participants": [{"email": "bob@x.example", "name": "Bob"}],
    }


def test_only_fields_that_differ_are_sent_and_nested_ones_whole() -> None:
    two = (*ITEM.attendees, Attendee("zoe@x.example"))

    assert changes(ITEM, replace(ITEM, title="New", uid="other", priority=2), GOOGLE) == {"title": "New"}
    assert changes(ITEM, replace(ITEM, attendees=two), GOOGLE) == {
        "participants": [{"email": "bob@x.example", "name": "Bob"}, {"email": "zoe@x.example"}]
    }


def test_emptied_fields_are_sent_empty() -> None:
    body = changes(ITEM, replace(ITEM, notes="", attendees=(), reminders=()), GOOGLE)

    assert body == {"description": "", "participants": [], "reminders": {"use_default": False, "overrides": []}}


def test_another_name_of_the_same_zone_is_no_change() -> None:
    other = replace(ITEM, when=Timed(NINE, NINE + HOUR, "Asia/Calcutta"))

    assert changes(other, replace(ITEM, when=Timed(NINE, NINE + HOUR, "Asia/Kolkata")), GOOGLE) == {}


@pytest.mark.parametrize(("rules", "sent"), [(GOOGLE, "default"), (MICROSOFT, "public")])
def test_the_default_visibility_is_sent_only_where_it_is_known(rules: ProviderRules, sent: str) -> None:
    private = replace(ITEM, visibility=Visibility.PRIVATE)

    assert changes(private, ITEM, rules) == {"visibility": sent}


# markers


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (None, None),
        ({}, None),
        ({"key1": marker("here", "crm/7")}, "crm/7"),
        ({"key1": "elsewhere/crm-7"}, None),
        ({"key1": "here/"}, None),
        ({"key1": 7}, None),
        ({"key2": "here/crm-7"}, None),
    ],
)
def test_a_marker_counts_only_for_its_own_installation(metadata: object, expected: str | None) -> None:
    assert claimed_by(event(metadata=metadata), "here") == expected
