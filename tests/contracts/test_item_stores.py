"""What every item store keeps: memory, CRM and Nylas alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace as with_field
from datetime import date

import pytest
from msgspec.structs import replace

from nylasadmin.domain.fidelity import FULL, compared, fingerprint, occurrence
from nylasadmin.domain.items import (
    AllDay,
    Attendee,
    ChangedOccurrence,
    ItemId,
    Reminder,
    Reply,
    ScheduleItem,
    Timed,
    Visibility,
)
from nylasadmin.domain.kinds import encode_body
from nylasadmin.domain.plan import ActionKind, Observed, Window
from nylasadmin.services.ports import WriteOrder
from tests.contracts.cases import NOW, StoreCase

HOUR, DAY, WEEK = 3600, 86_400, 604_800
BERLIN = "Europe/Berlin"

MEETING = ScheduleItem(when=Timed(NOW, NOW + HOUR, BERLIN), title="Planning", notes="Agenda:\n- one", location="Room 4")
ANNA = Attendee("anna@brightwater.example", "Anna")
BRUNO = Attendee("bruno@brightwater.example", "Bruno", Reply.NONE, "", "")

SINGLES = {
    "a meeting": MEETING,
    "with zones that differ": replace(MEETING, when=Timed(NOW, NOW + HOUR, BERLIN, "America/New_York")),
    "without a zone": replace(MEETING, when=Timed(NOW, NOW + HOUR)),
    "a point in time": replace(MEETING, when=Timed(NOW, NOW, BERLIN)),
    "a whole day": replace(MEETING, when=AllDay(date(2026, 3, 5), date(2026, 3, 6))),
    "three whole days": replace(MEETING, when=AllDay(date(2026, 3, 5), date(2026, 3, 8))),
    "with attendees": replace(MEETING, attendees=(ANNA, BRUNO)),
    "without reminders": replace(MEETING, reminders=()),
    "with a reminder": replace(MEETING, reminders=(Reminder(30),)),
    "private and free": replace(MEETING, visibility=Visibility.PRIVATE, busy=False),
    "in other scripts": replace(MEETING, title="Büro 会议 🎉 <b>&amp;", notes="“ü”\t\\"),
    "almost empty": ScheduleItem(when=Timed(NOW, NOW + 1)),
}

WEEKLY = replace(MEETING, rules=("RRULE:FREQ=WEEKLY;COUNT=8",), attendees=(ANNA, BRUNO))
DAYS = ScheduleItem(when=AllDay(date(2026, 3, 2), date(2026, 3, 4)), title="Duty", rules=("RRULE:FREQ=WEEKLY",))


def changed(series: ScheduleItem, nth: int, **fields: object) -> ChangedOccurrence:
    moment = (
        NOW + nth * WEEK
        if isinstance(series.when, Timed)
        else date.fromordinal(series.when.start.toordinal() + 7 * nth)
    )
    return ChangedOccurrence(moment, replace(occurrence(series, moment), **fields))


def after_dst(nth: int) -> int:
    """Original start of an occurrence: from 29 March 2026 on Berlin is an hour nearer."""
    return NOW + nth * WEEK - (HOUR if nth >= 4 else 0)


MOVED = changed(WEEKLY, 1, when=Timed(NOW + WEEK + 2 * HOUR, NOW + WEEK + 4 * HOUR, BERLIN), title="Moved")
OTHER_PEOPLE = changed(WEEKLY, 2, attendees=(ANNA,), notes="only Anna")
ALL_DAY_ONCE = changed(WEEKLY, 3, when=AllDay(date(2026, 3, 23), date(2026, 3, 24)))

SERIES = {
    "a series": WEEKLY,
    "a series without an end": replace(WEEKLY, rules=("RRULE:FREQ=DAILY",)),
    "with cancelled occurrences": replace(WEEKLY, cancelled=(NOW + WEEK, after_dst(5))),
    "with a moved occurrence": replace(WEEKLY, exceptions=(MOVED,)),
    "with everything": replace(WEEKLY, exceptions=(MOVED, OTHER_PEOPLE, ALL_DAY_ONCE), cancelled=(after_dst(6),)),
    "with a monthly rule": replace(WEEKLY, rules=("RRULE:FREQ=MONTHLY;BYDAY=1MO;UNTIL=20270301T225959Z",)),
    "of whole days": DAYS,
    "of whole days, one moved, one cancelled": replace(
        DAYS,
        exceptions=(changed(DAYS, 1, when=AllDay(date(2026, 3, 10), date(2026, 3, 12))),),
        cancelled=(date(2026, 3, 16),),
    ),
}


@pytest.mark.parametrize("name", [*SINGLES, *SERIES])
def test_what_is_created_is_observed_and_loaded_equal(case: StoreCase, name: str) -> None:
    item = (SINGLES | SERIES)[name]

    item_id = case.create(item)

    assert compared(case.stored(item_id), case.fidelity) == compared(item, case.fidelity)
    observed = case.observe()
    assert list(observed) == [item_id]
    assert observed[item_id].fingerprint == case.print_of(item)
    assert observed[item_id].is_recurring is item.is_recurring


@pytest.mark.parametrize(
    "name", ["with everything", "of whole days, one moved, one cancelled", "a series without an end"]
)
def test_looking_up_gives_what_listing_gives(case: StoreCase, name: str) -> None:
    item_id = case.create(SERIES[name])

    assert case.open().look_up([item_id], case.fidelity) == [case.observe()[item_id]]


def test_looking_up_leaves_out_what_is_not_there(case: StoreCase) -> None:
    kept, gone = case.create(MEETING), case.create(WEEKLY)
    case.delete(gone)

    found = case.open().look_up([ItemId("no such item"), kept, gone], case.fidelity)

    assert [o.id for o in found] == [kept]


def test_bodies_can_be_loaded_without_listing_first(case: StoreCase) -> None:
    item_id = case.create(SERIES["with everything"])

    body = case.open().load([item_id, ItemId("no such item")])

    assert {i: case.print_of(b) for i, b in body.items()} == {item_id: case.print_of(SERIES["with everything"])}


CHANGES = {
    "title": replace(MEETING, title="Another title"),
    "no title": replace(MEETING, title="", notes="", location=""),
    "time": replace(MEETING, when=Timed(NOW + HOUR, NOW + 3 * HOUR, "Asia/Tokyo")),
    "all-day": replace(MEETING, when=AllDay(date(2026, 3, 2), date(2026, 3, 3))),
    "attendees": replace(MEETING, attendees=(BRUNO,)),
    "no attendees": replace(MEETING, attendees=()),
    "reminders": replace(MEETING, reminders=(Reminder(5),)),
    "default reminders": replace(MEETING, reminders=None),
    "visibility": replace(MEETING, visibility=Visibility.PUBLIC, busy=False),
    "becomes a series": WEEKLY,
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_update_makes_the_item_as_wanted(case: StoreCase, name: str) -> None:
    item_id = case.create(replace(MEETING, attendees=(ANNA,), reminders=(Reminder(15),), visibility=Visibility.PRIVATE))

    outcome = case.update(item_id, CHANGES[name])

    assert (outcome.error, outcome.id) == (None, item_id)
    assert case.observe()[item_id].fingerprint == case.print_of(CHANGES[name])


SERIES_CHANGES = {
    "an occurrence is moved": replace(WEEKLY, exceptions=(MOVED, OTHER_PEOPLE)),
    "an occurrence is moved again": replace(
        WEEKLY, exceptions=(changed(WEEKLY, 1, when=Timed(NOW + WEEK - HOUR, NOW + WEEK, BERLIN)), OTHER_PEOPLE)
    ),
    "a changed occurrence goes back": replace(WEEKLY, exceptions=(), cancelled=(after_dst(5),)),
    "an occurrence is cancelled": replace(WEEKLY, exceptions=(OTHER_PEOPLE,), cancelled=(NOW + 3 * WEEK, after_dst(5))),
    "a changed occurrence is cancelled": replace(WEEKLY, cancelled=(NOW + 2 * WEEK, after_dst(5))),
    "a cancelled occurrence returns": replace(WEEKLY, exceptions=(OTHER_PEOPLE,)),
    "a cancelled occurrence returns changed": replace(
        WEEKLY,
        exceptions=(ChangedOccurrence(after_dst(5), replace(occurrence(WEEKLY, after_dst(5)), title="Back")),),
    ),
    "the title changes": replace(
        WEEKLY, title="New", exceptions=(replace(OTHER_PEOPLE, item=replace(OTHER_PEOPLE.item, title="New")),)
    ),
    "the attendees change except once": replace(
        WEEKLY, attendees=(ANNA,), exceptions=(OTHER_PEOPLE, changed(WEEKLY, 3, attendees=(ANNA, BRUNO)))
    ),
    "the rule changes": replace(WEEKLY, rules=("RRULE:FREQ=WEEKLY;COUNT=12",), exceptions=(MOVED, OTHER_PEOPLE)),
    "the zone changes": replace(WEEKLY, when=Timed(NOW, NOW + HOUR, "UTC"), exceptions=(), cancelled=(NOW + WEEK,)),
}


@pytest.mark.parametrize("name", SERIES_CHANGES)
def test_an_update_of_a_series_reaches_each_occurrence(case: StoreCase, name: str) -> None:
    item_id = case.create(replace(WEEKLY, exceptions=(OTHER_PEOPLE,), cancelled=(after_dst(5),)))
    before = case.observe()[item_id].fingerprint

    outcome = case.update(item_id, SERIES_CHANGES[name], before)

    assert (outcome.error, outcome.id) == (None, item_id)
    assert case.observe()[item_id].fingerprint == case.print_of(SERIES_CHANGES[name])


def test_writing_what_is_there_already_changes_nothing(case: StoreCase) -> None:
    item = SERIES["with everything"]
    item_id = case.create(item)
    if case.box:
        case.box.sandbox.requests.clear()

    assert case.update(item_id, item, case.print_of(item)).id == item_id

    if case.box:
        assert {e["method"] for e in case.box.sandbox.requests.entries()} == {"GET"}


def test_an_item_that_was_changed_meanwhile_is_not_written(case: StoreCase) -> None:
    item_id = case.create(MEETING)
    planned_on = case.observe()[item_id].fingerprint
    case.update(item_id, replace(MEETING, title="Changed by its owner"))

    updated = case.update(item_id, replace(MEETING, title="Ours"), planned_on)
    deleted = case.delete(item_id, planned_on)

    assert (updated.has_moved, deleted.has_moved) == (True, True)
    assert case.stored(item_id).title == "Changed by its owner"


def test_a_series_with_an_occurrence_changed_meanwhile_is_not_written(case: StoreCase) -> None:
    item_id = case.create(WEEKLY)
    planned_on = case.observe()[item_id].fingerprint
    case.update(item_id, replace(WEEKLY, exceptions=(MOVED,)))

    assert case.update(item_id, replace(WEEKLY, title="Ours"), planned_on).has_moved


def test_updating_what_is_gone_is_told_as_moved(case: StoreCase) -> None:
    item_id = case.create(MEETING)
    case.delete(item_id)

    assert case.update(item_id, replace(MEETING, title="Ours")).has_moved


@pytest.mark.parametrize("item", [MEETING, SERIES["with everything"]], ids=["single", "series"])
def test_a_deleted_item_is_gone_and_deleting_it_again_succeeds(case: StoreCase, item: ScheduleItem) -> None:
    item_id = case.create(item)

    first, second = case.delete(item_id, case.print_of(item)), case.delete(item_id)

    assert (first.id, second.id, second.error) == (item_id, item_id, None)
    assert case.observe() == {}


def test_a_created_item_is_found_by_what_it_claims(case: StoreCase) -> None:
    if case.is_one_transaction:
        pytest.skip("all or nothing of a transaction: no answer is ever lost")
    case.create(MEETING, claims="crm-1")
    wanted = case.create(WEEKLY, claims="crm-2")

    assert case.open().find_claiming(ItemId("crm-2")) == wanted
    assert case.open().find_claiming(ItemId("crm-3")) is None
    assert case.observe()[wanted].claims == "crm-2"


def test_a_deleted_item_claims_nothing(case: StoreCase) -> None:
    case.delete(case.create(MEETING, claims="crm-1"))

    assert case.open().find_claiming(ItemId("crm-1")) is None


def test_only_what_lies_in_the_window_is_observed(case: StoreCase) -> None:
    inside = case.create(MEETING)
    series = case.create(replace(WEEKLY, when=Timed(NOW - 3 * WEEK, NOW - 3 * WEEK + HOUR, BERLIN)))
    case.create(replace(MEETING, when=Timed(NOW + 30 * DAY, NOW + 30 * DAY + HOUR)))
    case.create(replace(MEETING, when=Timed(NOW - HOUR, NOW)))
    case.create(replace(WEEKLY, when=Timed(NOW + 30 * DAY, NOW + 30 * DAY + HOUR, BERLIN)))

    assert set(case.observe(Window(NOW, NOW + DAY))) == {inside, series}


def test_a_series_is_whole_whatever_the_window(case: StoreCase) -> None:
    item_id = case.create(SERIES["with everything"])

    observed = case.observe(Window(NOW + 4 * WEEK, NOW + 5 * WEEK))

    assert observed[item_id].fingerprint == case.print_of(SERIES["with everything"])


def test_one_order_that_fails_does_not_stop_the_others(case: StoreCase) -> None:
    orders = [
        WriteOrder(kind=ActionKind.CREATE, fidelity=case.fidelity, key=1, item=MEETING),
        WriteOrder(kind=ActionKind.CREATE, fidelity=case.fidelity, key=2),
        WriteOrder(kind=ActionKind.CREATE, fidelity=case.fidelity, key=3, item=WEEKLY),
    ]

    outcomes = {o.key: o for o in case.open().write(orders)}

    assert {key: o.error is None for key, o in outcomes.items()} == {1: True, 2: False, 3: True}


def test_orders_are_taken_only_as_they_can_be_carried_out(case: StoreCase) -> None:
    if case.is_one_transaction:
        pytest.skip("all or nothing of a transaction: no answer is ever lost")
    taken = 0

    def orders() -> Iterator[WriteOrder]:
        nonlocal taken
        for taken in range(1, 101):
            yield WriteOrder(kind=ActionKind.CREATE, fidelity=case.fidelity, key=taken, item=MEETING)

    outcomes = case.open().write(orders())
    next(outcomes)

    assert taken <= 8
    outcomes.close()  # type: ignore[attr-defined]
    assert len(case.observe()) <= taken


def test_a_hundred_orders_are_all_carried_out(case: StoreCase) -> None:
    orders = (
        WriteOrder(kind=ActionKind.CREATE, fidelity=case.fidelity, key=n, item=replace(MEETING, title=f"No {n}"))
        for n in range(100)
    )

    outcomes = {o.key: o.id for o in case.open().write(orders)}

    assert sorted(outcomes) == list(range(100))
    assert {o.title for o in case.observe().values()} == {f"No {n}" for n in range(100)}


def test_no_write_asks_to_mail_anybody(case: StoreCase) -> None:
    item_id = case.create(SERIES["with everything"], claims="crm-1")
    case.update(item_id, replace(WEEKLY, title="New", attendees=(ANNA,), exceptions=(MOVED,)))
    case.delete(item_id)

    if case.box:
        writes = [e for e in case.box.sandbox.requests.entries() if e["method"] != "GET"]
        assert len(writes) > 5
        assert {e["notify_participants"] for e in writes} == {"false"}


def test_a_case_with_another_fidelity_compares_less(case: StoreCase) -> None:
    coarse = with_field(case, fidelity=replace(case.fidelity, max_reminders=0, has_reply=False))
    item_id = case.create(replace(MEETING, reminders=(Reminder(5),)))

    assert coarse.observe()[item_id].fingerprint == coarse.print_of(replace(MEETING, reminders=()))


def test_a_create_gets_the_id_it_names_where_the_store_gives_the_ids(case: StoreCase) -> None:
    """How an undo brings an item back so that references to it stay valid; Nylas gives its ids itself."""
    former = case.create(MEETING)
    case.delete(former)
    again = WriteOrder(kind=ActionKind.CREATE, fidelity=case.fidelity, id=former, item=MEETING)
    outcome = case.write(again)
    assert case.stored(outcome.id or former).title == MEETING.title
    if case.box is None:
        assert outcome.id == former
        taken = case.write(again)
        assert (taken.id, taken.has_moved) == (None, True)
        assert len(case.observe()) == 1


def test_a_create_may_carry_its_item_as_encoded_for_storage(case: StoreCase) -> None:
    if case.box is not None:
        pytest.skip("nothing encoded is ever sent to Nylas")
    item = compared(MEETING, case.fidelity)
    seen = Observed(
        id=ItemId("there"), fingerprint=fingerprint(item, FULL), title=item.title, start=NOW, end=NOW + HOUR
    )
    order = WriteOrder(kind=ActionKind.CREATE, fidelity=FULL, seen=seen, body=encode_body(item))

    made = case.write(order).id

    assert made is not None
    assert case.open().load([made]) == {made: item}
