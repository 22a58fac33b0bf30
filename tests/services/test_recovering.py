"""Answers that were lost: nothing is created twice, nothing is lost, however late the truth comes out."""

from __future__ import annotations

import re
import threading
import time
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import update

from nylasadmin.adapters.storage.tables import runs
from nylasadmin.domain.runs import RunState
from nylasadmin.services.targets import form_of
from nylasadmin.services.views import SnapshotQuery
from tests.services.worlds import OLGA, World


@pytest.fixture
def world(world: World) -> World:
    """A service that is given a second to answer."""
    target = world.services.console.target(world.target.id)
    world.services.targets.edit(
        OLGA, target.id, target.version, replace(form_of(target), read_timeout_s=1.0, concurrency=1)
    )
    return world


def test_an_event_that_was_stored_before_a_time_out_exists_once(world: World) -> None:
    world.put("One")
    world.fault("store_then_504", method="POST")

    first, second = world.send(), world.send()

    assert (first.counters.created, first.counters.failed) == (1, 0)
    assert (second.counters.unchanged, world.titles_at_nylas()) == (1, ["One"])


def test_what_nylas_gave_an_item_is_taken_over_though_the_answer_was_lost(world: World) -> None:
    world.put("One")
    world.fault("store_then_504", method="POST")

    world.send()

    item, (event,) = world.named("One").item, world.events().values()
    assert item.organizer is not None
    assert (item.organizer.email, item.uid) == (event["organizer"]["email"], event["ical_uid"])


def test_what_nylas_gave_is_taken_over_by_the_run_that_finds_the_item(world: World) -> None:
    world.put("One")
    world.fault("hang", method="POST", seconds=1.6)
    world.send()

    world.send()

    assert world.named("One").item.uid == next(iter(world.events().values()))["ical_uid"]
    assert world.get().counters.written == 0


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_change_that_is_there_though_its_answer_was_lost_is_done(world: World, method: str) -> None:
    for title in ("One", "Two", "Three", "Four", "Five"):
        world.put(title)
    world.send()
    if method == "PUT":
        world.edit(world.named("One"), location="Room 1")
    else:
        world.services.crm.delete(OLGA, world.named("One").id)
    world.fault("store_then_hang", seconds=1.5, method=method, count=1)
    world.fault("hang", seconds=1.5, method=method, after=1)  # a request that is repeated is not answered either

    sent = world.send()

    assert (sent.counters.written, sent.counters.failed) == (1, 0)
    assert [w["state"] for w in world.rows("writes")] == ["done"] * 6
    assert len(world.rows("pairs")) == (5 if method == "PUT" else 4)


@pytest.mark.parametrize(
    ("method", "fault"),
    [("PUT", {"kind": "hang", "seconds": 1.5}), ("DELETE", {"kind": "hang", "seconds": 1.5})],  # asked again, too
)
def test_a_change_whose_answer_was_lost_is_recorded_as_done_once_it_is_seen(
    world: World, method: str, fault: dict[str, Any]
) -> None:
    for title in ("One", "Two", "Three", "Four", "Five"):
        world.put(title)
    world.send()
    if method == "PUT":
        world.edit(world.named("One"), location="Room 1")
    else:
        world.services.crm.delete(OLGA, world.named("One").id)
    world.fault(**fault, method=method, count=None)
    first = world.send()
    world.heal()
    while any(e["status"] is None for e in world.box.sandbox.requests.entries()):  # carried out too late
        time.sleep(0.05)

    second = world.send()

    assert (first.counters.failed, second.counters.written, second.counters.failed) == (1, 0, 0)
    assert [w["state"] for w in world.rows("writes")] == ["done"] * 6


def test_a_change_that_was_never_carried_out_is_made_by_the_next_run(world: World) -> None:
    world.put("One")
    world.send()
    world.edit(world.named("One"), location="Room 1")
    world.fault("status", status=504, method="PUT", count=None)
    world.send()
    world.heal()

    second = world.send()

    assert (second.counters.updated, [w["state"] for w in world.rows("writes")]) == (1, ["done", "unknown", "done"])


def test_an_answer_that_cannot_be_looked_up_now_is_looked_up_by_the_next_run(world: World) -> None:
    world.put("One")
    world.fault("store_then_504", method="POST")
    world.fault("status", status=500, method="GET", path_contains="/events", after=1)  # the listing passes

    first, second = world.send(), world.send()

    assert (first.counters.failed, first.counters.created) == (1, 0)
    assert (second.counters.unchanged, second.counters.to_create) == (1, 0)
    assert world.titles_at_nylas() == ["One"]
    assert [w["state"] for w in world.rows("writes")] == ["done"]


def test_an_event_that_is_stored_after_we_gave_up_waiting_exists_once(world: World) -> None:
    """The request hangs in the service for longer than we wait, and is carried out all the same."""
    world.put("One")
    world.fault("hang", method="POST", seconds=1.6)

    first = world.send()
    assert (first.counters.failed, world.titles_at_nylas()) == (1, [])
    second = world.send()

    assert (second.counters.unchanged, world.titles_at_nylas()) == (1, ["One"])


def test_an_event_that_was_never_stored_is_created_by_the_next_run(world: World) -> None:
    world.put("One")
    world.fault("status", status=504, method="POST")
    began = time.monotonic()

    first, second = world.send(), world.send()

    assert (first.counters.failed, second.counters.created) == (1, 1)
    assert world.titles_at_nylas() == ["One"]
    assert time.monotonic() - began > 1.0  # as long as its answer could have taken
    assert [w["state"] for w in world.rows("writes")] == ["unsent", "done"]


def test_a_get_does_not_wait_for_what_may_still_come(world: World) -> None:
    world.put("One")
    world.fault("hang", method="POST", seconds=1.5)
    world.send()

    assert world.get().counters.kept == 1
    time.sleep(1.0)
    view = world.get()

    assert (view.counters.created, world.titles_in_crm()) == (0, ["One"])


def test_a_run_says_what_it_waits_for_and_until_when(world: World) -> None:
    world.put("One")
    world.fault("status", status=504, method="POST")
    world.send()
    sender = threading.Thread(target=world.send)
    sender.start()
    notes = set()
    while sender.is_alive():
        notes |= {view.note for view in world.services.console.snapshots(SnapshotQuery())}
        time.sleep(0.02)
    sender.join()

    said = sorted(notes - {""})
    assert said
    assert all(re.fullmatch(r"Waiting until \d\d:\d\d:\d\d UTC for a create .*", note) for note in said)
    view = world.services.console.snapshots(SnapshotQuery())[0]
    assert (view.note, world.run(view).cause) == ("", "")


def test_waiting_for_what_may_still_come_can_be_cancelled(world: World) -> None:
    world.put("One")
    world.fault("status", status=504, method="POST")
    world.send()
    sender = threading.Thread(target=world.send)
    sender.start()
    while len(world.rows("runs")) < 2:
        time.sleep(0.01)
    time.sleep(0.2)

    assert world.services.snapshots.cancel(OLGA, world.rows("snapshots")[-1]["id"]) == 1

    sender.join(timeout=0.9)
    assert not sender.is_alive()
    assert world.events() == {}
    assert world.rows("runs")[-1]["cause"] == ""


def test_a_run_that_nobody_can_finish_is_given_up_after_many_starts(world: World) -> None:
    world.event("One")
    view = world.get()
    with world.product.engine.begin() as connection:
        connection.execute(update(runs).values(state="running", lease_until=0, fence=20, finished_at=None))

    world.product.runner.wake()

    run = world.run(view)
    assert run.state is RunState.FAILED
    assert "again and again" in run.cause
    assert world.get().counters.unchanged == 1
