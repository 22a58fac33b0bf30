"""A process that is killed inside an undo: the next one goes on at once, and both sides are as they were before.

As in :mod:`tests.faults.test_kill` the process is a real one and the signal is SIGKILL. With threads: the crash matrix
kills an undo that works inline at every kind of point.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from msgspec.structs import replace

from nylasadmin.domain.items import ItemId, ScheduleItem
from nylasadmin.domain.runs import RunState
from nylasadmin.services.targets import form_of
from nylasadmin.services.views import SnapshotView
from tests.faults.test_kill import (
    LOST_AFTER_S,
    Moment,
    applied,
    asked,
    counted,
    faulted,
    finished,
    killed,
    last_run,
    let_stragglers_end,
)
from tests.services.conftest import Worlds
from tests.services.undone import by_title, in_crm, undo_plan
from tests.services.worlds import OLGA, World, timed

EACH = 30
"""Of each kind: created, overwritten and deleted by the snapshot that is taken back."""

MANY = 250
IN_FLIGHT = 9
"""Writes whose end nobody has written down when a process dies: four under way, four told, one being recorded."""


def without_guard(world: World) -> None:
    """Deletes are what these tests are about; and a service is given two seconds and a bit to answer."""
    target = world.services.console.target(world.target.id)
    form = replace(form_of(target), read_timeout_s=LOST_AFTER_S, guard_deletes=10_000, guard_share_percent=100)
    world.services.targets.edit(OLGA, target.id, target.version, form)


Fault = dict[str, Any]
Sent = tuple[World, SnapshotView, dict[str, bytes]]
Got = tuple[World, SnapshotView, dict[ItemId, ScheduleItem]]


@pytest.fixture
def sent(worlds: Worlds) -> Sent:
    """A Send that has created, overwritten and deleted many, with Nylas as it was before."""
    world = worlds()
    without_guard(world)
    for number in range(2 * EACH):
        world.put(f"Meeting {number:02}", when=timed(number))
    world.send()
    for number in range(EACH):
        world.edit(world.named(f"Meeting {number:02}"), location="Room 9")
        world.services.crm.delete(OLGA, world.named(f"Meeting {number + EACH:02}").id)
        world.put(f"New {number:02}", when=timed(number))
    before = by_title(world)
    view = world.send()
    assert (view.counters.created, view.counters.updated, view.counters.deleted) == (EACH, EACH, EACH)
    return world, view, before


@pytest.fixture
def got(worlds: Worlds) -> Got:
    """A Get that has created, overwritten and deleted so many that its undo takes several batches."""
    world = worlds()
    without_guard(world)
    for number in range(2 * MANY):
        world.event(f"Meeting {number:04}")
    world.get()
    titles = {e["title"]: i for i, e in world.events().items()}
    for number in range(MANY):
        world.box.change_event(world.calendar(), titles[f"Meeting {number:04}"], {"location": "Room 9"})
        world.box.delete_event(world.calendar(), titles[f"Meeting {number + MANY:04}"])
        world.event(f"New {number:04}")
    before = in_crm(world)
    view = world.get()
    assert (view.counters.created, view.counters.updated, view.counters.deleted) == (MANY, MANY, MANY)
    return world, view, before


def interrupted(world: World, view: SnapshotView, fault: Fault, moment: Moment) -> None:
    """Take a snapshot back in a process that is killed at a moment, and let another one go on."""
    plan = undo_plan(world, view)
    world.forget_requests()
    world.fault(**fault)
    killed(world, "threads", f"run-plan-{plan.preview.id}", moment)
    world.heal()
    finished(world, "threads")
    let_stragglers_end(world)


def assert_taken_back_once(world: World, each: int) -> None:
    run = last_run(world)
    done = run.counters
    assert (run.state, done.failed, done.moved) == (RunState.DONE, 0, 0)
    assert done.to_create == done.created == each
    assert done.to_update + done.unchanged == each  # what was on its way to be changed is equal when it is planned anew
    assert each - IN_FLIGHT <= done.to_delete <= each  # and what was on its way to be deleted is gone
    assert not [w for w in world.rows("writes") if w["state"] in ("intended", "sent")]
    assert Counter(r["action"] for r in world.rows("audit"))["plan.run"] == 1
    assert world.services.audit.first_broken() is None


LISTING: Fault = {"kind": "hang", "method": "GET", "path_contains": "/events", "seconds": 2.0}
NOTHING: Fault = {"kind": "hang", "after": 10_000}


def late(method: str) -> Fault:
    return {"kind": "hang", "method": method, "after": 8, "seconds": 2.0}


def lost(method: str) -> Fault:
    return {"kind": "store_then_hang", "method": method, "after": 8, "seconds": 1.5}


SENDS: dict[str, tuple[Fault, Moment]] = {
    "before the listing": (LISTING, faulted("GET")),
    "a create that is on its way": (late("POST"), faulted("POST")),
    "a create whose answer is lost": (lost("POST"), applied("POST")),
    "a delete whose answer is lost": (lost("DELETE"), applied("DELETE")),
    "a change whose answer is lost": (lost("PUT"), applied("PUT")),
    "any moment": (NOTHING, asked(40)),
}


@pytest.mark.parametrize("name", SENDS)
def test_an_undo_of_a_send_goes_on_after_a_kill(sent: Sent, name: str) -> None:
    world, view, before = sent

    interrupted(world, view, *SENDS[name])

    titles = Counter(world.titles_at_nylas())
    assert (len(titles), max(titles.values())) == (2 * EACH, 1)
    assert by_title(world) == before
    assert world.mailed == []
    assert_taken_back_once(world, EACH)


GETS: dict[str, tuple[Fault, Moment]] = {
    "before the first write": (LISTING, faulted("GET")),
    "between batches": (NOTHING, counted("deleted", MANY + 1)),  # the Get has deleted as many
}


@pytest.mark.parametrize("name", GETS)
def test_an_undo_of_a_get_goes_on_after_a_kill(got: Got, name: str) -> None:
    world, view, before = got

    interrupted(world, view, *GETS[name])

    assert in_crm(world) == before
    assert_taken_back_once(world, MANY)
