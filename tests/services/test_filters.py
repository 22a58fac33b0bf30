"""Snapshots of some items: what is outside the filter is never written, in either direction, and old items stay."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from nylasadmin.domain.filters import By, Filter, Kinds
from nylasadmin.domain.guard import Limit
from nylasadmin.domain.items import ItemType, Timed
from nylasadmin.domain.links import OffReason
from nylasadmin.domain.plan import ActionKind, Direction, Reason
from nylasadmin.errors import InvalidInput, Refused
from nylasadmin.services.plan_views import PlanQuery
from nylasadmin.services.targets import form_of
from nylasadmin.services.views import SnapshotState, SnapshotView
from tests.services.conftest import Worlds
from tests.services.worlds import DAY, HOUR, NOON, OLGA, Json, World

TODAY = datetime.fromtimestamp(NOON, UTC).date()
THIS_WEEK = Filter(since=TODAY, until=TODAY + timedelta(days=6))
LATER = 30 * DAY
RULE = "RRULE:FREQ=WEEKLY;COUNT=10"


@pytest.fixture(params=Direction)
def direction(request: pytest.FixtureRequest) -> Direction:
    return Direction(request.param)


def span(offset: int = 0) -> Json:
    return {"object": "timespan", "start_time": NOON + offset, "end_time": NOON + offset + HOUR}


def when(offset: int = 0) -> Timed:
    return Timed(NOON + offset, NOON + offset + HOUR, "Europe/Berlin")


def put(world: World, direction: Direction, title: str, offset: int = 0, *, is_series: bool = False) -> None:
    """Make an item at the source."""
    if direction is Direction.GET:
        world.event(title, when=span(offset), **({"recurrence": [RULE]} if is_series else {}))
    else:
        world.put(title, when=when(offset), rules=(RULE,) if is_series else ())


def other(direction: Direction) -> Direction:
    return Direction.SEND if direction is Direction.GET else Direction.GET


def edit(world: World, direction: Direction, title: str, *, notes: str = "", offset: int | None = None) -> None:
    """Change an item at the source."""
    if direction is Direction.GET:
        event = next(e for e in world.events().values() if e["title"] == title)
        fields: Json = {"description": notes} if offset is None else {"when": span(offset)}
        world.box.change_event(world.calendar(), event["id"], fields)
    else:
        item = world.named(title)
        world.edit(item, **({"notes": notes} if offset is None else {"when": when(offset)}))


def remove(world: World, direction: Direction, title: str) -> None:
    """Delete an item at the source."""
    if direction is Direction.GET:
        event_id = next(i for i, e in world.events().items() if e["title"] == title)
        world.box.delete_event(world.calendar(), event_id)
    else:
        world.services.crm.delete(OLGA, world.named(title).id)


def received(world: World, direction: Direction) -> dict[str, str]:
    """Give the notes of what the destination holds, by title."""
    if direction is Direction.GET:
        return {i.item.title: i.item.notes for i in world.items().values()}
    return {e["title"]: e.get("description") or "" for e in world.events().values()}


def days_from_now(first: int, last: int) -> Filter:
    now = datetime.now(UTC).date()
    return Filter(by=By.MODIFIED, since=now + timedelta(days=first), until=now + timedelta(days=last))


def reasons(world: World, view: SnapshotView, kind: ActionKind) -> dict[Reason, int]:
    return world.services.plans.reasons(view.id, kind)


# --- by start ----------------------------------------------------------------------------------------------------


def test_only_what_is_inside_is_created_overwritten_and_deleted(world: World, direction: Direction) -> None:
    for title in ("edited", "deleted"):
        put(world, direction, f"{title} now")
        put(world, direction, f"{title} later", LATER)
    world.snapshot(direction)
    for time, offset in (("now", 0), ("later", LATER)):
        edit(world, direction, f"edited {time}", notes="changed")
        remove(world, direction, f"deleted {time}")
        put(world, direction, f"new {time}", offset)
        put(world, other(direction), f"own {time}", offset)

    view = world.snapshot(direction, remove=True, filter=THIS_WEEK)

    assert view.state is SnapshotState.DONE
    assert received(world, direction) == {
        "edited now": "changed",
        "new now": "",
        "edited later": "",
        "deleted later": "",
        "own later": "",
    }
    counted = view.counters
    assert (counted.created, counted.updated, counted.deleted, counted.outside) == (1, 1, 2, 4)


def test_what_was_outside_is_found_by_the_next_snapshot_as_if_nothing_had_been(
    world: World, direction: Direction
) -> None:
    put(world, direction, "now")
    put(world, direction, "later", LATER)
    world.snapshot(direction, filter=THIS_WEEK)

    whole = world.snapshot(direction)
    again = world.snapshot(direction, remove=True)

    assert (whole.counters.created, whole.counters.unchanged, whole.counters.deleted) == (1, 1, 0)
    assert (again.counters.written, again.counters.unchanged) == (0, 2)


def test_an_item_that_moved_out_of_the_range_is_neither_deleted_nor_moved(world: World, direction: Direction) -> None:
    put(world, direction, "moving")
    world.snapshot(direction)
    edit(world, direction, "moving", offset=LATER)
    world.forget_requests()

    view = world.snapshot(direction, remove=True, filter=THIS_WEEK)

    assert (view.counters.written, view.counters.outside) == (0, 1)
    assert list(received(world, direction)) == ["moving"]
    assert world.writing_requests() == []


def test_a_series_takes_part_when_any_of_its_time_does_and_a_single_item_when_it_begins(
    world: World, direction: Direction
) -> None:
    put(world, direction, "began earlier", -28 * DAY, is_series=True)
    put(world, direction, "was over", -90 * DAY, is_series=True)
    put(world, direction, "single, earlier", -28 * DAY)

    world.snapshot(direction, filter=THIS_WEEK)

    assert list(received(world, direction)) == ["began earlier"]


def test_kinds_part_series_from_single_items(world: World, direction: Direction) -> None:
    put(world, direction, "series", is_series=True)
    put(world, direction, "single")

    world.snapshot(direction, filter=Filter(kinds=Kinds.RECURRING))
    only_series = list(received(world, direction))
    world.snapshot(direction, filter=Filter(kinds=Kinds.SINGLE))

    assert only_series == ["series"]
    assert sorted(received(world, direction)) == ["series", "single"]


# --- by last modified --------------------------------------------------------------------------------------------


def test_what_did_not_change_in_these_days_is_left_alone(world: World, direction: Direction) -> None:
    put(world, direction, "changed today")
    long_ago = world.snapshot(direction, filter=days_from_now(-60, -30))
    nothing = dict(received(world, direction))

    recent = world.snapshot(direction, filter=days_from_now(-1, 1))

    assert (long_ago.counters.outside, nothing) == (1, {})
    assert (recent.counters.created, list(received(world, direction))) == (1, ["changed today"])


def test_a_deletion_counts_by_the_last_change_of_the_copy(world: World, direction: Direction) -> None:
    put(world, direction, "gone")
    put(world, direction, "there")
    put(world, direction, "there too")
    world.snapshot(direction)
    remove(world, direction, "gone")

    long_ago = world.snapshot(direction, filter=days_from_now(-60, -30))
    survived = list(received(world, direction))
    recent = world.snapshot(direction, filter=days_from_now(-1, 1))

    assert (long_ago.counters.deleted, sorted(survived)) == (0, ["gone", "there", "there too"])
    assert (recent.counters.deleted, sorted(received(world, direction))) == (1, ["there", "there too"])


def test_an_event_that_does_not_say_when_it_changed_is_copied(world: World) -> None:
    world.event("undated")
    world.fault("sparse", path_contains="/events")

    view = world.get(filter=days_from_now(-60, -30))

    assert (view.counters.created, world.titles_in_crm()) == (1, ["undated"])


def test_a_changed_occurrence_changes_its_series(world: World) -> None:
    old = int(datetime.now(UTC).timestamp()) - 400 * DAY
    body = {"title": "Weekly", "when": span(), "recurrence": [RULE], "updated_at": old}
    world.box.add_event(world.calendar(), {"id": "weekly", **body})
    untouched = world.get(filter=days_from_now(-1, 1))
    moved = f"weekly_{datetime.fromtimestamp(NOON + 7 * DAY, UTC):%Y%m%dT%H%M%SZ}"
    world.box.change_event(world.calendar(), moved, {"title": "Weekly, elsewhere"})

    view = world.get(filter=days_from_now(-1, 1))

    assert (untouched.counters.outside, view.counters.created) == (1, 1)


# --- the guard ---------------------------------------------------------------------------------------------------


@pytest.fixture
def busy(worlds: Worlds) -> World:
    """Forty items this week and eighty later, on both sides."""
    world = worlds()
    for number in range(120):
        put(world, Direction.GET, f"Meeting {number:03}", 0 if number < 40 else LATER)
    world.get()
    return world


def test_a_filtered_run_does_not_look_like_a_source_that_shrank(busy: World) -> None:
    filtered = busy.get(filter=THIS_WEEK)
    remove(busy, Direction.GET, "Meeting 000")

    after = busy.get()
    remove(busy, Direction.GET, "Meeting 001")
    filtered_again = busy.get(filter=THIS_WEEK)

    assert (filtered.counters.read, filtered.counters.outside) == (120, 80)
    assert [v.state for v in (filtered, after, filtered_again)] == [SnapshotState.DONE] * 3


def test_a_filtered_run_does_not_make_an_empty_source_look_usual(busy: World) -> None:
    for number in range(120):
        remove(busy, Direction.GET, f"Meeting {number:03}")
    filtered = busy.get(filter=Filter(since=TODAY + timedelta(days=90)))

    view = busy.get()

    hold = busy.run(view).hold
    assert (filtered.state, filtered.counters.outside) == (SnapshotState.DONE, 120)
    assert hold is not None
    assert (hold.limit, hold.source_before) == (Limit.SOURCE_EMPTY, 120)


def test_the_guards_share_is_one_of_the_items_inside(busy: World) -> None:
    for number in range(10):
        remove(busy, Direction.GET, f"Meeting {number:03}")

    view = busy.get(filter=THIS_WEEK)

    hold = busy.run(view).hold
    assert view.state is SnapshotState.HELD
    assert hold is not None
    assert (hold.limit, hold.deletes, hold.destination_items) == (Limit.SHARE, 10, 40)


# --- what was asked stays with it --------------------------------------------------------------------------------


def test_a_plan_keeps_its_filter_and_so_does_the_run_that_carries_it_out(world: World, direction: Direction) -> None:
    put(world, direction, "now")
    put(world, direction, "later", LATER)
    preview = world.snapshot(direction, is_preview=True, filter=THIS_WEEK)
    page = world.services.plans.page(PlanQuery(plan_id=preview.id, kind=ActionKind.OUTSIDE), is_masked=False)
    started = world.services.plans.run(OLGA, preview.id)

    done = world.services.console.snapshot(started.id)

    assert [(row.title, row.reason) for row in page.rows] == [("later", Reason.OUTSIDE_FILTER)]
    assert (preview.filter, done.filter, done.counters.created) == (THIS_WEEK, THIS_WEEK, 1)
    assert list(received(world, direction)) == ["now"]


def test_what_failed_is_tried_again_under_the_same_filter(world: World) -> None:
    world.event("now")
    world.event("later", when=span(LATER))
    world.fault("status", status=403, path_contains="/events")
    failed = world.get(filter=THIS_WEEK)
    world.heal()

    again = world.services.console.snapshot(world.services.snapshots.retry(OLGA, failed.id).id)

    assert (again.filter, again.counters.created, again.counters.outside) == (THIS_WEEK, 1, 1)


def test_the_audit_trail_says_the_filter(world: World) -> None:
    world.event("now")
    world.get(filter=Filter(since=date(2026, 10, 1), kinds=Kinds.SINGLE))

    (row,) = [r for r in world.services.audit.rows() if r.action == "snapshot.request"]

    assert "start from 1 Oct 2026, single items only" in row.new


def test_a_filter_that_makes_no_sense_is_refused_by_field(world: World, direction: Direction) -> None:
    backwards = Filter(since=date(2026, 10, 2), until=date(2026, 10, 1))

    with pytest.raises(InvalidInput) as wrong:
        world.snapshot(direction, filter=backwards)

    assert set(wrong.value.fields) == {"until"}


# --- item types --------------------------------------------------------------------------------------------------


def test_links_of_types_that_were_not_asked_for_are_listed_with_the_reason(world: World, direction: Direction) -> None:
    contacts = Filter(item_types=(ItemType.CONTACT,))

    with pytest.raises(Refused) as nothing:
        world.snapshot(direction, filter=contacts)
    with pytest.raises(Refused) as single:
        world.snapshot(direction, link_id=world.link().id, filter=contacts)

    assert {s.off for s in nothing.value.facts["skipped"]} == {(OffReason.TYPE_NOT_ASKED_FOR,)}
    assert (nothing.value.why, single.value.why) == ("nothing_to_run", "link_off")


def test_links_of_the_type_that_was_asked_for_run(world: World, direction: Direction) -> None:
    put(world, direction, "now")

    view = world.snapshot(direction, filter=Filter(item_types=(ItemType.EVENT,)))

    assert view.counters.created == 1


# --- archive protection ------------------------------------------------------------------------------------------


def keep_older(world: World, days: int | None) -> None:
    target = world.services.targets.get(world.target.id)
    world.services.targets.edit(OLGA, target.id, target.version, replace(form_of(target), keep_older_days=days))


def ages(**more: Any) -> dict[str, int]:
    """Give offsets of an old and a new item from now, wherever the tests' noon lies."""
    now = int(datetime.now(UTC).timestamp())
    return {"old": now - 40 * DAY - NOON, "new": now - 20 * DAY - NOON, **more}


def test_a_get_does_not_delete_single_items_older_than_the_target_says(world: World) -> None:
    keep_older(world, 30)
    for title, offset in ages().items():
        put(world, Direction.GET, title, offset)
        put(world, Direction.SEND, f"{title} of the CRM", offset)
    put(world, Direction.GET, "old series", ages()["old"] - 100 * DAY, is_series=True)
    world.get()
    for number in range(2):
        put(world, Direction.GET, f"new {number}", ages()["new"])
    for title in ("old", "new", "old series"):
        remove(world, Direction.GET, title)

    view = world.get(remove=True)

    assert world.titles_in_crm() == ["new 0", "new 1", "old", "old of the CRM"]
    assert (view.state, view.counters.deleted, view.counters.skipped) == (SnapshotState.DONE, 3, 2)
    assert reasons(world, view, ActionKind.SKIP) == {Reason.ARCHIVED: 2}


def test_protected_items_do_not_count_for_the_guard(world: World) -> None:
    keep_older(world, 30)
    for number in range(30):
        put(world, Direction.GET, f"{number}", ages()["old"])
    world.get()
    put(world, Direction.GET, "another", ages()["new"])
    for number in range(14):
        remove(world, Direction.GET, f"{number}")

    view = world.get()

    assert (view.state, view.counters.deleted, view.counters.skipped) == (SnapshotState.DONE, 0, 14)


@pytest.mark.parametrize(("direction", "days"), [(Direction.SEND, 30), (Direction.GET, None)])
def test_a_send_and_a_target_without_an_age_protect_nothing(
    world: World, direction: Direction, days: int | None
) -> None:
    keep_older(world, days)
    put(world, direction, "old", ages()["old"])
    put(world, direction, "new", ages()["new"])
    world.snapshot(direction)
    remove(world, direction, "old")

    view = world.snapshot(direction)

    assert (view.counters.deleted, list(received(world, direction))) == (1, ["new"])
