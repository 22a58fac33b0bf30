"""Real calendars there and back: files -> sandbox -> Get -> CRM -> Send -> an empty second sandbox -> Get again.

Both sandboxes are compared by what their own API shows, masters and every single occurrence over many years, without
any of the code under test. What a provider behind Nylas cannot hold is named below, per provider.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.adapters.nylas.listings import Horizon
from nylasadmin.domain.fidelity import fingerprint, meet
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.providers import rules_for
from nylasadmin.domain.targets import Target
from nylasadmin.sandbox.calendars import Calendar
from nylasadmin.sandbox.testing import RunningSandbox
from nylasadmin.services.views import SnapshotState, SnapshotView
from tests.sandbox.openapi import judged_sandbox
from tests.services.worlds import OLGA, Json, World, add_target, opened, stored

FILES = Path(os.environ.get("NYLASADMIN_ICS_DIR") or Path(__file__).parents[2] / "shared" / "data" / "ics")
FROM, TO = datetime(2006, 1, 1, tzinfo=UTC), datetime(2032, 1, 1, tzinfo=UTC)
SLICE_S = 300 * 86_400
USERS = 3

pytestmark = pytest.mark.skipif(not list(FILES.glob("*.ics")), reason="no directory of real .ics files")


@dataclass
class Trip:
    """The first sandbox holds the files; the second was empty before what the CRM holds was sent there."""

    first: RunningSandbox
    second: RunningSandbox
    world: World
    got: SnapshotView
    sent: SnapshotView
    second_target: Target

    def calendars(self) -> Iterator[tuple[Calendar, Calendar]]:
        """Pair each calendar with the one that mirrors it."""
        for mine, theirs in zip(self.first.grants, self.second.grants, strict=True):
            for calendar in mine.calendars.values():
                yield (
                    calendar,
                    theirs.primary if calendar.is_primary and theirs.primary else theirs.calendars[calendar.id],
                )


@pytest.fixture(scope="module", params=["google", "microsoft", "icloud"])
def trip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trip]:
    provider = str(request.param)
    side = NylasHttpSide(horizon=Horizon(years_back=25, years_ahead=8))
    with ExitStack() as stack:
        first = stack.enter_context(judged_sandbox(users=USERS, ics=FILES, provider=provider))
        second = stack.enter_context(judged_sandbox(users=USERS, provider=provider))
        mirror_calendars(first, second)
        world = stack.enter_context(opened(tmp_path_factory.mktemp("trip"), first, nylas=side))
        got = world.get()
        target = add_target(world.product, second, "Second", requests_per_s=200.0)
        sent = snapshot(world, Direction.SEND, target)
        yield Trip(first, second, world, got, sent, target)
    side.close()


def mirror_calendars(first: RunningSandbox, second: RunningSandbox) -> None:
    for mine, theirs in zip(first.grants, second.grants, strict=True):
        assert mine.email == theirs.email
        for calendar in mine.calendars.values():
            if not calendar.is_primary:
                second.add_calendar(theirs.id, calendar.name, calendar_id=calendar.id)


def snapshot(world: World, direction: Direction, target: Target) -> SnapshotView:
    view = world.services.snapshots.request(OLGA, direction=direction, target_id=target.id)
    return world.services.console.snapshot(view.id)


# what the sandboxes show


def occurrences(box: RunningSandbox, calendar: Calendar) -> list[Json]:
    """List every occurrence of every event, as any client of the API sees them."""
    seen: dict[str, Json] = {}
    for begin in range(int(FROM.timestamp()), int(TO.timestamp()), SLICE_S):
        query = {"calendar_id": calendar.id, "start": begin, "end": begin + SLICE_S, "expand_recurring": "true"}
        token: str | None = None
        while True:
            page = requests.get(
                f"{box.url}/v3/grants/{calendar.grant.id}/events",
                params=query | {"limit": 200} | ({"page_token": token} if token else {}),
                headers={"Authorization": f"Bearer {box.api_key}"},
                timeout=30,
            ).json()
            seen |= {event["id"]: event for event in page["data"]}
            token = page.get("next_cursor")
            if not token:
                break
    return list(seen.values())


def shown(event: Json) -> str:
    """Give what an event says, without what the server makes up."""
    people = sorted(
        (p.get("email", "").lower(), p.get("name", ""), p.get("comment", ""), p.get("phone_number", ""))
        for p in event.get("participants") or ()
        if p.get("email")
    )
    names = ("title", "description", "location", "busy", "visibility", "when", "reminders")
    return json.dumps({n: event.get(n) or "" for n in names} | {"people": people}, sort_keys=True)


def rules(event: Json) -> list[str]:
    """Give a series' rules, without parts that say nothing; exclusions show in its occurrences."""
    return sorted(plain(line) for line in event.get("recurrence") or () if not line.startswith("EXDATE"))


def plain(line: str) -> str:
    """Leave out what changes no occurrence: every single week, and the week's first day where weeks are not counted."""
    pairs = (part.partition("=") for part in line.removeprefix("RRULE:").split(";"))
    parts = {f"{key}={','.join(sorted(value.split(',')))}" for key, _, value in pairs} - {"INTERVAL=1", "WKST=MO"}
    if not any(part.startswith(("INTERVAL=", "BYWEEKNO=")) for part in parts):
        parts = {part for part in parts if not part.startswith("WKST=")}
    return ";".join(sorted(parts))


# the proofs


def test_nothing_failed_and_nothing_was_left_out(trip: Trip) -> None:
    events = sum(len([e for e in stored(c) if not e.get("master_event_id")]) for c, _ in trip.calendars())

    for view in (trip.got, trip.sent):
        assert view.state is SnapshotState.DONE
        assert (view.counters.created, view.counters.read) == (events, events)
        assert (view.counters.failed, view.counters.skipped, view.counters.outside, view.counters.moved) == (0, 0, 0, 0)
    assert events > 200


def test_every_occurrence_is_the_same_in_every_field(trip: Trip) -> None:
    compared_events = 0
    for calendar, mirror in trip.calendars():
        before = sorted(map(shown, occurrences(trip.first, calendar)))
        after = sorted(map(shown, occurrences(trip.second, mirror)))
        assert after == before, calendar.name
        compared_events += len(before)
    assert compared_events > 2_000


def test_every_series_keeps_its_rules(trip: Trip) -> None:
    def masters(calendar: Calendar) -> list[tuple[str, list[str], str]]:
        found = [e for e in stored(calendar) if e.get("recurrence")]
        return sorted((e.get("title", ""), rules(e), json.dumps(e["when"], sort_keys=True)) for e in found)

    for calendar, mirror in trip.calendars():
        assert masters(mirror) == masters(calendar), calendar.name


def test_both_sandboxes_hold_the_same_number_of_changed_occurrences(trip: Trip) -> None:
    for calendar, mirror in trip.calendars():
        changed = [len([e for e in stored(c) if e.get("master_event_id")]) for c in (calendar, mirror)]
        assert changed[0] == changed[1], calendar.name


def test_the_next_send_has_nothing_to_do(trip: Trip) -> None:
    trip.second.sandbox.requests.clear()

    again = snapshot(trip.world, Direction.SEND, trip.second_target)

    assert (again.counters.unchanged, again.counters.to_write) == (trip.sent.counters.created, 0)
    assert [e for e in trip.second.sandbox.requests.entries() if e["method"] != "GET"] == []


def test_nobody_was_asked_to_be_mailed(trip: Trip) -> None:
    writes = [e for e in trip.second.sandbox.requests.entries() if e["method"] != "GET"]

    assert {e["notify_participants"] for e in writes} <= {"false"}
    if not rules_for(trip.second.sandbox.provider).mails_anyway:
        assert trip.second.sandbox.mailed.entries == []


def test_a_fresh_crm_that_gets_the_copy_is_equal_to_the_first_one(trip: Trip, tmp_path: Path) -> None:
    side = NylasHttpSide(horizon=Horizon(years_back=25, years_ahead=8))
    with opened(tmp_path, trip.second, nylas=side) as fresh:
        view = fresh.get()
        assert (view.state, view.counters.failed) == (SnapshotState.DONE, 0)
        for user in range(USERS):
            assert contents(fresh, user) == contents(trip.world, user)
    side.close()


def contents(world: World, user: int) -> list[tuple[str, str, bytes]]:
    """Give a user's items as sent: without answers and organizers, which only a provider may write."""
    provider = world.box.sandbox.provider
    fidelity = meet(rules_for(provider).reports, rules_for(provider).accepts)
    return sorted((i.collection, i.item.title, fingerprint(i.item, fidelity)) for i in world.items(user).values())
