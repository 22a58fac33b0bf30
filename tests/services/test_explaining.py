"""Explain on both sides: how items are found, that nothing but GET is asked, and what is said of a real world."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from nylasadmin.adapters.storage.tables import metadata
from nylasadmin.domain.contacts import Contact
from nylasadmin.domain.explaining import Finding
from nylasadmin.domain.items import ItemId, ItemType, ScheduleItem
from nylasadmin.domain.kinds import Item
from nylasadmin.domain.mail import Message
from nylasadmin.domain.plan import ActionKind, Direction, Reason
from nylasadmin.domain.policies import cut_off
from nylasadmin.services.explain_views import Explained, Subject, Weight
from nylasadmin.services.plan_views import PlanQuery
from tests.services.guarded import MOST, delete_at_source, filled
from tests.services.worlds import DAY, HOUR, NOON, OLGA, Json, World, world_of


def span(days: int) -> Json:
    return {"object": "timespan", "start_time": NOON + days * DAY, "end_time": NOON + days * DAY + HOUR}


def ask(world: World, wanted: str, *, is_masked: bool = False) -> Explained:
    return world.services.explaining.item(world.link().id, wanted, is_masked=is_masked)


def finding(found: Explained) -> Finding | None:
    return found.explanation.headline.finding if found.explanation else None


def weight(found: Explained, subject: Subject) -> Weight:
    return next(check.weight for check in found.checks if check.subject is subject)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Both sides agree; looking changes nothing, so all tests that only look share it."""
    folder: Path = tmp_path_factory.mktemp("explained")
    with world_of(folder) as world:
        world.event("Weekly standup")
        world.event("Weekly review")
        world.event("Retrospective")
        world.get()
        world.event("Budget round", when=span(400))
        world.edit(world.named("Retrospective"), location="Room 5")
        yield world


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[World]:
    with world_of(tmp_path) as world:
        yield world


def test_an_item_is_found_by_words_id_and_uid_of_either_side(world: World) -> None:
    item = world.named("Weekly standup")
    nylas_id = ask(world, "standup").nylas_id
    assert isinstance(item.item, ScheduleItem)
    for wanted in ("standup", "STANDUP", item.id, nylas_id, item.item.uid):
        found = ask(world, wanted or "")
        assert (finding(found), found.crm_id, found.nylas_id) == (Finding.IN_STEP, item.id, nylas_id), wanted


def test_the_id_of_an_occurrence_means_its_series(fresh: World) -> None:
    series = fresh.event("Standup", recurrence=["RRULE:FREQ=WEEKLY;COUNT=4"])
    fresh.get()
    stamp = datetime.fromtimestamp(NOON + 7 * DAY, UTC).strftime("%Y%m%dT%H%M%SZ")
    found = ask(fresh, f"{series}_{stamp}")
    assert (found.nylas_id, finding(found)) == (series, Finding.IN_STEP)


def test_several_that_may_be_meant_are_offered_each_once(world: World) -> None:
    found = ask(world, "weekly")
    assert sorted(one.title for one in found.candidates) == ["Weekly review", "Weekly standup"]
    assert all(one.in_crm and one.at_nylas for one in found.candidates)
    assert finding(ask(world, found.candidates[0].key)) is Finding.IN_STEP


def test_what_lies_a_year_away_is_found_at_nylas_by_its_title_and_asked_of_the_planner(world: World) -> None:
    found = ask(world, "budget")
    assert (finding(found), found.crm_id) == (Finding.NOT_COPIED_SINCE, None)
    get, send = found.doings
    assert (get.kind, send.kind) == (ActionKind.CREATE, ActionKind.KEEP)
    assert weight(found, Subject.CRM) is Weight.MISSING


def test_a_difference_names_the_side_that_changed_and_the_field(world: World) -> None:
    found = ask(world, "retrospective")
    assert finding(found) is Finding.CHANGED_IN_CRM
    assert [(row.crm, row.nylas) for row in found.versions if row.differs] == [(("Room 5",), ())]
    assert [change.kind for change in found.history] == [ActionKind.CREATE]


def test_nothing_but_get_is_ever_asked_of_nylas(world: World) -> None:
    world.forget_requests()
    for wanted in ("standup", "weekly", "budget", "nobody knows this", "an-id-of-nobody"):
        ask(world, wanted)
    asked = world.box.sandbox.requests.entries()
    assert asked
    assert {entry["method"] for entry in asked} == {"GET"}
    assert not [e for e in asked if e["path"].endswith("/events") and not {"title", "ical_uid"} & _names(e)]


def _names(entry: Json) -> set[str]:
    return {part.partition("=")[0] for part in entry["query"].split("&")}


def test_masked_titles_are_neither_shown_nor_searched(world: World) -> None:
    by_words = ask(world, "standup", is_masked=True)
    by_id = ask(world, world.named("Weekly standup").id, is_masked=True)
    assert finding(by_words) is Finding.NEVER_SEEN
    assert finding(by_id) is Finding.IN_STEP
    assert "standup" not in repr((by_id.versions, by_id.history, by_id.item_title, by_id.checks)).lower()


def test_without_nylas_the_crm_side_is_explained_and_the_trouble_said(fresh: World) -> None:
    fresh.event("Standup")
    fresh.get()
    fresh.fault("status", status=503, count=None)
    fresh.forget_requests()
    found = ask(fresh, "standup")
    fresh.heal()
    assert len(fresh.box.sandbox.requests.entries()) == 1  # somebody waits: the first failure is the answer
    assert finding(found) is Finding.NYLAS_SILENT
    assert found.nylas_error
    assert (weight(found, Subject.NYLAS), weight(found, Subject.CRM)) == (Weight.NOT_ASKED, Weight.OK)
    assert [doing.kind for doing in found.doings] == [None, None]


def test_an_event_before_the_cut_off_is_outside_with_its_date_and_the_days_it_would_take(fresh: World) -> None:
    fresh.event("Old retro", when=span(-42))
    accounts = metadata.tables["accounts"]
    values = {"sync_days": 30, "sync_from": cut_off(NOON, 30, "UTC"), "webhook_from": cut_off(NOON, 0, "UTC")}
    with fresh.product.engine.begin() as connection:
        connection.execute(update(accounts).values(**values))
    found = ask(fresh, "retro")
    assert (finding(found), weight(found, Subject.SYNC_POLICY)) == (Finding.OUTSIDE_POLICY, Weight.REASON)
    assert found.headline.startswith("This event is not in the CRM because it ended on ")
    assert "12 days before the cut-off of" in found.headline
    assert "With 42 days instead of 30 it would take part." in found.advice
    get = found.facts.get.action
    assert get is not None
    assert (get.kind, get.reason) == (ActionKind.OUTSIDE, Reason.OUTSIDE_WINDOW)


def test_who_deleted_it_is_told_a_snapshot_or_somebody(fresh: World) -> None:
    nylas_id = fresh.event("By us")
    fresh.event("By somebody")
    fresh.get()
    fresh.services.crm.delete(OLGA, fresh.named("By somebody").id)
    somebody = ask(fresh, "by somebody")
    assert (finding(somebody), somebody.doings[0].kind) == (Finding.DELETED_THERE, ActionKind.CREATE)

    fresh.box.delete_event(fresh.calendar(), nylas_id)
    fresh.get()
    by_us = ask(fresh, nylas_id)
    assert finding(by_us) is Finding.DELETED_BY_SNAPSHOT
    assert [change.kind for change in by_us.history] == [ActionKind.DELETE, ActionKind.CREATE]
    assert finding(ask(fresh, "by us")) is Finding.DELETED_BY_SNAPSHOT


def test_a_failed_write_is_told_with_its_cause_and_an_item_left_out_with_who_did_it(fresh: World) -> None:
    fresh.get()
    fresh.put("Refused")
    fresh.fault("status", status=400, method="POST", count=None)
    fresh.send()
    fresh.heal()
    failed = ask(fresh, "refused")
    assert finding(failed) is Finding.FAILED
    assert "Nylas refused the item" in failed.headline

    fresh.put("Unwanted")
    plan = fresh.send(is_preview=True)
    with fresh.product.storage.read() as tx:
        rows = list(tx.plans.all_rows(PlanQuery(plan_id=plan.id)))
    unwanted = [(row.run_id, row.seq) for row in rows if row.title == "Unwanted"]
    fresh.services.plans.exclude(OLGA, plan.id, unwanted, is_excluded=True)
    fresh.services.plans.run(OLGA, plan.id)
    assert finding(ask(fresh, "unwanted")) is Finding.LEFT_OUT


def test_a_switch_that_is_off_is_the_reason_until_it_is_on(fresh: World) -> None:
    fresh.get()
    fresh.event("New one")
    link = fresh.link()
    fresh.services.links.edit(OLGA, link.id, link.version, inbound=False, outbound=True)
    found = ask(fresh, "new one")
    assert (finding(found), weight(found, Subject.INBOUND)) == (Finding.DIRECTION_OFF, Weight.REASON)


def test_contacts_and_mail_are_found_by_name_subject_and_address(tmp_path: Path) -> None:
    with world_of(tmp_path, contacts=True, mail=True, contacts_per_user=12, messages_per_user=12) as world:
        world.get()
        explaining = world.services.explaining
        for item_type in (ItemType.CONTACT, ItemType.MESSAGE, ItemType.THREAD):
            link = world.typed_link(item_type)
            with world.product.storage.read() as tx:
                items = [i for i in tx.items.page("u0", "", 500) if i.collection == link.collection]
            title = max((i.item.title for i in items), key=len)
            found = explaining.item(link.id, title)
            assert found.candidates or finding(found) is Finding.IN_STEP, item_type
            one = explaining.item(link.id, ItemId(items[0].id))
            assert finding(one) is Finding.IN_STEP, item_type
            by_address = explaining.item(link.id, address_of(items[0].item))
            assert by_address.candidates or finding(by_address) is Finding.IN_STEP, item_type


def address_of(item: Item) -> str:
    """Give the address of somebody that an item is about."""
    if isinstance(item, Contact):
        return next(entry.value for entry in item.emails)
    assert not isinstance(item, ScheduleItem)
    people = item.sender if isinstance(item, Message) else item.participants
    return next(person.email for person in people)


def test_where_the_provider_cannot_be_asked_for_a_uid_the_title_finds_the_twin(tmp_path: Path) -> None:
    with world_of(tmp_path, provider="icloud") as world:
        world.event("Standup", ical_uid="uid-1")
        world.put("Standup", uid="uid-1")
        world.event("Standup", ical_uid="uid-2")
        found = ask(world, "crm-Standup")
        assert finding(found) is Finding.DIFFERENT
        (twin,) = [o for o in (found.facts.at_nylas,) if o]
        assert twin.uid == "uid-1"
        assert found.doings[0].kind is ActionKind.UPDATE
        assert [one.at_nylas and one.in_crm for one in ask(world, "standup").candidates] == [False, True]


def test_a_held_run_and_the_answer_to_it_are_told_with_the_item(fresh: World) -> None:
    filled(fresh)
    link = fresh.link()
    fresh.services.links.edit(OLGA, link.id, link.version, inbound=True, outbound=False)
    delete_at_source(fresh, Direction.GET, 0, MOST + 1)
    view = fresh.get()
    title = next(iter(set(fresh.titles_in_crm()) - set(fresh.titles_at_nylas())))

    held = ask(fresh, title)
    assert finding(held) is Finding.DELETED_THERE
    assert {Finding.LINK_HELD, Finding.WOULD_BE_DELETED} <= others(held)
    assert f"snapshot {view.id} wants to delete it" in text(held, Subject.DELETION)
    assert held.doings[0].kind is ActionKind.DELETE

    fresh.services.answers.reject_all(OLGA, view.id, "still needed")
    kept = ask(fresh, title)
    assert Finding.DELETE_REJECTED in others(kept)
    assert "olga refused to delete it" in text(kept, Subject.DELETION)
    assert (kept.doings[0].kind, Finding.LINK_HELD in others(kept)) == (ActionKind.KEEP, False)


def others(found: Explained) -> set[Finding]:
    return {f.finding for f in found.explanation.others} if found.explanation else set()


def text(found: Explained, subject: Subject) -> str:
    return next(check.text for check in found.checks if check.subject is subject)
