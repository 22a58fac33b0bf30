"""Get and Send from end to end: the ten rows of what happens to one item, both ways."""

from __future__ import annotations

import pytest

from nylasadmin.domain.items import Attendee, ScheduleItem, Timed, Visibility
from nylasadmin.domain.links import AccountState
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.runs import Counters
from nylasadmin.services.views import SnapshotState
from tests.services.conftest import Worlds
from tests.services.worlds import HOUR, NOON, OLGA, World, timed


def counted(counters: Counters) -> dict[str, int]:
    """Give what a snapshot did, without zeros and without what was planned and read."""
    names = ("created", "updated", "deleted", "unchanged", "kept", "skipped", "moved", "failed")
    return {name: value for name in names if (value := getattr(counters, name))}


def test_get_copies_everything_of_everybody(worlds: Worlds) -> None:
    world = worlds(users=4, events_per_user=30)

    view = world.get()

    assert view.state is SnapshotState.DONE
    assert view.counters.created == view.counters.read > 100
    with world.product.storage.read() as tx:
        links = tx.links.of_target(world.target.id)
    for link in links:
        user = int(link.user_id[1:])
        mine = [i for i in world.items(user).values() if i.collection == link.collection]
        events = [e for e in world.events(user, link.folder_id).values() if not e.get("master_event_id")]
        assert sorted(i.item.title for i in mine) == sorted(e.get("title", "") for e in events)


def test_get_again_writes_nothing_at_all(worlds: Worlds) -> None:
    world = worlds(users=3, events_per_user=30)
    world.get()
    before = {name: world.rows(name) for name in ("crm_items", "crm_changes", "pairs", "writes", "accounts", "targets")}
    world.forget_requests()

    view = world.get()

    assert counted(view.counters) == {"unchanged": view.counters.read}
    assert {name: world.rows(name) for name in before} == before
    assert world.writing_requests() == []


def test_send_after_get_writes_nothing(worlds: Worlds) -> None:
    world = worlds(users=3, events_per_user=30)
    world.get()
    world.forget_requests()

    view = world.send()

    assert (view.counters.written, view.counters.failed, world.writing_requests()) == (0, 0, [])


def test_what_is_edited_in_the_crm_is_sent(world: World) -> None:
    stays, goes, old = world.event("Stays"), world.event("Goes"), world.event("Old title")
    world.get()
    world.edit(world.named("Old title"), title="New title", when=timed(3))
    world.services.crm.delete(OLGA, world.named("Goes").id)
    world.put("From the CRM")

    view = world.send()

    assert counted(view.counters) == {"created": 1, "updated": 1, "deleted": 1, "unchanged": 1}
    assert world.titles_at_nylas() == ["From the CRM", "New title", "Stays"]
    assert {stays, old} <= world.events().keys()
    assert goes not in world.events()
    assert world.events()[old]["when"]["start_time"] == NOON + 3 * HOUR


class Side:
    """Edits at source and destination, whichever way a snapshot copies."""

    def __init__(self, world: World, direction: Direction) -> None:
        self.world = world
        self.direction = direction
        self.is_get = direction is Direction.GET

    def run(self, **options: object) -> dict[str, int]:
        return counted(self.world.snapshot(self.direction, **options).counters)

    def make(self, title: str, *, at_source: bool = True, **fields: object) -> None:
        if at_source is self.is_get:
            self.world.event(title, **fields)
        else:
            self.world.put(title, uid=fields.get("ical_uid"))

    def rename(self, title: str, new: str, *, at_source: bool = True) -> None:
        if at_source is self.is_get:
            self.world.box.change_event(self.world.calendar(), self.id_of(title), {"title": new})
        else:
            self.world.edit(self.world.named(title), title=new)

    def remove(self, title: str, *, at_source: bool = True) -> None:
        if at_source is self.is_get:
            self.world.box.delete_event(self.world.calendar(), self.id_of(title))
        else:
            self.world.services.crm.delete(OLGA, self.world.named(title).id)

    def id_of(self, title: str) -> str:
        (found,) = [e["id"] for e in self.world.events().values() if e["title"] == title]
        return str(found)

    @property
    def titles(self) -> tuple[list[str], list[str]]:
        """What source and destination hold."""
        both = self.world.titles_at_nylas(), self.world.titles_in_crm()
        return both if self.is_get else both[::-1]


@pytest.fixture(params=Direction)
def side(world: World, request: pytest.FixtureRequest) -> Side:
    return Side(world, request.param)


def test_row_1_what_is_new_at_the_source_is_created(side: Side) -> None:
    side.make("New")

    assert side.run() == {"created": 1}
    assert side.titles == (["New"], ["New"])


def test_row_2_a_twin_is_adopted_and_brought_up_to_date(side: Side) -> None:
    side.make("Same meeting", ical_uid="twin@example")
    side.make("Same meeting, other title", at_source=False, ical_uid="twin@example")

    assert side.run() == {"updated": 1}
    assert side.titles == (["Same meeting"], ["Same meeting"])
    assert side.run() == {"unchanged": 1}


def test_row_3_what_is_equal_is_not_written(side: Side) -> None:
    side.make("Equal")
    side.run()

    assert side.run() == {"unchanged": 1}


def test_row_4_the_source_wins_and_the_other_version_is_kept(side: Side) -> None:
    side.make("Before")
    side.run()
    side.rename("Before", "Source wins")
    side.rename("Before", "Destination loses", at_source=False)

    assert side.run() == {"updated": 1}
    assert side.titles == (["Source wins"], ["Source wins"])
    kept = side.world.rows("writes")[-1]
    assert b"Destination loses" in kept["before"]


def test_row_5_a_deletion_at_the_destination_is_overridden(side: Side) -> None:
    side.make("Deleted there")
    side.run()
    side.remove("Deleted there", at_source=False)

    assert side.run() == {"created": 1}
    assert side.titles == (["Deleted there"], ["Deleted there"])


def test_row_6_what_was_deleted_at_the_source_is_deleted(side: Side) -> None:
    for title in ("One", "Two", "Three"):
        side.make(title)
    side.run()
    side.remove("Two")

    assert side.run() == {"deleted": 1, "unchanged": 2}
    assert side.titles == (["One", "Three"], ["One", "Three"])
    assert b"Two" in side.world.rows("writes")[-1]["before"]


def test_row_7_what_exists_only_at_the_receiver_is_kept_and_counted(side: Side) -> None:
    side.make("Both")
    side.make("Only there", at_source=False)

    assert side.run() == {"created": 1, "kept": 1}
    assert side.titles == (["Both"], ["Both", "Only there"])


def test_row_7_what_exists_only_at_the_receiver_is_removed_if_asked(side: Side) -> None:
    side.make("Both")
    side.make("Only there", at_source=False)

    assert side.run(remove=True) == {"created": 1, "deleted": 1}
    assert side.titles == (["Both"], ["Both"])


def test_row_8_a_pair_whose_items_are_both_gone_is_forgotten(side: Side) -> None:
    side.make("One")
    side.make("Two")
    side.run()
    side.remove("Two")
    side.remove("Two", at_source=False)

    assert side.run() == {"unchanged": 1}
    assert len(side.world.rows("pairs")) == 1


def test_row_10_a_meeting_of_somebody_else_is_not_changed_at_nylas(world: World) -> None:
    world.event("Theirs", organizer={"email": "boss@elsewhere.example", "name": "Boss"})
    world.get()
    world.edit(world.named("Theirs"), title="Mine now")
    world.forget_requests()

    view = world.send()

    assert counted(view.counters) == {"skipped": 1}
    assert (world.titles_at_nylas(), world.writing_requests()) == (["Theirs"], [])


def test_row_10_a_read_only_calendar_takes_no_writes(world: World) -> None:
    world.box.add_calendar(world.box.grants[0].id, "Holidays", calendar_id="holidays", read_only=True)
    world.box.add_event(
        world.calendar(name="holidays"), {"title": "Easter", "when": {"object": "date", "date": "2026-04-05"}}
    )
    world.services.targets.discover(OLGA, world.target.id)
    link = world.link(calendar="holidays")
    world.get(link_id=link.id)
    world.services.links.edit(OLGA, link.id, link.version, inbound=True, outbound=True)
    world.edit(world.named("Easter"), title="Christmas")
    world.forget_requests()

    view = world.send(link_id=link.id)

    assert counted(view.counters) == {"skipped": 1}
    assert world.writing_requests() == []


def test_attendees_are_never_mailed(world: World) -> None:
    people = [{"email": "anna@customer.example"}, {"email": "bruno@customer.example"}]
    world.event("Old", participants=people)
    world.event("Gone", participants=people)
    world.get()
    who = (Attendee("anna@customer.example"), Attendee("chen@customer.example"))
    world.put("New", attendees=who)
    world.edit(world.named("Old"), attendees=who, title="Changed")
    world.services.crm.delete(OLGA, world.named("Gone").id)
    world.forget_requests()

    view = world.send()

    assert counted(view.counters) == {"created": 1, "updated": 1, "deleted": 1}
    assert world.mailed == []
    assert {e["notify_participants"] for e in world.writing_requests()} == {"false"}


def test_private_notes_never_leave_and_priority_survives_a_get(world: World) -> None:
    world.put("Review", private_notes="S3CRET: fire Bob", priority=1, notes="open notes", visibility=Visibility.PRIVATE)
    world.send()
    world.edit(world.named("Review"), title="Review 2")
    world.send()
    event_id = next(iter(world.events()))
    world.box.change_event(world.calendar(), event_id, {"title": "Review 3"})

    world.get()

    item = world.named("Review 3").item
    assert (item.private_notes, item.priority, item.notes) == ("S3CRET: fire Bob", 1, "open notes")
    at_nylas = b"".join(row.body for _, row in world.calendar().events.rows())
    assert b"open notes" in at_nylas
    assert b"S3CRET" not in at_nylas


def test_every_change_of_the_crm_gets_a_number_of_its_own(world: World) -> None:
    world.event("One")
    world.event("Two")
    world.get()
    world.edit(world.named("One"), title="Uno")
    world.services.crm.delete(OLGA, world.named("Two").id)
    world.put("Three")

    feed = world.rows("crm_changes")

    assert [c["seq"] for c in feed] == sorted({c["seq"] for c in feed})
    assert [c["kind"] for c in feed] == ["created", "created", "updated", "deleted", "created"]
    run = world.rows("runs")[0]["id"]
    assert [c["origin"] for c in feed] == [f"run {run}", f"run {run}", "user u0", "olga", "user u0"]


def test_a_number_of_the_feed_is_never_given_twice(world: World) -> None:
    world.put("One")
    world.services.crm.delete(OLGA, world.named("One").id)
    last = world.rows("crm_changes")[-1]["seq"]
    with world.product.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM crm_changes")

    world.put("Two")

    assert world.rows("crm_changes")[0]["seq"] > last


def test_a_preview_counts_what_the_run_then_does_and_writes_nothing(side: Side) -> None:
    for title in ("Same", "Changed", "Deleted", "Deleted there"):
        side.make(title)
    side.run()
    side.rename("Changed", "Changed since")
    side.remove("Deleted")
    side.remove("Deleted there", at_source=False)
    side.make("New")
    side.make("Only there", at_source=False)
    world = side.world
    world.forget_requests()
    names = ("crm_items", "crm_changes", "pairs", "writes", "audit")
    before = {name: world.rows(name) for name in names}

    preview = world.snapshot(side.direction, is_preview=True, remove=True)

    assert preview.state is SnapshotState.DONE
    assert world.writing_requests() == []
    assert {name: world.rows(name) for name in names} == before
    real = world.snapshot(side.direction, remove=True)
    planned = ("read", "to_create", "to_update", "to_delete", "unchanged", "kept", "outside", "skipped")
    assert [getattr(real.counters, n) for n in planned] == [getattr(preview.counters, n) for n in planned]
    assert real.counters.written == preview.counters.to_write == 5


def test_lost_pairs_double_nothing(side: Side) -> None:
    """Items find each other again by our marker, else by their UID."""
    world = side.world
    for title in ("One", "Two"):
        world.event(title)
    world.get()
    world.put("Three")
    world.send()
    world.get()  # brings the organizer that the provider has added
    with world.product.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM pairs")
    world.forget_requests()

    assert side.run() == {"unchanged": 3}
    assert side.titles == (["One", "Three", "Two"], ["One", "Three", "Two"])
    assert (world.writing_requests(), len(world.rows("pairs"))) == ([], 3)


def test_a_removed_link_comes_back_when_its_user_signs_in_again_and_doubles_nothing(world: World) -> None:
    world.event("One")
    world.get()
    link = world.link()
    world.services.links.remove(OLGA, link.id, link.version)

    still_gone = world.services.targets.discover(OLGA, world.target.id)
    with world.product.storage.write() as tx:
        tx.accounts.set_state(link.account_id, AccountState.NEEDS_SIGN_IN)
    found = world.services.targets.discover(OLGA, world.target.id)
    view = world.get(link_id=world.link().id)

    assert (still_gone.links_made, found.links_made) == (3, 1)  # address book and mailbox, see the world
    assert counted(view.counters) == {"unchanged": 1}


def test_a_series_with_its_exceptions_goes_there_and_back(world: World) -> None:
    series = ScheduleItem(
        when=Timed(NOON, NOON + HOUR, "Europe/Berlin"),
        title="Weekly",
        rules=("RRULE:FREQ=WEEKLY;COUNT=6",),
        cancelled=(NOON + 14 * 24 * HOUR,),
    )
    world.put("Weekly", rules=series.rules, cancelled=series.cancelled)

    assert counted(world.send().counters) == {"created": 1}
    assert counted(world.send().counters) == {"unchanged": 1}
    assert counted(world.get().counters) == {"unchanged": 1}
    assert world.named("Weekly").item.cancelled == series.cancelled
    assert counted(world.get().counters) == {"unchanged": 1}
    assert counted(world.send().counters) == {"unchanged": 1}
