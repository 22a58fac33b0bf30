"""Filters of event lists, with the service's odd corners."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import ANNA, NOW, Api, span

PATH = f"/v3/grants/{ANNA}/events"


def titles(events: list[dict[str, str]]) -> list[str]:
    return [event.get("title", "") for event in events]


@pytest.mark.parametrize("words", ["march", "MARCH meeting", "(draft)"])
def test_words_match_in_any_case_and_only_whole(api: Api, words: str) -> None:
    api.create(title="March Meeting (draft)", when=span(0))
    api.create(title="abcMarch123", when=span(0))
    assert titles(api.events(title=words)) == ["March Meeting (draft)"]


def test_description_and_location_are_searched_too(api: Api) -> None:
    api.create(title="a", description="bring the Größe", when=span(0))
    api.create(title="b", location="Room Elbe", when=span(0))
    assert titles(api.events(description="größe")) == ["a"]
    assert titles(api.events(location="elbe")) == ["b"]


def test_expanded_series_are_searched_too(api: Api) -> None:
    api.create(title="weekly talk", when=span(0), recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"])
    assert len(api.events(title="talk")) == 3


def test_attendees_are_one_comma_list_of_which_the_last_counts(api: Api) -> None:
    api.create(title="x", when=span(0), participants=[{"email": "x@c.example"}, {"email": "y@c.example"}])
    api.create(title="y", when=span(0), participants=[{"email": "Y@c.example"}])
    assert titles(api.events(attendees="x@c.example,y@c.example")) == ["x"]
    assert titles(api.events(attendees=["x@c.example", "y@c.example"])) == ["x", "y"]


def test_busy_finds_busy_or_free_events(api: Api) -> None:
    api.create(title="busy", when=span(0))
    api.create(title="free", busy=False, when=span(0))
    assert titles(api.events(busy="True")) == ["busy"]
    assert titles(api.events(busy="false")) == ["free"]


def test_only_default_events_are_shown_unless_types_are_named(api: Api) -> None:
    calendar = api.box.calendar(ANNA)
    when = {**span(0), "object": "timespan"}
    api.create(title="plain", when=span(0))
    api.box.add_event(calendar, {"title": "focus", "when": when}, event_type="focusTime")
    assert titles(api.events()) == ["plain"]
    assert titles(api.events(event_type=["default", "focusTime"])) == ["plain", "focus"]


def test_updated_after_means_later_and_before_means_earlier(api: Api) -> None:
    old = api.create(title="old", when=span(0))
    api.box.sandbox.clock.advance(100)  # type: ignore[attr-defined]
    api.create(title="new", when=span(200))
    assert titles(api.events(updated_after=old["updated_at"], start=NOW)) == ["new"]
    assert titles(api.events(updated_before=old["updated_at"] + 1, start=NOW)) == ["old"]


def test_icloud_ignores_filters_it_does_not_have(start: Callable[..., Api]) -> None:
    api = start(provider="icloud")
    calendar = api.box.calendar(ANNA).id
    api.create(calendar=calendar, title="one", when=span(0))
    for unknown in ({"updated_after": NOW * 2}, {"busy": False}, {"master_event_id": "x"}, {"show_cancelled": True}):
        assert titles(api.events(calendar=calendar, **unknown)) == ["one"]


def test_tentative_events_of_microsoft_can_be_shown_as_free(start: Callable[..., Api]) -> None:
    api = start(provider="microsoft")
    calendar = api.box.calendar(ANNA)
    made = api.box.add_event(calendar, {"when": {**span(0), "object": "timespan"}, "status": "maybe"})
    assert [event["busy"] for event in api.events(calendar=calendar.id)] == [True]
    assert [event["busy"] for event in api.events(calendar=calendar.id, tentative_as_busy=False)] == [False]
    path = f"{PATH}/{made['id'].replace('=', '%3D')}"
    assert api.get(path, calendar_id=calendar.id, tentative_as_busy="False")["data"]["busy"] is False


def test_a_uid_is_found_whenever_the_event_is(api: Api) -> None:
    made = api.create(when=span(-(10**8)))
    assert [event["id"] for event in api.events(ical_uid=made["ical_uid"])] == [made["id"]]
    assert api.call("GET", PATH, calendar_id="primary", ical_uid="x", title="y")[0] == 400


def test_metadata_finds_events_in_any_window_by_one_pair(api: Api) -> None:
    made = api.create(when=span(-(10**8)), metadata={"key1": "7", "other": "x"})
    api.create(when=span(0), metadata={"key2": "7"})
    assert [event["id"] for event in api.events(metadata_pair="key1:7", start=NOW, updated_after=NOW * 2)] == [
        made["id"]
    ]
    assert api.events(metadata_pair="key1:8") == []


@pytest.mark.parametrize(
    "query", [{"title": "x"}, {"busy": True}, {"ical_uid": "x"}, {"expand_recurring": False}, {"show_cancelled": True}]
)
def test_metadata_cannot_be_combined_with_other_filters(api: Api, query: dict[str, object]) -> None:
    assert api.call("GET", PATH, calendar_id="primary", metadata_pair="key1:7", **query)[0] == 400


@pytest.mark.parametrize("pair", ["other:x", "key6:x", "key1"])
def test_only_the_five_keys_are_indexed(api: Api, pair: str) -> None:
    assert api.call("GET", PATH, calendar_id="primary", metadata_pair=pair)[0] == 400


def test_deleted_events_are_not_found_by_metadata(api: Api) -> None:
    made = api.create(when=span(0), metadata={"key1": "7"})
    api.call("DELETE", f"{PATH}/{made['id']}", calendar_id="primary")
    assert api.events(metadata_pair="key1:7") == []


def test_calendars_are_found_by_metadata_and_paged(api: Api) -> None:
    path = f"/v3/grants/{ANNA}/calendars"
    for number in range(3):
        api.call("POST", path, {"name": str(number), "metadata": {"key1": str(number % 2)}})
    assert [one["name"] for one in api.get(path, metadata_pair="key1:0")["data"]] == ["0", "2"]
    first = api.get(path, limit=3, select="name")
    rest = api.get(path, limit=3, select="name", page_token=first["next_cursor"])
    assert [one["name"] for one in first["data"] + rest["data"]] == [ANNA, "0", "1", "2"]
    assert "next_cursor" not in rest
