"""Recurrence: spelling of rules, occurrences across clock changes, spans of whole series, rules nobody can read."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nylasadmin.domain.items import AllDay, ChangedOccurrence, Moment, ScheduleItem, Timed, When
from nylasadmin.domain.recurrence import (
    FOREVER,
    compared_rules,
    format_exdates,
    last_start,
    normalized_rule,
    occurrences,
    parse_exdates,
    shifted,
    span,
)

BERLIN = "Europe/Berlin"


def at(text: str, zone: str = BERLIN) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def timed(start: str, end: str, zone: str = BERLIN) -> Timed:
    return Timed(at(start, zone), at(end, zone), zone)


def series(rule: str, when: When, **facts: Any) -> ScheduleItem:
    return ScheduleItem(when=when, rules=(rule,), **facts)


def local(moments: list[Moment], zone: str = BERLIN) -> list[str]:
    return [f"{datetime.fromtimestamp(m, ZoneInfo(zone)):%m-%d %H:%M}" for m in moments if isinstance(m, int)]


NINE = timed("2024-03-29T09:00", "2024-03-29T10:00")
HOLIDAY = AllDay(date(2024, 3, 29), date(2024, 3, 30))


# --- spelling ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "spelled"),
    [
        ("FREQ=DAILY", "RRULE:FREQ=DAILY"),
        ("rrule:freq=weekly;byday=tu,mo", "RRULE:FREQ=WEEKLY;BYDAY=MO,TU"),
        ("RRULE:WKST=MO;INTERVAL=1;FREQ=WEEKLY", "RRULE:FREQ=WEEKLY"),
        ("RRULE:FREQ=WEEKLY;INTERVAL=01;WKST=SU;BYDAY=MO", "RRULE:FREQ=WEEKLY;BYDAY=MO"),
        ("RRULE:FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO", "RRULE:FREQ=WEEKLY;BYDAY=MO;INTERVAL=2;WKST=SU"),
        ("RRULE:FREQ=YEARLY;BYWEEKNO=20;WKST=SU", "RRULE:FREQ=YEARLY;BYWEEKNO=20;WKST=SU"),
        ("RRULE:FREQ=MONTHLY;BYDAY=+1MO,-1FR", "RRULE:FREQ=MONTHLY;BYDAY=-1FR,1MO"),
        ("RRULE:FREQ=YEARLY;BYMONTH=10,3,03", "RRULE:FREQ=YEARLY;BYMONTH=3,10"),
        ("RRULE:FREQ=DAILY;\n COUNT=5;", "RRULE:FREQ=DAILY;COUNT=5"),
        ("RRULE;X-A=b:FREQ=DAILY", "RRULE:FREQ=DAILY"),
        ("RRULE:FREQ=WEEKLY;BYDAY=NEVER", "RRULE:FREQ=WEEKLY;BYDAY=NEVER"),
        (" RDATE;TZID=Europe/Berlin:20240101T090000 ", "RDATE;TZID=Europe/Berlin:20240101T090000"),
        ("EXRULE:FREQ=DAILY", "EXRULE:FREQ=DAILY"),
    ],
)
def test_a_rule_has_one_spelling(line: str, spelled: str) -> None:
    assert normalized_rule(line) == spelled


@given(st.text(alphabet="RULE:;=FQDAILYBMO,1T- ", max_size=40))
def test_spelling_a_rule_twice_changes_nothing(line: str) -> None:
    once = normalized_rule(line)

    assert normalized_rule(once) == once


@pytest.mark.parametrize(
    "until", ["20240405T215959Z", "20240405T070000Z", "20240405", "20240405T090000", "20240406T065959Z"]
)
def test_every_way_to_end_at_the_same_last_occurrence_compares_equal(until: str) -> None:
    assert compared_rules((f"RRULE:FREQ=WEEKLY;UNTIL={until}",), NINE) == ("RRULE:FREQ=WEEKLY;UNTIL=20240405T070000Z",)


def test_another_last_occurrence_compares_different() -> None:
    assert compared_rules(("FREQ=WEEKLY;UNTIL=20240405T065959Z",), NINE) == (
        "RRULE:FREQ=WEEKLY;UNTIL=20240329T080000Z",
    )


def test_an_all_day_series_is_compared_by_the_last_day() -> None:
    for until in ("20240405", "20240405T000000Z", "20240411T235959Z"):
        assert compared_rules((f"FREQ=WEEKLY;UNTIL={until}",), HOLIDAY) == ("RRULE:FREQ=WEEKLY;UNTIL=20240405",)


def test_an_unreadable_rule_is_compared_by_its_text() -> None:
    assert compared_rules(("FREQ=WEEKLY;UNTIL=never",), NINE) == ("RRULE:FREQ=WEEKLY;UNTIL=NEVER",)


# --- cancelled moments -------------------------------------------------------------------------------------------

INSTANTS = st.integers(-62_135_596_800, FOREVER)
MOMENTS = st.lists(INSTANTS | st.dates()).map(tuple)


@given(MOMENTS)
def test_what_is_written_as_exdates_is_read_back(moments: tuple[Moment, ...]) -> None:
    read = [m for line in format_exdates(moments) for m in parse_exdates(line, BERLIN)]

    assert sorted(read, key=repr) == sorted(moments, key=repr)


@pytest.mark.parametrize(
    ("line", "moments"),
    [
        ("EXDATE:20240401T070000Z", [at("2024-04-01T09:00")]),
        ("EXDATE:20240401T090000", [at("2024-04-01T09:00")]),
        ("EXDATE;TZID=America/New_York:20240401T090000", [at("2024-04-01T09:00", "America/New_York")]),
        ('EXDATE;TZID="America/New_York":20240401T090000', [at("2024-04-01T09:00", "America/New_York")]),
        ("EXDATE;TZID=Somewhere Standard Time:20240401T090000", [at("2024-04-01T09:00")]),
        ("EXDATE;VALUE=DATE:20240401,20240402", [date(2024, 4, 1), date(2024, 4, 2)]),
        ("exdate:20240401t070000z, 20240402t070000z", [at("2024-04-01T09:00"), at("2024-04-02T09:00")]),
        ("EXDATE:", []),
    ],
)
def test_exdates_are_read_in_every_form(line: str, moments: list[Moment]) -> None:
    assert parse_exdates(line, BERLIN) == moments


@pytest.mark.parametrize("value", ["tomorrow", "2024-04-01", "20241301", "20240401T0900", "20240401T090000X"])
def test_a_moment_nobody_can_read_is_refused(value: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever reader found it
        parse_exdates(f"EXDATE:{value}", BERLIN)


# --- occurrences -------------------------------------------------------------------------------------------------


def test_the_clock_on_the_wall_is_kept_when_summer_time_begins() -> None:
    days = list(occurrences(("RRULE:FREQ=DAILY;COUNT=4",), NINE))

    assert local(days) == ["03-29 09:00", "03-30 09:00", "03-31 09:00", "04-01 09:00"]
    assert [b - a for a, b in pairwise(days)] == [86_400, 82_800, 86_400]  # type: ignore[operator]


def test_an_hour_that_the_clock_skips_is_moved_behind_the_gap() -> None:
    early = timed("2024-03-30T02:30", "2024-03-30T03:00")

    assert local(list(occurrences(("FREQ=DAILY;COUNT=3",), early))) == ["03-30 02:30", "03-31 03:30", "04-01 02:30"]


def test_a_series_that_begins_in_the_second_of_two_equal_hours_begins_there() -> None:
    second = at("2024-10-27T02:30") + 3600

    first = next(occurrences(("FREQ=DAILY;COUNT=3",), Timed(second, second + 60, BERLIN)))

    assert first == second


def test_all_day_occurrences_are_dates() -> None:
    assert list(occurrences(("FREQ=DAILY;COUNT=3",), HOLIDAY)) == [date(2024, 3, n) for n in (29, 30, 31)]


def test_a_start_that_its_rule_does_not_hit_is_an_occurrence_all_the_same() -> None:
    assert local(list(occurrences(("FREQ=WEEKLY;BYDAY=MO;COUNT=2",), NINE))) == [
        "03-29 09:00",
        "04-01 09:00",
        "04-08 09:00",
    ]


def test_several_rules_and_extra_days_are_one_series() -> None:
    rules = ("FREQ=WEEKLY;COUNT=2", "FREQ=DAILY;COUNT=2", "RDATE;VALUE=DATE:20240402", "RDATE:20240403T100000Z")

    assert local(list(occurrences(rules, NINE))) == [
        "03-29 09:00",
        "03-30 09:00",
        "04-02 09:00",
        "04-03 12:00",
        "04-05 09:00",
    ]


def test_an_unknown_zone_counts_as_utc() -> None:
    when = Timed(0, 60, "Mars/Olympus Mons")

    assert list(occurrences(("FREQ=DAILY;COUNT=2",), when)) == [0, 86_400]


def test_an_old_zone_name_is_understood() -> None:
    when = Timed(NINE.start, NINE.end, "US/Eastern")

    assert list(occurrences(("FREQ=DAILY;COUNT=9",), when)) == list(
        occurrences(("FREQ=DAILY;COUNT=9",), Timed(NINE.start, NINE.end, "America/New_York"))
    )


def test_a_series_without_an_end_can_be_followed_for_two_centuries() -> None:
    *_, last = islice(occurrences(("FREQ=YEARLY",), HOLIDAY), 201)

    assert last == date(2224, 3, 29)


UNREADABLE = [
    "",
    "FREQ",
    "BYDAY=MO",
    "FREQ=WEEKLY;BYDAY=XX",
    "FREQ=DAILY;INTERVAL=0",
    "FREQ=DAILY;COUNT=0",
    "FREQ=DAILY;COUNT=-1",
    "FREQ=DAILY;COUNT=x",
    "FREQ=DAILY;UNTIL=2024",
    "FREQ=DAILY;UNTIL=20249999",
    "FREQ=DAILY;UNTIL=20250101;COUNT=3",
    "FREQ=HOURLY;COUNT=3",
    "FREQ=SECONDLY;UNTIL=99991231T235959Z",
    "FREQ=WEEKLY;BYHOUR=25;COUNT=2",
    "FREQ=MONTHLY;BYSETPOS=400;BYDAY=MO;COUNT=3",
    "FREQ=DAILY;X-OWN=1;COUNT=2",
    "FREQ=YEARLY;BYEASTER=0;COUNT=2",
    "EXRULE:FREQ=DAILY;COUNT=2",
    "RDATE;VALUE=PERIOD:20240101T000000Z/PT1H",
    "RDATE:99991231",
]


@pytest.mark.parametrize("rule", UNREADABLE)
def test_a_rule_nobody_can_read_is_an_error_to_expand_and_never_looks_finished(rule: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever reader found it
        list(islice(occurrences((rule,), HOLIDAY), 10))
    assert span(series(rule, NINE))[1] == FOREVER


# --- spans -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "end"),
    [
        pytest.param("FREQ=DAILY", None, id="never ends"),
        pytest.param("FREQ=DAILY;COUNT=3", "2024-03-31T10:00", id="counted, across the clock change"),
        pytest.param("FREQ=WEEKLY;UNTIL=20240405T070000Z", "2024-04-05T10:00", id="until the last start"),
        pytest.param("FREQ=WEEKLY;UNTIL=20240405T065959Z", "2024-03-29T10:00", id="until just before it"),
        pytest.param("FREQ=WEEKLY;UNTIL=20240405", "2024-04-05T10:00", id="until a date includes that day"),
        pytest.param("FREQ=WEEKLY;UNTIL=20240404", "2024-03-29T10:00", id="until the date before"),
        pytest.param("FREQ=WEEKLY;UNTIL=20240405T090000", "2024-04-05T10:00", id="until a local time"),
        pytest.param("FREQ=WEEKLY;UNTIL=20200101T000000Z", "2024-03-29T10:00", id="over before it began"),
        pytest.param("RDATE:20240501T070000Z", "2024-05-01T10:00", id="extra days only"),
    ],
)
def test_a_timed_series_ends_with_its_final_occurrence(rule: str, end: str | None) -> None:
    assert span(series(rule, NINE)) == (NINE.start, FOREVER if end is None else at(end))


@pytest.mark.parametrize(
    ("rule", "end"),
    [
        pytest.param("FREQ=DAILY;COUNT=3", date(2024, 4, 1), id="counted"),
        pytest.param("FREQ=DAILY;UNTIL=20240331", date(2024, 4, 1), id="until a date"),
        pytest.param("FREQ=DAILY;UNTIL=20240331T000000Z", date(2024, 4, 1), id="until an instant"),
        pytest.param("RDATE;VALUE=DATE:20240501", date(2024, 5, 2), id="an extra day"),
    ],
)
def test_an_all_day_series_ends_after_its_final_day(rule: str, end: date) -> None:
    assert span(series(rule, HOLIDAY))[1] == int(datetime(end.year, end.month, end.day, tzinfo=UTC).timestamp())


def test_the_longest_of_several_rules_decides() -> None:
    item = ScheduleItem(when=NINE, rules=("FREQ=DAILY;COUNT=2", "FREQ=WEEKLY;COUNT=2"))

    assert span(item)[1] == at("2024-04-05T10:00")
    assert span(ScheduleItem(when=NINE, rules=(*item.rules, "FREQ=YEARLY")))[1] == FOREVER


def test_changed_occurrences_outside_their_series_widen_its_span() -> None:
    early = ChangedOccurrence(NINE.start, ScheduleItem(when=timed("2024-03-01T09:00", "2024-03-01T10:00")))
    late = ChangedOccurrence(at("2024-03-30T09:00"), ScheduleItem(when=timed("2024-06-01T09:00", "2024-06-02T10:00")))

    item = series("FREQ=DAILY;COUNT=3", NINE, exceptions=(early, late))

    assert span(item) == (at("2024-03-01T09:00"), at("2024-06-02T10:00"))


def test_changed_occurrences_inside_their_series_leave_its_span() -> None:
    inside = ChangedOccurrence(at("2024-03-30T09:00"), ScheduleItem(when=timed("2024-03-30T11:00", "2024-03-30T12:00")))

    item = series("FREQ=DAILY;COUNT=3", NINE, exceptions=(inside,))

    assert span(item) == span(series("FREQ=DAILY;COUNT=3", NINE))


def test_a_single_item_spans_its_own_time() -> None:
    assert span(ScheduleItem(when=NINE)) == (NINE.start, NINE.end)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=3",
        "FREQ=DAILY;BYYEARDAY=1;BYMONTH=2;COUNT=2",
        "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=4;COUNT=1",
        "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6;COUNT=1",
        "FREQ=DAILY;COUNT=99999999",
    ],
)
def test_a_rule_that_never_gets_to_its_count_is_open_ended_and_told_so_quickly(rule: str) -> None:
    begun = time.process_time()

    assert last_start(rule, NINE) is None
    assert time.process_time() - begun < 2.0


@pytest.mark.parametrize("rule", ["FREQ=DAILY;UNTIL=99991231T235959Z", "FREQ=YEARLY;UNTIL=99991231T235959Z"])
def test_an_end_in_the_year_9999_does_not_look_finished_earlier(rule: str) -> None:
    assert span(series(rule, NINE))[1] > at("9999-12-30T00:00")


@given(
    st.text(alphabet="FREQ=DAILYWKMONTH;UBSPC,0123-TZ", max_size=50)
    | st.lists(
        st.sampled_from(
            ["FREQ=DAILY", "FREQ=MONTHLY", "UNTIL=20240405T0", "COUNT=2", "BYDAY=5MO", "BYMONTHDAY=-31", "INTERVAL=3"]
        )
    ).map(";".join)
)
def test_no_text_of_a_rule_breaks_the_span(rule: str) -> None:
    start, end = span(series(rule, NINE))

    assert start == NINE.start
    assert end >= NINE.end


@given(st.integers(-(10**15), 10**15), st.sampled_from(["FREQ=DAILY;COUNT=2", "FREQ=WEEKLY;UNTIL=20240405T000000Z"]))
def test_no_time_of_a_series_breaks_the_span(start: int, rule: str) -> None:
    assert span(series(rule, Timed(start, start + 60, BERLIN)))[0] == start


# --- moving ------------------------------------------------------------------------------------------------------


def test_an_occurrence_keeps_length_and_zones() -> None:
    when = Timed(NINE.start, NINE.end, BERLIN, "Europe/London")

    assert shifted(when, NINE.start + 86_400) == Timed(NINE.start + 86_400, NINE.end + 86_400, BERLIN, "Europe/London")


def test_a_day_given_for_a_timed_series_means_its_own_time_on_that_day() -> None:
    assert shifted(NINE, date(2024, 4, 1)) == timed("2024-04-01T09:00", "2024-04-01T10:00")


def test_all_day_occurrences_keep_their_number_of_days() -> None:
    weekend = AllDay(date(2024, 3, 30), date(2024, 4, 1))

    assert shifted(weekend, date(2024, 4, 6)) == AllDay(date(2024, 4, 6), date(2024, 4, 8))
    assert shifted(weekend, at("2024-04-06T02:00")) == AllDay(date(2024, 4, 6), date(2024, 4, 8))


@pytest.mark.parametrize("when", [AllDay(date(2024, 3, 30), date(2024, 4, 1)), Timed(10**14, 10**14 + 60)])
def test_a_moment_outside_the_calendar_is_refused(when: When) -> None:
    with pytest.raises(ValueError, match="no calendar has this"):
        shifted(when, date.max)
