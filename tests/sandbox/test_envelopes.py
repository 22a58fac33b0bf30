"""Every answer is JSON with a request id, whatever went wrong."""

from __future__ import annotations

import pytest
import requests

from .conftest import ANNA, Api, span

GRANT = f"/v3/grants/{ANNA}"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v3/nothing", 404),
        ("GET", "/elsewhere", 404),
        ("PATCH", f"{GRANT}/events", 404),
        ("GET", "/v3/grants/nobody/events?calendar_id=primary", 404),
        ("GET", "/v3/grants/me/calendars", 401),
        ("GET", f"{GRANT}/calendars/none", 404),
        ("GET", f"{GRANT}/events/none?calendar_id=primary", 404),
        ("GET", f"{GRANT}/events/none", 400),
        ("GET", f"{GRANT}/events?calendar_id=none", 404),
        ("GET", f"{GRANT}/events?calendar_id=primary&busy=perhaps", 400),
        ("GET", f"{GRANT}/events?calendar_id=primary&order_by=title", 400),
        ("GET", f"{GRANT}/events?calendar_id=primary&start=noon", 400),
        ("POST", f"{GRANT}/calendars", 400),
        ("GET", "/v3/grants?sort_by=email", 400),
        ("GET", "/v3/grants?limit=201", 400),
        ("PUT", "/sandbox/faults", 404),
        ("POST", "/sandbox/faults", 400),
    ],
)
def test_refusals_are_json_with_type_message_and_request_id(api: Api, method: str, path: str, status: int) -> None:
    answer = api._session.request(method, api.box.url + path, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
    body = answer.json()
    assert body["request_id"] == answer.headers["X-Request-Id"]
    assert body["error"]["type"]
    assert body["error"]["message"]


def test_unknown_routes_are_named(api: Api) -> None:
    assert api.call("GET", "/v3/x")[1]["error"]["message"] == "Unrecognized request URL (GET: /v3/x)"


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic abc", "Bearer"])
def test_a_wrong_key_is_unauthorized(api: Api, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    answer = requests.get(f"{api.box.url}/v3/applications", headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "unauthorized")


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b'{"title": NaN}', b"\xff", b"[" * 100_000])
def test_bodies_that_are_no_json_object_are_refused(api: Api, body: bytes) -> None:
    url = f"{api.box.url}{GRANT}/events?calendar_id=primary"
    assert api._session.post(url, data=body, timeout=10).status_code == 400


def test_a_deletion_may_carry_an_empty_object(api: Api) -> None:
    made = api.create(when=span(0))
    status, answer = api.call("DELETE", f"{GRANT}/events/{made['id']}", {}, calendar_id="primary")
    assert (status, list(answer)) == (200, ["request_id"])


def test_the_last_page_has_no_cursor(api: Api) -> None:
    assert set(api.get(f"{GRANT}/events", calendar_id="primary")) == {"request_id", "data"}


def test_half_surrogates_do_not_break_the_sandbox(api: Api) -> None:
    url = f"{api.box.url}{GRANT}/events?calendar_id=primary"
    body = b'{"title": "a\\ud800b", "when": {"time": 1767225600}}'
    assert api._session.post(url, data=body, timeout=10).json()["data"]["title"] in ("a?b", "a\ud800b")
    assert [event["title"] for event in api.events()] == ["a?b"]


def test_grants_are_listed_with_limit_and_offset(api: Api) -> None:
    everyone = api.get("/v3/grants", order_by="asc")
    assert (len(everyone["data"]), everyone["limit"], everyone["offset"]) == (3, 10, 0)
    second = api.get("/v3/grants", order_by="asc", limit=1, offset=1)
    assert second["data"] == everyone["data"][1:2]
    assert api.get("/v3/grants", limit=5, offset=9)["data"] == []


def test_grants_are_filtered(api: Api) -> None:
    api.call("POST", f"/sandbox/grants/{ANNA}/expire")
    for query, count in (
        ({"email": ANNA.upper()}, 1),
        ({"provider": "google"}, 3),
        ({"provider": "microsoft"}, 0),
        ({"grant_status": "invalid"}, 1),
        ({"grant_status": "valid"}, 2),
        ({"before": 0}, 0),
        ({"since": 0}, 3),
        ({"account_ids": "x"}, 0),
    ):
        assert len(api.get("/v3/grants", **query)["data"]) == count, query


def test_a_deleted_grant_is_gone_with_all_its_data(api: Api) -> None:
    assert api.call("DELETE", f"/v3/grants/{api.box.grants[0].id}", {})[0] == 200
    assert api.call("GET", f"{GRANT}/calendars")[0] == 404


def test_an_expired_grant_refuses_data_until_restored(api: Api) -> None:
    api.call("POST", f"/sandbox/grants/{ANNA}/expire")
    assert api.call("GET", f"{GRANT}/calendars")[0] == 401
    assert api.get(f"/v3/grants/{api.box.grants[0].id}")["data"]["grant_status"] == "invalid"
    api.call("POST", f"/sandbox/grants/{ANNA}/restore")
    assert api.call("GET", f"{GRANT}/calendars")[0] == 200
