"""The official Python client as a real client."""

from __future__ import annotations

from collections.abc import Callable

import nylas
import pytest
from nylas.models.errors import NylasApiError

from .conftest import ANNA, NOW, Api, span

MAIN = {"calendar_id": "primary"}


@pytest.fixture
def filled(start: Callable[..., Api]) -> Api:
    return start(events_per_user=60)


@pytest.fixture
def client(filled: Api) -> nylas.Client:
    return nylas.Client(api_key=filled.box.api_key, api_uri=filled.box.url)


def test_it_reads_the_application(client: nylas.Client, filled: Api) -> None:
    answer = client.applications.info()
    assert answer.data.application_id == filled.box.sandbox.application_id
    assert answer.request_id


def test_it_lists_finds_changes_and_removes_grants(client: nylas.Client) -> None:
    newest = client.grants.list({"limit": 2, "sortBy": "created_at", "orderBy": "desc"}).data[0]
    assert client.grants.find(newest.id).data.email == newest.email
    changed = client.grants.update(newest.id, {"scope": ["Calendars.Read"]})
    assert changed.data.scope == ["Calendars.Read"]
    client.grants.destroy(newest.id)
    with pytest.raises(NylasApiError) as gone:
        client.grants.find(newest.id)
    assert gone.value.status_code == 404


def test_it_pages_through_all_events(client: nylas.Client, filled: Api) -> None:
    query = MAIN | {"limit": 7, "start": 0, "end": 2 * NOW, "expand_recurring": False, "show_cancelled": True}
    seen, page = [], client.events.list(ANNA, query)
    while True:
        seen += [event.id for event in page.data]
        if page.next_cursor is None:
            break
        page = client.events.list(ANNA, query | {"page_token": page.next_cursor})
    stored = [row.id for _, row in filled.box.calendar(ANNA).events.rows()]
    assert seen == stored


def test_it_creates_finds_changes_and_deletes_events(client: nylas.Client) -> None:
    body = {
        "title": "Offer",
        "when": span(3600, zone="Europe/Berlin"),
        "participants": [{"email": "x@y.example"}],
        "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"],
        "metadata": {"key1": "crm-7"},
        "reminders": {"use_default": False, "overrides": [{"reminder_minutes": 20, "reminder_method": "popup"}]},
        "visibility": "private",
    }
    made = client.events.create(ANNA, request_body=body, query_params=MAIN | {"notify_participants": False}).data
    found = client.events.find(ANNA, made.id, query_params=MAIN).data
    assert (found.title, found.calendar_id, found.recurrence) == ("Offer", ANNA, body["recurrence"])
    changed = client.events.update(ANNA, made.id, request_body={"title": "Order"}, query_params=MAIN).data
    assert (changed.title, changed.metadata) == ("Order", {"key1": "crm-7"})
    assert changed.updated_at > made.updated_at
    assert client.events.destroy(ANNA, made.id, query_params=MAIN).request_id


def test_it_finds_events_by_metadata(client: nylas.Client) -> None:
    made = client.events.create(
        ANNA, request_body={"when": span(0), "metadata": {"key1": "a:b c"}}, query_params=MAIN
    ).data
    found = client.events.list(ANNA, MAIN | {"metadata_pair": {"key1": "a:b c"}}).data
    assert [event.id for event in found] == [made.id]


def test_it_selects_fields(client: nylas.Client) -> None:
    query = MAIN | {"select": "id,title", "start": 0, "end": 2 * NOW, "limit": 3}
    answer = client.http_client._execute("GET", f"/v3/grants/{ANNA}/events", query_params=query)[0]
    assert all(set(event) <= {"id", "title"} for event in answer["data"])


def test_it_imports_events(client: nylas.Client) -> None:
    query = MAIN | {"limit": 500, "start": 0, "end": 2 * NOW}
    found = client.events.list_import_events(ANNA, query).data
    assert any(event.recurrence for event in found)
    assert any(event.master_event_id for event in found)
    assert all(event.metadata is None for event in found)


def test_it_lists_creates_changes_and_removes_calendars(client: nylas.Client) -> None:
    made = client.calendars.create(ANNA, request_body={"name": "Trips", "metadata": {"key1": "t"}}).data
    assert made.id in [one.id for one in client.calendars.list(ANNA).data]
    changed = client.calendars.update(ANNA, made.id, request_body={"name": "Travel"}).data
    assert (changed.name, changed.metadata) == ("Travel", {"key1": "t"})
    assert client.calendars.find(ANNA, "primary").data.is_primary
    client.calendars.destroy(ANNA, made.id)
    with pytest.raises(NylasApiError):
        client.calendars.find(ANNA, made.id)


def test_it_understands_errors(client: nylas.Client) -> None:
    with pytest.raises(NylasApiError) as refused:
        client.events.list(ANNA, {"limit": 5})
    assert (refused.value.status_code, refused.value.type) == (400, "invalid_request_error")
    assert refused.value.request_id


@pytest.mark.parametrize("provider", ["google", "microsoft", "icloud"])
def test_it_decodes_every_generated_event(start: Callable[..., Api], provider: str) -> None:
    box = start(provider=provider, events_per_user=60).box
    client = nylas.Client(api_key=box.api_key, api_uri=box.url)
    for grant in box.grants:
        for calendar in client.calendars.list(grant.id).data:
            query = {"calendar_id": calendar.id, "start": NOW - 86_400 * 20, "end": NOW + 86_400 * 90, "limit": 200}
            for event in client.events.list(grant.id, query).data[:20]:
                assert client.events.find(grant.id, event.id, query_params={"calendar_id": calendar.id}).data == event
