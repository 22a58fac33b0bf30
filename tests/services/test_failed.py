"""Failed items: remembered until they are done, tried again by hand and by themselves, and put aside."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from nylasadmin.adapters.clocks import FixedClock
from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.domain.runs import Failure, Run, RunState
from nylasadmin.errors import InvalidInput, Refused
from nylasadmin.services.failed import ask_again
from nylasadmin.services.failed_views import Asked, FailedPage, FailedQuery
from nylasadmin.services.views import LinkState, SnapshotQuery
from tests.services.conftest import Worlds
from tests.services.test_stopping import until
from tests.services.worlds import OLGA, World

MINUTE, HOUR = 60, 3600
EVERY = FailedQuery()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def world(worlds: Worlds, clock: FixedClock) -> World:
    """Three items on both sides, each edited in the CRM since."""
    return edited(worlds(clock=clock))


def edited(world: World) -> World:
    for title in ("One", "Two", "Three"):
        world.event(title)
    world.get()
    for title in ("One", "Two", "Three"):
        world.edit(world.named(title), location="Room 9")
    return world


def spoil(world: World, *titles: str, status: int = 503) -> None:
    """Let updates of these items fail until the world is healed."""
    for event_id, event in world.events().items():
        if event["title"] in titles:
            world.fault("status", status=status, method="PUT", path_contains=event_id, count=None)


def failed(world: World, query: FailedQuery = EVERY) -> FailedPage:
    return world.services.failed.page(query, is_masked=False)


def only(world: World) -> Any:
    (row,) = failed(world).rows
    return row


def ask(world: World, clock: FixedClock, seconds: float) -> Asked:
    """Let time pass, and what is due be tried."""
    clock.move(seconds)
    asked = world.product.retrying.ask()
    world.product.runner.wake()
    return asked


def link_state(world: World, user: int = 0) -> LinkState:
    return world.services.console.link(world.link(user).id).state


# --- remembered --------------------------------------------------------------------------------------------------


def test_a_failed_item_is_remembered_with_its_cause_and_when_it_is_tried_again(world: World, clock: FixedClock) -> None:
    spoil(world, "Two")

    view = world.send()

    row = only(world)
    assert (row.title, row.action, row.attempts, row.direction) == ("Two", "update", 1, Direction.SEND)
    assert (row.first_at, row.last_at, row.next_try_at) == (clock.now(), clock.now(), clock.now() + MINUTE)
    assert ("is in trouble" in row.cause, "HTTP 503" in row.detail, row.snapshot_id) == (True, True, view.id)
    assert link_state(world) is LinkState.FAILING


def test_each_try_counts_and_the_first_failure_is_remembered(world: World, clock: FixedClock) -> None:
    spoil(world, "Two")
    world.send()
    began = int(clock.now())
    clock.move(HOUR)

    world.send()

    row = only(world)
    assert (row.attempts, row.first_at, row.last_at) == (2, began, began + HOUR)
    assert row.next_try_at == clock.now() + 5 * MINUTE


def test_a_refusal_is_tried_again_later_than_trouble(world: World, clock: FixedClock) -> None:
    spoil(world, "Two", status=400)

    world.send()

    assert only(world).next_try_at == clock.now() + 30 * MINUTE


def test_an_item_that_is_written_later_fails_no_more(world: World) -> None:
    spoil(world, "One", "Two")
    world.send()
    world.heal()
    spoil(world, "Two")

    world.send()

    assert [row.title for row in failed(world).rows] == ["Two"]
    world.heal()
    world.send()
    assert failed(world).rows == ()
    assert link_state(world) is LinkState.HEALTHY


def test_an_item_that_is_gone_from_its_source_fails_no_more(world: World) -> None:
    spoil(world, "Two")
    world.send()
    world.heal()
    world.services.crm.delete(OLGA, world.named("Two").id)

    world.send()

    assert failed(world).rows == ()


def test_a_run_in_the_other_direction_leaves_failures_as_they_are(world: World) -> None:
    spoil(world, "Two")
    world.send()

    world.get()

    assert [row.title for row in failed(world).rows] == ["Two"]
    assert link_state(world) is LinkState.FAILING


def test_a_plan_that_leaves_a_failed_item_out_does_not_take_it_off_the_list(world: World) -> None:
    spoil(world, "Two")
    world.send()
    world.heal()
    plan = world.send(is_preview=True)
    (item,) = [i for i in world.rows("plan_items") if i["plan_id"] == plan.id and i["title"] == "Two"]
    world.services.plans.exclude(OLGA, plan.id, [(item["run_id"], item["seq"])], is_excluded=True)

    world.services.plans.run(OLGA, plan.id, allows_empty=True)

    assert [row.title for row in failed(world).rows] == ["Two"]


def test_links_that_were_removed_show_no_failed_items(world: World) -> None:
    spoil(world, "Two")
    world.send()

    link = world.link()
    world.services.links.remove(OLGA, link.id, link.version)

    assert (failed(world).matching, world.services.failed.count_open()) == (0, 0)


def test_items_of_a_link_that_was_removed_a_moment_ago_are_left_out(world: World) -> None:
    spoil(world, "Two")
    world.send()
    with world.product.storage.read() as tx:
        items = tx.failed.chosen(EVERY)
    link = world.link()
    world.services.links.remove(OLGA, link.id, link.version)

    with world.product.storage.write() as tx:
        assert ask_again(tx, OLGA, items, "again") == Asked()


# --- tried again by hand -----------------------------------------------------------------------------------------


def test_trying_one_item_again_leaves_the_others_of_its_link_alone(world: World) -> None:
    spoil(world, "One", "Two")
    world.send()
    world.heal()
    world.edit(world.named("Three"), location="Room 10")
    one = next(row for row in failed(world).rows if row.title == "One")
    world.forget_requests()

    asked = world.services.failed.retry(OLGA, FailedQuery(ids=(one.id,)))

    (snapshot_id,) = asked.snapshots
    view = world.services.console.snapshot(snapshot_id)
    assert (asked.items, view.counters.updated, len(world.writing_requests())) == (1, 1, 1)
    assert [row.title for row in failed(world).rows] == ["Two"]
    assert link_state(world) is LinkState.FAILING
    (row,) = world.services.audit.rows(size=1)
    assert (row.action, '"items":1' in row.new) == ("failed.retry", True)


def test_trying_all_items_again_makes_one_snapshot_per_direction(world: World) -> None:
    spoil(world, "One", "Two")
    world.send()
    world.heal()

    asked = world.services.failed.retry(OLGA, EVERY)

    assert (len(asked.snapshots), asked.items, failed(world).rows) == (1, 2, ())


def test_a_delete_of_what_only_the_receiver_has_is_tried_again_as_a_delete(world: World) -> None:
    event_id = world.event("Only at Nylas")
    world.fault("status", status=503, method="DELETE", path_contains=event_id, count=None)
    world.send(remove=True)
    assert only(world).action == "delete"
    world.heal()

    world.services.failed.retry(OLGA, EVERY)

    assert ("Only at Nylas" in world.titles_at_nylas(), failed(world).rows) == (False, ())


def test_an_item_that_is_given_up_is_still_tried_when_an_operator_asks(world: World, clock: FixedClock) -> None:
    spoil(world, "Two", status=400)
    for _ in range(3):
        world.send()
    assert only(world).next_try_at is None
    world.heal()

    world.services.failed.retry(OLGA, EVERY)

    assert failed(world).rows == ()


def test_an_item_is_written_at_most_once_in_a_run(world: World) -> None:
    spoil(world, "Two", status=400)
    world.forget_requests()

    world.send()

    assert len(world.writing_requests()) == 3


def test_a_failed_try_of_chosen_items_is_tried_again_as_such(world: World) -> None:
    spoil(world, "Two")
    world.send()
    world.edit(world.named("Three"), location="Room 10")
    (first,) = world.services.failed.retry(OLGA, EVERY).snapshots
    world.heal()
    world.forget_requests()

    run_id = world.run(world.services.console.snapshot(first)).id
    again = world.services.snapshots.retry_run(OLGA, run_id)

    assert world.services.console.snapshot(again.id).counters.updated == 1
    assert len(world.writing_requests()) == 1


def test_nothing_to_try_is_said(world: World) -> None:
    with pytest.raises(Refused) as nothing:
        world.services.failed.retry(OLGA, EVERY)
    assert nothing.value.why == "no_failed_item"


def test_items_of_a_link_that_is_off_are_not_tried_and_it_is_named(world: World) -> None:
    spoil(world, "Two")
    world.send()
    link = world.link()
    world.services.links.edit(OLGA, link.id, link.version, inbound=True, outbound=False)

    with pytest.raises(Refused) as refused:
        world.services.failed.retry(OLGA, EVERY)

    assert (refused.value.why, [s.link_id for s in refused.value.facts["skipped"]]) == ("nothing_to_try", [link.id])  # type: ignore[attr-defined]
    (row,) = world.services.audit.rows(size=1)
    assert (row.action, row.outcome) == ("failed.retry", "refused")


# --- put aside ---------------------------------------------------------------------------------------------------


def test_a_dismissed_item_leaves_the_list_and_comes_back_with_its_history_when_it_fails_again(world: World) -> None:
    spoil(world, "Two")
    world.send()

    assert world.services.failed.dismiss(OLGA, EVERY, "a room that no longer exists") == 1

    assert (failed(world).rows, link_state(world)) == ((), LinkState.HEALTHY)
    (aside,) = failed(world, FailedQuery(dismissed=True)).rows
    assert (aside.dismissed_by, aside.dismissed_reason) == ("olga", "a room that no longer exists")
    assert aside.next_try_at is None
    with pytest.raises(Refused, match="no_failed_item"):
        world.services.failed.dismiss(OLGA, EVERY, "again")
    world.send()
    assert (only(world).attempts, only(world).dismissed_reason, link_state(world)) == (2, "", LinkState.FAILING)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_dismissing_needs_a_reason_that_fits(world: World, reason: str) -> None:
    spoil(world, "Two")
    world.send()

    with pytest.raises(InvalidInput) as wrong:
        world.services.failed.dismiss(OLGA, EVERY, reason)

    assert (list(wrong.value.fields), failed(world).matching) == (["reason"], 1)


def test_a_link_whose_last_run_failed_stays_failing_when_its_items_are_dismissed(world: World) -> None:
    spoil(world, "Two")
    world.send()
    world.fault("status", status=500, method="GET", path_contains="/events", count=None)
    world.send()

    world.services.failed.dismiss(OLGA, EVERY, "known")

    assert link_state(world) is LinkState.FAILING


# --- tried again by themselves -----------------------------------------------------------------------------------


def test_a_due_item_is_tried_again_by_itself_until_it_is_given_up(world: World, clock: FixedClock) -> None:
    spoil(world, "Two")
    world.send()
    waits = []
    while (at := only(world).next_try_at) is not None:
        wait = at - clock.now()
        waits.append(wait)
        assert ask(world, clock, wait - 1).items == 0
        assert ask(world, clock, 1).items == 1

    assert waits == [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 12 * HOUR]
    assert only(world).attempts == 6
    assert ask(world, clock, 999 * HOUR).items == 0
    operators = {s.operator for s in world.services.console.snapshots(query_of(world))}
    assert operators == {"olga", "(engine)"}


def query_of(world: World) -> Any:
    return SnapshotQuery(target_id=world.target.id)


def test_a_try_that_succeeds_by_itself_clears_the_item(world: World, clock: FixedClock) -> None:
    spoil(world, "Two")
    world.send()
    world.heal()

    asked = ask(world, clock, MINUTE)

    assert (asked.items, failed(world).rows, link_state(world)) == (1, (), LinkState.HEALTHY)


def test_many_processes_try_a_due_item_once(world: World, clock: FixedClock) -> None:
    spoil(world, "Two")
    world.send()
    clock.move(MINUTE)

    with ThreadPoolExecutor(6) as pool:
        asked = list(pool.map(lambda _: world.product.retrying.ask(), range(6)))

    assert sum(a.items for a in asked) == 1


def test_items_of_a_link_that_is_off_or_busy_wait_and_are_tried_when_it_is_free(
    world: World, clock: FixedClock
) -> None:
    spoil(world, "Two")
    world.send()
    world.heal()
    link = world.link()
    world.services.links.edit(OLGA, link.id, link.version, inbound=True, outbound=False)

    assert ask(world, clock, MINUTE).items == 0
    assert only(world).next_try_at == clock.now() + 5 * MINUTE

    link = world.link()
    world.services.links.edit(OLGA, link.id, link.version, inbound=True, outbound=True)
    assert ask(world, clock, 5 * MINUTE).items == 1
    assert failed(world).rows == ()


def test_a_try_that_fails_as_a_whole_counts_for_its_items(world: World, clock: FixedClock) -> None:
    spoil(world, "Two")
    world.send()
    world.fault("status", status=500, method="GET", path_contains="/events", count=None)

    (snapshot_id,) = ask(world, clock, MINUTE).snapshots

    assert world.run(world.services.console.snapshot(snapshot_id)).state is RunState.FAILED
    assert (only(world).attempts, only(world).next_try_at) == (2, clock.now() + 5 * MINUTE)


def test_dismissed_items_are_not_tried_by_themselves(world: World, clock: FixedClock) -> None:
    spoil(world, "Two")
    world.send()
    world.services.failed.dismiss(OLGA, EVERY, "known")

    assert ask(world, clock, MINUTE).items == 0


def test_looking_again_at_once_asks_nothing(world: World, clock: FixedClock) -> None:
    retrying = world.product.retrying
    retrying.ask_now_and_then()
    spoil(world, "Two")
    world.send()
    clock.move(MINUTE)

    retrying.ask_now_and_then()

    assert len(failed(world).rows) == 1
    assert [r["state"] for r in world.rows("runs")][-1] == "done"


# --- the list ----------------------------------------------------------------------------------------------------


def test_the_list_is_filtered_by_target_cause_link_snapshot_and_words(worlds: Worlds) -> None:
    world = edited(worlds())
    spoil(world, "One", status=400)
    spoil(world, "Two")
    view = world.send()
    (refused, troubled) = sorted(c for c, _ in failed(world).causes)[::-1]

    def titles(**fields: Any) -> list[str]:
        return sorted(row.title for row in failed(world, FailedQuery(**fields)).rows)

    assert titles(target_id=world.target.id, link_id=world.link().id, snapshot_id=view.id) == ["One", "Two"]
    assert titles(target_id=world.target.id + 1) == titles(link_id=99) == titles(snapshot_id=99) == []
    assert sorted([titles(cause=refused), titles(cause=troubled)]) == [["One"], ["Two"]]
    assert titles(search="two") == ["Two"]
    assert titles(search="100%") == []
    assert failed(world, FailedQuery(page=99)).query.page == 1


def test_masked_rows_do_not_say_what_an_item_is_about_and_cannot_be_found_by_it(world: World) -> None:
    spoil(world, "Two")
    world.send()

    page = world.services.failed.page(EVERY, is_masked=True)

    assert [(row.title, row.detail) for row in page.rows] == [("•••", "")]
    assert world.services.failed.page(FailedQuery(search="Two"), is_masked=True).rows == ()


def test_the_threads_runner_tries_what_is_due(worlds: Worlds) -> None:
    world = worlds(settings={"runner": "threads"})
    world.put("One")
    world.fault("status", status=400, method="POST")
    world.product.runner.start()
    world.services.snapshots.request(OLGA, direction=Direction.SEND, target_id=world.target.id)
    until(lambda: failed(world).rows)

    with world.product.storage.write() as tx:
        tx.failed.postpone([only(world).id], 0)

    until(lambda: not failed(world).rows, 25)
    assert world.titles_at_nylas() == ["One"]


def test_failures_of_a_snapshot_that_takes_another_back_are_no_items_to_copy_again(world: World) -> None:
    first = world.send()
    with world.product.engine.begin() as connection:
        connection.execute(text("UPDATE snapshots SET undoes_id = 1 WHERE id = :id"), {"id": first.id})
    run = world.run(first)
    undoing = Run(
        id=run.id,
        snapshot_id=first.id,
        link_id=run.link_id,
        direction=Direction.SEND,
        receiver_only=ReceiverOnly.KEEP,
        undoes_id=1,
    )
    with world.product.storage.write() as tx:
        tx.failed.note(undoing, [Failure(title="Two", action="update", cause="No.", crm_id="c")])

    assert failed(world).rows == ()
