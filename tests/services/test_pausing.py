"""Pausing: nothing more is written until somebody resumes; then the rest is done, and nothing twice."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from nylasadmin.domain.plan import Direction
from nylasadmin.domain.runs import RunState
from nylasadmin.errors import NotFound, Refused
from nylasadmin.services.views import SnapshotState, SnapshotView
from tests.services.conftest import Worlds
from tests.services.test_stopping import ITEMS, is_let_go, is_over, request, under_way, until
from tests.services.test_stopping import threaded as threaded
from tests.services.worlds import OLGA, World, timed


def state(world: World, view: SnapshotView) -> SnapshotState:
    return world.services.console.snapshot(view.id).state


def test_a_paused_send_writes_nothing_more_and_resumed_it_does_the_rest_once(threaded: World) -> None:
    view = under_way(threaded)

    assert threaded.services.pauses.pause(OLGA, view.id) == 1
    sent = len(threaded.writing_requests())
    until(lambda: is_let_go(threaded, view))
    written = len(threaded.events())
    assert len(threaded.writing_requests()) <= sent + 1
    assert (threaded.run(view).state, threaded.run(view).counters.created) == (RunState.PAUSED, written)
    assert (state(threaded, view), written < ITEMS) == (SnapshotState.PAUSED, True)

    threaded.heal()
    assert threaded.services.pauses.resume(OLGA, view.id) == 1
    until(lambda: is_over(threaded, view))

    counters = threaded.run(view).counters
    assert threaded.titles_at_nylas() == [f"Meeting {n:02}" for n in range(ITEMS)]
    assert (counters.created, counters.to_create, counters.read) == (ITEMS, ITEMS, ITEMS)
    assert len(threaded.rows("pairs")) == ITEMS


def test_resumed_before_its_worker_noticed_it_still_does_everything_once(threaded: World) -> None:
    view = under_way(threaded)

    for _ in range(5):
        threaded.services.pauses.pause(OLGA, view.id)
        threaded.services.pauses.resume(OLGA, view.id)
    threaded.heal()
    until(lambda: is_over(threaded, view))

    assert (len(threaded.events()), threaded.run(view).counters.created) == (ITEMS, ITEMS)


def test_cancel_works_on_a_paused_snapshot_and_leaves_what_was_written(threaded: World) -> None:
    view = under_way(threaded)
    threaded.services.pauses.pause(OLGA, view.id)
    until(lambda: is_let_go(threaded, view))

    assert threaded.services.snapshots.cancel(OLGA, view.id) == 1

    assert threaded.services.pauses.resume(OLGA, view.id) == 0
    assert (state(threaded, view), threaded.run(view).state) == (SnapshotState.CANCELLED, RunState.CANCELLED)
    assert threaded.product.worker.run_link(threaded.run(view).id) is None


def test_a_paused_run_keeps_its_link(threaded: World) -> None:
    view = under_way(threaded)
    threaded.services.pauses.pause(OLGA, view.id)

    with pytest.raises(Refused) as refused:
        threaded.services.snapshots.request(OLGA, direction=Direction.GET, link_id=threaded.link().id)

    assert refused.value.why == "link_paused"


def test_pausing_and_resuming_twice_changes_nothing_the_second_time_and_each_leaves_its_row(worlds: Worlds) -> None:
    world = waiting(worlds)
    view = request(world)
    pauses = world.services.pauses

    assert [pauses.pause(OLGA, view.id) for _ in range(2)] == [1, 0]
    assert [pauses.resume(OLGA, view.id) for _ in range(2)] == [1, 0]
    run_id = world.run(view).id
    assert [pauses.pause_run(OLGA, run_id) for _ in range(2)] == [1, 0]
    assert [pauses.resume_run(OLGA, run_id) for _ in range(2)] == [1, 0]

    rows = [(row.action, row.new) for row in world.services.audit.rows(size=8)][::-1]
    assert rows == [
        (f"{noun}.{verb}", f'{{"runs":{count}}}')
        for noun in ("snapshot", "run")
        for verb in ("pause", "resume")
        for count in (1, 0)
    ]


def waiting(worlds: Worlds, **options: object) -> World:
    """A world whose runner was never started: runs wait in the queue."""
    world = worlds(settings={"runner": "threads"}, **options)
    world.put("One")
    return world


def test_no_worker_takes_a_paused_run(worlds: Worlds) -> None:
    world = waiting(worlds)
    view = request(world)
    world.services.pauses.pause(OLGA, view.id)

    assert world.product.worker.claimable(10) == []
    assert world.product.worker.run_link(world.run(view).id) is None
    assert world.run(view).state is RunState.PAUSED


def test_one_run_is_paused_while_the_others_go_on(worlds: Worlds) -> None:
    world = waiting(worlds, users=2)
    view = request(world)
    world.services.pauses.pause_run(OLGA, world.run(view, 1).id)

    world.product.runner.start()
    until(lambda: world.run(view, 0).state is RunState.DONE)

    assert (world.run(view, 1).state, state(world, view)) == (RunState.PAUSED, SnapshotState.PAUSED)


def test_a_held_run_stays_held_and_pausing_it_is_no_error(worlds: Worlds) -> None:
    world = worlds()
    world.event("One")
    world.get()
    world.box.delete_event(world.calendar(), *world.events())
    view = world.get()
    assert view.state is SnapshotState.HELD

    assert world.services.pauses.pause(OLGA, view.id) == 0
    assert world.services.pauses.pause_run(OLGA, world.run(view).id) == 0
    assert world.run(view).state is RunState.HELD


def test_a_preview_is_not_paused(worlds: Worlds) -> None:
    world = waiting(worlds)
    preview = world.services.snapshots.request(
        OLGA, direction=Direction.SEND, target_id=world.target.id, is_preview=True
    )

    with pytest.raises(Refused) as refused:
        world.services.pauses.pause(OLGA, preview.id)

    assert refused.value.why == "preview_not_paused"


@pytest.mark.parametrize("what", ["pause", "resume", "pause_run", "resume_run"])
def test_what_is_not_there_cannot_be_paused(world: World, what: str) -> None:
    with pytest.raises(NotFound):
        getattr(world.services.pauses, what)(OLGA, 77)


@pytest.mark.parametrize("direction", Direction)
def test_paused_by_somebody_while_the_inline_runner_works_it_goes_on_when_resumed(
    worlds: Worlds, direction: Direction
) -> None:
    world = worlds()
    make: Callable[[int], object] = (
        (lambda n: world.event(f"Event {n:02}")) if direction is Direction.GET else lambda n: crm_item(world, n)
    )
    for number in range(30):
        make(number)
    slow(world, direction)
    asked = threading.Thread(target=world.snapshot, args=(direction,))
    asked.start()
    until(lambda: is_at_work(world, direction))
    view = world.services.console.live_snapshot(world.target.id)
    assert view is not None

    world.services.pauses.pause(OLGA, view.id)
    asked.join(20)
    assert world.run(view).state is RunState.PAUSED
    world.heal()
    world.services.pauses.resume(OLGA, view.id)

    assert world.run(view).counters.created == 30
    assert world.titles_in_crm() == world.titles_at_nylas() == [f"Event {n:02}" for n in range(30)]


def crm_item(world: World, number: int) -> object:
    return world.put(f"Event {number:02}", when=timed(number))


def slow(world: World, direction: Direction) -> None:
    method = "GET" if direction is Direction.GET else "POST"
    world.fault("hang", method=method, path_contains="/events", seconds=0.3, count=None)


def is_at_work(world: World, direction: Direction) -> bool:
    if direction is Direction.SEND:
        return len(world.events()) >= 3
    return any(e["path"].endswith("/events") for e in world.box.sandbox.requests.entries())


def test_many_pauses_are_not_taken_for_a_worker_that_dies_again_and_again(worlds: Worlds) -> None:
    world = waiting(worlds)
    view = request(world)
    run_id = world.run(view).id
    for _ in range(25):
        claim_and_pause(world, run_id)
        world.services.pauses.resume_run(OLGA, run_id)

    world.product.runner.start()
    until(lambda: is_over(world, view))

    assert world.run(view).state is RunState.DONE


def claim_and_pause(world: World, run_id: int) -> None:
    """Let a worker take the run, pause it, and let go."""
    with world.product.storage.write() as tx:
        run = tx.runs.claim(run_id, "w", world.product.clock.now(), 60)
        assert run is not None
        tx.runs.pause(run_id=run_id)
        tx.runs.let_go(run)


def test_points_of_the_plot_are_taken_while_it_runs_and_one_at_its_end(threaded: World) -> None:
    view = under_way(threaded)
    until(lambda: len(threaded.services.console.samples(view.id)) >= 2)
    threaded.heal()
    until(lambda: is_over(threaded, view))

    points = threaded.services.console.samples(view.id)

    assert (points[-1].read, points[-1].written, points[-1].failed) == (ITEMS, ITEMS, 0)
    assert [p.written for p in points] == sorted(p.written for p in points)
    assert points[0].read > 0
    assert points[0].written < ITEMS
