"""A change that arrives while a run lists or writes wins over the older listing, whichever way and at any moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from nylasadmin.adapters.nylas import NylasHttpSide, listings
from nylasadmin.domain.plan import ActionKind, Direction, Reason
from nylasadmin.errors import NotFound
from nylasadmin.services import arrivals as arrivals_module
from nylasadmin.services import executing
from nylasadmin.services.views import SnapshotState, SnapshotView
from tests.sandbox.openapi import judged_sandbox
from tests.services.meanwhile import Meanwhile
from tests.services.worlds import OLGA, QUICK, SPAN, World, opened

TITLES = [f"Meeting {number}" for number in range(6)]


@pytest.fixture
def ears(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Pages of two items, batches of two writes, one request at a time."""
    monkeypatch.setattr(listings, "_PAGE", 2)
    monkeypatch.setattr(executing, "_LOCAL_BATCH", 2)
    monkeypatch.setattr(executing, "_REMOTE_BATCH", 2)
    return Meanwhile(NylasHttpSide(patience=QUICK))


@pytest.fixture
def world(ears: Meanwhile, tmp_path: Path) -> Iterator[World]:
    """Six items that both sides have."""
    with judged_sandbox(users=1) as box, opened(tmp_path, box, nylas=ears) as world:
        for title in TITLES:
            world.event(title)
        assert world.get().counters.created == 6
        yield world


def id_of(world: World, title: str) -> str:
    (found,) = [i for i, e in world.events().items() if e["title"] == title]
    return found


def arrive(world: World, event_id: str) -> None:
    world.services.arrivals.accept(world.link().id, event_id)


def rename(world: World, title: str, new: str) -> None:
    """Rename an event at Nylas, and let the news arrive."""
    event_id = id_of(world, title)
    world.box.change_event(world.calendar(), event_id, {"title": new})
    arrive(world, event_id)


def drop(world: World, title: str) -> None:
    event_id = id_of(world, title)
    world.box.delete_event(world.calendar(), event_id)
    arrive(world, event_id)


def bring_back(world: World, body: dict[str, object]) -> None:
    world.box.add_event(world.calendar(), body)
    arrive(world, str(body["id"]))


def edit_all(world: World) -> None:
    """Change every item at the source of a Get, so that it has something to write."""
    for title in TITLES:
        world.box.change_event(world.calendar(), id_of(world, title), {"location": "Room 1"})


def edit_all_in_crm(world: World, **fields: object) -> None:
    for title in TITLES:
        world.edit(world.named(title), **(fields or {"location": "Room 1"}))


def left(world: World, view: SnapshotView) -> dict[Reason, int]:
    return world.services.plans.reasons(view.id, ActionKind.SKIP)


LISTING = ["page 1", "page 2", "page 3", "listed"]
WRITING = ["load 1", "load 2", "load 3"]


# --- Get: Nylas is the source -------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", LISTING + WRITING)
def test_a_get_copies_the_newer_version_and_never_the_older_one(world: World, ears: Meanwhile, moment: str) -> None:
    edit_all(world)
    last = sorted(world.events())[-1]
    title = world.events()[last]["title"]
    ears.at(moment, lambda: rename(world, title, "Newer"))

    view = world.get()

    assert not ears.is_pending
    assert (view.state, view.counters.updated, view.counters.moved) == (SnapshotState.DONE, 6, 0)
    assert world.titles_in_crm() == world.titles_at_nylas()
    assert world.get().counters.to_write == 0


@pytest.mark.parametrize("moment", LISTING)
def test_a_get_deletes_what_was_deleted_while_it_listed(world: World, ears: Meanwhile, moment: str) -> None:
    ears.at(moment, lambda: drop(world, "Meeting 0"))

    view = world.get()

    assert view.counters.deleted == 1
    assert world.titles_in_crm() == world.titles_at_nylas() == TITLES[1:]


def test_a_get_leaves_an_item_that_is_deleted_after_the_guard_has_counted(world: World, ears: Meanwhile) -> None:
    edit_all(world)
    ears.at("load 1", lambda: drop(world, "Meeting 0"))

    view = world.get()

    assert (view.counters.updated, view.counters.deleted, view.counters.moved) == (5, 0, 1)
    assert left(world, view) == {Reason.ARRIVED_MEANWHILE: 1}
    assert world.named("Meeting 0").item.location == ""
    assert world.get().counters.deleted == 1


@pytest.mark.parametrize("moment", LISTING)
def test_a_get_copies_what_was_made_while_it_listed(world: World, ears: Meanwhile, moment: str) -> None:
    ears.at(moment, lambda: arrive(world, world.event("New")))

    view = world.get()

    assert view.counters.created == 1
    assert world.titles_in_crm() == world.titles_at_nylas()


def test_a_get_does_not_delete_the_copy_of_what_came_back(world: World, ears: Meanwhile) -> None:
    event_id = id_of(world, "Meeting 0")
    body = world.box.read_event(world.calendar(), event_id)
    world.box.delete_event(world.calendar(), event_id)
    kept = world.named("Meeting 0")
    ears.at("load 1", lambda: bring_back(world, body))

    view = world.get()

    assert (view.counters.deleted, view.counters.moved) == (0, 1)
    assert world.named("Meeting 0") == kept
    assert world.get().counters.unchanged == 6


def test_a_get_that_removes_what_only_the_crm_has_spares_the_twin_of_a_newcomer(world: World, ears: Meanwhile) -> None:
    world.put("Planned", uid="planned@example.com")
    ears.at("load 1", lambda: arrive(world, world.event("Planned", ical_uid="planned@example.com")))

    view = world.get(remove=True)

    assert (view.counters.deleted, view.counters.moved) == (0, 1)
    assert world.get().counters.moved == 0
    assert world.titles_in_crm() == world.titles_at_nylas()


def test_news_that_tells_nothing_new_changes_nothing(world: World, ears: Meanwhile) -> None:
    edit_all(world)
    for moment in ("page 1", "listed", "load 2"):
        ears.at(moment, lambda: [arrive(world, i) for i in world.events()])

    view = world.get()

    assert (view.counters.updated, view.counters.moved, view.counters.skipped) == (6, 0, 0)


def test_news_of_an_item_nobody_knows_changes_nothing(world: World, ears: Meanwhile) -> None:
    edit_all(world)
    ears.at("load 1", lambda: arrive(world, "nobody-knows-it"))

    assert world.get().counters.updated == 6


def test_news_without_an_end_does_not_keep_a_run_from_writing(world: World, ears: Meanwhile) -> None:
    edit_all(world)

    def again() -> None:
        rename(world, world.events()[first]["title"], f"Version {ears.seen['load']}")
        ears.next("load", again)

    first = sorted(world.events())[0]
    ears.at("load", again)

    view = world.get()

    assert view.state is SnapshotState.DONE
    assert (view.counters.updated, view.counters.moved) == (5, 1)
    assert ears.seen["load"] <= 15
    ears.forget()
    world.get()
    assert world.titles_in_crm() == world.titles_at_nylas()


def test_news_from_before_the_run_is_not_read_again(world: World) -> None:
    for event_id in world.events():
        arrive(world, event_id)
    world.forget_requests()

    world.get()

    asked = [e["path"] for e in world.box.sandbox.requests.entries()]
    assert [p for p in asked if not p.endswith("/events")] == []


def test_a_run_bound_to_a_plan_writes_no_version_that_nobody_was_shown(world: World, ears: Meanwhile) -> None:
    edit_all(world)
    preview = world.get(is_preview=True)
    ears.at("load 1", lambda: rename(world, "Meeting 0", "Newer"))

    made = world.services.plans.run(OLGA, preview.id)
    view = world.services.console.snapshot(made.id)

    assert (view.counters.updated, view.counters.moved) == (5, 1)
    assert world.named("Meeting 0").item.location == ""
    assert world.services.plans.get(preview.id).moved == 1


def test_a_crm_edit_during_a_get_is_not_overwritten(world: World, ears: Meanwhile) -> None:
    edit_all(world)
    for moment in ("page 1", "listed", "load 1"):
        ears.at(moment, lambda: world.edit(world.named("Meeting 0"), title="Mine"))
        view = world.get()
        assert (view.counters.updated, view.counters.moved) == (5, 1)
        assert left(world, view) == {Reason.ARRIVED_MEANWHILE: 1}
        assert world.named("Mine").item.location == ""
        world.edit(world.named("Mine"), title="Meeting 0")
        edit_all_in_crm(world, location="")


def test_a_private_note_made_during_a_get_stays(world: World, ears: Meanwhile) -> None:
    edit_all(world)
    ears.at("load 1", lambda: world.edit(world.named("Meeting 0"), private_notes="mine"))

    assert world.get().counters.updated == 6
    assert (world.named("Meeting 0").item.private_notes, world.named("Meeting 0").item.location) == ("mine", "Room 1")


def test_a_copy_that_is_put_back_into_the_crm_during_a_get_is_not_made_twice(world: World, ears: Meanwhile) -> None:
    mine = world.named("Meeting 0")
    world.services.crm.delete(OLGA, mine.id)
    ears.at("load 1", lambda: world.services.crm.put(OLGA, mine))

    view = world.get()

    assert (view.counters.created, view.counters.moved) == (0, 1)
    assert world.get().counters.unchanged == 6


# --- Send: Nylas is the destination -------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["load 1", "load 2", "load 3", "order 1"])
def test_a_send_leaves_a_newer_version_at_nylas(world: World, ears: Meanwhile, moment: str) -> None:
    edit_all_in_crm(world)
    last = world.services.crm.item(max(world.items())).item.title
    ears.at(moment, lambda: rename(world, last, "Newer"))

    view = world.send()

    assert not ears.is_pending
    assert (view.counters.updated, view.counters.moved) == (5, 1)
    assert "Newer" in world.titles_at_nylas()
    assert left(world, view) == {Reason.ARRIVED_MEANWHILE: 1}


def test_a_send_deletes_nothing_that_is_newer_than_its_listing(world: World, ears: Meanwhile) -> None:
    world.services.crm.delete(OLGA, world.named("Meeting 0").id)
    ears.at("load 1", lambda: rename(world, "Meeting 0", "Newer"))

    view = world.send()

    assert (view.counters.deleted, view.counters.moved) == (0, 1)
    assert "Newer" in world.titles_at_nylas()


@pytest.mark.parametrize("moment", ["load 1", "listed"])
def test_a_send_does_not_make_again_what_came_back(world: World, ears: Meanwhile, moment: str) -> None:
    event_id = id_of(world, "Meeting 0")
    body = world.box.read_event(world.calendar(), event_id)
    world.box.delete_event(world.calendar(), event_id)
    ears.at(moment, lambda: bring_back(world, body))

    view = world.send()

    assert view.counters.created == 0
    assert (len(world.events()), world.send().counters.to_write) == (6, 0)


def test_a_send_does_not_make_the_twin_of_a_newcomer(world: World, ears: Meanwhile) -> None:
    world.put("Planned", uid="planned@example.com")
    ears.at("load 1", lambda: arrive(world, world.event("Planned", ical_uid="planned@example.com", when=SPAN)))

    view = world.send()

    assert (view.counters.created, view.counters.moved) == (0, 1)
    world.send()
    assert world.titles_at_nylas() == sorted([*TITLES, "Planned"])


def test_our_own_writes_that_come_back_as_news_do_not_disturb_a_send(world: World, ears: Meanwhile) -> None:
    edit_all_in_crm(world)
    world.put("New")
    ears.at("load 3", lambda: [arrive(world, i) for i in world.events()])

    view = world.send()

    assert (view.counters.updated, view.counters.created, view.counters.moved) == (6, 1, 0)


@pytest.mark.parametrize("moment", ["page 1", "listed", "load 1", "load 3"])
def test_a_send_takes_an_item_as_it_is_when_its_turn_comes(world: World, ears: Meanwhile, moment: str) -> None:
    edit_all_in_crm(world)
    last = world.items()[max(world.items())]
    ears.at(moment, lambda: world.edit(last, title="Newer"))

    view = world.send()

    assert (view.counters.updated, view.counters.moved) == (6, 0)
    assert world.titles_at_nylas() == world.titles_in_crm()
    assert world.send().counters.to_write == 0


def test_an_item_edited_between_two_writes_is_left_and_never_sent_in_its_old_version(
    world: World, ears: Meanwhile
) -> None:
    edit_all_in_crm(world)
    second = sorted(world.items())[1]
    ears.at("order 1", lambda: world.edit(world.items()[second], title="Newer", location=""))

    view = world.send()

    assert (view.counters.updated, view.counters.moved) == (5, 1)
    assert left(world, view) == {Reason.ARRIVED_MEANWHILE: 1}
    assert sum(e.get("location") == "Room 1" for e in world.events().values()) == 5
    assert world.send().counters.updated == 1
    assert world.titles_at_nylas() == world.titles_in_crm()


@pytest.mark.parametrize("moment", ["listed", "load 1", "order 1"])
def test_a_send_does_not_delete_what_is_back_in_the_crm(world: World, ears: Meanwhile, moment: str) -> None:
    first, second, *_ = sorted(world.items())
    kept = world.items()[second]
    world.edit(world.items()[first], title="Edited")
    world.services.crm.delete(OLGA, second)
    ears.at(moment, lambda: world.services.crm.put(OLGA, kept))

    view = world.send()

    assert not ears.is_pending
    assert view.counters.deleted == 0
    assert len(world.events()) == 6


# --- the notes themselves -----------------------------------------------------------------------------------------


def test_what_is_left_is_shown_and_the_next_run_does_it(world: World, ears: Meanwhile) -> None:
    edit_all(world)
    ears.at("load 1", lambda: drop(world, "Meeting 0"))
    view = world.get()

    again = world.services.snapshots.retry(OLGA, view.id)

    assert world.services.console.snapshot(again.id).counters.deleted == 1
    assert world.titles_in_crm() == world.titles_at_nylas()


def test_a_change_of_a_link_nobody_knows_is_refused(world: World) -> None:
    with pytest.raises(NotFound):
        world.services.arrivals.accept(77, "e1")


def test_changes_are_numbered_per_link_and_old_ones_are_dropped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    link = world.link().id
    monkeypatch.setattr(arrivals_module, "_PRUNED_EVERY", 4)
    first = [world.services.arrivals.accept(link, f"e{n}") for n in range(3)]
    with world.product.storage.read() as tx:
        assert tx.arrivals.since(link, first[0]) == [(first[1], "e1"), (first[2], "e2")]
        assert (tx.arrivals.newest(link), tx.arrivals.newest(link + 1)) == (first[2], 0)
    monkeypatch.setattr(arrivals_module, "KEPT_S", -10)

    last = world.services.arrivals.accept(link, "e3")

    assert (last, world.rows("arrivals")) == (first[2] + 1, [])
    assert world.services.arrivals.accept(link, "e4") == last + 1


@pytest.mark.parametrize("direction", Direction)
def test_where_nothing_arrives_a_batch_costs_one_question(world: World, direction: Direction) -> None:
    edit_all(world) if direction is Direction.GET else edit_all_in_crm(world)
    asked: list[str] = []
    event.listen(world.product.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))

    view = world.snapshot(direction)

    batches = view.counters.updated // 2
    assert (view.counters.updated, sum("FROM arrivals" in text for text in asked)) == (6, batches + 2)
