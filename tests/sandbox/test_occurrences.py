"""Occurrences changed and deleted, by the rules of each provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import ANNA, NOW, Api, span

DAY = 86_400


class Series:
    """A daily series of four in the calendar of a provider."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.calendar = api.box.calendar(ANNA).id
        self.master = api.create(
            calendar=self.calendar, title="daily", when=span(3600), recurrence=["RRULE:FREQ=DAILY;COUNT=4"]
        )
        self.second = f"{self.master['id']}_20260102T010000Z"

    def call(self, method: str, event_id: str, body: Any = None) -> tuple[int, Any]:
        path = f"/v3/grants/{ANNA}/events/{event_id.replace('=', '%3D')}"
        return self.api.call(method, path, body, calendar_id=self.calendar)

    def events(self, **query: Any) -> list[Any]:
        return self.api.events(calendar=self.calendar, **query)


@pytest.fixture(params=["google", "microsoft", "icloud"])
def any_series(request: pytest.FixtureRequest, start: Callable[..., Api]) -> Series:
    return Series(start(provider=request.param))


@pytest.fixture
def series(start: Callable[..., Api]) -> Callable[[str], Series]:
    return lambda provider: Series(start(provider=provider))


def test_an_occurrence_can_be_read_by_its_id(any_series: Series) -> None:
    status, answer = any_series.call("GET", any_series.second)
    assert (status, answer["data"]["original_start_time"]) == (200, NOW + DAY + 3600)
    assert answer["data"]["master_event_id"] == any_series.master["id"]


def test_ids_of_occurrences_that_never_happen_are_unknown(any_series: Series) -> None:
    for stamp in ("20260102T020000Z", "20260105T010000Z", "20260102", "20269999T010000Z"):
        assert any_series.call("GET", f"{any_series.master['id']}_{stamp}")[0] == 404


def test_changing_an_occurrence_makes_an_override(any_series: Series) -> None:
    status, answer = any_series.call("PUT", any_series.second, {"title": "special"})
    assert (status, answer["data"]["title"]) == (200, "special")
    listed = any_series.events(expand_recurring=False)
    assert [event["id"] for event in listed] == [any_series.master["id"], any_series.second]
    assert len(any_series.events()) == 4


def test_an_occurrence_cannot_have_a_rule_of_its_own(any_series: Series) -> None:
    assert any_series.call("PUT", any_series.second, {"recurrence": ["RRULE:FREQ=DAILY"]})[0] == 400


def test_a_deleted_occurrence_no_longer_happens(any_series: Series) -> None:
    assert any_series.call("DELETE", any_series.second)[0] == 200
    assert len(any_series.events()) == 3
    assert any_series.call("DELETE", any_series.second)[0] == 404


def test_google_keeps_a_deleted_occurrence_as_cancelled_override(series: Callable[[str], Series]) -> None:
    google = series("google")
    google.call("DELETE", google.second)
    assert [event["id"] for event in google.events(expand_recurring=False)] == [google.master["id"]]
    shown = google.events(expand_recurring=False, show_cancelled=True)
    assert [(event["id"], event["status"]) for event in shown][1] == (google.second, "cancelled")
    assert len(google.events(show_cancelled=True)) == 4
    assert google.call("GET", google.second)[1]["data"]["status"] == "cancelled"


@pytest.mark.parametrize("provider", ["microsoft", "icloud"])
def test_others_exclude_a_deleted_occurrence(series: Callable[[str], Series], provider: str) -> None:
    found = series(provider)
    found.call("PUT", found.second, {"title": "special"})
    found.call("DELETE", found.second)
    [master] = found.events(expand_recurring=False, show_cancelled=True)
    assert master["recurrence"] == ["RRULE:FREQ=DAILY;COUNT=4", "EXDATE:20260102T010000Z"]
    assert master["updated_at"] > found.master["updated_at"]
    assert found.call("GET", found.second)[0] == 404


def test_deleting_a_series_deletes_its_overrides(any_series: Series) -> None:
    any_series.call("PUT", any_series.second, {"title": "special"})
    assert any_series.call("DELETE", any_series.master["id"])[0] == 200
    assert any_series.events() == any_series.events(expand_recurring=False) == []
    assert any_series.call("GET", any_series.second)[0] == 404


def test_a_deleted_event_is_readable_as_cancelled_at_google_only(any_series: Series) -> None:
    any_series.call("DELETE", any_series.master["id"])
    status, answer = any_series.call("GET", any_series.master["id"])
    is_google = any_series.api.box.sandbox.provider == "google"
    assert (status, answer.get("data", {}).get("status")) == ((200, "cancelled") if is_google else (404, None))
    assert len(any_series.events(show_cancelled=True, expand_recurring=False)) == is_google
    assert any_series.call("PUT", any_series.master["id"], {"title": "x"})[0] == 404


@pytest.mark.parametrize(("provider", "left"), [("google", 2), ("microsoft", 1)])
def test_a_changed_rule_keeps_or_drops_overrides(series: Callable[[str], Series], provider: str, left: int) -> None:
    found = series(provider)
    found.call("PUT", found.second, {"title": "special"})
    found.call("PUT", found.master["id"], {"title": "renamed"})
    assert len(found.events(expand_recurring=False)) == 2
    found.call("PUT", found.master["id"], {"recurrence": ["RRULE:FREQ=DAILY;COUNT=9"]})
    assert len(found.events(expand_recurring=False)) == left


def test_a_series_can_become_single_except_at_icloud(any_series: Series) -> None:
    status, answer = any_series.call("PUT", any_series.master["id"], {"recurrence": []})
    if any_series.api.box.sandbox.provider == "icloud":
        assert status == 400
    else:
        assert "recurrence" not in answer["data"]


def test_microsoft_gives_each_occurrence_a_uid_and_google_shares_one(any_series: Series) -> None:
    uids = {event["ical_uid"] for event in any_series.events()}
    assert len(uids) == (4 if any_series.api.box.sandbox.provider == "microsoft" else 1)


def test_microsoft_does_not_check_the_calendar(series: Callable[[str], Series]) -> None:
    for provider, status in (("microsoft", 200), ("google", 404)):
        found = series(provider)
        found.calendar = found.api.box.add_calendar(ANNA, "Other").id
        assert found.call("GET", found.master["id"])[0] == status
