"""The deletion guard of a whole snapshot: links that delete wait for each other, and are judged together.

Three calendars of twelve items; more than four deletes are held, of a link or of the snapshot.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from nylasadmin.domain.guard import HoldScope, Limit
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.runs import RunState
from nylasadmin.errors import Refused
from nylasadmin.services.views import LinkState, SnapshotState
from tests.sandbox.openapi import judged_sandbox
from tests.services.conftest import Worlds
from tests.services.guarded import ITEMS, MOST, asked, delete_at_source, filled, left, states, victims
from tests.services.worlds import OLGA, World, opened

USERS = 3


@pytest.fixture
def world(worlds: Worlds) -> World:
    return filled(worlds(users=USERS))


@pytest.fixture(params=Direction)
def direction(request: pytest.FixtureRequest) -> Direction:
    return Direction(request.param)


# --- together ----------------------------------------------------------------------------------------------------


def test_deletes_that_are_too_many_together_are_held_before_the_first_of_them(
    world: World, direction: Direction
) -> None:
    for user in range(USERS):
        delete_at_source(world, direction, user, 2)
    world.forget_requests()

    view = world.snapshot(direction)

    assert (view.state, states(world, view)) == (SnapshotState.HELD, [RunState.HELD] * USERS)
    assert (left(world, direction), world.writing_requests()) == ([ITEMS] * USERS, [])
    hold = world.run(view).hold
    assert hold is not None
    assert (hold.scope, hold.limit, hold.allowed) == (HoldScope.SNAPSHOT, Limit.DELETES, MOST)
    assert (hold.deletes, hold.destination_items) == (2, ITEMS)
    assert (hold.judged.deletes, hold.judged.destination_items) == (6, USERS * ITEMS)


def test_deletes_within_the_limits_together_are_carried_out(world: World, direction: Direction) -> None:
    delete_at_source(world, direction, 0, 2)
    delete_at_source(world, direction, 2, 2)

    view = world.snapshot(direction)

    assert (view.state, view.counters.deleted) == (SnapshotState.DONE, 4)
    assert left(world, direction) == [ITEMS - 2, ITEMS, ITEMS - 2]


def test_links_that_delete_nothing_do_not_wait(world: World) -> None:
    delete_at_source(world, Direction.GET, 0, 3)
    delete_at_source(world, Direction.GET, 1, 3)
    world.event("New", 2)

    view = world.get()

    assert states(world, view) == [RunState.HELD, RunState.HELD, RunState.DONE]
    assert "New" in world.titles_in_crm(2)


def test_a_snapshot_of_one_link_waits_for_nobody(world: World) -> None:
    delete_at_source(world, Direction.GET, 0, MOST)

    view = world.get(link_id=world.link().id)

    assert (view.state, view.counters.deleted) == (SnapshotState.DONE, MOST)


def test_a_link_that_passes_a_limit_by_itself_is_held_for_itself_and_counts(world: World) -> None:
    delete_at_source(world, Direction.GET, 0, MOST + 1)
    delete_at_source(world, Direction.GET, 1, 1)

    view = world.get()

    scopes = [hold.scope for user in (0, 1) if (hold := world.run(view, user).hold)]
    assert states(world, view) == [RunState.HELD, RunState.HELD, RunState.DONE]
    assert scopes == [HoldScope.LINK, HoldScope.SNAPSHOT]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("deletes", [(2, 2, 2), (2, 0, 2)])
def test_the_order_of_links_does_not_matter(worlds: Worlds, deletes: tuple[int, ...], order: tuple[int, ...]) -> None:
    world = filled(worlds(users=USERS))
    for user, count in enumerate(deletes):
        delete_at_source(world, Direction.GET, user, count)
    view, runs = asked(world)

    for user in order:
        world.product.worker.run_link(runs[user])
    world.product.runner.wake()

    held = sum(deletes) > MOST
    assert world.services.console.snapshot(view.id).state is (SnapshotState.HELD if held else SnapshotState.DONE)
    assert left(world, Direction.GET) == [ITEMS - (0 if held else count) for count in deletes]


# --- waiting -----------------------------------------------------------------------------------------------------


def test_a_waiting_run_has_written_nothing_occupies_its_link_and_says_what_it_waits_for(world: World) -> None:
    delete_at_source(world, Direction.SEND, 0, 1)
    world.put("New")
    view, runs = asked(world, Direction.SEND)
    world.forget_requests()

    assert world.product.worker.run_link(runs[0]) is RunState.WAITING

    run = world.run(view)
    assert (run.state, run.counters.to_delete, run.counters.written) == (RunState.WAITING, 1, 0)
    assert "every link of this snapshot" in run.cause
    assert world.writing_requests() == []
    assert world.services.console.link(run.link_id).state is LinkState.RUNNING
    assert world.services.console.snapshot(view.id).state is SnapshotState.RUNNING
    assert world.product.worker.run_link(runs[0]) is None  # nobody can take it before the others are planned
    with pytest.raises(Refused) as busy:
        world.services.snapshots.request(OLGA, direction=Direction.SEND, link_id=run.link_id)
    assert (busy.value.why, busy.value.facts["run_id"]) == ("link_busy", run.id)


def test_nothing_is_decided_while_a_link_is_not_planned(world: World) -> None:
    delete_at_source(world, Direction.GET, 0, 1)
    _, runs = asked(world)
    world.product.worker.run_link(runs[0])
    world.product.worker.run_link(runs[1])

    assert world.product.worker.claimable(10) == [runs[2]]


def test_a_process_that_ends_before_the_decision_leaves_it_to_the_next_one(tmp_path: Path) -> None:
    with judged_sandbox(users=USERS, events_per_user=0) as box:
        with opened(tmp_path, box) as world:
            filled(world)
            for user in range(USERS):
                delete_at_source(world, Direction.GET, user, 2)
            view, runs = asked(world)
            for run_id in runs:
                world.product.worker.run_link(run_id)
            assert states(world, view) == [RunState.WAITING] * USERS

        with opened(tmp_path, box) as world:
            world.product.runner.start()

            assert states(world, view) == [RunState.HELD] * USERS
            assert left(world, Direction.GET) == [ITEMS] * USERS


def test_a_process_that_ends_after_the_decision_leaves_the_deletes_to_the_next_one(tmp_path: Path) -> None:
    with judged_sandbox(users=USERS, events_per_user=0) as box:
        with opened(tmp_path, box) as world:
            filled(world)
            delete_at_source(world, Direction.GET, 0, 2)
            view, runs = asked(world)
            for run_id in runs:
                world.product.worker.run_link(run_id)
            assert world.product.worker.claimable(9) == [runs[0]]  # decided, not carried out

        with opened(tmp_path, box) as world:
            world.product.runner.start()

            assert world.services.console.snapshot(view.id).state is SnapshotState.DONE
            assert left(world, Direction.GET) == [ITEMS - 2, ITEMS, ITEMS]


def test_deciding_twice_decides_once(world: World) -> None:
    for user in range(USERS):
        delete_at_source(world, Direction.GET, user, 2)
    view, runs = asked(world)
    for run_id in runs:
        world.product.worker.run_link(run_id)

    for _ in range(3):
        assert world.product.worker.claimable(9) == []

    assert states(world, view) == [RunState.HELD] * USERS


def test_a_link_that_failed_counts_nothing_and_blocks_nobody(world: World) -> None:
    for user in range(USERS):
        delete_at_source(world, Direction.GET, user, 2)
    world.fault("status", status=404, grant=world.box.grants[2].email, path_contains="/events", count=None)

    view = world.get()

    assert states(world, view) == [RunState.DONE, RunState.DONE, RunState.FAILED]
    assert left(world, Direction.GET) == [ITEMS - 2, ITEMS - 2, ITEMS]


def test_cancelling_the_link_others_wait_for_lets_them_be_decided_at_once(world: World) -> None:
    delete_at_source(world, Direction.GET, 0, 2)
    view, runs = asked(world)
    for run_id in runs[:2]:
        world.product.worker.run_link(run_id)

    world.services.snapshots.cancel_run(OLGA, runs[2])

    assert states(world, view) == [RunState.DONE, RunState.DONE, RunState.CANCELLED]
    assert left(world, Direction.GET)[0] == ITEMS - 2


def test_deletes_of_a_link_that_was_cancelled_before_it_wrote_do_not_count(world: World) -> None:
    for user in (0, 1, 2):
        delete_at_source(world, Direction.GET, user, 2)
    view, runs = asked(world)
    for run_id in runs[:2]:
        world.product.worker.run_link(run_id)
    world.services.snapshots.cancel_run(OLGA, runs[0])

    while waiting := world.product.worker.claimable(10):
        for run_id in waiting:
            world.product.worker.run_link(run_id)

    assert states(world, view) == [RunState.CANCELLED, RunState.DONE, RunState.DONE]


def test_cancelling_the_snapshot_ends_waiting_runs_without_a_write(world: World) -> None:
    delete_at_source(world, Direction.SEND, 0, 2)
    view, runs = asked(world, Direction.SEND)
    world.product.worker.run_link(runs[0])
    world.forget_requests()

    world.services.snapshots.cancel(OLGA, view.id)
    world.product.runner.wake()

    assert states(world, view) == [RunState.CANCELLED] * USERS
    assert (left(world, Direction.SEND), world.writing_requests()) == ([ITEMS] * USERS, [])


def test_deletes_that_were_not_counted_are_judged_again(world: World) -> None:
    delete_at_source(world, Direction.GET, 0, 2)
    view, runs = asked(world)
    for run_id in runs:
        world.product.worker.run_link(run_id)
    assert world.product.worker.claimable(9) == [runs[0]]
    delete_at_source(world, Direction.GET, 0, 2)

    assert world.product.worker.run_link(runs[0]) is RunState.WAITING

    world.product.runner.wake()
    assert left(world, Direction.GET)[0] == ITEMS - 4
    assert world.services.console.snapshot(view.id).state is SnapshotState.DONE


def test_a_plan_that_was_shown_is_judged_as_a_whole_too(world: World, direction: Direction) -> None:
    for user in range(USERS):
        delete_at_source(world, direction, user, 2)
    plan = world.snapshot(direction, is_preview=True)
    world.forget_requests()

    started = world.services.plans.run(OLGA, plan.id, typed_deletes=6)

    assert states(world, started) == [RunState.HELD] * USERS
    assert world.writing_requests() == []
    world.services.answers.approve_all(OLGA, started.id, 6, "they left")
    done = world.services.console.snapshot(started.id)
    assert (done.state, done.counters.deleted, done.counters.moved) == (SnapshotState.DONE, 6, 0)


# --- foretold ----------------------------------------------------------------------------------------------------


def test_a_preview_says_what_the_guard_would_hold(world: World, direction: Direction) -> None:
    delete_at_source(world, direction, 0, MOST + 1)
    delete_at_source(world, direction, 1, 1)
    plan = world.snapshot(direction, is_preview=True)

    forecast = world.services.plans.forecast(plan.id)

    assert [(h.link_id, h.hold.limit, h.hold.deletes) for h in forecast.links] == [
        (world.link(0).id, Limit.DELETES, MOST + 1)
    ]
    assert forecast.snapshot is not None
    assert (forecast.snapshot.limit, forecast.snapshot.deletes) == (Limit.DELETES, MOST + 2)


def test_what_is_left_out_of_a_plan_does_not_count(world: World) -> None:
    for user in range(USERS):
        delete_at_source(world, Direction.GET, user, 2)
    plan = world.get(is_preview=True)
    items = [(item.run_id, item.seq) for item in victims(world, plan)[:2]]
    assert world.services.plans.forecast(plan.id).snapshot is not None

    world.services.plans.exclude(OLGA, plan.id, items, is_excluded=True)

    assert world.services.plans.forecast(plan.id).snapshot is None
    started = world.services.plans.run(OLGA, plan.id, typed_deletes=4)
    assert world.services.console.snapshot(started.id).state is SnapshotState.DONE


def test_a_plan_of_one_link_has_no_snapshot_to_hold(world: World) -> None:
    delete_at_source(world, Direction.GET, 0, MOST + 1)
    plan = world.get(is_preview=True, link_id=world.link().id)

    forecast = world.services.plans.forecast(plan.id)

    assert (len(forecast.links), forecast.snapshot) == (1, None)
