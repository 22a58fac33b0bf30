"""The deletion guard: a run that would delete more than expected stops before its first write and waits."""

from __future__ import annotations

import pytest

from nylasadmin.domain.guard import Limit
from nylasadmin.domain.plan import ActionKind, Direction, Reason
from nylasadmin.domain.runs import RunState
from nylasadmin.errors import InvalidInput, NotFound, Refused
from nylasadmin.services.plan_views import PlanQuery
from nylasadmin.services.views import LinkState, RunRow, SnapshotState, SnapshotView
from tests.services.conftest import Worlds
from tests.services.worlds import OLGA, World

ITEMS, GONE = 40, 12


@pytest.fixture(params=Direction)
def direction(request: pytest.FixtureRequest) -> Direction:
    return Direction(request.param)


@pytest.fixture
def world(worlds: Worlds) -> World:
    """Forty items on both sides."""
    world = worlds()
    for number in range(ITEMS):
        world.event(f"Meeting {number:02}")
    world.get()
    world.send()
    return world


def delete_at_source(world: World, direction: Direction, numbers: range) -> None:
    titles = {f"Meeting {n:02}" for n in numbers}
    if direction is Direction.GET:
        for event in list(world.events().values()):
            if event["title"] in titles:
                world.box.delete_event(world.calendar(), event["id"])
    else:
        for item in world.items().values():
            if item.item.title in titles:
                world.services.crm.delete(OLGA, item.id)


def left(world: World, direction: Direction) -> int:
    """Count what the destination holds."""
    return len(world.items() if direction is Direction.GET else world.events())


def held(world: World, direction: Direction) -> tuple[SnapshotView, RunRow]:
    delete_at_source(world, direction, range(GONE))
    world.event("New") if direction is Direction.GET else world.put("New")
    world.forget_requests()
    view = world.snapshot(direction)
    return view, world.run(view)


def test_the_guard_stops_a_run_before_its_first_write(world: World, direction: Direction) -> None:
    view, run = held(world, direction)

    assert (view.state, run.state) == (SnapshotState.HELD, RunState.HELD)
    assert run.hold is not None
    assert (run.hold.limit, run.hold.deletes, run.hold.destination_items) == (Limit.SHARE, GONE, ITEMS)
    assert (run.counters.to_delete, run.counters.to_create, run.counters.written) == (GONE, 1, 0)
    assert (left(world, direction), world.writing_requests()) == (ITEMS, [])
    assert world.services.console.link(run.link_id).state is LinkState.HELD


def test_a_held_run_keeps_the_list_of_its_victims(world: World, direction: Direction) -> None:
    view, run = held(world, direction)
    query = PlanQuery(plan_id=view.id, kind=ActionKind.DELETE, link_id=run.link_id, size=100)

    page = world.services.plans.page(query, is_masked=False)

    assert {item.title for item in page.rows} == {f"Meeting {n:02}" for n in range(GONE)}
    assert world.services.plans.reasons(view.id, ActionKind.DELETE) == {Reason.DELETED_AT_SOURCE: GONE}
    assert all(item.differences for item in page.rows)


def test_victims_that_were_deleted_are_no_victims_any_more(world: World, direction: Direction) -> None:
    view, run = held(world, direction)

    world.services.answers.approve(OLGA, run.id, GONE, "the team has left")

    assert world.services.plans.reasons(view.id, ActionKind.DELETE) == {}


def test_a_held_run_goes_on_with_exactly_what_was_approved(world: World, direction: Direction) -> None:
    view, run = held(world, direction)

    world.services.answers.approve(OLGA, run.id, GONE, "the team has left")

    done = world.services.console.snapshot(view.id)
    assert (done.state, done.counters.deleted, done.counters.created) == (SnapshotState.DONE, GONE, 1)
    assert left(world, direction) == ITEMS - GONE + 1


def test_an_approval_does_not_hold_for_other_victims(world: World, direction: Direction) -> None:
    view, run = held(world, direction)
    delete_at_source(world, direction, range(GONE, GONE + 3))
    world.forget_requests()

    world.services.answers.approve(OLGA, run.id, GONE, "the team has left")

    again = world.run(view)
    assert again.state is RunState.HELD
    assert again.hold is not None
    assert (again.hold.deletes, left(world, direction), world.writing_requests()) == (GONE + 3, ITEMS, [])


@pytest.mark.parametrize(
    ("typed", "reason", "field"), [(11, "ok", "typed_deletes"), (None, "ok", "typed_deletes"), (12, " ", "reason")]
)
def test_an_approval_needs_the_number_and_a_reason(world: World, typed: int | None, reason: str, field: str) -> None:
    view, run = held(world, Direction.GET)

    with pytest.raises(InvalidInput) as refused:
        world.services.answers.approve(OLGA, run.id, typed, reason)

    assert list(refused.value.fields) == [field]
    assert world.run(view).state is RunState.HELD


def test_only_a_held_run_can_be_approved(world: World) -> None:
    run = world.run(world.get())

    with pytest.raises(Refused) as refused:
        world.services.answers.approve(OLGA, run.id, 0, "why not")
    with pytest.raises(NotFound):
        world.services.answers.approve(OLGA, 10_000, 0, "why not")

    assert refused.value.why == "not_held"


def test_a_held_run_that_is_cancelled_writes_nothing_and_frees_its_link(world: World, direction: Direction) -> None:
    view, run = held(world, direction)
    with pytest.raises(Refused) as busy:
        world.snapshot(direction, link_id=run.link_id)

    assert world.services.snapshots.cancel(OLGA, view.id) == 1

    assert (busy.value.why, busy.value.facts["run_id"]) == ("link_held", run.id)
    assert (world.run(view).state, left(world, direction)) == (RunState.CANCELLED, ITEMS)
    assert world.run(world.snapshot(direction)).state is RunState.HELD


def test_moved_and_renamed_items_are_no_deletes(world: World) -> None:
    for event_id in world.events():
        world.box.change_event(world.calendar(), event_id, {"title": "Renamed"})

    assert world.get().counters.updated == ITEMS


def test_a_source_that_came_back_empty_is_held_however_few_items(worlds: Worlds) -> None:
    world = worlds()
    event_id = world.event("Only one")
    world.get()
    world.box.delete_event(world.calendar(), event_id)

    run = world.run(world.get())

    assert run.hold is not None
    assert (run.hold.limit, len(world.items())) == (Limit.SOURCE_EMPTY, 1)


def test_removing_what_only_the_receiver_has_is_guarded_too(worlds: Worlds) -> None:
    world = worlds()
    world.event("Both")
    for number in range(60):
        world.put(f"Only in the CRM {number}")

    run = world.run(world.get(remove=True))

    assert run.hold is not None
    assert (run.hold.limit, len(world.items())) == (Limit.DELETES, 60)
