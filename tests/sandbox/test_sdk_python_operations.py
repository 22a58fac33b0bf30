"""The official Python client: nothing it offers for the sandbox's resources is left untried, and odd ids arrive."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from urllib.parse import quote

import nylas
import pytest
from nylas.models.errors import NylasApiError

from .conftest import ANNA, Api, span

ODD = "a/b c?d@e#f+g=h"
MAIN = {"calendar_id": "primary"}

# What the client offers under a name of its own, and under which name the tests call it.
CALLED = {
    "applications": "applications",
    "applications.redirect_uris": "uris",
    "auth": "auth",
    "calendars": "calendars",
    "connectors": "connectors",
    "connectors.credentials": "creds",
    "contacts": "contacts",
    "events": "events",
    "folders": "folders",
    "grants": "grants",
    "messages": "messages",
    "threads": "threads",
    "webhooks": "webhooks",
}
NOT_TRIED = {
    "calendars.get_availability",
    "messages.clean_messages",
    "messages.find_scheduled_message",
    "messages.stop_scheduled_message",
}


@pytest.fixture
def client(api: Api) -> nylas.Client:
    return nylas.Client(api_key=api.box.api_key, api_uri=api.box.url)


def test_every_operation_is_tried_somewhere() -> None:
    client = nylas.Client(api_key="x", api_uri="http://127.0.0.1")
    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    untried = set()
    for name, called in CALLED.items():
        resource = client
        for part in name.split("."):
            resource = getattr(resource, part)
        for method, _ in inspect.getmembers(resource, inspect.ismethod):
            is_own = method in vars(type(resource))  # Others are building blocks, not operations.
            if is_own and not method.startswith("_") and not re.search(rf"\b{called}\.{method}\(", text):
                untried.add(f"{name}.{method}")
    assert untried == NOT_TRIED


def test_what_is_not_served_is_not_found(client: nylas.Client) -> None:
    with pytest.raises(NylasApiError) as refused:
        client.messages.list_scheduled_messages(ANNA)
    assert refused.value.status_code == 404


def test_odd_ids_arrive_when_the_caller_encodes_them(client: nylas.Client, api: Api) -> None:
    calendar = api.box.add_calendar(ANNA, "Odd", calendar_id=ODD)
    api.box.add_event(calendar, {"id": ODD, "title": "Odd", "when": span(0) | {"object": "timespan"}})
    in_path, query = quote(ODD, safe=""), {"calendar_id": ODD}
    assert client.calendars.find(ANNA, in_path).data.id == ODD
    assert client.events.find(ANNA, in_path, query_params=query).data.id == ODD
    assert [one.id for one in client.events.list(ANNA, query).data] == [ODD]
    assert client.events.update(ANNA, in_path, {"title": "ü"}, query).data.title == "ü"
    assert client.events.destroy(ANNA, in_path, query).request_id
    client.calendars.destroy(ANNA, in_path)
    with pytest.raises(NylasApiError):
        client.calendars.find(ANNA, in_path)


def test_a_plus_in_an_address_stays_a_plus(client: nylas.Client, api: Api) -> None:
    with api.box.sandbox.lock:
        grant = api.box.sandbox.add_grant("user+x@elsewhere.example", "X")
    assert client.grants.find("email:user+x@elsewhere.example").data.id == grant.id
    assert client.calendars.list("user+x@elsewhere.example").data[0].grant_id == grant.id


def test_it_works_with_series_and_their_occurrences(client: nylas.Client) -> None:
    body = {"title": "Weekly", "when": span(3600, zone="Europe/Berlin"), "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"]}
    series = client.events.create(ANNA, body, MAIN).data
    query = MAIN | {"master_event_id": series.id, "expand_recurring": True}
    parts = [one for one in client.events.list(ANNA, query).data if one.master_event_id == series.id]
    assert len(parts) == 4
    client.events.update(ANNA, parts[1].id, {"title": "Moved"}, MAIN)
    client.events.destroy(ANNA, parts[2].id, MAIN)
    assert sorted(one.title for one in client.events.list(ANNA, query).data) == ["Moved", "Weekly", "Weekly"]
    cancelled = client.events.list(ANNA, query | {"show_cancelled": True}).data
    assert [one.id for one in cancelled if one.status == "cancelled"] == [parts[2].id]
