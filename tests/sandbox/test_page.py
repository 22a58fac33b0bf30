"""The control page: what it shows and what its forms do, without a browser and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import requests

from nylasadmin.sandbox.fault_kinds import SWITCHES
from nylasadmin.sandbox.webhooks.faults import KINDS as NOTIFICATION_KINDS

from .conftest import ANNA, NOW, Api, span

EVENTS = f"/v3/grants/{ANNA}/events"


def page(api: Api, query: str = "", status: int = 200) -> str:
    answer = api._session.get(f"{api.box.url}/sandbox/{query}", timeout=10)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer.text


def send(api: Api, form: str, fields: dict[str, Any], query: str = "", **headers: str) -> requests.Response:
    url = f"{api.box.url}/sandbox/forms/{form}{query}"
    return api._session.post(url, data=fields, headers=headers, allow_redirects=False, timeout=10)


def test_it_shows_the_state_and_needs_no_key(api: Api) -> None:
    api.create(when=span(0))
    text = requests.get(f"{api.box.url}/sandbox/", timeout=10).text
    for wanted in (api.box.api_key, ANNA, "2026-01-01 00:00:00", "1 event", "No fault is ordered"):
        assert wanted in text


def test_its_address_without_a_slash_leads_to_it(api: Api) -> None:
    assert api._session.get(f"{api.box.url}/sandbox", timeout=10).url == f"{api.box.url}/sandbox/"


def test_it_needs_nothing_from_elsewhere(api: Api) -> None:
    assert "<script" not in page(api)
    links = re.findall(r'(?:src|href|action)="([^"]*)"', page(api))
    assert [one for one in links if one.startswith(("http", "//"))] == []
    style = api._session.get(f"{api.box.url}/sandbox/static/sandbox.css", timeout=10)
    assert (style.status_code, "url(" in style.text) == (200, False)


@pytest.mark.parametrize("name", SWITCHES)
def test_every_switch_can_be_ordered_by_name(api: Api, name: str) -> None:
    answer = send(api, "fault", {"switch": name, "grant": ANNA, "after": "2"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "../#faults")
    [fault] = api.get("/sandbox/faults")["data"]
    assert (fault["kind"], fault["grant"], fault["after"]) == (SWITCHES[name]["kind"], ANNA, 2)
    assert f"<b>{fault['kind']}</b>" in page(api)


def test_a_fault_can_last_and_be_removed(api: Api) -> None:
    send(api, "fault", {"switch": "403 Forbidden", "endless": "1"})
    assert [api.call("GET", EVENTS, calendar_id="primary")[0] for _ in range(3)] == [403] * 3
    answer = send(api, "fault/remove", {"id": "1"}, "?account=anna")
    assert answer.headers["Location"] == "../../?account=anna#faults"
    assert api.get("/sandbox/faults")["data"] == []


@pytest.mark.parametrize("kind", NOTIFICATION_KINDS)
def test_every_fault_of_notifications_can_be_ordered_and_removed(api: Api, kind: str) -> None:
    send(api, "fault", {"switch": kind, "trigger": "event.created", "count": "3"})
    [fault] = api.get("/sandbox/webhooks/faults")["data"]
    assert (fault["kind"], fault["trigger"], fault["count"]) == (kind, "event.created", 3)
    assert f"<b>{kind}</b>" in page(api)
    send(api, "fault/remove", {"of": "notifications", "id": str(fault["id"])})
    assert api.get("/sandbox/webhooks/faults")["data"] == []


def test_a_wrong_number_is_refused_on_the_page(api: Api) -> None:
    answer = send(api, "fault", {"switch": "403 Forbidden", "count": "many"})
    assert answer.status_code == 400
    assert "count has the wrong type" in answer.text
    assert api.get("/sandbox/faults")["data"] == []


def test_an_account_expires_and_comes_back(api: Api) -> None:
    for action, status in (("expire", 401), ("restore", 200)):
        assert send(api, "grant", {"grant": api.box.grants[0].id, "action": action}).status_code == 303
        assert api.call("GET", EVENTS, calendar_id="primary")[0] == status


def test_the_clock_can_be_moved(api: Api) -> None:
    assert send(api, "clock", {"seconds": "3600"}).status_code == 303
    assert api.box.sandbox.clock.now() == NOW + 3600
    assert send(api, "clock", {"seconds": "-1"}).status_code == 400


def test_the_clock_can_be_let_go_and_stopped(api: Api) -> None:
    for action, frozen in (("run", False), ("freeze", True)):
        send(api, "clock", {"action": action})
        assert api.get("/sandbox/clock")["data"]["frozen"] is frozen


def test_webhooks_and_their_deliveries_are_shown(api: Api) -> None:
    api.box.sandbox.webhooks.courier.log.record(
        time=NOW,
        type="event.created",
        url="https://crm.example/hook",
        attempt=2,
        status=503,
        problem=None,
        fault="late",
        ms=1.5,
        grant_id="g",
        webhook_id="w",
    )
    text = page(api)
    for wanted in ("Webhook deliveries", "event.created", "https://crm.example/hook", "503"):
        assert wanted in text


def test_the_log_can_be_searched_and_emptied(api: Api) -> None:
    api.call("GET", EVENTS, calendar_id="primary", limit=7)
    api.call("GET", EVENTS, calendar_id="none")
    assert "limit=7" in page(api)
    assert "limit=7" not in page(api, "?only=failed")
    assert "calendar_id=none" not in page(api, "?path=limit=7")
    send(api, "forget", {"what": "requests"})
    assert "No request has come in yet" in page(api)


def test_mailed_people_are_shown(api: Api) -> None:
    api.create(when=span(0), title="<b>Offer</b>", participants=[{"email": "x@y.example"}])
    text = page(api)
    assert "x@y.example" in text
    assert "&lt;b&gt;Offer&lt;/b&gt;" in text
    send(api, "forget", {"what": "mailed"})
    assert "Nobody would have been mailed" in page(api)


def test_tables_of_other_parts_are_shown(api: Api) -> None:
    api.box.sandbox.panels.add_table("Wishes", ("Time", "Wish"), lambda: [("now", "more events")])
    api.box.sandbox.panels.add_table("Others", ("Time",), list)
    text = page(api)
    assert "<td>more events</td>" in text
    assert "Nothing yet." in text


def test_many_accounts_are_shown_in_parts(start: Callable[..., Api]) -> None:
    api = start(users=60)
    assert page(api).count("JSON</a>") == 25
    assert "51–60 of 60" in page(api, "?from=50")
    assert page(api, "?account=anna.berg").count("JSON</a>") == 1


def test_a_refresh_can_be_asked_for(api: Api) -> None:
    assert "http-equiv" not in page(api)
    assert '<meta http-equiv="refresh" content="5">' in page(api, "?refresh=5")


def test_forms_of_other_sites_are_refused(api: Api) -> None:
    answer = send(api, "fault", {"switch": "403 Forbidden"}, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert api.get("/sandbox/faults")["data"] == []
