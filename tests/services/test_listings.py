"""A listing that is not complete deletes nothing, whatever is wrong with it and with whichever page."""

from __future__ import annotations

import pytest

from nylasadmin.domain.plan import Direction
from nylasadmin.domain.runs import RunState
from tests.services.conftest import Worlds
from tests.services.worlds import OLGA, World

EVENTS = 420  # three pages of 200

FAULTS = {
    "an error": {"kind": "status", "status": 500},
    "a gateway's page": {"kind": "status", "status": 502, "body": "html"},
    "a page cut off": {"kind": "status", "status": 200, "body": "truncated"},
    "a refused page": {"kind": "status", "status": 403},
    "a broken connection": {"kind": "reset"},
    "a short last page": {"kind": "short_list", "items": 20, "cursor": False},
    "an empty last page": {"kind": "empty_list", "cursor": False},
    "a short page that leads on": {"kind": "short_list", "items": 20, "cursor": True},
}


@pytest.fixture
def full(worlds: Worlds) -> World:
    """Many events, copied once."""
    world = worlds()
    for number in range(EVENTS):
        world.event(f"Meeting {number}")
    assert world.get().counters.created == EVENTS
    return world


@pytest.mark.parametrize("page", [0, 1, 2])
@pytest.mark.parametrize("name", FAULTS)
def test_a_damaged_listing_deletes_nothing(full: World, name: str, page: int) -> None:
    fault = dict(FAULTS[name])
    full.fault(fault.pop("kind"), method="GET", path_contains="/events", after=page, count=None, **fault)
    full.forget_requests()

    for direction in Direction:
        view = full.snapshot(direction, remove=True)
        run = full.run(view)
        assert view.counters.deleted == 0
        assert run.state in (RunState.FAILED, RunState.HELD, RunState.DONE)
        assert run.cause or run.hold or run.state is RunState.DONE
        if run.state is RunState.HELD:
            full.services.snapshots.cancel(OLGA, view.id)

    assert len(full.items()) == len(full.events()) == EVENTS
    assert full.writing_requests() == []
    full.heal()
    assert full.get().counters.unchanged == EVENTS
    assert full.send().counters.unchanged == EVENTS


def test_what_a_short_listing_lacks_is_looked_up_before_it_may_be_deleted(world: World) -> None:
    for number in range(12):
        world.event(f"Meeting {number}")
    world.get()
    world.fault("short_list", path_contains="/events", items=11, cursor=False)

    view = world.get()

    assert view.counters.unchanged == 12
    assert len(world.items()) == 12


def test_a_source_that_goes_empty_and_comes_back_leaves_all_on_both_sides(full: World) -> None:
    events = list(full.events())
    kept = [full.box.read_event(full.calendar(), event_id) for event_id in events]
    for event_id in events:
        full.box.delete_event(full.calendar(), event_id)

    held = full.get()
    assert full.run(held).state is RunState.HELD
    assert len(full.items()) == EVENTS
    full.services.snapshots.cancel(OLGA, held.id)
    for event in kept:
        full.box.add_event(full.calendar(), event)

    assert full.get().counters.unchanged == EVENTS
    assert len(full.items()) == len(full.events()) == EVENTS


def test_a_listing_whose_cursor_expires_starts_again(full: World) -> None:
    full.fault("status", path_contains="/events", status=410, after=1, count=1)

    view = full.get()

    assert (view.counters.unchanged, view.counters.deleted) == (EVENTS, 0)
