"""Answers checked against the vendor's OpenAPI file. Skipped where the file is not."""

from __future__ import annotations

from collections.abc import Callable
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from nylasadmin.sandbox.receiver import Receiver

from .conftest import NOW, Api
from .openapi import FILE, Judge, check

pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="no OpenAPI file")


@pytest.fixture(params=["google", "microsoft", "icloud"])
def filled(request: pytest.FixtureRequest, start: Callable[..., Api]) -> Api:
    return start(provider=request.param, events_per_user=60)


def test_application_grants_and_calendars_fit(filled: Api) -> None:
    grant = filled.box.grants[0]
    check(filled.get("/v3/applications"), "/v3/applications")
    check(filled.get("/v3/grants"), "/v3/grants")
    check(filled.get(f"/v3/grants/{grant.id}"), "/v3/grants/{grantId}")
    check(filled.get(f"/v3/grants/{grant.id}/calendars"), "/v3/grants/{grant_id}/calendars")
    for calendar in grant.calendars:
        found = filled.get(f"/v3/grants/{grant.id}/calendars/{calendar.replace('=', '%3D')}")
        check(found, "/v3/grants/{grant_id}/calendars/{calendar_id}")


def test_lists_of_events_fit(filled: Api) -> None:
    for grant in filled.box.grants:
        for calendar in grant.calendars:
            query = {"calendar_id": calendar, "start": NOW - 100 * 86_400, "end": NOW + 100 * 86_400, "limit": 200}
            for expand in (True, False):
                found = filled.get(f"/v3/grants/{grant.id}/events", expand_recurring=expand, **query)
                check(found, "/v3/grants/{grant_id}/events")
            check(filled.get(f"/v3/grants/{grant.id}/events/import", **query), "/v3/grants/{grant_id}/events/import")


def test_single_events_and_deletions_fit(filled: Api) -> None:
    grant = filled.box.grants[0]
    calendar = filled.box.calendar(grant.id).id
    made = filled.create(grant=grant.id, calendar=calendar, title="x", when={"date": "2026-02-01"})
    path, route = (
        f"/v3/grants/{grant.id}/events/{made['id'].replace('=', '%3D')}",
        "/v3/grants/{grant_id}/events/{event_id}",
    )
    check(filled.get(path, calendar_id=calendar), route)
    check(filled.call("PUT", path, {"title": "y"}, calendar_id=calendar)[1], route, "put")
    check(filled.call("DELETE", path, calendar_id=calendar)[1], route, "delete")


def test_errors_fit(filled: Api) -> None:
    grant = filled.box.grants[0].id
    route = "/v3/grants/{grant_id}/events"
    check(filled.call("GET", f"/v3/grants/{grant}/events")[1], route, status="400")
    filled.call("POST", f"/sandbox/grants/{grant}/expire")
    check(filled.call("GET", f"/v3/grants/{grant}/calendars")[1], "/v3/grants/{grant_id}/calendars", status="401")
    check(filled.call("GET", "/v3/grants/none")[1], "/v3/grants/{grantId}", status="404")


def test_webhooks_fit(api: Api, hook: Receiver) -> None:
    body = {"trigger_types": ["event.created"], "webhook_url": hook.url, "description": "d"}
    made = api.call("POST", "/v3/webhooks", body)[1]
    one, route = f"/v3/webhooks/{made['data']['id']}", "/v3/webhooks/{id}"
    check(made, "/v3/webhooks", "post")
    check(api.get("/v3/webhooks"), "/v3/webhooks")
    check(api.get(one), route)
    check(api.call("PUT", one, {"status": "pause"})[1], route, "put")
    check(
        api.call("POST", f"/v3/webhooks/rotate-secret/{made['data']['id']}", {})[1],
        "/v3/webhooks/rotate-secret/{id}",
        "post",
    )
    check(api.call("DELETE", one)[1], route, "delete")
    check(api.call("GET", one)[1], route, status="400")
    check(api.call("POST", "/v3/webhooks", {})[1], "/v3/webhooks", "post", "400")


def test_examples_of_notifications_fit(api: Api, hook: Receiver) -> None:
    body = {"trigger_type": "event.created", "webhook_url": hook.url}
    for path in ("/v3/webhooks/mock-payload", "/v3/webhooks/send-test-event"):
        check(api.call("POST", path, body)[1], path, "post")
        check(api.call("POST", path, {})[1], path, "post", "400")


def test_every_answer_is_judged_and_what_does_not_fit_is_found(api: Api) -> None:
    def spoilt(_environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'{"request_id":"x","data":[{"id":7}]}']

    judge = Judge(spoilt)
    for path in ("/v3/grants/a%2Fb/calendars", "/v3/unknown", "/sandbox/health"):
        list(judge({"REQUEST_METHOD": "GET", "PATH_INFO": path}, lambda *_: lambda _: None))
    assert judge.judged == 1
    assert "GET /v3/grants/{grant_id}/calendars 200: id: is no string" in judge.found
