"""The generated company: the same for the same seed, believable, as large as wanted."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from nylasadmin.sandbox.clocks import FrozenClock
from nylasadmin.sandbox.filling import fill
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import decoded

from .conftest import ANNA, NOW, Api


def company(users: int = 8, events: int = 80, provider: str = "google", seed: int = 1) -> Sandbox:
    sandbox = Sandbox(seed=seed, provider=provider, clock=FrozenClock(NOW))
    fill(sandbox, users=users, events_per_user=events)
    return sandbox


def everything(sandbox: Sandbox) -> list[Any]:
    return [
        (calendar.wire(), [row.body for _, row in calendar.events.rows()])
        for grant in sandbox.grants
        for calendar in grant.calendars.values()
    ]


def events(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [
        decoded(row.body)
        for grant in sandbox.grants
        for calendar in grant.calendars.values()
        for _, row in calendar.events.rows()
    ]


def test_the_same_seed_makes_the_same_company() -> None:
    assert everything(company()) == everything(company())
    assert company().api_key == company().api_key


def test_another_seed_makes_another_company() -> None:
    assert everything(company()) != everything(company(seed=2))


def test_anna_bruno_and_chen_come_first() -> None:
    assert [grant.name for grant in company(users=4).grants][:3] == ["Anna Berg", "Bruno Kessler", "Chen Wei"]


def test_addresses_are_unique_and_go_nowhere() -> None:
    addresses = [grant.email for grant in company(users=2000, events=0).grants]
    assert len(set(addresses)) == 2000
    assert all(address.isascii() and address.endswith(".example") for address in addresses)


@pytest.mark.parametrize("provider", ["google", "microsoft", "icloud"])
@pytest.mark.parametrize("count", [1, 7, 80])
def test_everybody_gets_exactly_the_wanted_number_of_events(provider: str, count: int) -> None:
    for grant in company(events=count, provider=provider).grants:
        own = [calendar for calendar in grant.calendars.values() if not calendar.read_only]
        assert sum(len(calendar.events) for calendar in own) == count


def test_the_company_has_all_kinds_of_events() -> None:
    found = events(company())
    assert any(event.get("recurrence") for event in found)
    assert any(event["status"] == "cancelled" and event.get("master_event_id") for event in found)
    assert any(event["status"] == "confirmed" and event.get("master_event_id") for event in found)
    assert any(event.get("visibility") == "private" for event in found)
    assert any(event["when"]["object"] == "datespan" for event in found)
    assert any(event.get("location") for event in found)
    assert any(event.get("description") for event in found)
    assert any(event["reminders"]["overrides"] for event in found)
    assert len({event["when"].get("start_timezone") for event in found}) > 3
    assert {one["status"] for event in found for one in event["participants"]} == {"yes", "no", "maybe", "noreply"}


def test_some_people_have_a_team_calendar_and_read_only_holidays() -> None:
    calendars = [one for grant in company().grants for one in grant.calendars.values()]
    assert {one.name for one in calendars if one.read_only} == {"Holidays"}
    assert "Team calendar" in {one.name for one in calendars}


def test_a_shared_meeting_has_one_id_at_google_and_many_at_microsoft() -> None:
    for provider, distinct in (("google", 1), ("microsoft", 6)):
        weekly = [
            event for event in events(company(users=6, provider=provider)) if event.get("title") == "Sales weekly"
        ]
        masters = [event for event in weekly if event.get("recurrence")]
        assert len(masters) == 6
        assert len({event["id"] for event in masters}) == distinct
        assert len({event["ical_uid"] for event in masters}) == 1
        assert {event["organizer"]["email"] for event in masters} == {"anna.berg@brightwater.example"}


@pytest.mark.parametrize("provider", ["google", "microsoft", "icloud"])
def test_every_generated_event_could_have_been_written_by_a_client(start: Callable[..., Api], provider: str) -> None:
    api = start(provider=provider, users=2, events_per_user=40)
    grant = api.box.grants[0]
    target = api.box.add_calendar(grant.id, "Copy")
    for row in [row for _, row in api.box.calendar(grant.id).events.rows() if row.master_id is None]:
        event = decoded(row.body)
        made = api.box.create_event(target, event)
        kept = ("title", "when", "recurrence", "busy", "visibility", "reminders", "location", "description")
        assert {key: made.get(key) for key in kept} == {key: event.get(key) for key in kept}


def test_changed_times_lie_between_making_and_today() -> None:
    for event in events(company()):
        assert event["created_at"] <= event["updated_at"] <= NOW


@pytest.mark.slow
def test_a_hundred_thousand_events_take_a_few_seconds() -> None:
    began = time.process_time()
    made = events_count(company(users=100, events=1000))
    assert made >= 100_000
    assert time.process_time() - began < 10


def events_count(sandbox: Sandbox) -> int:
    return sum(len(calendar.events) for grant in sandbox.grants for calendar in grant.calendars.values())


def test_events_are_valid_json_with_the_keys_clients_insist_on() -> None:
    for _, bodies in everything(company()):
        for body in bodies:
            event = json.loads(body)
            assert {"id", "grant_id", "calendar_id", "busy", "participants", "when", "object"} <= set(event)
            assert "use_default" in event["reminders"]


def test_a_calendar_added_before_anybody_looked_stays_as_it_is(start: Callable[..., Api]) -> None:
    box = start(events_per_user=60).box
    added = box.add_calendar(ANNA, "Mine")
    assert len(box.calendar(ANNA).events) > 0
    assert len(added.events) == 0


def test_a_team_is_filled_when_it_is_asked_for_and_not_before(start: Callable[..., Api]) -> None:
    grants = start(users=20, events_per_user=30).box.grants
    assert grants[0].primary is not None
    assert grants[0].primary.size is None
    assert len(grants[0].primary.events) > 0
    sizes = [one.primary.size for one in grants if one.primary]
    assert [size is None for size in sizes] == [False] * 6 + [True] * 14


def test_the_data_do_not_depend_on_who_is_asked_first(start: Callable[..., Api]) -> None:
    def bodies(backwards: bool) -> list[bytes]:
        grants = start(users=14, events_per_user=30).box.grants
        for grant in reversed(grants) if backwards else grants:
            assert [len(one.events) for one in grant.calendars.values()]
        return [row.body for one in grants for each in one.calendars.values() for _, row in each.events.rows()]

    assert bodies(backwards=True) == bodies(backwards=False)
