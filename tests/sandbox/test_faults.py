"""Faults on command: each kind, counted and in order; and the log that shows what happened."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from nylasadmin.sandbox.fault_kinds import KINDS, SWITCHES

from .conftest import ANNA, Api, span

PATH = f"/v3/grants/{ANNA}/events"
PRIMARY = {"calendar_id": "primary"}


def order(api: Api, **fault: Any) -> None:
    status, answer = api.call("POST", "/sandbox/faults", fault)
    assert status == 200, answer


def statuses(api: Api, count: int, path: str = PATH) -> list[int]:
    return [api.call("GET", path, **PRIMARY)[0] for _ in range(count)]


def test_a_fault_passes_some_requests_then_hits_some(api: Api) -> None:
    order(api, kind="status", status=503, after=2, count=2)
    assert statuses(api, 6) == [200, 200, 503, 503, 200, 200]
    [fault] = api.get("/sandbox/faults")["data"]
    assert (fault["seen"], fault["fired"]) == (6, 2)


def test_a_fault_without_count_lasts_until_it_is_removed(api: Api) -> None:
    order(api, kind="status", status=429, count=None)
    assert statuses(api, 3) == [429] * 3
    api.call("DELETE", "/sandbox/faults")
    assert statuses(api, 1) == [200]


def test_faults_hit_in_the_order_they_were_given(api: Api) -> None:
    for status in (500, 502, 504):
        order(api, kind="status", status=status)
    assert statuses(api, 4) == [500, 502, 504, 200]


def test_a_fault_hits_only_its_grant_path_and_method(api: Api) -> None:
    order(api, kind="status", grant=ANNA, path_contains="/events", method="GET", count=None)
    other = f"/v3/grants/{api.box.grants[1].id}/events"
    assert statuses(api, 1, other) == [200]
    assert api.call("GET", f"/v3/grants/{ANNA}/calendars")[0] == 200
    assert api.call("POST", PATH, {"when": span(0)}, **PRIMARY)[0] == 200
    for name in (ANNA, api.box.grants[0].id, f"email:{ANNA}"):
        assert statuses(api, 1, f"/v3/grants/{name}/events") == [500]


@pytest.mark.parametrize("retry_after", [None, 7])
def test_too_many_requests_may_say_when_to_come_back(api: Api, retry_after: int | None) -> None:
    order(api, kind="status", status=429, retry_after=retry_after)
    answer = api._session.get(api.box.url + PATH, params=PRIMARY, timeout=10)
    assert answer.headers.get("Retry-After") == (None if retry_after is None else "7")
    assert answer.json()["error"]["type"] == "rate_limit_error"


def test_a_bad_gateway_may_answer_html(api: Api) -> None:
    order(api, kind="status", status=502, body="html")
    answer = api._session.get(api.box.url + PATH, params=PRIMARY, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")
    assert b"502 Bad gateway" in answer.content


def test_a_body_may_be_cut_short(api: Api) -> None:
    api.create(when=span(0))
    for status in (200, 500):
        order(api, kind="status", status=status, body="truncated")
        answer = api._session.get(api.box.url + PATH, params=PRIMARY, timeout=10)
        assert answer.status_code == status
        assert answer.content.startswith(b'{"request_id":')
        with pytest.raises(requests.exceptions.JSONDecodeError):
            answer.json()


def test_a_hanging_answer_comes_late(api: Api) -> None:
    order(api, kind="hang", seconds=5)
    with pytest.raises(requests.exceptions.ReadTimeout):
        api._session.get(api.box.url + PATH, params=PRIMARY, timeout=0.2)
    order(api, kind="hang", seconds=0.3)
    began = time.monotonic()
    assert statuses(api, 1) == [200]
    assert time.monotonic() - began >= 0.3


def test_a_connection_may_be_reset(api: Api) -> None:
    order(api, kind="reset")
    with pytest.raises(requests.exceptions.ConnectionError):
        api.call("GET", PATH, **PRIMARY)
    assert statuses(api, 1) == [200]
    assert [entry["status"] for entry in api.get("/sandbox/requests")["data"]] == [None, 200]


def test_a_write_may_be_stored_and_still_time_out(api: Api) -> None:
    order(api, kind="store_then_504", method="POST")
    status, answer = api.call("POST", PATH, {"when": span(0), "metadata": {"key1": "7"}}, **PRIMARY)
    assert (status, answer["error"]["type"]) == (504, "provider_error")
    assert len(api.events(metadata_pair="key1:7")) == 1


def test_a_write_may_be_stored_and_its_answer_come_late(api: Api) -> None:
    order(api, kind="store_then_hang", method="POST", seconds=0.5)
    waiting = threading.Thread(target=api.create, kwargs={"when": span(0), "metadata": {"key1": "7"}})
    began = time.monotonic()
    waiting.start()
    while not api.events(metadata_pair="key1:7"):
        time.sleep(0.01)
    assert time.monotonic() - began < 0.5
    waiting.join()
    assert time.monotonic() - began >= 0.5


def test_a_page_may_be_short_and_still_lead_on(api: Api) -> None:
    made = [api.create(when=span(0))["id"] for _ in range(5)]
    order(api, kind="short_list", items=1, count=2)
    assert [event["id"] for event in api.events()] == made
    assert len(api.get("/sandbox/requests", path_contains="/events", method="GET")["data"]) == 3


def test_a_list_may_end_too_early(api: Api) -> None:
    for _ in range(5):
        api.create(when=span(0))
    order(api, kind="short_list", items=2, cursor=False)
    assert len(api.events()) == 2


def test_a_list_may_be_empty_all_of_a_sudden(api: Api) -> None:
    api.create(when=span(0))
    order(api, kind="empty_list")
    order(api, kind="empty_list", path_contains="/calendars")
    assert api.events() == []
    assert api.get(f"/v3/grants/{ANNA}/calendars")["data"] == []
    assert len(api.events()) == 1


def test_an_empty_page_may_lead_on(api: Api) -> None:
    made = [api.create(when=span(0))["id"] for _ in range(3)]
    order(api, kind="empty_list", cursor=True)
    page = api.get(PATH, **PRIMARY)
    assert page["data"] == []
    assert [event["id"] for event in api.events(page_token=page["next_cursor"])] == made


@pytest.mark.parametrize("wish", [{"kind": "curse"}, {"kind": "status", "status": 99}, {"kind": "hang", "until": 1}])
def test_unknown_wishes_are_refused(api: Api, wish: dict[str, Any]) -> None:
    assert api.call("POST", "/sandbox/faults", wish)[0] == 400


def test_a_fault_can_be_removed_by_its_number(api: Api) -> None:
    order(api, kind="status", count=None)
    order(api, kind="status", status=404, count=None)
    api.call("DELETE", "/sandbox/faults/1")
    assert statuses(api, 1) == [404]


def test_the_log_shows_what_was_asked(api: Api) -> None:
    api.call("POST", PATH, {"when": span(0)}, **PRIMARY, notify_participants="false")
    [entry] = api.get("/sandbox/requests")["data"]
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", PATH, 200)
    assert entry["query"] == "calendar_id=primary&notify_participants=false"
    assert (entry["grant"], entry["notify_participants"]) == (api.box.grants[0].id, "false")
    assert api.call("DELETE", "/sandbox/requests")[0] == 200
    assert api.get("/sandbox/requests")["data"] == []


def test_the_log_counts_requests_in_flight_per_grant(api: Api) -> None:
    order(api, kind="hang", seconds=0.5, count=3)
    threads = [threading.Thread(target=statuses, args=(api, 1)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses(api, 1)
    log = api.get("/sandbox/requests")
    assert sorted(entry["in_flight"] for entry in log["data"]) == [1, 1, 2, 3]
    assert log["highest_in_flight"] == {api.box.grants[0].id: 3}


def test_control_calls_are_neither_logged_nor_hit(api: Api) -> None:
    order(api, kind="status", count=None)
    assert api.get("/sandbox/health")["status"] == "ok"
    assert api.get("/sandbox/requests")["data"] == []


def test_it_serves_on_while_other_requests_hang(api: Api) -> None:
    order(api, kind="hang", seconds=30, count=8)
    for _ in range(8):
        with pytest.raises(requests.exceptions.ReadTimeout):
            api._session.get(api.box.url + PATH, params=PRIMARY, timeout=0.05)
    assert statuses(api, 1) == [200]


def tokens(api: Api, limit: int = 2) -> list[list[str]]:
    """Return the ids of every page of the primary calendar."""
    pages: list[list[str]] = []
    query: dict[str, Any] = PRIMARY | {"limit": limit}
    while True:
        page = api.get(PATH, **query)
        pages.append([event["id"] for event in page["data"]])
        if not page.get("next_cursor"):
            return pages
        query["page_token"] = page["next_cursor"]


def test_an_object_may_be_repeated_on_a_page_border(api: Api) -> None:
    made = [api.create(when=span(0))["id"] for _ in range(5)]
    order(api, kind="repeat_item")
    pages = tokens(api)
    assert pages[1][0] == pages[0][-1]
    assert all(len(page) <= 2 for page in pages)
    assert list(dict.fromkeys(one for page in pages for one in page)) == made
    assert sum(map(len, pages)) == 6


def test_an_object_may_be_skipped_on_a_page_border(api: Api) -> None:
    made = [api.create(when=span(0))["id"] for _ in range(5)]
    order(api, kind="skip_item")
    assert tokens(api) == [made[:1], made[2:4], made[4:]]


def test_a_border_fault_waits_for_a_border(api: Api) -> None:
    api.create(when=span(0))
    order(api, kind="skip_item")
    assert len(api.events()) == 1
    [fault] = api.get("/sandbox/faults")["data"]
    assert fault["fired"] == 0


def test_a_cursor_may_be_gone(api: Api) -> None:
    for _ in range(3):
        api.create(when=span(0))
    order(api, kind="gone_cursor")
    page = api.get(PATH, **PRIMARY, limit=2)
    assert api.call("GET", PATH, **PRIMARY, limit=2, page_token=page["next_cursor"])[0] == 410
    assert len(api.events(limit=2)) == 3


def test_a_grant_may_expire_at_the_nth_request(api: Api) -> None:
    heard: list[tuple[str, Any]] = []
    api.box.sandbox.changes.listen(lambda trigger, _grant, about: heard.append((trigger, about["grant_id"])))
    order(api, kind="expired_grant", grant=ANNA, after=2)
    assert statuses(api, 5) == [200, 200, 401, 401, 401]
    assert heard == [("grant.expired", api.box.grants[0].id)]
    assert api.get(f"/v3/grants/{ANNA}")["data"]["grant_status"] == "invalid"


def test_one_calendar_may_be_gone_while_others_answer(api: Api) -> None:
    other = api.box.add_calendar(ANNA, "Team", calendar_id="team one@x.example")
    order(api, kind="status", status=404, calendar=other.id, count=None)
    assert api.call("GET", PATH, calendar_id=other.id)[0] == 404
    assert api.call("GET", f"/v3/grants/{ANNA}/calendars/team%20one@x.example")[0] == 404
    assert statuses(api, 1) == [200]
    order(api, kind="status", status=403, calendar=ANNA)
    assert statuses(api, 1) == [403]


def test_a_fault_may_look_at_the_query(api: Api) -> None:
    order(api, kind="status", status=403, query_contains="limit=7")
    assert api.call("GET", PATH, **PRIMARY, limit=6)[0] == 200
    assert api.call("GET", PATH, **PRIMARY, limit=7)[1]["error"]["type"] == "insufficient_scopes"


def test_every_answer_may_be_slow(api: Api) -> None:
    order(api, kind="slow", seconds=0.1)
    began = time.monotonic()
    assert statuses(api, 3) == [200] * 3
    assert time.monotonic() - began >= 0.3


def test_empty_lists_may_be_null(api: Api) -> None:
    api.create(when=span(0))
    order(api, kind="null_lists")
    [event] = api.events()
    assert event["participants"] is None
    assert event["reminders"]["overrides"] is None


def test_optional_fields_may_be_missing(api: Api) -> None:
    made = api.create(when=span(0), description="x")
    order(api, kind="sparse")
    [event] = api.events()
    assert event["id"] == made["id"]
    assert {"status", "description", "reminders"} & set(event) == set()


def test_a_when_may_lack_its_object(api: Api) -> None:
    made = api.create(when=span(0))
    order(api, kind="when_without_object", count=2)
    assert "object" not in api.events()[0]["when"]
    assert "object" not in api.get(f"{PATH}/{made['id']}", **PRIMARY)["data"]["when"]
    assert api.events()[0]["when"]["object"] == "timespan"


def test_conferencing_may_be_empty(api: Api) -> None:
    api.create(when=span(0))
    order(api, kind="empty_conferencing")
    assert api.events()[0]["conferencing"] == {}


@pytest.mark.parametrize("name", SWITCHES)
def test_every_switch_of_the_page_is_a_valid_order(api: Api, name: str) -> None:
    order(api, **SWITCHES[name])
    [fault] = api.get("/sandbox/faults")["data"]
    assert fault["kind"] in KINDS


def test_every_kind_has_a_switch() -> None:
    assert {wish["kind"] for wish in SWITCHES.values()} == set(KINDS)


def test_every_fault_is_documented_with_an_order_that_works(api: Api) -> None:
    text = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")
    documented = [json.loads(found) for found in re.findall(r'`(\{"kind": [^`]*\})` \|', text)]
    for wish in documented:
        order(api, **wish)
    assert {wish["kind"] for wish in documented} == set(KINDS)
