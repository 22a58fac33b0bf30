"""Stopping a run: cancelled stays cancelled, a switch stops writes at the next item, one run at a time per link."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from nylasadmin.domain.links import OffReason
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.runs import RunState
from nylasadmin.errors import NotFound, Refused
from nylasadmin.services.targets import form_of
from nylasadmin.services.views import SnapshotState, SnapshotView
from tests.services.conftest import Worlds
from tests.services.worlds import OLGA, World, timed

ITEMS = 60


def until(is_so: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait for something that another thread brings about."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)


@pytest.fixture
def threaded(worlds: Worlds) -> Iterator[World]:
    """A CRM full of items and the threads runner, one request at a time, a tenth of a second each."""
    world = worlds(settings={"runner": "threads", "workers": 2})
    for number in range(ITEMS):
        world.put(f"Meeting {number:02}", when=timed(number))
    target = world.services.console.target(world.target.id)
    world.services.targets.edit(OLGA, target.id, target.version, replace(form_of(target), concurrency=1))
    world.fault("hang", method="POST", seconds=0.05, count=None)
    world.product.runner.start()
    return world


def request(world: World, direction: Direction = Direction.SEND) -> SnapshotView:
    return world.services.snapshots.request(OLGA, direction=direction, target_id=world.target.id)


def under_way(world: World) -> SnapshotView:
    """Start a Send and give it when a few items are written."""
    view = request(world)
    until(lambda: len(world.events()) >= 4)
    return view


def is_over(world: World, view: SnapshotView) -> bool:
    return not world.services.console.snapshot(view.id).is_live


def is_let_go(world: World, view: SnapshotView) -> bool:
    return all(r["lease_until"] is None for r in world.rows("runs") if r["snapshot_id"] == view.id)


def test_cancel_stops_at_the_next_item_and_stays_cancelled(threaded: World) -> None:
    view = under_way(threaded)

    threaded.services.snapshots.cancel(OLGA, view.id)
    sent = len(threaded.writing_requests())
    until(lambda: is_let_go(threaded, view))

    assert len(threaded.writing_requests()) <= sent + 1
    written = len(threaded.events())
    time.sleep(0.3)
    run = threaded.run(view)
    assert (run.state, run.counters.created, len(threaded.events())) == (RunState.CANCELLED, written, written)
    assert len(threaded.rows("pairs")) == written < ITEMS
    assert threaded.product.worker.run_link(run.id) is None
    assert threaded.run(view).state is RunState.CANCELLED
    assert threaded.services.snapshots.cancel(OLGA, view.id) == 0


def test_after_a_cancel_the_next_snapshot_does_the_rest_and_doubles_nothing(threaded: World) -> None:
    view = under_way(threaded)
    threaded.services.snapshots.cancel(OLGA, view.id)
    threaded.heal()

    again = request(threaded)
    until(lambda: is_over(threaded, again))

    assert len(threaded.events()) == ITEMS
    assert threaded.services.console.snapshot(again.id).state is SnapshotState.DONE


def switch_link_off(world: World) -> None:
    link = world.link()
    world.services.links.edit(OLGA, link.id, link.version, inbound=True, outbound=False)


def switch_target_off(world: World) -> None:
    target = world.services.console.target(world.target.id)
    world.services.targets.edit(OLGA, target.id, target.version, replace(form_of(target), outbound=False))


def disable_target(world: World) -> None:
    target = world.services.console.target(world.target.id)
    world.services.targets.edit(OLGA, target.id, target.version, replace(form_of(target), is_disabled=True))


@pytest.mark.parametrize("switch_off", [switch_link_off, switch_target_off, disable_target])
def test_a_switch_turned_off_stops_a_send_at_the_next_item(
    threaded: World, switch_off: Callable[[World], None]
) -> None:
    view = under_way(threaded)

    switch_off(threaded)
    sent = len(threaded.writing_requests())
    until(lambda: is_over(threaded, view))

    assert len(threaded.writing_requests()) <= sent + 1
    run = threaded.run(view)
    assert run.state is RunState.CANCELLED
    assert run.cause.startswith("Not copied")
    assert run.counters.created == len(threaded.events()) < ITEMS


def test_a_switch_turned_off_while_a_get_lists_stops_it_before_it_writes(worlds: Worlds) -> None:
    world = worlds(settings={"runner": "threads"})
    world.event("One")
    world.fault("hang", path_contains="/events", seconds=0.5)
    world.product.runner.start()
    view = request(world, Direction.GET)
    until(lambda: world.box.sandbox.requests.entries()[-1]["path"].endswith("/events"))

    link = world.link()
    world.services.links.edit(OLGA, link.id, link.version, inbound=False, outbound=True)
    until(lambda: is_over(world, view))

    assert (world.run(view).state, world.items()) == (RunState.CANCELLED, {})


def test_switching_the_other_direction_off_changes_nothing(threaded: World) -> None:
    view = under_way(threaded)
    link = threaded.link()
    threaded.services.links.edit(OLGA, link.id, link.version, inbound=False, outbound=True)
    threaded.heal()

    until(lambda: is_over(threaded, view))

    assert threaded.run(view).counters.created == ITEMS


def test_a_busy_link_is_refused_by_the_name_of_its_run(threaded: World) -> None:
    view = under_way(threaded)
    run = threaded.run(view)

    with pytest.raises(Refused) as link_busy:
        threaded.services.snapshots.request(OLGA, direction=Direction.GET, link_id=run.link_id)
    with pytest.raises(Refused) as all_busy:
        request(threaded)
    with pytest.raises(Refused) as no_removal:
        threaded.services.links.remove(OLGA, run.link_id, threaded.link().version)

    assert (link_busy.value.why, link_busy.value.facts["run_id"]) == ("link_busy", run.id)
    assert all_busy.value.why == "nothing_to_run"
    assert (no_removal.value.why, no_removal.value.facts["run_id"]) == ("link_busy", run.id)


def test_two_requests_that_race_for_a_link_make_one_run(worlds: Worlds) -> None:
    world = worlds(settings={"runner": "threads"})
    link_id = world.link().id
    start = threading.Barrier(8)

    def ask(_: int) -> str:
        start.wait()
        try:
            world.services.snapshots.request(OLGA, direction=Direction.GET, link_id=link_id)
        except Refused as refused:
            return refused.why
        return "taken"

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(ask, range(8)))

    assert answers == ["link_busy"] * 7 + ["taken"]
    assert len(world.rows("runs")) == 1


def test_a_link_that_is_off_explains_instead_of_acting(world: World) -> None:
    switch_link_off(world)

    with pytest.raises(Refused) as refused:
        world.send(link_id=world.link().id)

    assert (refused.value.why, refused.value.facts["because"]) == ("link_off", "Outbound is off at this link")


def test_a_snapshot_of_a_target_skips_links_that_are_off_and_says_so(worlds: Worlds) -> None:
    world = worlds(users=2, events_per_user=5)
    link = world.link(1)
    world.services.links.edit(OLGA, link.id, link.version, inbound=False, outbound=True)

    view = world.get()

    assert {s.link_id: s.off for s in view.skipped} == {link.id: (OffReason.LINK_SWITCH,)}
    assert (world.items(1) == {}, len(world.items(0)) > 0) == (True, True)


def test_a_run_whose_direction_is_off_when_its_turn_comes_is_not_carried_out(worlds: Worlds) -> None:
    world = worlds(settings={"runner": "threads"})
    world.event("One")
    view = request(world, Direction.GET)
    link = world.link()
    world.services.links.edit(OLGA, link.id, link.version, inbound=False, outbound=True)
    world.forget_requests()

    world.product.runner.start()
    until(lambda: is_over(world, view))

    run = world.run(view)
    assert (run.state, run.cause) == (RunState.CANCELLED, "Not copied: Inbound is off at this link.")
    assert world.box.sandbox.requests.entries() == []


def test_a_process_that_stops_gives_its_runs_back_and_the_next_one_goes_on(threaded: World) -> None:
    view = under_way(threaded)
    began = time.monotonic()

    assert threaded.product.close()

    assert time.monotonic() - began < 2
    with threaded.product.storage.read() as tx:
        assert tx.runs.claimable(time.time(), view.id, 9) == [threaded.run(view).id]
    assert threaded.run(view).state is RunState.QUEUED


def test_cancelling_what_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(NotFound):
        world.services.snapshots.cancel(OLGA, 77)
    with pytest.raises(NotFound):
        world.services.snapshots.cancel_run(OLGA, 77)
