"""Undo of a Send, behind every provider: what was deleted is made again, what was made goes again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from nylasadmin.domain.fidelity import fingerprint
from nylasadmin.domain.items import Attendee, ChangedOccurrence, ScheduleItem, Timed
from nylasadmin.domain.plan import ActionKind, Reason
from nylasadmin.services.targets import form_of
from nylasadmin.services.views import SnapshotState, SnapshotView
from tests.services.conftest import Worlds
from tests.services.undone import (
    at_nylas,
    by_title,
    counted,
    event_id,
    in_crm,
    pairs,
    rows,
    run,
    send_fidelity,
    undo_plan,
    undone,
)
from tests.services.worlds import DAY, HOUR, NOON, OLGA, World, timed

GUESTS = (Attendee("gina@else.example", "Gina"), Attendee("hans@else.example"))
WEEKLY = ("RRULE:FREQ=WEEKLY;COUNT=8",)
WEEK = 7 * DAY


def series(title: str, room: str = "Room 1") -> dict[str, object]:
    """A weekly meeting with one cancelled and one moved occurrence."""
    moved = ScheduleItem(
        when=Timed(NOON + 2 * WEEK + 3 * HOUR, NOON + 2 * WEEK + 4 * HOUR, "Europe/Berlin"),
        title=f"{title}, later",
        location=room,
    )
    return {
        "rules": WEEKLY,
        "location": room,
        "cancelled": (NOON + WEEK,),
        "exceptions": (ChangedOccurrence(NOON + 2 * WEEK, moved),),
    }


@pytest.fixture(params=["google", "microsoft", "icloud"])
def world(request: pytest.FixtureRequest, worlds: Worlds) -> World:
    """Single items and series on both sides."""
    world = worlds(provider=str(request.param))
    for number in range(8):
        world.put(f"Meeting {number}", location="Room 1", attendees=GUESTS, when=timed(number))
    for name in ("Alpha", "Beta"):
        world.put(f"Series {name}", **series(f"Series {name}"))
    first = world.send()
    assert counted(first) == (10, 0, 0)
    world.get()
    return world


Sent = tuple[World, SnapshotView, dict[str, bytes]]


@pytest.fixture
def sent(world: World) -> Sent:
    """A Send that creates, overwrites and deletes a single item and a series; with Nylas as it was before."""
    world.edit(world.named("Meeting 1"), location="Room 9", notes="new agenda")
    alpha = world.named("Series Alpha")
    world.edit(alpha, location="Room 9", cancelled=(NOON + 3 * WEEK,), exceptions=())
    for title in ("Meeting 2", "Series Beta"):
        world.services.crm.delete(OLGA, world.named(title).id)
    world.put("New", attendees=GUESTS)
    world.put("New series", **series("New series"))
    before = by_title(world)
    view = world.send()
    assert counted(view) == (2, 2, 2)
    return world, view, before


def test_what_a_send_has_written_is_what_is_there_afterwards(sent: Sent) -> None:
    """The fingerprint that is kept for free, of the source, is the one that Nylas reports."""
    world, view, _ = sent
    now = {item_id: fingerprint(item, send_fidelity(world)) for item_id, item in at_nylas(world).items()}
    written = [w for w in world.rows("writes") if w["run_id"] == world.run(view).id and w["kind"] != "delete"]
    assert len(written) == 4
    assert {w["nylas_id"]: w["after"] for w in written} == {w["nylas_id"]: now[w["nylas_id"]] for w in written}


def test_undoing_a_send_brings_nylas_back_to_what_it_was(sent: Sent) -> None:
    world, view, before = sent
    done = undone(world, view)
    assert counted(done) == (2, 2, 2)
    assert by_title(world) == before


def test_nobody_is_mailed(sent: Sent) -> None:
    world, view, _ = sent
    world.forget_requests()
    undone(world, view)
    assert all("notify_participants=false" in e["query"] for e in world.writing_requests())
    if world.box.sandbox.provider == "google":
        assert world.mailed == []


def test_pairs_follow(sent: Sent) -> None:
    """Undone creates are forgotten; what comes back has a pair only if the CRM has its item."""
    world, view, _ = sent
    new = {world.named("New").id, world.named("New series").id}
    undone(world, view)
    tied = dict(pairs(world))
    assert not new & tied.keys()
    assert set(tied.values()).isdisjoint({event_id(world, "Meeting 2"), event_id(world, "Series Beta")})
    assert len(tied) == 8


def test_the_pair_moves_to_what_came_back_if_the_crm_has_the_item_again(sent: Sent) -> None:
    world, view, _ = sent
    old = next(w["crm_id"] for w in world.rows("writes") if w["kind"] == "delete" and w["title"] == "Meeting 2")
    world.put("Meeting 2", item_id=old, location="Room 1", attendees=GUESTS, when=timed(2))
    undone(world, view)
    assert (old, event_id(world, "Meeting 2")) in pairs(world)
    again = world.send()
    assert again.counters.to_create == 2  # the two new ones; what came back is known
    assert world.titles_at_nylas().count("Meeting 2") == 1


def test_what_came_back_claims_no_item_that_does_not_exist(sent: Sent) -> None:
    world, view, _ = sent
    undone(world, view)
    marker = world.events()[event_id(world, "Meeting 2")]["metadata"]["key1"]
    assert "/undo-" in marker


def test_the_next_send_does_the_same_again_and_keeps_what_came_back(sent: Sent) -> None:
    world, view, _ = sent
    undone(world, view)
    again = world.send()
    assert (counted(again), again.counters.kept) == ((2, 2, 0), 2)
    assert len(by_title(world)) == len(at_nylas(world))


def test_the_next_get_brings_what_came_back_into_the_crm_once(sent: Sent) -> None:
    world, view, _ = sent
    undone(world, view)
    got = world.get()
    assert (counted(got), got.counters.kept) == ((2, 2, 0), 2)
    assert world.titles_in_crm() == sorted(set(world.titles_in_crm()))
    assert world.get().counters.written == 0


def test_items_touched_since_are_listed_and_left(sent: Sent) -> None:
    world, view, _ = sent
    for title in ("Meeting 1", "New"):
        world.box.change_event(world.calendar(), event_id(world, title), {"location": "Elsewhere"})
    master = world.events()[event_id(world, "Series Alpha")]
    world.box.change_event(world.calendar(), master["id"], {"description": "edited"})
    plan = undo_plan(world, view)
    skipped = {row.title: row.reason for row in rows(world, plan, kind=ActionKind.SKIP)}
    assert skipped == dict.fromkeys(("Meeting 1", "New", "Series Alpha"), Reason.TOUCHED_SINCE)
    done = run(world, plan)
    assert (counted(done), done.counters.skipped) == ((2, 0, 1), 3)
    assert {e["location"] for e in world.events().values() if e["title"] in ("Meeting 1", "New")} == {"Elsewhere"}


def test_an_undo_of_an_undo_sends_it_again(sent: Sent) -> None:
    world, view, _ = sent
    after = by_title(world)
    again = undone(world, undone(world, view))
    assert counted(again) == (2, 2, 2)
    assert by_title(world) == after
    assert (world.send().counters.written, len(pairs(world))) == (0, 10)  # the pairs are as the Send had made them


def test_the_crm_is_not_touched(sent: Sent) -> None:
    world, view, _ = sent
    before = in_crm(world), world.rows("crm_changes")
    undone(world, view)
    assert (in_crm(world), world.rows("crm_changes")) == before


Trouble = Callable[[World], None]


def quick(world: World) -> None:
    """A service that is given a second to answer."""
    target = world.services.console.target(world.target.id)
    world.services.targets.edit(
        OLGA, target.id, target.version, replace(form_of(target), read_timeout_s=1.0, concurrency=1)
    )


@pytest.fixture
def deleted(worlds: Worlds) -> tuple[World, SnapshotView]:
    """A Send that has deleted two events of a service that is given a second to answer."""
    world = worlds()
    quick(world)
    for number in range(12):
        world.put(f"Meeting {number:02}", when=timed(number))
    world.send()
    for number in range(2):
        world.services.crm.delete(OLGA, world.named(f"Meeting {number:02}").id)
    view = world.send()
    assert counted(view) == (0, 0, 2)
    return world, view


def test_an_answer_that_was_lost_doubles_nothing(deleted: tuple[World, SnapshotView]) -> None:
    world, view = deleted
    world.fault("store_then_504", method="POST")
    done = run(world, undo_plan(world, view))
    assert (counted(done), done.counters.failed) == ((2, 0, 0), 0)
    assert len(world.titles_at_nylas()) == len(set(world.titles_at_nylas())) == 12


def test_a_create_that_arrives_late_is_found_by_the_next_try(deleted: tuple[World, SnapshotView]) -> None:
    world, view = deleted
    world.fault("hang", method="POST", seconds=1.6)
    first = run(world, undo_plan(world, view))
    assert (first.state, first.counters.failed) == (SnapshotState.FAILED, 1)
    again = world.services.snapshots.retry(OLGA, first.id)
    assert (again.undoes_id, world.services.console.snapshot(again.id).state) == (view.id, SnapshotState.DONE)
    assert len(world.titles_at_nylas()) == len(set(world.titles_at_nylas())) == 12


def test_an_item_that_fails_is_brought_back_by_a_second_undo(deleted: tuple[World, SnapshotView]) -> None:
    world, view = deleted
    world.fault("status", status=400, method="POST")
    first = run(world, undo_plan(world, view))
    assert (counted(first), first.counters.failed) == ((1, 0, 0), 1)
    second = undone(world, view)
    assert (counted(second), second.counters.unchanged) == ((1, 0, 0), 1)


def test_a_series_that_came_back_in_part_is_completed_by_a_second_undo(worlds: Worlds) -> None:
    world = worlds()
    world.put("Series", **series("Series"))
    world.put("Meeting")
    world.send()
    before = by_title(world)
    world.services.crm.delete(OLGA, world.named("Series").id)
    view = world.send()
    world.fault("status", status=400, method="PUT")  # the moved occurrence
    first = run(world, undo_plan(world, view))
    assert first.counters.failed == 1
    world.heal()
    second = undone(world, view)
    assert (counted(second), by_title(world)) == ((0, 1, 0), before)


def test_a_series_that_was_sent_in_part_is_taken_back(worlds: Worlds) -> None:
    world = worlds()
    world.put("Meeting")
    world.put("Series", **series("Series"))
    world.fault("status", status=400, method="PUT")
    view = world.send()
    assert (view.state, view.counters.failed) == (SnapshotState.FAILED, 1)
    world.heal()
    assert counted(undone(world, view)) == (0, 0, 2)
    assert world.titles_at_nylas() == []


def test_a_read_only_folder_refuses_with_its_reason(deleted: tuple[World, SnapshotView]) -> None:
    world, view = deleted
    with world.product.engine.begin() as db:
        db.exec_driver_sql("UPDATE links SET is_read_only = 1")
    plan = undo_plan(world, view)
    assert {row.reason for row in rows(world, plan)} == {Reason.FOLDER_READ_ONLY}
