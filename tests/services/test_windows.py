"""What lies outside an account's window is not asked for, written, deleted or taken for deleted, whichever way."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from sqlalchemy import update

from nylasadmin.adapters.storage.tables import metadata
from nylasadmin.domain.items import ItemType
from nylasadmin.domain.kinds import Item
from nylasadmin.domain.mail import Thread
from nylasadmin.domain.plan import ActionKind, Direction, Reason
from nylasadmin.services.views import SnapshotState
from tests.services.conftest import Worlds
from tests.services.test_filters import edit, other, put, received, remove
from tests.services.worlds import DAY, HOUR, NOON, World

CUT_OFF = NOON - 12 * HOUR - 30 * DAY
"""Midnight, thirty days before the day of most items."""
OLD, NEW = CUT_OFF - NOON - 3 * DAY, 0


@pytest.fixture(params=Direction)
def direction(request: pytest.FixtureRequest) -> Direction:
    return Direction(request.param)


def freeze_at(world: World, cut_off: int) -> None:
    """Let the accounts have frozen this cut-off."""
    with world.product.engine.begin() as connection:
        connection.execute(update(metadata.tables["accounts"]).values(sync_from=cut_off))


@pytest.fixture
def windowed(world: World) -> World:
    freeze_at(world, CUT_OFF)
    return world


def reasons(world: World, direction: Direction, **options: Any) -> dict[Reason, int]:
    plan = world.snapshot(direction, is_preview=True, **options)
    counted: dict[Reason, int] = {}
    for kind in ActionKind:
        for reason, number in world.services.plans.reasons(plan.id, kind).items():
            counted[reason] = counted.get(reason, 0) + number
    return counted


def test_only_what_is_inside_is_copied(windowed: World, direction: Direction) -> None:
    put(windowed, direction, "old", OLD)
    put(windowed, direction, "new", NEW)

    view = windowed.snapshot(direction)

    assert (view.state, view.counters.created) == (SnapshotState.DONE, 1)
    assert set(received(windowed, direction)) == {"new"}


def test_an_item_that_ends_as_the_cut_off_begins_is_outside_and_one_that_ends_later_is_inside(
    windowed: World, direction: Direction
) -> None:
    put(windowed, direction, "ends at the cut-off", CUT_OFF - NOON - HOUR)
    put(windowed, direction, "ends a minute later", CUT_OFF - NOON - HOUR + 60)
    put(windowed, direction, "begins at the cut-off", CUT_OFF - NOON)

    windowed.snapshot(direction)

    assert set(received(windowed, direction)) == {"ends a minute later", "begins at the cut-off"}


def test_what_is_outside_is_not_even_removed_from_the_receiver(windowed: World, direction: Direction) -> None:
    put(windowed, other(direction), "old", OLD)
    put(windowed, other(direction), "new", NEW)
    put(windowed, direction, "mine", NEW)

    windowed.snapshot(direction, remove=True)

    assert set(received(windowed, direction)) == {"old", "mine"}


def test_a_pair_outside_is_neither_overwritten_nor_deleted(world: World, direction: Direction) -> None:
    for title in ("edited", "deleted", "kept"):
        put(world, direction, title, OLD)
    world.snapshot(direction)
    freeze_at(world, CUT_OFF)
    edit(world, direction, "edited", notes="changed")
    remove(world, direction, "deleted")

    view = world.snapshot(direction, remove=True)

    assert received(world, direction) == {"edited": "", "deleted": "", "kept": ""}
    assert (view.counters.updated, view.counters.deleted, view.counters.failed) == (0, 0, 0)


def test_an_item_that_leaves_the_window_is_left_as_it_is_and_not_made_again(
    windowed: World, direction: Direction
) -> None:
    put(windowed, direction, "moved", NEW)
    windowed.snapshot(direction)
    edit(windowed, direction, "moved", offset=OLD)

    windowed.snapshot(direction, remove=True)
    back = windowed.snapshot(other(direction), remove=True)

    assert (back.counters.created, back.counters.updated, back.counters.deleted) == (0, 0, 0)
    assert (len(windowed.events()), len(windowed.items())) == (1, 1)


def test_an_item_that_comes_back_into_the_window_takes_part_again(windowed: World, direction: Direction) -> None:
    put(windowed, direction, "moved", NEW)
    windowed.snapshot(direction)
    edit(windowed, direction, "moved", offset=OLD)
    windowed.snapshot(direction)
    edit(windowed, direction, "moved", offset=DAY)

    view = windowed.snapshot(direction)

    assert (view.counters.updated, view.counters.created) == (1, 0)
    assert (len(windowed.events()), len(windowed.items())) == (1, 1)


def test_an_item_inside_that_was_deleted_at_the_source_is_deleted(windowed: World, direction: Direction) -> None:
    put(windowed, direction, "gone", NEW)
    put(windowed, direction, "kept", NEW)
    windowed.snapshot(direction)
    remove(windowed, direction, "gone")

    windowed.snapshot(direction)

    assert set(received(windowed, direction)) == {"kept"}


def test_a_series_that_began_long_before_is_copied_whole_with_its_early_exceptions(windowed: World) -> None:
    start = NOON - 200 * DAY
    when = {"object": "timespan", "start_time": start, "end_time": start + HOUR, "start_timezone": "UTC"}
    windowed.event("standing", when=when | {"end_timezone": "UTC"}, recurrence=["RRULE:FREQ=DAILY"])
    (master,) = windowed.events()
    early = {"start_time": start + 5 * DAY + 2 * HOUR, "end_time": start + 5 * DAY + 3 * HOUR}
    occurrence = occurrence_of(windowed, master, start + 5 * DAY)
    windowed.box.change_event(windowed.calendar(), occurrence, {"when": early | {"object": "timespan"}})

    windowed.get()

    item = windowed.named("standing").item
    assert len(item.exceptions) == 1
    assert windowed.get().counters.unchanged == 1


def occurrence_of(world: World, master: str, at: int) -> str:
    """Give the id under which the sandbox knows an occurrence."""
    grant = world.box.grants[0]
    query: dict[str, Any] = {
        "calendar_id": world.calendar().id,
        "master_event_id": master,
        "start": at - HOUR,
        "end": at + HOUR,
        "expand_recurring": "true",
    }
    session = requests.Session()
    session.trust_env = False
    answer = session.get(
        f"{world.box.url}/v3/grants/{grant.id}/events",
        params=query,
        headers={"Authorization": f"Bearer {world.box.api_key}"},
        timeout=5,
    )
    (found,) = answer.json()["data"]
    return str(found["id"])


def test_a_listing_asks_for_what_is_inside_and_a_day_around_it(windowed: World) -> None:
    windowed.event("new")
    windowed.forget_requests()

    windowed.get()

    asked = [e["query"] for e in windowed.box.sandbox.requests.entries() if e["path"].endswith("/events")]
    assert [parse_qs(query)["start"] for query in asked] == [[str(CUT_OFF - DAY)]]


def test_mail_before_the_cut_off_is_not_asked_for_and_threads_that_began_before_are_incomplete(
    worlds: Worlds,
) -> None:
    world = worlds(mail=True)
    freeze_at(world, CUT_OFF)
    grant = world.box.grants[0].id
    first = mail(world, grant, "Offer", CUT_OFF - DAY)
    mail(world, grant, "Re: Offer", CUT_OFF + DAY, reply_to=first)
    mail(world, grant, "Young", CUT_OFF + DAY)

    world.get()

    held = [i.item for i in world.items().values()]
    assert {m.title for m in held if not isinstance(m, Thread)} == {"Re: Offer", "Young"}
    assert completeness(held) == {"Offer": False, "Young": True}


def completeness(held: list[Item]) -> dict[str, bool]:
    return {t.title.removeprefix("Re: "): t.is_complete for t in held if isinstance(t, Thread)}


def mail(world: World, grant: str, subject: str, date: int, *, reply_to: str | None = None) -> str:
    body = {"subject": subject, "date": date, "from": [{"email": "kim@example.com"}], "body": "text"}
    return str(world.box.add_message(grant, body, reply_to=reply_to)["id"])


def test_contacts_have_no_date_and_always_take_part(worlds: Worlds) -> None:
    world = worlds(contacts=True)
    freeze_at(world, NOON + 365 * DAY)
    world.box.add_contact(world.box.grants[0].id, {"given_name": "Kim"})

    world.get(link_id=world.typed_link(ItemType.CONTACT).id)

    assert world.titles_in_crm() == ["Kim"]


def test_a_preview_does_not_list_what_is_outside(windowed: World, direction: Direction) -> None:
    put(windowed, direction, "old", OLD)
    put(windowed, direction, "new", NEW)

    assert reasons(windowed, direction) == {Reason.CREATED_AT_SOURCE: 1} | (
        {Reason.OUTSIDE_WINDOW: 1} if direction is Direction.SEND else {}
    )


def test_a_narrower_policy_after_connecting_again_does_not_look_like_a_source_that_shrank(world: World) -> None:
    for number in range(6):
        world.event(f"old {number}", when={"object": "timespan", "start_time": NOON + OLD, "end_time": NOON + OLD + 60})
    world.event("new")
    world.event("gone")
    world.get()
    freeze_at(world, CUT_OFF)
    with world.product.engine.begin() as connection:
        connection.execute(update(metadata.tables["accounts"]).values(frozen_at=2**40))
    gone = next(i for i, e in world.events().items() if e["title"] == "gone")
    world.box.delete_event(world.calendar(), gone)

    view = world.get()

    assert (view.state, view.counters.deleted) == (SnapshotState.DONE, 1)
