"""Each page of each listing damaged in each way: nothing is deleted, nothing is written, and the next run is as if not.

"Nothing is written" is read off the sandbox's own log of requests, and off the CRM's own change feed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from nylasadmin.adapters.nylas import NylasHttpSide, listings
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.runs import RunState
from nylasadmin.services.views import SnapshotView
from tests.sandbox.openapi import judged_sandbox
from tests.services.conftest import Worlds
from tests.services.meanwhile import Meanwhile
from tests.services.worlds import HOUR, NOON, OLGA, QUICK, Json, World, opened

PAGES, PER_PAGE = 4, 5
SINGLES, SERIES = 14, 3  # and a changed occurrence of each series: four pages of five
DAY = 24 * HOUR


@pytest.fixture
def ears(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    monkeypatch.setattr(listings, "_PAGE", PER_PAGE)
    return Meanwhile(NylasHttpSide(patience=QUICK))


def fill(world: World) -> None:
    """Put single events, and series with a changed and a cancelled occurrence, on both sides."""
    for number in range(SINGLES):
        world.event(f"Meeting {number}")
    for number in range(SERIES):
        series = world.event(f"Series {number}", recurrence=["RRULE:FREQ=DAILY;COUNT=9"], when=span(0))
        world.box.change_event(world.calendar(), occurrence_of(series, 1), {"title": f"Special {number}"})
        world.box.delete_event(world.calendar(), occurrence_of(series, 2))
    assert world.get().counters.created == SINGLES + SERIES


def span(days: int) -> Json:
    start = NOON + days * DAY
    return {"object": "timespan", "start_time": start, "end_time": start + HOUR}


def occurrence_of(series: str, day: int) -> str:
    return f"{series}_{datetime.fromtimestamp(NOON + day * DAY, UTC):%Y%m%dT%H%M%SZ}"


@pytest.fixture(params=["google", "microsoft"])
def world(request: pytest.FixtureRequest, ears: Meanwhile, tmp_path: Path) -> Iterator[World]:
    with judged_sandbox(users=1, provider=request.param) as box, opened(tmp_path, box, nylas=ears) as world:
        fill(world)
        world.forget_requests()
        yield world


def changes_in_crm(world: World) -> int:
    return len(world.rows("crm_changes"))


def state_of(world: World) -> tuple[object, ...]:
    """Give all that a damaged listing must leave as it is."""
    return (world.items(), world.events(), changes_in_crm(world), world.rows("pairs"), world.writing_requests())


FAULTS: dict[str, Json] = {
    "an error": {"kind": "status", "status": 500},
    "an overloaded service": {"kind": "status", "status": 503},
    "a provider's time-out": {"kind": "status", "status": 504},
    "a gateway's page": {"kind": "status", "status": 502, "body": "html"},
    "a page cut off": {"kind": "status", "status": 200, "body": "truncated"},
    "somebody else's page": {"kind": "status", "status": 200, "body": "html"},
    "a refusal": {"kind": "status", "status": 403},
    "not found": {"kind": "status", "status": 404},
    "a bad request": {"kind": "status", "status": 400},
    "an expired cursor, again and again": {"kind": "status", "status": 410},
    "too many requests": {"kind": "status", "status": 429, "retry_after": 0},
    "a broken connection": {"kind": "reset"},
    "fewer items and no cursor": {"kind": "short_list", "items": 1, "cursor": False},
    "no items and no cursor": {"kind": "empty_list", "cursor": False},
    "fewer items and a cursor": {"kind": "short_list", "items": 1, "cursor": True},
    "no items and a cursor": {"kind": "empty_list", "cursor": True},
}


KEPT_BACK = {"fewer items and no cursor", "no items and no cursor", "fewer items and a cursor"}


@pytest.mark.parametrize("name", FAULTS)
def test_a_damaged_page_deletes_and_writes_nothing(world: World, name: str) -> None:
    """Whichever page it is, whether it stays damaged or is so once, whichever way items are copied."""
    before = state_of(world)
    for page, times, direction in product(range(PAGES), (None, 1), Direction):
        if times is None and name in KEPT_BACK:
            continue  # see below
        world.fault(method="GET", path_contains="/events", after=page, count=times, **FAULTS[name])
        view = world.snapshot(direction, remove=True)
        world.heal()
        settle(world, view)
        assert state_of(world) == before, (page, times, direction)

    assert_as_if_nothing_had_been(world)


@pytest.mark.parametrize("name", ["fewer items and no cursor", "no items and no cursor"])
def test_a_service_that_keeps_back_items_again_and_again_deletes_none(world: World, name: str) -> None:
    """It keeps back occurrences too, also when asked for one series: those nobody can tell from ones put back.

    A Get takes that over and a Send writes them again; neither loses an item, and all is as before when it stops.
    """
    before = (world.titles_in_crm(), world.titles_at_nylas())
    for page, direction in product(range(PAGES), Direction):
        world.fault(method="GET", path_contains="/events", after=page, count=None, **FAULTS[name])
        view = world.snapshot(direction, remove=True)
        world.heal()
        if world.run(view).state is RunState.HELD:
            world.services.snapshots.cancel(OLGA, view.id)
        assert view.counters.deleted == 0
        assert (world.titles_in_crm(), world.titles_at_nylas()) == before
        assert [e for e in world.writing_requests() if e["method"] == "DELETE"] == []

        world.get()
        world.forget_requests()
        assert_as_if_nothing_had_been(world)


def settle(world: World, view: SnapshotView) -> None:
    """See that the run ended in one of the ways it may, and let a held one go."""
    run = world.run(view)
    assert view.counters.deleted == 0
    assert run.state in (RunState.FAILED, RunState.HELD, RunState.DONE)
    assert run.cause or run.hold or (run.state is RunState.DONE and view.counters.to_write == view.counters.moved)
    if run.state is RunState.HELD:
        world.services.snapshots.cancel(OLGA, view.id)


def assert_as_if_nothing_had_been(world: World) -> None:
    for direction in Direction:
        view = world.snapshot(direction, remove=True)
        assert (view.counters.unchanged, view.counters.to_write) == (SINGLES + SERIES, 0), direction
    assert world.writing_requests() == []


@pytest.mark.parametrize("direction", Direction)
def test_a_cursor_that_expires_once_starts_the_listing_again(world: World, direction: Direction) -> None:
    before = state_of(world)
    for page in range(1, PAGES):
        world.fault("gone_cursor", path_contains="/events", after=page - 1, count=1)

        view = world.snapshot(direction, remove=True)

        assert (world.run(view).state, view.counters.unchanged) == (RunState.DONE, SINGLES + SERIES)
        assert state_of(world) == before


@pytest.mark.parametrize("direction", Direction)
def test_an_item_that_moves_between_pages_is_neither_lost_nor_doubled(
    world: World, ears: Meanwhile, direction: Direction
) -> None:
    """Items are taken out where they are and stored again at the end, while the listing goes on."""
    for page in range(1, PAGES):
        ears.at(f"page {page}", lambda: reshuffle(world))

        view = world.snapshot(direction, remove=True)

        assert not ears.is_pending
        assert (view.counters.deleted, view.counters.created) == (0, 0)
        assert len(world.items()) == SINGLES + SERIES
        assert world.writing_requests() == []
    assert_as_if_nothing_had_been(world)


def reshuffle(world: World) -> None:
    table = world.calendar().events
    for event_id in [i for i, e in world.events().items() if e["title"] in ("Meeting 0", "Meeting 7", "Meeting 13")]:
        event = world.box.read_event(world.calendar(), event_id)
        table.remove(event_id)
        world.box.add_event(world.calendar(), event)


@pytest.mark.parametrize("direction", Direction)
def test_an_item_that_comes_twice_is_one(world: World, direction: Direction) -> None:
    before = state_of(world)
    world.fault("repeat_item", path_contains="/events", count=None)

    view = world.snapshot(direction, remove=True)

    assert (view.counters.read, view.counters.unchanged) == (SINGLES + SERIES, SINGLES + SERIES)
    assert state_of(world) == before


# --- occurrences --------------------------------------------------------------------------------------------------

OCCURRENCES = {"method": "GET", "path_contains": "/events", "query_contains": "master_event_id="}


@pytest.mark.parametrize("name", ["an error", "a gateway's page", "a page cut off", "a refusal", "a broken connection"])
def test_occurrences_that_cannot_be_listed_let_a_series_be(world: World, name: str) -> None:
    """A Send reads each series again before it changes it: with its occurrences, or not at all."""
    for item in list(world.items().values()):
        if item.item.is_recurring:
            world.edit(item, location="Room 1")
    events = world.events()
    world.fault(count=None, **OCCURRENCES, **FAULTS[name])

    view = world.send()

    assert (view.counters.updated, view.counters.failed) == (0, SERIES)
    assert (world.events(), world.writing_requests()) == (events, [])
    world.heal()
    assert world.send().counters.updated == SERIES
    assert sum(e["title"].startswith("Special") for e in world.events().values()) == SERIES


@pytest.mark.parametrize("fault", [{"kind": "empty_list"}, {"kind": "short_list", "items": 0}])
def test_occurrences_that_are_kept_back_stop_the_change_of_their_series(world: World, fault: Json) -> None:
    """Without its changed occurrence the series is not the one that was planned on: it counts as changed meanwhile."""
    for item in list(world.items().values()):
        if item.item.is_recurring:
            world.edit(item, location="Room 1")
    events = world.events()
    world.fault(cursor=False, count=None, **OCCURRENCES, **fault)

    view = world.send()

    assert (view.counters.updated, view.counters.moved) == (0, SERIES)
    assert (world.events(), world.writing_requests()) == (events, [])


def test_a_get_whose_listing_lacks_occurrences_corrects_itself(world: World) -> None:
    """Nobody can tell an occurrence that a listing keeps back from one that was put back: no item is lost by it."""
    world.fault("short_list", path_contains="/events", items=PER_PAGE - 1, cursor=True, after=PAGES - 2, count=None)
    before = len(world.items())

    world.get(remove=True)

    assert len(world.items()) == before
    world.heal()
    world.get()
    assert world.send().counters.to_write == 0
    assert world.writing_requests() == []


# --- 248 -> 0 -> 248 ----------------------------------------------------------------------------------------------

MANY = 248


@pytest.fixture
def many(worlds: Worlds) -> World:
    world = worlds()
    for number in range(MANY):
        world.event(f"Meeting {number}")
    assert world.get().counters.created == MANY
    return world


def leave(world: World, view: SnapshotView) -> None:
    """Let the held run wait."""
    assert world.run(view).state is RunState.HELD


def cancel(world: World, view: SnapshotView) -> None:
    world.services.snapshots.cancel(OLGA, view.id)


@pytest.mark.parametrize("then", [leave, cancel])
def test_a_source_that_is_empty_once_changes_nothing_at_either_side(
    many: World, then: Callable[[World, SnapshotView], None]
) -> None:
    """The service answers 0 items, and knows none of them by id either: exactly what a deleted calendar looks like."""
    before = state_of(many)
    many.fault("status", path_contains="/events/", status=404, count=None)
    many.fault("empty_list", path_contains="/events", cursor=False, count=None)

    held = many.get(remove=True)

    assert (many.run(held).state, held.counters.to_delete, held.counters.deleted) == (RunState.HELD, MANY, 0)
    assert state_of(many) == before
    then(many, held)
    many.heal()
    if then is leave:
        cancel(many, held)
    for direction in Direction:
        view = many.snapshot(direction, remove=True)
        assert (view.counters.unchanged, view.counters.to_write) == (MANY, 0)
    assert (len(many.items()), len(many.events())) == (MANY, MANY)
    assert state_of(many) == before
    assert many.writing_requests() == []


def test_a_crm_that_is_empty_once_changes_nothing_at_nylas(many: World) -> None:
    kept = list(many.items().values())
    for item in kept:
        many.services.crm.delete(OLGA, item.id)
    many.forget_requests()

    held = many.send(remove=True)

    assert (many.run(held).state, held.counters.to_delete) == (RunState.HELD, MANY)
    many.services.snapshots.cancel(OLGA, held.id)
    for item in kept:
        many.services.crm.put(OLGA, item)
    for direction in Direction:
        assert many.snapshot(direction, remove=True).counters.to_write == 0
    assert (len(many.items()), len(many.events())) == (MANY, MANY)
    assert many.writing_requests() == []
