"""Which events a list returns: windows, expansion, cancelled ones, series and their overrides."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import ANNA, NOW, Api, span

HOUR, DAY = 3600, 86_400


def titles(events: list[dict[str, str]]) -> list[str]:
    return [event["title"] for event in events]


def test_a_list_needs_a_calendar(api: Api) -> None:
    status, body = api.call("GET", f"/v3/grants/{ANNA}/events")
    assert (status, body["error"]["validation_errors"]) == (400, {"calendar_id": "is required"})


def test_the_default_window_is_one_month_from_now(api: Api) -> None:
    for title, start in (("yesterday", -DAY), ("tomorrow", DAY), ("in 30 days", 30 * DAY), ("in 32 days", 32 * DAY)):
        api.create(title=title, when=span(start))
    assert titles(api.events()) == ["tomorrow", "in 30 days"]


def test_an_event_is_in_a_window_if_any_part_of_it_is(api: Api) -> None:
    for title, start, length in (
        ("ends at start", -HOUR, HOUR),
        ("reaches in", -HOUR, HOUR + 1),
        ("inside", 10, 20),
        ("around", -DAY, 3 * DAY),
        ("begins at end", HOUR, HOUR),
        ("reaches out", HOUR - 1, HOUR),
    ):
        api.create(title=title, when=span(start, length))
    assert titles(api.events(start=NOW, end=NOW + HOUR)) == ["reaches in", "inside", "around", "reaches out"]


def test_a_moment_is_in_the_window_that_begins_with_it(api: Api) -> None:
    api.create(title="moment", when={"time": NOW})
    assert titles(api.events(start=NOW, end=NOW)) == ["moment"]
    assert api.events(start=NOW - HOUR, end=NOW) == []


def test_a_whole_day_fills_its_day(api: Api) -> None:
    api.create(title="day", when={"date": "2026-01-02"})
    assert titles(api.events(start=NOW + 2 * DAY - 1, end=NOW + 3 * DAY)) == ["day"]
    assert api.events(start=NOW + 2 * DAY, end=NOW + 3 * DAY) == []


def test_a_start_after_the_end_is_refused(api: Api) -> None:
    status, _ = api.call("GET", f"/v3/grants/{ANNA}/events", calendar_id="primary", start=NOW + 1, end=NOW)
    assert status == 400


def test_icloud_refuses_more_than_a_year(start: Callable[..., Api]) -> None:
    api = start(provider="icloud")
    calendar = api.box.calendar(ANNA).id
    path = f"/v3/grants/{ANNA}/events"
    assert api.call("GET", path, calendar_id=calendar, start=NOW, end=NOW + 366 * DAY)[0] == 200
    assert api.call("GET", path, calendar_id=calendar, start=NOW, end=NOW + 367 * DAY)[0] == 400


def test_icloud_knows_no_primary_alias(start: Callable[..., Api]) -> None:
    status, _ = start(provider="icloud").call("GET", f"/v3/grants/{ANNA}/events", calendar_id="primary")
    assert status == 404


def test_series_are_expanded_unless_told_otherwise(api: Api) -> None:
    master = api.create(title="daily", when=span(HOUR), recurrence=["RRULE:FREQ=DAILY"])
    found = api.events(start=NOW + 5 * DAY, end=NOW + 8 * DAY)
    assert [event["id"] for event in found] == [f"{master['id']}_202601{day:02}T010000Z" for day in (6, 7, 8)]
    assert all(event["master_event_id"] == master["id"] and "recurrence" not in event for event in found)
    assert [event["id"] for event in api.events(start=NOW + 5 * DAY, end=NOW + 8 * DAY, expand_recurring="False")] == [
        master["id"]
    ]


def test_a_series_is_listed_while_its_span_lasts(api: Api) -> None:
    api.create(title="three", when=span(0), recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"])
    week = 7 * DAY
    assert titles(api.events(start=NOW + week + DAY, end=NOW + week + 2 * DAY, expand_recurring=False)) == ["three"]
    assert api.events(start=NOW + 2 * week + HOUR, end=NOW + 9 * week, expand_recurring=False) == []


def test_occurrences_keep_their_clock_time_over_a_clock_change(api: Api) -> None:
    # 2026-03-28 09:00 in Berlin, the day before summer time begins.
    first = 1_774_684_800
    when = {"start_time": first, "end_time": first + HOUR} | dict.fromkeys(
        ("start_timezone", "end_timezone"), "Europe/Berlin"
    )
    api.create(title="daily", when=when, recurrence=["RRULE:FREQ=DAILY;COUNT=2"])
    starts = [event["when"]["start_time"] for event in api.events(start=first, end=first + 3 * DAY)]
    assert starts == [first, first + 23 * HOUR]


@pytest.mark.parametrize(
    "line",
    [
        "EXDATE:20260102T010000Z",
        "EXDATE;TZID=Europe/Berlin:20260102T020000",
        "EXDATE:20260105T010000Z,20260102T010000Z",
    ],
)
def test_excluded_occurrences_do_not_happen(api: Api, line: str) -> None:
    api.create(when=span(HOUR), recurrence=["RRULE:FREQ=DAILY;COUNT=3", line])
    assert [event["original_start_time"] - NOW for event in api.events()] == [HOUR, 2 * DAY + HOUR]


def test_whole_day_series_repeat_by_days(api: Api) -> None:
    master = api.create(
        when={"date": "2026-01-05"}, recurrence=["RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20260106"]
    )
    found = api.events()
    assert [event["id"] for event in found] == [f"{master['id']}_20260105", f"{master['id']}_20260107"]
    assert found[1]["when"] == {"start_date": "2026-01-07", "end_date": "2026-01-08", "object": "datespan"}


def test_a_changed_occurrence_takes_the_place_of_the_regular_one(api: Api) -> None:
    master = api.create(title="regular", when=span(HOUR), recurrence=["RRULE:FREQ=DAILY;COUNT=3"])
    occurrence = f"{master['id']}_20260102T010000Z"
    path = f"/v3/grants/{ANNA}/events/{occurrence}"
    status, answer = api.call("PUT", path, {"title": "moved", "when": span(DAY + 5 * HOUR)}, calendar_id="primary")
    assert (status, answer["data"]["original_start_time"]) == (200, NOW + DAY + HOUR)
    assert titles(api.events(order_by="start")) == ["regular", "moved", "regular"]
    assert titles(api.events(expand_recurring=False)) == ["regular", "moved"]
    assert api.events(start=NOW + DAY + HOUR, end=NOW + DAY + 2 * HOUR) == []


def test_instances_of_a_series_come_unchanged_ones_first(api: Api) -> None:
    master = api.create(when=span(HOUR), recurrence=["RRULE:FREQ=DAILY;COUNT=3"])
    api.create(title="other", when=span(HOUR))
    api.call(
        "PUT", f"/v3/grants/{ANNA}/events/{master['id']}_20260101T010000Z", {"title": "new"}, calendar_id="primary"
    )
    found = [event["original_start_time"] - NOW for event in api.events(master_event_id=master["id"])]
    assert found == [DAY + HOUR, 2 * DAY + HOUR, HOUR]
    assert titles(api.events(master_event_id=master["id"], expand_recurring=False)) == ["new"]


def test_order_by_start_sorts_across_pages(api: Api) -> None:
    for number in (5, 1, 4, 2, 3):
        api.create(title=str(number), when=span(number * HOUR))
    api.create(title="daily", when=span(150), recurrence=["RRULE:FREQ=DAILY;COUNT=2"])
    assert titles(api.events(order_by="start", limit=2)) == ["daily", "1", "2", "3", "4", "5", "daily"]


def test_pages_stay_whole_while_events_come_and_go(api: Api) -> None:
    made = [api.create(title=str(number), when=span(HOUR)) for number in range(6)]
    page = api.get(f"/v3/grants/{ANNA}/events", calendar_id="primary", limit=3)
    for number in (0, 3):
        api.call("DELETE", f"/v3/grants/{ANNA}/events/{made[number]['id']}", calendar_id="primary")
    api.create(title="late", when=span(HOUR))
    rest = api.events(page_token=page["next_cursor"], limit=50)
    assert titles(page["data"]) + titles(rest) == ["0", "1", "2", "4", "5", "late"]


def test_a_token_may_come_with_another_limit_but_not_to_another_list(api: Api) -> None:
    for number in range(4):
        api.create(title=str(number), when=span(HOUR))
    token = api.get(f"/v3/grants/{ANNA}/events", calendar_id="primary", limit=1)["next_cursor"]
    assert titles(api.get(f"/v3/grants/{ANNA}/events", calendar_id="primary", limit=2, page_token=token)["data"]) == [
        "1",
        "2",
    ]
    other = api.box.grants[1].id
    assert api.call("GET", f"/v3/grants/{other}/events", calendar_id="primary", page_token=token)[0] == 400
    assert api.call("GET", f"/v3/grants/{ANNA}/events", calendar_id="primary", page_token="x" + token)[0] == 400


@pytest.mark.parametrize("limit", ["0", "201", "many", "-1"])
def test_a_limit_out_of_range_is_refused(api: Api, limit: str) -> None:
    assert api.call("GET", f"/v3/grants/{ANNA}/events", calendar_id="primary", limit=limit)[0] == 400


def test_import_takes_larger_pages_and_shows_cancelled_exceptions(api: Api) -> None:
    master = api.create(when=span(HOUR), recurrence=["RRULE:FREQ=DAILY;COUNT=3"], metadata={"key1": "x"})
    gone = api.create(when=span(HOUR))
    for event_id in (f"{master['id']}_20260102T010000Z", gone["id"]):
        api.call("DELETE", f"/v3/grants/{ANNA}/events/{event_id}", calendar_id="primary")
    found = api.get(f"/v3/grants/{ANNA}/events/import", calendar_id="primary", limit=500)["data"]
    assert [(event["status"], "metadata" in event) for event in found] == [("confirmed", False), ("cancelled", False)]
