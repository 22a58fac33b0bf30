"""Undo of a Get and what all undos have in common: exactly what was written is taken back, and nothing else."""

from __future__ import annotations

import pytest

from nylasadmin.adapters.clocks import SystemClock
from nylasadmin.domain.plan import ActionKind, Direction, Reason
from nylasadmin.domain.runs import RunState
from nylasadmin.errors import InvalidInput, NotFound, Refused
from nylasadmin.services.plan_views import PlanView
from nylasadmin.services.plans import Plans
from nylasadmin.services.views import SnapshotState, SnapshotView
from tests.services.conftest import Worlds
from tests.services.undone import Got, agreed, counted, event_id, got, in_crm, pairs, rows, run, undo_plan, undone
from tests.services.worlds import OLGA, World

__all__ = ["agreed", "got"]


def test_undoing_a_get_brings_the_crm_back_to_what_it_was(got: Got) -> None:
    world, view, before = got
    done = undone(world, view)
    assert counted(done) == (1, 1, 1)
    assert in_crm(world) == before
    assert (done.undoes_id, world.services.console.snapshot(view.id).undone_by) == (view.id, (done.id,))


def test_an_item_comes_back_to_the_crm_under_its_old_id(got: Got) -> None:
    world, view, before = got
    (gone,) = set(before) - set(in_crm(world))
    undone(world, view)
    assert gone in in_crm(world)


def test_undoing_a_get_asks_nylas_to_change_nothing(got: Got) -> None:
    world, view, _ = got
    world.forget_requests()
    undone(world, view)
    assert (world.writing_requests(), world.mailed) == ([], [])


def test_a_plan_of_an_undo_says_for_each_item_why(got: Got) -> None:
    world, view, _ = got
    found = {(row.kind, row.reason, row.title) for row in rows(world, undo_plan(world, view))}
    assert found == {
        (ActionKind.CREATE, Reason.UNDO_DELETE, "Meeting 2"),
        (ActionKind.UPDATE, Reason.UNDO_UPDATE, "Meeting 1"),
        (ActionKind.DELETE, Reason.UNDO_CREATE, "New"),
    }


def test_the_plan_shows_the_version_that_comes_back(got: Got) -> None:
    world, view, _ = got
    (update,) = rows(world, undo_plan(world, view), kind=ActionKind.UPDATE)
    assert [(d.field.value, d.old, d.new) for d in update.differences] == [("location", ("Room 1",), ("Room 9",))]


def test_planning_an_undo_changes_nothing(got: Got) -> None:
    world, view, _ = got
    tables = ("crm_items", "pairs", "crm_changes", "audit", "writes")
    before = [world.rows(name) for name in tables]
    undo_plan(world, view)
    assert [world.rows(name) for name in tables] == before


def test_items_touched_since_are_listed_and_left(got: Got) -> None:
    world, view, _ = got
    world.edit(world.named("Meeting 1"), title="Edited since")
    world.edit(world.named("New"), location="Hall")
    plan = undo_plan(world, view)
    touched = {row.title: row.reason for row in rows(world, plan, kind=ActionKind.SKIP)}
    assert touched == {"Meeting 1": Reason.TOUCHED_SINCE, "New": Reason.TOUCHED_SINCE}
    done = run(world, plan)
    assert (counted(done), done.counters.skipped) == ((1, 0, 0), 2)
    assert {"Edited since", "New", "Meeting 2"} <= set(world.titles_in_crm())


def test_a_created_item_with_private_notes_since_is_not_deleted(got: Got) -> None:
    """They live in the CRM only, and no fingerprint tells of them: the undo would lose them."""
    world, view, _ = got
    world.edit(world.named("New"), private_notes="Call him before")
    undone(world, view)
    assert world.named("New").item.private_notes == "Call him before"


def test_private_notes_of_an_overwritten_item_outlive_the_undo(got: Got) -> None:
    world, view, _ = got
    world.edit(world.named("Meeting 1"), private_notes="newer", priority=1)
    undone(world, view)
    item = world.named("Meeting 1").item
    assert (item.location, item.private_notes, item.priority) == ("Room 9", "newer", 1)


def test_an_overwritten_item_that_somebody_deleted_since_stays_deleted(got: Got) -> None:
    world, view, _ = got
    world.services.crm.delete(OLGA, world.named("Meeting 1").id)
    done = undone(world, view)
    assert (counted(done), done.counters.skipped) == ((1, 0, 1), 1)
    assert "Meeting 1" not in world.titles_in_crm()


def test_what_a_later_snapshot_overwrote_counts_as_touched(got: Got) -> None:
    world, view, _ = got
    world.box.change_event(world.calendar(), event_id(world, "Meeting 1"), {"location": "Room 5"})
    world.get()
    done = undone(world, view)
    assert (done.counters.skipped, world.named("Meeting 1").item.location) == (1, "Room 5")


def test_the_next_get_after_an_undo_does_the_same_again_and_doubles_nothing(got: Got) -> None:
    world, view, _ = got
    undone(world, view)
    again = world.get()
    assert counted(again) == (1, 1, 0)  # what came back exists only in the CRM now, and is kept
    assert again.counters.kept == 1
    assert world.titles_in_crm() == sorted({*world.titles_in_crm()})
    assert "Meeting 2" in world.titles_in_crm()


def test_the_next_send_after_undoing_a_get_keeps_what_is_only_at_nylas(got: Got) -> None:
    world, view, _ = got
    undone(world, view)
    sent = world.send()
    assert (counted(sent), sent.counters.kept) == ((1, 1, 0), 1)
    assert world.titles_at_nylas() == [*(f"Meeting {n}" for n in range(10)), "New"]


def test_an_undo_is_taken_back_like_any_snapshot(got: Got) -> None:
    world, view, _ = got
    after, tied = in_crm(world), pairs(world)
    first = undone(world, view)
    again = undone(world, first)
    assert counted(again) == (1, 1, 1)
    assert (in_crm(world), pairs(world)) == (after, tied)
    assert counted(undone(world, view)) == (1, 1, 1)  # its undo was taken back, so there is something left to do


def test_what_an_undo_took_back_counts_as_taken_back_only_while_that_stands(got: Got) -> None:
    world, view, _ = got
    first = undone(world, view)

    def taken_back() -> list[tuple[int, ...]]:
        return [world.services.console.snapshot(s.id).undone_by for s in (view, first)]

    assert taken_back() == [(first.id,), ()]
    second = undone(world, first)
    assert taken_back() == [(), (second.id,)]
    undone(world, second)
    assert taken_back() == [(first.id,), ()]


def test_an_undo_of_an_undo_does_not_mistake_what_came_back_for_annotated(got: Got) -> None:
    world, _, _ = got
    world.edit(world.named("Meeting 3"), private_notes="mine", priority=2)
    world.box.delete_event(world.calendar(), event_id(world, "Meeting 3"))
    view = world.get()
    again = undone(world, undone(world, view))
    assert (counted(again), "Meeting 3" in world.titles_in_crm()) == ((0, 0, 1), False)


def test_excluded_items_stay(got: Got) -> None:
    world, view, _ = got
    plan = undo_plan(world, view)
    (item,) = rows(world, plan, kind=ActionKind.DELETE)
    world.services.plans.exclude(OLGA, plan.preview.id, [(item.run_id, item.seq)], is_excluded=True)
    done = run(world, plan)
    assert (counted(done), "New" in world.titles_in_crm()) == ((1, 1, 0), True)
    assert counted(undone(world, view)) == (0, 0, 1)  # what was left out can be taken back later


def test_what_was_left_out_of_an_undo_is_left_out_when_it_is_tried_again(got: Got) -> None:
    world, view, _ = got
    plan = undo_plan(world, view)
    (item,) = rows(world, plan, kind=ActionKind.DELETE)
    world.services.plans.exclude(OLGA, plan.preview.id, [(item.run_id, item.seq)], is_excluded=True)
    undo = stopped(world, plan)

    again = world.services.snapshots.retry_run(OLGA, world.run(undo).id)

    assert (counted(world.services.console.snapshot(again.id)), "New" in world.titles_in_crm()) == ((1, 1, 0), True)
    assert counted(undone(world, view)) == (0, 0, 1)


def stopped(world: World, plan: PlanView) -> SnapshotView:
    """Begin an undo, and cancel it before anybody works on it."""
    asleep = Plans(world.product.storage, SystemClock(), wake=lambda: None)
    undo = asleep.run(OLGA, plan.preview.id)
    world.services.snapshots.cancel(OLGA, undo.id)
    return world.services.console.snapshot(undo.id)


def test_an_undo_is_run_once(got: Got) -> None:
    world, view, _ = got
    plan, second = undo_plan(world, view), undo_plan(world, view)
    run(world, plan)
    with pytest.raises(Refused, match="plan_used"):
        run(world, plan)
    with pytest.raises(Refused, match="undo_done"):
        run(world, second)
    with pytest.raises(Refused, match="undo_done"):
        undo_plan(world, view)


def test_what_moved_after_the_preview_is_not_touched(got: Got) -> None:
    world, view, _ = got
    plan = undo_plan(world, view)
    world.edit(world.named("Meeting 1"), title="Edited after the preview")
    done = run(world, plan)
    assert (counted(done), done.counters.moved, done.counters.skipped) == ((1, 0, 1), 1, 0)
    assert "Edited after the preview" in world.titles_in_crm()


def test_the_number_of_deletes_is_typed_and_the_reason_kept(got: Got) -> None:
    world, view, _ = got
    plan = undo_plan(world, view)
    with pytest.raises(InvalidInput):
        run(world, plan, typed_deletes=2)
    done = run(world, plan, typed_deletes=1, reason="wrong calendar")
    assert done.reason == "wrong calendar"
    entry = next(r for r in world.services.audit.rows() if r.action == "plan.run" and r.outcome == "done")
    assert f'"undoes":{view.id}' in entry.new.replace(" ", "")


def test_the_guard_holds_an_undo_that_deletes_many(worlds: Worlds) -> None:
    world = worlds()
    for number in range(30):
        world.event(f"Meeting {number:02}")
    first = world.get()
    held = run(world, undo_plan(world, first))
    assert (held.state, len(world.items())) == (SnapshotState.HELD, 30)
    run_id = world.run(held).id
    world.services.answers.approve(OLGA, run_id, 30, "it was the wrong target")
    assert (world.items(), world.services.console.snapshot(held.id).state) == ({}, SnapshotState.DONE)


def test_the_guard_does_not_take_an_undo_for_a_listing(got: Got) -> None:
    """An undo reads a few before-images: the next Get must not think that its source grew, or shrank."""
    world, view, _ = got
    undone(world, view)
    assert world.get().state is SnapshotState.DONE
    assert world.get(remove=True).state is SnapshotState.DONE


def test_a_cancelled_snapshot_is_taken_back_as_far_as_it_came(worlds: Worlds) -> None:
    world = worlds(users=2)
    world.event("One")
    world.event("Two", user=1)
    view = world.get()
    with world.product.engine.begin() as db:  # as if it had been cancelled after its first link
        db.exec_driver_sql("UPDATE runs SET state = 'cancelled' WHERE id = (SELECT max(id) FROM runs)")
    assert world.services.console.snapshot(view.id).state is SnapshotState.CANCELLED
    assert counted(undone(world, view)) == (0, 0, 2)
    assert world.titles_in_crm() + world.titles_in_crm(1) == []


# refusals


def test_a_preview_cannot_be_taken_back(agreed: World) -> None:
    with pytest.raises(NotFound):
        agreed.services.undo.plan(OLGA, agreed.get(is_preview=True).id)


def test_a_snapshot_that_wrote_nothing_is_refused(agreed: World) -> None:
    with pytest.raises(Refused, match="undo_nothing"):
        undo_plan(agreed, agreed.get())


def test_a_snapshot_that_is_not_over_is_refused(got: Got) -> None:
    world, view, _ = got
    with world.product.engine.begin() as db:
        db.exec_driver_sql("UPDATE runs SET state = 'running' WHERE id = (SELECT max(id) FROM runs)")
    with pytest.raises(Refused, match="undo_live"):
        undo_plan(world, view)


def test_a_direction_that_is_off_is_refused_with_words(got: Got) -> None:
    world, view, _ = got
    link = world.link()
    world.services.links.edit(OLGA, link.id, link.version, inbound=False, outbound=True)
    with pytest.raises(Refused, match="nothing_to_run") as refused:
        undo_plan(world, view)
    assert refused.value.facts["skipped"][0].off


def test_links_that_were_removed_are_left_out_by_name(worlds: Worlds) -> None:
    world = worlds(users=2)
    world.event("One")
    world.event("Two", user=1)
    view = world.get()
    gone = world.link(1)
    world.services.links.remove(OLGA, gone.id, gone.version)
    plan = undo_plan(world, view)
    assert [s.link_id for s in plan.preview.skipped] == [gone.id]
    last = world.link()
    world.services.links.remove(OLGA, last.id, last.version)
    with pytest.raises(Refused, match="undo_no_link"):
        undo_plan(world, view)


def test_an_undo_is_no_successful_copy(got: Got) -> None:
    world, view, _ = got
    with world.product.engine.begin() as db:
        db.exec_driver_sql("UPDATE links SET last_get_at = 7")
    undone(world, view)
    assert [(row["last_get_at"], row["items"]) for row in world.rows("links")] == [(7, 10)]


def test_directions_and_states_of_an_undo_are_those_of_any_snapshot(got: Got) -> None:
    world, view, _ = got
    done = undone(world, view)
    assert (done.direction, world.run(done).state) == (Direction.GET, RunState.DONE)
