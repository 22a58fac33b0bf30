"""Schedule items: their normal form and their storage."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nylasadmin.domain.items import (
    AllDay,
    Attendee,
    ChangedOccurrence,
    Person,
    Reminder,
    Reply,
    ScheduleItem,
    Timed,
    Visibility,
    day_of,
    decode_item,
    encode_item,
    first_end,
    first_start,
    midnight_utc,
    moment_seconds,
    normalized,
    sorted_attendees,
)

WHEN = Timed(1_700_000_000, 1_700_003_600, "Europe/Berlin")
ANNA, BRUNO = Attendee("anna@example.com", "Anna"), Attendee("bruno@example.com", "Bruno", Reply.YES)


def changed(original_start: int, title: str = "") -> ChangedOccurrence:
    return ChangedOccurrence(original_start, ScheduleItem(when=Timed(original_start, original_start + 60), title=title))


def test_an_item_survives_storage_whole() -> None:
    item = ScheduleItem(
        when=AllDay(date(2024, 2, 29), date(2024, 3, 2)),
        title="Skiing 🎿",
        notes="line\nline",
        location="Alps",
        busy=False,
        visibility=Visibility.PRIVATE,
        organizer=Person("anna@example.com", "Anna"),
        attendees=(ANNA, BRUNO),
        reminders=(),
        rules=("RRULE:FREQ=YEARLY",),
        cancelled=(date(2025, 2, 28), 1_700_000_000),
        exceptions=(changed(1_700_000_000),),
        original_start=date(2024, 2, 29),
        uid="uid",
        priority=1,
        private_notes="only ours",
    )

    assert decode_item(encode_item(item)) == item


def test_no_reminders_and_the_calendars_own_reminders_stay_different_in_storage() -> None:
    stored = [decode_item(encode_item(ScheduleItem(when=WHEN, reminders=r))).reminders for r in (None, ())]

    assert stored == [None, ()]


@pytest.mark.parametrize("body", ["{}", "[]", "", '{"when":{"kind":"timed","start":"x","end":1}}'])
def test_damaged_storage_is_refused(body: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_item(body)


def test_what_has_no_order_is_sorted() -> None:
    item = ScheduleItem(
        when=WHEN,
        attendees=(BRUNO, ANNA),
        reminders=(Reminder(30), Reminder(10), Reminder(30)),
        rules=("RRULE:FREQ=WEEKLY", "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"),
        cancelled=(300, 100, 300),
        exceptions=(changed(200), changed(50)),
    )

    clean = normalized(item)

    assert clean.attendees == (ANNA, BRUNO)
    assert clean.reminders == (Reminder(10), Reminder(30))
    assert clean.rules == ("RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY")
    assert clean.cancelled == (100, 300)
    assert clean.exceptions == (changed(50), changed(200))


def test_a_changed_occurrence_is_not_cancelled_as_well() -> None:
    item = ScheduleItem(when=WHEN, rules=("RRULE:FREQ=DAILY",), cancelled=(100, 200), exceptions=(changed(200),))

    assert normalized(item).cancelled == (100,)


def test_an_occurrence_is_changed_once_whatever_the_order_it_came_in() -> None:
    first, second = changed(100, "a"), changed(100, "b")
    both = [normalized(ScheduleItem(when=WHEN, exceptions=e)) for e in ((first, second), (second, first))]

    assert both[0] == both[1]
    assert len(both[0].exceptions) == 1


def test_changed_occurrences_are_in_normal_form_themselves() -> None:
    inner = ScheduleItem(when=WHEN, attendees=(BRUNO, ANNA))

    [change] = normalized(ScheduleItem(when=WHEN, exceptions=(ChangedOccurrence(1, inner),))).exceptions

    assert change.item.attendees == (ANNA, BRUNO)


@given(
    st.permutations([ANNA, BRUNO, Attendee("anna@example.com", "Anna", Reply.NO), Attendee(name="Room 1")]),
    st.permutations([100, 200, date(1970, 1, 1), 0]),
    st.permutations([changed(100), changed(150), changed(150, "other")]),
)
def test_the_normal_form_does_not_depend_on_order_and_is_final(
    attendees: list[Attendee], cancelled: list[int], exceptions: list[ChangedOccurrence]
) -> None:
    def item(a: list[Attendee], c: list[int], e: list[ChangedOccurrence]) -> ScheduleItem:
        return ScheduleItem(when=WHEN, attendees=tuple(a), cancelled=tuple(c), exceptions=tuple(e))

    clean = normalized(item(attendees, cancelled, exceptions))

    assert clean == normalized(item(attendees[::-1], cancelled[::-1], exceptions[::-1]))
    assert clean == normalized(clean)


@pytest.mark.parametrize("attendees", [(), (ANNA,)])
def test_few_attendees_are_left_alone(attendees: tuple[Attendee, ...]) -> None:
    assert sorted_attendees(attendees) is attendees


def test_a_series_is_what_has_a_rule() -> None:
    assert ScheduleItem(when=WHEN, rules=("RRULE:FREQ=DAILY",)).is_recurring
    assert not ScheduleItem(when=WHEN, original_start=1).is_recurring


def test_an_all_day_item_lies_between_two_midnights_utc() -> None:
    day = AllDay(date(1970, 1, 2), date(1970, 1, 3))

    assert (first_start(day), first_end(day)) == (86_400, 172_800)
    assert (first_start(WHEN), first_end(WHEN)) == (WHEN.start, WHEN.end)


@given(st.dates())
def test_a_days_midnight_lies_in_that_day(day: date) -> None:
    assert day_of(midnight_utc(day)) == day
    assert moment_seconds(day) == midnight_utc(day)
