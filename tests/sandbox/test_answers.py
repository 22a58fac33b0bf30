"""Answers to invitations, busy times, and compressed answers over HTTP."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
import requests

from .conftest import ANNA, NOW, Api, span

BRUNO = "bruno@other.example"


def invited(api: Api, **more: Any) -> Any:
    calendar = api.box.calendar(ANNA)
    event = {
        "title": "Offer",
        "when": {"object": "timespan", **span(3600)},
        "participants": [{"email": ANNA, "status": "noreply"}, {"email": "x@y.example", "status": "yes"}],
        "organizer": {"email": BRUNO},
    }
    return api.box.add_event(calendar, event | more)


def rsvp(api: Api, event_id: str, status: object, **query: Any) -> tuple[int, Any]:
    path = f"/v3/grants/{ANNA}/events/{event_id}/send-rsvp"
    return api.call("POST", path, {"status": status}, **({"calendar_id": "primary"} | query))


@pytest.mark.parametrize("status", ["yes", "no", "maybe"])
def test_an_invitation_is_answered_and_the_organizer_is_told(api: Api, status: str) -> None:
    event = invited(api)
    code, answer = rsvp(api, event["id"], status)
    assert (code, answer["data"]) == (200, {})
    people = api.get(f"/v3/grants/{ANNA}/events/{event['id']}", calendar_id="primary")["data"]["participants"]
    assert {one["email"]: one["status"] for one in people} == {ANNA: status, "x@y.example": "yes"}
    assert [(one["action"], one["to"]) for one in api.get("/sandbox/mailed")["data"]] == [("answered", [BRUNO])]


def test_an_answer_may_be_silent(api: Api) -> None:
    assert rsvp(api, invited(api)["id"], "yes", skip_nylas_email="True")[0] == 200
    assert api.get("/sandbox/mailed")["data"] == []


def test_one_occurrence_is_answered_alone(api: Api) -> None:
    event = invited(api, recurrence=["RRULE:FREQ=DAILY;COUNT=3"])
    occurrence = api.events(start=NOW, end=NOW + 5 * 86_400)[1]["id"]
    assert rsvp(api, occurrence, "no")[0] == 200
    found = api.events(start=NOW, end=NOW + 5 * 86_400)
    assert sorted(one["participants"][0]["status"] for one in found) == ["no", "noreply", "noreply"]
    assert event["id"] != occurrence


def test_wrong_answers_are_refused(api: Api) -> None:
    event = invited(api)
    assert rsvp(api, event["id"], "perhaps")[0] == 400
    assert rsvp(api, event["id"], None)[0] == 400
    assert rsvp(api, event["id"], "yes", calendar_id="")[0] == 400
    assert rsvp(api, "none", "yes")[0] == 404
    assert rsvp(api, api.create(when=span(0))["id"], "yes")[0] == 400


def busy(api: Api, *emails: str, **more: Any) -> list[Any]:
    body = {"emails": list(emails), "start_time": NOW, "end_time": NOW + 86_400} | more
    status, answer = api.call("POST", f"/v3/grants/{ANNA}/calendars/free-busy", body)
    assert status == 200, answer
    found: list[Any] = answer["data"]
    return found


def test_busy_times_are_merged_and_cut(api: Api) -> None:
    api.create(when=span(-1800, 3600))
    api.create(when=span(1800, 3600))
    api.create(when=span(3600, 600))
    api.create(when=span(10_000, 600), busy=False)
    api.create(when=span(20_000, 600), recurrence=["RRULE:FREQ=DAILY;COUNT=2"])
    [row] = busy(api, ANNA)
    assert (row["email"], row["object"]) == (ANNA, "free_busy")
    slots = [(one["start_time"] - NOW, one["end_time"] - NOW) for one in row["time_slots"]]
    assert slots == [(0, 5400), (20_000, 20_600)]
    assert {(one["status"], one["object"]) for one in row["time_slots"]} == {("busy", "time_slot")}


def test_an_unknown_address_is_an_error_in_its_row(api: Api) -> None:
    rows = busy(api, ANNA, "nobody@x.example")
    assert [one["object"] for one in rows] == ["free_busy", "error"]
    assert rows[1]["error"]


def test_a_tentative_meeting_may_count_as_free(start: Callable[..., Api]) -> None:
    api = start()
    invited(api, status="maybe")
    assert len(busy(api, ANNA)[0]["time_slots"]) == 1
    assert busy(api, ANNA, tentative_as_busy=False)[0]["time_slots"] == []


@pytest.mark.parametrize("more", [{"emails": []}, {"emails": "x"}, {"start_time": None}, {"end_time": NOW}])
def test_wrong_questions_for_busy_times_are_refused(api: Api, more: dict[str, Any]) -> None:
    body = {"emails": [ANNA], "start_time": NOW, "end_time": NOW + 1} | more
    assert api.call("POST", f"/v3/grants/{ANNA}/calendars/free-busy", body)[0] == 400


def answer_to(api: Api, accept: str | None, path: str = "/v3/grants") -> requests.Response:
    headers = {"Authorization": f"Bearer {api.box.api_key}", "Accept-Encoding": accept}
    answer = requests.get(api.box.url + path, headers=headers, stream=True, timeout=10)
    answer.raw.decode_content = False
    return answer


def test_an_answer_is_compressed_if_asked_for(api: Api) -> None:
    answer = answer_to(api, "gzip, deflate")
    body = answer.raw.read()
    assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert int(answer.headers["Content-Length"]) == len(body)
    assert gzip.decompress(body).startswith(b'{"request_id"')


@pytest.mark.parametrize("accept", [None, "identity", "gzip;q=0", "deflate"])
def test_an_answer_is_plain_otherwise(api: Api, accept: str | None) -> None:
    answer = answer_to(api, accept)
    assert "Content-Encoding" not in answer.headers
    assert answer.raw.read().startswith(b'{"request_id"')


def test_a_short_answer_is_not_compressed(api: Api) -> None:
    answer = answer_to(api, "gzip", "/v3/grants?offset=99")
    assert "Content-Encoding" not in answer.headers
    assert len(answer.raw.read()) < 200


def test_a_fault_spoils_an_answer_before_it_is_compressed(api: Api) -> None:
    api.call("POST", "/sandbox/faults", {"kind": "status", "status": 200, "body": "truncated"})
    answer = answer_to(api, "gzip")
    assert not gzip.decompress(answer.raw.read()).endswith(b"}")
