"""What may be written, how it is merged, who is mailed, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import ANNA, NOW, Api, span

PATH = f"/v3/grants/{ANNA}/events"
PRIMARY = {"calendar_id": "primary"}


def days(start: str, end: str) -> dict[str, str]:
    return {"start_date": start, "end_date": end}


def test_nested_fields_are_replaced_and_others_kept(api: Api) -> None:
    made = api.create(
        title="a",
        when=span(0, zone="Europe/Paris"),
        metadata={"key1": "1", "key2": "2"},
        participants=[{"email": "x@c.example", "name": "X"}],
        location="here",
    )
    body = {"metadata": {"key1": "9"}, "when": span(60), "participants": [{"email": "z@c.example"}], "location": None}
    changed = api.call("PUT", f"{PATH}/{made['id']}", body, **PRIMARY)[1]["data"]
    assert changed["metadata"] == {"key1": "9"}
    assert changed["when"] == span(60) | {"object": "timespan"}
    assert [one["email"] for one in changed["participants"]] == ["z@c.example"]
    assert (changed["title"], "location" in changed) == ("a", False)


def test_answers_of_others_cannot_be_written_and_are_kept(api: Api) -> None:
    people = [{"email": "x@c.example", "status": "yes"}, {"email": ANNA, "status": "yes"}]
    made = api.create(when=span(0), participants=people)
    assert [one["status"] for one in made["participants"]] == ["noreply", "yes"]
    stored = made | {"participants": [{"email": "x@c.example", "status": "maybe"}]}
    api.box.add_event(api.box.calendar(ANNA), stored)
    body = {"participants": [{"email": "X@c.example", "status": "no"}, {"email": "new@c.example"}]}
    changed = api.call("PUT", f"{PATH}/{made['id']}", body, **PRIMARY)[1]["data"]
    assert [one["status"] for one in changed["participants"]] == ["maybe", "noreply"]


def test_server_fields_are_not_writable(api: Api) -> None:
    made = api.create(when=span(0))
    body = {"id": "x", "ical_uid": "x", "status": "cancelled", "organizer": {"email": "x@c.example"}, "created_at": 1}
    changed = api.call("PUT", f"{PATH}/{made['id']}", body, **PRIMARY)[1]["data"]
    assert {key: changed[key] for key in body} == {key: made[key] for key in body}


def test_every_change_raises_updated_at(api: Api) -> None:
    made = api.create(when=span(0))
    seen = [made["updated_at"]]
    for title in "ab":
        seen.append(api.call("PUT", f"{PATH}/{made['id']}", {"title": title}, **PRIMARY)[1]["data"]["updated_at"])
    assert seen == sorted(set(seen))


def test_the_answer_names_the_real_calendar(api: Api) -> None:
    assert api.create(when=span(0))["calendar_id"] == ANNA


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "when"),
        ({"when": None}, "when"),
        ({"when": {}}, "when"),
        ({"when": {"start_time": NOW}}, "when.end_time"),
        ({"when": {"start_time": NOW, "end_time": NOW}}, "when.end_time"),
        ({"when": {"start_time": NOW, "end_time": NOW - 1}}, "when.end_time"),
        ({"when": {"start_time": "soon", "end_time": NOW}}, "when.start_time"),
        ({"when": {"start_time": 10**15, "end_time": 10**15 + 1}}, "when.start_time"),
        ({"when": span(0) | {"start_timezone": "Europe/Berlin"}}, "when.start_timezone"),
        ({"when": span(0, zone="Mars/Olympus")}, "when.start_timezone"),
        ({"when": {"time": NOW, "timezone": "../etc"}}, "when.timezone"),
        ({"when": {"date": "2026-02-30"}}, "when.date"),
        ({"when": {"date": "9999-12-31"}}, "when.date"),
        ({"when": {"start_date": "2026-02-03", "end_date": "2026-02-01"}}, "when.end_date"),
        ({"when": span(0), "recurrence": ["RDATE:20260101"]}, "recurrence"),
        ({"when": span(0), "recurrence": ["EXDATE:20260101"]}, "recurrence"),
        ({"when": span(0), "recurrence": ["RRULE:FREQ=NEVER"]}, "recurrence"),
        ({"when": span(0), "recurrence": ["RRULE:FREQ=SECONDLY"]}, "recurrence"),
        ({"when": span(0), "recurrence": ["RRULE:FREQ=DAILY", "EXDATE:soon"]}, "recurrence"),
        ({"when": span(0), "recurrence": "RRULE:FREQ=DAILY"}, "recurrence"),
        ({"when": span(0), "metadata": {"key1": 7}}, "metadata"),
        ({"when": span(0), "metadata": {"key1": {"a": "b"}}}, "metadata"),
        ({"when": span(0), "metadata": {"k" * 41: "x"}}, "metadata"),
        ({"when": span(0), "metadata": {"key1": "x" * 501}}, "metadata"),
        ({"when": span(0), "metadata": {str(number): "x" for number in range(51)}}, "metadata"),
        ({"when": span(0), "participants": [{"name": "X"}]}, "participants.0.email"),
        ({"when": span(0), "participants": "x@c.example"}, "participants"),
        ({"when": span(0), "title": "x" * 1025}, "title"),
        ({"when": span(0), "location": "x" * 256}, "location"),
        ({"when": span(0), "description": "x" * 8193}, "description"),
        ({"when": span(0), "busy": "yes"}, "busy"),
        ({"when": span(0), "visibility": "secret"}, "visibility"),
        ({"when": span(0), "reminders": {"use_default": True, "overrides": [{"reminder_minutes": 5}]}}, "reminders"),
        ({"when": span(0), "reminders": {"overrides": [{"reminder_minutes": -5}]}}, "reminders.overrides"),
        ({"when": span(0), "conferencing": {"autocreate": {}, "details": {}}}, "conferencing"),
    ],
)
def test_what_no_provider_takes_is_refused_by_field(api: Api, body: dict[str, Any], field: str) -> None:
    status, answer = api.call("POST", PATH, body, **PRIMARY)
    assert (status, list(answer["error"]["validation_errors"])) == (400, [field])
    assert api.events() == []


def test_the_longest_metadata_is_taken(api: Api) -> None:
    metadata = {f"{number:040}": "x" * 500 for number in range(50)}
    assert api.create(when=span(0), metadata=metadata)["metadata"] == metadata


@pytest.mark.parametrize(
    ("provider", "written", "read"),
    [
        ("google", {"date": "2026-07-11"}, days("2026-07-11", "2026-07-12")),
        ("google", days("2026-07-11", "2026-07-11"), days("2026-07-11", "2026-07-12")),
        ("microsoft", days("2026-07-11", "2026-07-13"), days("2026-07-11", "2026-07-13")),
        ("icloud", days("2026-07-11", "2026-07-11"), {"date": "2026-07-11"}),
        ("icloud", days("2026-07-11", "2026-07-12"), days("2026-07-11", "2026-07-12")),
    ],
)
def test_whole_days_end_as_the_provider_says(
    start: Callable[..., Api], provider: str, written: dict[str, str], read: dict[str, str]
) -> None:
    api = start(provider=provider)
    when = api.create(calendar=api.box.calendar(ANNA).id, when=written)["when"]
    assert when == read | {"object": "date" if "date" in read else "datespan"}


@pytest.mark.parametrize(("provider", "status"), [("google", 200), ("microsoft", 400), ("icloud", 200)])
def test_default_visibility_is_for_google(start: Callable[..., Api], provider: str, status: int) -> None:
    api = start(provider=provider)
    found, answer = api.call(
        "POST", PATH, {"when": span(0), "visibility": "default"}, calendar_id=api.box.calendar(ANNA).id
    )
    assert found == status
    # iCloud has no visibility: it is ignored.
    assert answer.get("data", {}).get("visibility") == ("default" if provider == "google" else None)


@pytest.mark.parametrize(("provider", "status"), [("google", 200), ("microsoft", 400), ("icloud", 400)])
def test_most_providers_keep_one_reminder(start: Callable[..., Api], provider: str, status: int) -> None:
    api = start(provider=provider)
    body = {"when": span(0), "reminders": {"overrides": [{"reminder_minutes": 5}, {"reminder_minutes": 9}]}}
    assert api.call("POST", PATH, body, calendar_id=api.box.calendar(ANNA).id)[0] == status


def test_read_only_calendars_refuse_every_write(api: Api) -> None:
    calendar = api.box.add_calendar(ANNA, "Holidays", read_only=True)
    made = api.box.add_event(calendar, {"when": span(0) | {"object": "timespan"}})
    query = {"calendar_id": calendar.id}
    assert made["read_only"] is True
    assert api.call("POST", PATH, {"when": span(0)}, **query)[0] == 403
    assert api.call("PUT", f"{PATH}/{made['id']}", {"title": "x"}, **query)[0] == 403
    assert api.call("DELETE", f"{PATH}/{made['id']}", **query)[0] == 403
    assert len(api.events(calendar=calendar.id)) == 1


def test_the_primary_calendar_cannot_be_deleted(api: Api) -> None:
    assert api.call("DELETE", f"/v3/grants/{ANNA}/calendars/primary")[0] == 400


def test_microsoft_cannot_rename_the_primary_calendar(start: Callable[..., Api]) -> None:
    api = start(provider="microsoft")
    assert api.call("PUT", f"/v3/grants/{ANNA}/calendars/primary", {"name": "Mine"})[0] == 400
    assert api.call("PUT", f"/v3/grants/{ANNA}/calendars/primary", {"hex_color": "#0099EE"})[0] == 200


def mailed(api: Api) -> list[tuple[str, list[str]]]:
    return [(entry["action"], entry["to"]) for entry in api.get("/sandbox/mailed")["data"]]


def test_participants_are_mailed_unless_suppressed(api: Api) -> None:
    people = [{"email": "x@c.example"}, {"email": ANNA}]
    for asked in ({}, {"notify_participants": "False"}):
        made = api.call("POST", PATH, {"when": span(0), "participants": people}, **PRIMARY, **asked)[1]["data"]
        body = {"participants": [{"email": "y@c.example"}]}
        api.call("PUT", f"{PATH}/{made['id']}", body, **PRIMARY, **asked)
        api.call("DELETE", f"{PATH}/{made['id']}", **PRIMARY, **asked)
    assert mailed(api) == [
        ("created", ["x@c.example"]),
        ("updated", ["x@c.example", "y@c.example"]),
        ("deleted", ["y@c.example"]),
    ]


@pytest.mark.parametrize("provider", ["microsoft", "icloud"])
def test_some_providers_mail_whatever_is_asked(start: Callable[..., Api], provider: str) -> None:
    api = start(provider=provider)
    body = {"when": span(0), "participants": [{"email": "x@c.example"}]}
    api.call("POST", PATH, body, calendar_id=api.box.calendar(ANNA).id, notify_participants="false")
    assert mailed(api) == [("created", ["x@c.example"])]


def test_nobody_is_mailed_about_metadata(api: Api) -> None:
    made = api.create(when=span(0), participants=[{"email": "x@c.example"}])
    api.call("DELETE", "/sandbox/mailed")
    api.call("PUT", f"{PATH}/{made['id']}", {"metadata": {"key1": "1"}}, **PRIMARY)
    assert mailed(api) == []


def test_the_organizer_of_a_second_google_calendar_is_that_calendar(api: Api) -> None:
    calendar = api.call("POST", f"/v3/grants/{ANNA}/calendars", {"name": "Second"})[1]["data"]["id"]
    assert api.create(calendar=calendar, when=span(0))["organizer"]["email"] == calendar
