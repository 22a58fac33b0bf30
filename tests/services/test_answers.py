"""Answers to held runs: exactly these, fewer of them, none of them; who may give them; and what is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from nylasadmin.domain.links import OffReason
from nylasadmin.domain.plan import OPPOSITE, ActionKind, Direction, Reason
from nylasadmin.domain.privileges import Actor, Privilege
from nylasadmin.domain.runs import RunState
from nylasadmin.errors import InvalidInput, NotFound, Refused
from nylasadmin.services.answers import Answers
from nylasadmin.services.due import CREATE_AGAIN
from nylasadmin.services.views import RunRow, SnapshotQuery, SnapshotState, SnapshotView
from tests.sandbox.openapi import judged_sandbox
from tests.services.conftest import Worlds
from tests.services.guarded import ITEMS, asked, delete_at_source, filled, left, limit, states, victims
from tests.services.worlds import OLGA, World, opened

GONE = 6
ADA = Actor(name="Ada", address="10.0.0.8")


@pytest.fixture(params=Direction)
def direction(request: pytest.FixtureRequest) -> Direction:
    return Direction(request.param)


@pytest.fixture
def world(worlds: Worlds) -> World:
    return filled(worlds())


@pytest.fixture
def three(worlds: Worlds) -> World:
    return filled(worlds(users=3))


def held(world: World, direction: Direction, gone: int = GONE) -> tuple[SnapshotView, RunRow]:
    delete_at_source(world, direction, 0, gone)
    world.forget_requests()
    view = world.snapshot(direction)
    assert view.state is SnapshotState.HELD
    return view, world.run(view)


def leave_out(world: World, view: SnapshotView, count: int, actor: Actor = OLGA) -> list[str]:
    """Leave the first victims out; give their titles."""
    chosen = victims(world, view)[:count]
    changed = world.services.answers.narrow(actor, view.id, [(i.run_id, i.seq) for i in chosen], is_left_out=True)
    assert changed == count
    return [item.title for item in chosen]


def newest(world: World, direction: Direction) -> SnapshotView:
    query = SnapshotQuery(target_id=world.target.id, direction=direction)
    return world.services.console.snapshots(query)[0]


def at_destination(world: World, direction: Direction) -> list[str]:
    return world.titles_in_crm() if direction is Direction.GET else world.titles_at_nylas()


def at_source(world: World, direction: Direction) -> list[str]:
    return at_destination(world, OPPOSITE[direction])


def audit(world: World, action: str) -> list[str]:
    return [row["outcome"] for row in world.rows("audit") if row["action"] == action]


# --- fewer -------------------------------------------------------------------------------------------------------


def test_what_is_left_out_stays_and_the_rest_is_deleted(world: World, direction: Direction) -> None:
    view, run = held(world, direction)
    spared = leave_out(world, view, 2)
    assert world.writing_requests() == []

    world.services.answers.approve(OLGA, run.id, GONE - 2, "two of them come back")

    done = world.services.console.snapshot(view.id)
    assert (done.state, done.counters.deleted, done.counters.skipped) == (SnapshotState.DONE, GONE - 2, 2)
    assert left(world, direction) == [ITEMS - GONE + 2]
    assert set(spared) <= set(at_destination(world, direction))
    assert world.services.plans.reasons(view.id, ActionKind.SKIP) == {Reason.EXCLUDED: 2}


def test_what_was_left_out_is_asked_about_by_the_next_snapshot(world: World, direction: Direction) -> None:
    view, run = held(world, direction)
    leave_out(world, view, 5)
    world.services.answers.approve(OLGA, run.id, 1, "only one")

    again = world.snapshot(direction)

    assert world.run(again).state is RunState.HELD
    assert again.counters.to_delete == 5


def test_few_deletes_that_are_left_still_need_the_approval_and_their_number(world: World) -> None:
    view, run = held(world, Direction.GET)
    leave_out(world, view, GONE - 1)
    world.product.runner.wake()
    assert world.run(view).state is RunState.HELD

    with pytest.raises(InvalidInput) as refused:
        world.services.answers.approve(OLGA, run.id, GONE, "all of them")

    assert refused.value.fields["typed_deletes"].startswith("Type 1,")


def test_leaving_all_out_and_approving_none_lets_the_run_go_on_without_a_delete(world: World) -> None:
    delete_at_source(world, Direction.GET, 0, GONE)
    world.event("New")
    view = world.get()
    leave_out(world, view, GONE)

    world.services.answers.approve(OLGA, world.run(view).id, 0, "none")

    done = world.services.console.snapshot(view.id)
    assert (done.state, done.counters.deleted, done.counters.created) == (SnapshotState.DONE, 0, 1)


def test_what_was_left_out_can_be_taken_in_again(world: World) -> None:
    view, run = held(world, Direction.GET)
    leave_out(world, view, 2)
    items = [(i.run_id, i.seq) for i in victims(world, view)]

    world.services.answers.narrow(OLGA, view.id, items, is_left_out=False)

    world.services.answers.approve(OLGA, run.id, GONE, "all after all")
    assert left(world, Direction.GET) == [ITEMS - GONE]


def test_what_was_left_out_stays_so_when_other_deletes_turn_up(world: World) -> None:
    view, run = held(world, Direction.GET)
    spared = leave_out(world, view, 2)
    delete_at_source(world, Direction.GET, 0, 1)

    world.services.answers.approve(OLGA, run.id, GONE - 2, "they left")

    again = world.run(view)
    assert again.state is RunState.HELD
    assert (again.counters.to_delete, left(world, Direction.GET)) == (GONE - 1, [ITEMS])
    assert not set(spared) & {item.title for item in victims(world, view)}


def test_only_items_of_held_runs_are_left_out(world: World) -> None:
    view, run = held(world, Direction.GET)
    items = [(i.run_id, i.seq) for i in victims(world, view)]

    with pytest.raises(Refused) as other:
        world.services.answers.narrow(OLGA, view.id, [(run.id + 1, 0)], is_left_out=True)
    world.services.snapshots.cancel(OLGA, view.id)
    with pytest.raises(Refused) as over:
        world.services.answers.narrow(OLGA, view.id, items, is_left_out=True)

    assert (other.value.why, over.value.why) == ("not_held", "nothing_held")
    assert audit(world, "run.narrow") == ["refused", "refused"]


# --- all links at once -------------------------------------------------------------------------------------------


def test_all_links_are_approved_by_their_total(three: World, direction: Direction) -> None:
    for user, count in enumerate((6, 1, 2)):  # one is held for itself, two for the snapshot
        delete_at_source(three, direction, user, count)
    view = three.snapshot(direction)
    assert states(three, view) == [RunState.HELD] * 3
    with pytest.raises(InvalidInput):
        three.services.answers.approve_all(OLGA, view.id, 6, "they left")

    three.services.answers.approve_all(OLGA, view.id, 9, "they left")

    assert left(three, direction) == [ITEMS - 6, ITEMS - 1, ITEMS - 2]
    assert audit(three, "snapshot.approve") == ["refused", "done"]


def test_one_of_several_held_links_is_approved_alone(three: World) -> None:
    for user in range(3):
        delete_at_source(three, Direction.GET, user, 2)
    view = three.get()

    three.services.answers.approve(OLGA, three.run(view, 1).id, 2, "she left")

    assert states(three, view) == [RunState.HELD, RunState.DONE, RunState.HELD]
    assert left(three, Direction.GET) == [ITEMS, ITEMS - 2, ITEMS]


@pytest.mark.parametrize("answer", ["approve", "approve_all", "reject", "reject_all"])
def test_an_answer_counts_once(world: World, answer: str) -> None:
    view, run = held(world, Direction.GET)
    typed = (GONE, "they left") if answer.startswith("approve") else ("they stay",)
    about = view.id if answer.endswith("all") else run.id
    give = getattr(world.services.answers, answer)
    give(OLGA, about, *typed)
    crm = world.titles_in_crm()

    with pytest.raises(Refused) as second:
        give(OLGA, about, *typed)

    assert second.value.why == ("nothing_held" if answer.endswith("all") else "not_held")
    assert world.titles_in_crm() == crm
    action = f"{'snapshot' if answer.endswith('all') else 'run'}.{answer.removesuffix('_all')}"
    assert audit(world, action) == ["done", "refused"]


# --- none --------------------------------------------------------------------------------------------------------


def test_rejected_deletes_are_kept_and_come_back_at_the_source(world: World, direction: Direction) -> None:
    view, run = held(world, direction)

    outcome = world.services.answers.reject(OLGA, run.id, "the team still exists")

    assert (outcome.items, outcome.again, outcome.off) == (GONE, GONE, ())
    assert world.services.console.snapshot(view.id).state is SnapshotState.DONE
    again = newest(world, OPPOSITE[direction])
    assert (again.reason, again.operator, again.link_id) == (CREATE_AGAIN, "olga", run.link_id)
    assert (again.state, again.counters.created) == (SnapshotState.DONE, GONE)
    assert len(at_source(world, direction)) == len(at_destination(world, direction)) == ITEMS
    assert at_source(world, direction) == at_destination(world, direction)


def test_after_that_nothing_is_asked_and_nothing_written_by_either_side(world: World, direction: Direction) -> None:
    _, run = held(world, direction)
    world.services.answers.reject(OLGA, run.id, "")
    world.forget_requests()

    views = [world.snapshot(direction), world.snapshot(OPPOSITE[direction])]

    assert [(v.state, v.counters.written) for v in views] == [(SnapshotState.DONE, 0)] * 2
    assert world.writing_requests() == []


def test_a_later_deletion_of_what_came_back_is_asked_about_anew(world: World, direction: Direction) -> None:
    _, run = held(world, direction)
    world.services.answers.reject(OLGA, run.id, "")
    assert world.rows("rejections") == []

    delete_at_source(world, direction, 0, ITEMS)

    again = world.snapshot(direction)
    assert (again.state, again.counters.to_delete) == (SnapshotState.HELD, ITEMS)


def test_only_what_was_rejected_is_copied_back(world: World) -> None:
    view, run = held(world, Direction.GET)
    leave_out(world, view, 2)
    world.put("Only in the CRM")

    world.services.answers.reject(OLGA, run.id, "")

    assert "Only in the CRM" not in world.titles_at_nylas()
    assert len(world.titles_at_nylas()) == ITEMS - 2
    assert left(world, Direction.GET) == [ITEMS + 1]


def test_with_the_way_back_off_the_answer_stays_remembered(world: World, direction: Direction) -> None:
    link, back = world.link(), OPPOSITE[direction]
    switches = {"inbound": direction is Direction.GET, "outbound": direction is Direction.SEND}
    world.services.links.edit(OLGA, link.id, link.version, **switches)
    _, run = held(world, direction)

    outcome = world.services.answers.reject(OLGA, run.id, "")

    assert (outcome.again, outcome.off) == (0, (OffReason.LINK_SWITCH,))
    assert world.services.answers.rejections(link.id).count == GONE
    assert (world.snapshot(direction).counters.kept, left(world, direction)) == (GONE, [ITEMS])
    world.services.links.edit(OLGA, link.id, world.link().version, inbound=True, outbound=True)
    assert world.snapshot(back).counters.created == GONE
    assert world.services.answers.rejections(link.id).count == 0


def test_what_only_the_receiver_has_is_kept_without_a_way_back(world: World) -> None:
    for number in range(GONE):
        world.put(f"Only here {number}")
    view = world.get(remove=True)

    outcome = world.services.answers.reject(OLGA, world.run(view).id, "")

    assert (outcome.items, outcome.again) == (GONE, 0)
    assert newest(world, Direction.SEND).reason != CREATE_AGAIN
    again = world.get(remove=True)
    assert (again.state, again.counters.deleted, again.counters.kept) == (SnapshotState.DONE, 0, GONE)


def test_a_forgotten_answer_is_asked_for_again(world: World) -> None:
    for number in range(GONE):
        world.put(f"Only here {number}")
    view = world.get(remove=True)
    world.services.answers.reject(OLGA, world.run(view).id, "not yet")
    page = world.services.answers.rejections(world.link().id)
    assert (page.rows[0].operator, page.rows[0].reason) == ("olga", "not yet")

    for row in page.rows:
        world.services.answers.forget(ADA, world.link().id, row.id)

    assert world.get(remove=True).state is SnapshotState.HELD
    with pytest.raises(NotFound):
        world.services.answers.forget(ADA, world.link().id, page.rows[0].id)
    assert audit(world, "rejection.forget") == ["done"] * GONE + ["refused"]


def test_an_item_that_returns_at_the_source_ends_the_answer(world: World) -> None:
    limit(world, outbound=False)
    _, run = held(world, Direction.GET)
    world.services.answers.reject(OLGA, run.id, "")
    kept = world.services.answers.rejections(world.link().id).rows[0].title

    world.event(kept, ical_uid=next(i.item.uid for i in world.items().values() if i.item.title == kept))
    world.get()

    titles = [row.title for row in world.services.answers.rejections(world.link().id).rows]
    assert (len(titles), kept in titles) == (GONE - 1, False)


def test_rejecting_all_links_creates_again_at_each_source(three: World) -> None:
    for user in range(3):
        delete_at_source(three, Direction.GET, user, 2)
    view = three.get()
    assert states(three, view) == [RunState.HELD] * 3

    outcome = three.services.answers.reject_all(OLGA, view.id, "")

    assert (outcome.items, outcome.again) == (6, 6)
    assert [len(three.events(user)) for user in range(3)] == [ITEMS] * 3
    assert left(three, Direction.GET) == [ITEMS] * 3
    assert three.rows("rejections") == []


def test_a_link_that_is_removed_before_its_items_are_created_again_stops_nobody(world: World) -> None:
    delete_at_source(world, Direction.GET, 0, GONE)
    view, (run_id,) = asked(world)
    world.product.worker.run_link(run_id)
    Answers(world.product.storage, wake=lambda: None).reject(OLGA, run_id, "")
    world.services.snapshots.cancel(OLGA, view.id)
    link = world.link()
    world.services.links.remove(OLGA, link.id, link.version)

    assert world.product.worker.claimable(10) == []

    assert [row["is_due"] for row in world.rows("rejections")] == [False] * GONE
    assert audit(world, "snapshot.request")[-1] == "refused"


def test_a_process_that_ends_after_a_rejection_leaves_the_rest_to_the_next_one(tmp_path: Path) -> None:
    with judged_sandbox(users=1, events_per_user=0) as box:
        with opened(tmp_path, box) as world:
            filled(world)
            delete_at_source(world, Direction.GET, 0, GONE)
            view, (run_id,) = asked(world)
            world.product.worker.run_link(run_id)
            world.product.worker.interrupt()  # nobody here takes anything up any more
            world.services.answers.reject(OLGA, run_id, "")
            assert world.run(view).state is RunState.QUEUED

        with opened(tmp_path, box) as world:
            world.product.runner.start()

            assert world.services.console.snapshot(view.id).state is SnapshotState.DONE
            assert (len(world.events()), len(world.items())) == (ITEMS, ITEMS)


def test_a_process_that_ends_after_an_approval_of_fewer_leaves_exactly_these_to_the_next_one(tmp_path: Path) -> None:
    with judged_sandbox(users=1, events_per_user=0) as box:
        with opened(tmp_path, box) as world:
            filled(world)
            delete_at_source(world, Direction.SEND, 0, GONE)
            view, (run_id,) = asked(world, Direction.SEND)
            world.product.worker.run_link(run_id)
            leave_out(world, view, 2)
            world.product.worker.interrupt()
            world.services.answers.approve(OLGA, run_id, GONE - 2, "they left")

        with opened(tmp_path, box) as world:
            world.product.runner.start()

            assert world.services.console.snapshot(view.id).counters.deleted == GONE - 2
            assert left(world, Direction.SEND) == [ITEMS - GONE + 2]


# --- who may -----------------------------------------------------------------------------------------------------


@pytest.fixture
def four_eyes(three: World) -> World:
    """More than three deletes take another operator; bea manages, vic only looks."""
    limit(three, four_eyes_deletes=3)
    operators = three.services.operators
    for name, privilege in (("olga", Privilege.MANAGE), ("Bea", Privilege.MANAGE), ("vic", Privilege.VIEW)):
        operators.add(OLGA, name, "a long pass phrase", {privilege})
    return three


def test_many_deletes_are_approved_by_another_operator_than_the_one_who_asked(four_eyes: World) -> None:
    view, run = held(four_eyes, Direction.GET)
    world = four_eyes

    with pytest.raises(Refused) as refused:
        world.services.answers.approve(Actor(name="OLGA"), run.id, GONE, "they left")
    assert (refused.value.why, refused.value.facts["who"]) == ("four_eyes", "Bea")
    assert world.run(view).state is RunState.HELD
    world.services.answers.approve(ADA, run.id, GONE, "they left")

    assert left(world, Direction.GET)[0] == ITEMS - GONE
    assert audit(world, "run.approve") == ["refused", "done"]


def test_the_one_who_asked_cannot_approve_the_whole_snapshot_either_nor_in_slices(four_eyes: World) -> None:
    for user in range(3):
        delete_at_source(four_eyes, Direction.GET, user, 2)
    view = four_eyes.get()
    runs = [four_eyes.run(view, user).id for user in range(3)]
    answers = four_eyes.services.answers

    with pytest.raises(Refused) as whole:
        answers.approve_all(OLGA, view.id, 6, "they left")
    answers.approve(OLGA, runs[0], 2, "two are few")
    with pytest.raises(Refused) as slices:
        answers.approve(OLGA, runs[1], 2, "and two more")
    answers.approve(ADA, runs[1], 2, "that is right")

    assert (whole.value.why, slices.value.why) == ("four_eyes", "four_eyes")
    assert left(four_eyes, Direction.GET) == [ITEMS - 2, ITEMS - 2, ITEMS]


def test_of_a_plan_that_was_shown_whoever_ran_it_has_asked(four_eyes: World) -> None:
    delete_at_source(four_eyes, Direction.GET, 0, GONE)
    plan = four_eyes.get(is_preview=True)
    started = four_eyes.services.plans.run(ADA, plan.id, typed_deletes=GONE)
    run = four_eyes.run(started)

    with pytest.raises(Refused):
        four_eyes.services.answers.approve(ADA, run.id, GONE, "they left")

    four_eyes.services.answers.approve(OLGA, run.id, GONE, "they left")
    assert left(four_eyes, Direction.GET)[0] == ITEMS - GONE


def test_few_deletes_and_other_answers_need_no_second_pair_of_eyes(four_eyes: World) -> None:
    view, run = held(four_eyes, Direction.GET)
    leave_out(four_eyes, view, GONE - 3)
    deciders = four_eyes.services.answers.deciders(OLGA, view.id)

    four_eyes.services.answers.approve(OLGA, run.id, 3, "three are few")

    assert (deciders.is_barred, deciders.limit, deciders.others) == (False, 3, ("Bea",))
    assert left(four_eyes, Direction.GET)[0] == ITEMS - 3


def test_without_a_second_operator_the_refusal_says_what_to_do(world: World) -> None:
    limit(world, four_eyes_deletes=1)
    _, run = held(world, Direction.GET)

    with pytest.raises(Refused) as refused:
        world.services.answers.approve(OLGA, run.id, GONE, "they left")

    assert "nobody else: nylas:NylasManage is not assigned" in refused.value.facts["who"]


# --- a held link -------------------------------------------------------------------------------------------------


def test_a_held_link_refuses_every_later_run_by_the_name_of_the_held_one(three: World, direction: Direction) -> None:
    view, run = held(three, direction)

    for later in Direction:
        with pytest.raises(Refused) as refused:
            three.snapshot(later, link_id=run.link_id)
        assert (refused.value.why, refused.value.facts["run_id"]) == ("link_held", run.id)
    others = three.snapshot(direction)

    (skipped,) = others.skipped
    assert (skipped.link_id, skipped.busy_run_id, skipped.is_held) == (run.link_id, run.id, True)
    assert others.links == 2
    assert three.product.worker.run_link(run.id) is None
    assert three.services.console.snapshot(view.id).state is SnapshotState.HELD


def test_a_plan_made_before_does_not_get_past_a_held_link(world: World) -> None:
    delete_at_source(world, Direction.GET, 0, GONE)
    plan = world.get(is_preview=True)
    view = world.get()

    with pytest.raises(Refused) as refused:
        world.services.plans.run(OLGA, plan.id)

    assert refused.value.facts["skipped"][0].busy_snapshot_id == view.id
    assert left(world, Direction.GET) == [ITEMS]
