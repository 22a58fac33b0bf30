"""Fingerprints, and overwriting an item without losing what the source cannot know."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nylasadmin.domain.fidelity import (
    FULL,
    Fidelity,
    as_held,
    compared,
    fingerprint,
    meet,
    merged,
    occurrence,
)
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
    normalized,
)
from nylasadmin.domain.providers import GOOGLE, MICROSOFT, PROVIDERS, rules_for

T = TypeVar("T", bound=msgspec.Struct)
DAY = 86_400
START = 1_711_699_200  # 2024-03-29 09:00 in Berlin, two days before summer time
WHEN = Timed(START, START + 3600, "Europe/Berlin")
ANNA = Attendee("anna@example.com", "Anna", Reply.YES, "gladly")
BRUNO = Attendee("bruno@example.com", "Bruno", Reply.NO)
ROOM = Attendee(name="Room 1")
SEND = [meet(FULL, rules.accepts) for rules in PROVIDERS.values()]
GET = [meet(rules.reports, FULL) for rules in PROVIDERS.values()]
ITEM = ScheduleItem(when=WHEN, title="Planning", attendees=(ANNA, BRUNO), reminders=(Reminder(10), Reminder(30)))
SERIES = msgspec.structs.replace(ITEM, rules=("RRULE:FREQ=DAILY;COUNT=5",))


def but(item: T, **changes: Any) -> T:
    return msgspec.structs.replace(item, **changes)


def changed(series: ScheduleItem, days: int, **changes: Any) -> ChangedOccurrence:
    moment = START + days * DAY
    return ChangedOccurrence(moment, but(occurrence(series, moment), **changes))


# --- fingerprints ------------------------------------------------------------------------------------------------


def test_the_fingerprint_of_an_item_is_the_same_for_ever_and_everywhere() -> None:
    item = ScheduleItem(
        when=WHEN,
        title="Planning",
        notes="Bring numbers",
        location="Room 1",
        busy=False,
        visibility=Visibility.PRIVATE,
        organizer=Person("anna@example.com", "Anna"),
        attendees=(ANNA, BRUNO),
        reminders=(Reminder(10),),
        rules=("RRULE:FREQ=WEEKLY;UNTIL=20240430T215959Z",),
        cancelled=(START + 7 * DAY - 3600,),
        exceptions=(changed(ITEM, 14, title="Long planning"),),
    )

    assert fingerprint(item).hex() == "bed961df66bd49e6a74e28f0934e9ed1"
    whole_day = ScheduleItem(when=AllDay(date(2024, 3, 29), date(2024, 3, 30)))
    assert fingerprint(whole_day).hex() == "bd455749364e3686e9dadeea81967bc9"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"title": "Planing"}, id="title"),
        pytest.param({"notes": "x"}, id="notes"),
        pytest.param({"location": "x"}, id="location"),
        pytest.param({"busy": False}, id="busy"),
        pytest.param({"visibility": Visibility.PRIVATE}, id="visibility"),
        pytest.param({"organizer": Person("anna@example.com")}, id="organizer"),
        pytest.param({"attendees": (ANNA,)}, id="attendees"),
        pytest.param({"attendees": (but(ANNA, status=Reply.MAYBE), BRUNO)}, id="reply"),
        pytest.param({"reminders": ()}, id="no reminders"),
        pytest.param({"reminders": None}, id="the calendar's reminders"),
        pytest.param({"when": Timed(START, START + 60, "Europe/Berlin")}, id="end"),
        pytest.param({"when": Timed(START, START + 3600, "Europe/London")}, id="zone"),
        pytest.param({"when": Timed(START, START + 3600, "Europe/Berlin", "Europe/London")}, id="end zone"),
        pytest.param({"when": AllDay(date(2024, 3, 29), date(2024, 3, 30))}, id="all day"),
        pytest.param({"rules": ("RRULE:FREQ=DAILY",)}, id="rules"),
        pytest.param({"exceptions": (changed(ITEM, 1, title="Other"),)}, id="changed occurrence"),
    ],
)
def test_every_shared_field_counts(other: dict[str, Any]) -> None:
    assert fingerprint(but(ITEM, **other)) != fingerprint(ITEM)


def test_a_cancelled_occurrence_counts_and_a_moment_the_series_has_not_does_not() -> None:
    assert fingerprint(but(SERIES, cancelled=(START + DAY,))) != fingerprint(SERIES)
    assert fingerprint(but(SERIES, cancelled=(START + DAY + 60, START + 90 * DAY))) == fingerprint(SERIES)
    assert fingerprint(but(ITEM, cancelled=(START + DAY,))) == fingerprint(ITEM)


ONE_SIDED = [
    {"priority": 1},
    {"private_notes": "never leaves"},
    {"uid": "uid"},
    {"original_start": START},
    {"original_start": date(2024, 3, 29)},
]


@pytest.mark.parametrize("facts", ONE_SIDED)
def test_what_lives_at_one_side_or_only_names_an_item_never_counts(facts: dict[str, Any]) -> None:
    series = but(SERIES, exceptions=(changed(SERIES, 1, title="Other"),))
    inside = but(SERIES, exceptions=(changed(SERIES, 1, title="Other", **facts),))

    assert fingerprint(but(ITEM, **facts)) == fingerprint(ITEM)
    assert fingerprint(inside) == fingerprint(series)
    assert compared(but(ITEM, **facts), FULL) == compared(ITEM, FULL)


def test_the_order_of_things_does_not_count() -> None:
    tidy = but(SERIES, cancelled=(START + DAY, START + 2 * DAY), exceptions=())

    untidy = but(tidy, attendees=(BRUNO, ANNA), reminders=(Reminder(30), Reminder(10)), cancelled=tidy.cancelled[::-1])

    assert fingerprint(untidy) == fingerprint(tidy)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(Timed(0, 60), Timed(0, 60, "UTC"), id="none and UTC"),
        pytest.param(Timed(0, 60, "Etc/UTC"), Timed(0, 60, "GMT"), id="ways to write UTC"),
        pytest.param(Timed(0, 60, "US/Eastern"), Timed(0, 60, "America/New_York"), id="old and new name"),
        pytest.param(Timed(0, 60, "Asia/Calcutta", "Asia/Kolkata"), Timed(0, 60, "Asia/Kolkata"), id="same at the end"),
        pytest.param(Timed(0, 60, "UTC", ""), Timed(0, 60), id="empty end zone"),
    ],
)
def test_names_of_one_zone_do_not_make_items_differ(one: Timed, other: Timed) -> None:
    assert fingerprint(ScheduleItem(when=one)) == fingerprint(ScheduleItem(when=other))


def test_an_attendee_invited_twice_counts_once() -> None:
    assert fingerprint(but(ITEM, attendees=(ANNA, BRUNO, but(BRUNO, name="Bruno again")))) == fingerprint(ITEM)


def test_attendees_without_an_address_are_different_people() -> None:
    assert fingerprint(but(ITEM, attendees=(ROOM, Attendee(name="Room 2")))) != fingerprint(
        but(ITEM, attendees=(ROOM,))
    )


def test_one_series_ended_in_two_ways_is_equal() -> None:
    ends = ["UNTIL=20240402T215959Z", "UNTIL=20240402T070000Z", "UNTIL=20240402"]

    assert len({fingerprint(but(ITEM, rules=(f"RRULE:FREQ=DAILY;{end}",))) for end in ends}) == 1


def test_an_occurrence_changed_back_is_no_change() -> None:
    moment = START + 3 * DAY - 3600  # the clock has changed
    across_the_clock_change = ChangedOccurrence(moment, occurrence(SERIES, moment))

    for fidelity in [FULL, *SEND, *GET]:
        back = but(SERIES, exceptions=(across_the_clock_change,))
        assert fingerprint(back, fidelity) == fingerprint(SERIES, fidelity)


def test_an_occurrence_that_its_series_has_not_counts_whatever_it_says() -> None:
    left_over = but(SERIES, exceptions=(changed(SERIES, 3), changed(SERIES, 9)))

    assert len(compared(left_over, FULL).exceptions) == 2


def test_an_occurrence_that_differs_only_in_what_a_side_cannot_hold_is_no_change_there() -> None:
    series = but(SERIES, exceptions=(changed(SERIES, 1, attendees=(but(ANNA, status=Reply.NO), BRUNO)),))

    assert fingerprint(series, GOOGLE.accepts) == fingerprint(SERIES, GOOGLE.accepts)
    assert fingerprint(series) != fingerprint(SERIES)


@pytest.mark.parametrize("moment", [date.max, 10**15])
def test_a_change_at_an_impossible_moment_breaks_nothing(moment: int | date) -> None:
    for when in (WHEN, AllDay(date(2024, 3, 29), date(2024, 3, 30))):
        fingerprint(but(SERIES, when=when, exceptions=(ChangedOccurrence(moment, ITEM),)))


# --- what sides can hold -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fidelity", "other"),
    [
        (Fidelity(has_reply=False), {"attendees": (but(ANNA, status=Reply.NO, comment=""), BRUNO)}),
        (Fidelity(has_unaddressed=False), {"attendees": (ROOM, ANNA, BRUNO)}),
        (Fidelity(has_organizer=False), {"organizer": Person("anna@example.com")}),
        (Fidelity(has_default_visibility=False), {"visibility": Visibility.PUBLIC}),
        (Fidelity(has_visibility=False), {"visibility": Visibility.PRIVATE}),
        (Fidelity(reminder_methods=("popup",)), {"reminders": (Reminder(10, "email"), Reminder(30, "sound"))}),
        (Fidelity(reminder_methods=("popup",)), {"reminders": (Reminder(10), Reminder(10, "email"), Reminder(30))}),
        (Fidelity(max_reminders=1), {"reminders": (Reminder(10),)}),
        (Fidelity(max_reminders=0), {"reminders": ()}),
    ],
)
def test_items_are_equal_under_a_fidelity_that_cannot_tell_them_apart(
    fidelity: Fidelity, other: dict[str, Any]
) -> None:
    differing = but(ITEM, **other)

    assert fingerprint(differing) != fingerprint(ITEM)
    assert fingerprint(differing, fidelity) == fingerprint(ITEM, fidelity)
    assert fingerprint(but(SERIES, exceptions=(changed(SERIES, 1, title="x"),)), fidelity) == fingerprint(
        but(SERIES, exceptions=(changed(SERIES, 1, title="x", **other),)), fidelity
    )


def test_private_stays_private_where_there_is_no_default() -> None:
    private = but(ITEM, visibility=Visibility.PRIVATE)

    assert as_held(private, MICROSOFT.accepts).visibility is Visibility.PRIVATE


def test_what_a_side_can_hold_keeps_the_names_of_zones_and_the_text_of_rules() -> None:
    item = but(SERIES, when=Timed(START, START + 60, "US/Eastern"), rules=("RRULE:FREQ=DAILY;UNTIL=20240402",))

    assert (as_held(item, FULL).when, as_held(item, FULL).rules) == (item.when, item.rules)


def test_two_sides_together_hold_what_both_hold() -> None:
    assert meet(FULL, FULL) == FULL
    assert meet(Fidelity(has_reply=False, max_reminders=3), Fidelity(has_organizer=False, max_reminders=1)) == Fidelity(
        has_reply=False, has_organizer=False, max_reminders=1
    )
    assert meet(
        Fidelity(reminder_methods=("popup", "email")), Fidelity(reminder_methods=("popup", "sound"))
    ) == Fidelity(reminder_methods=("popup",))
    assert meet(FULL, Fidelity(reminder_methods=("email",))).reminder_methods == ("email",)
    assert not meet(FULL, Fidelity(has_visibility=False)).has_visibility
    assert meet(FULL, Fidelity(max_reminders=0, has_unaddressed=False)).max_reminders == 0
    assert not meet(FULL, Fidelity(has_unaddressed=False)).has_unaddressed


def test_an_unknown_provider_passes_values_through() -> None:
    assert meet(rules_for("something-new").reports, FULL) == FULL
    assert rules_for("microsoft") is MICROSOFT


# --- merging -----------------------------------------------------------------------------------------------------


def test_a_get_keeps_what_only_the_crm_knows() -> None:
    ours = but(ITEM, title="Old", priority=2, private_notes="pssst", uid="ours", original_start=START)

    result = merged(but(ITEM, uid="theirs"), ours, FULL)

    assert result == but(ours, title="Planning")


def test_a_uid_nobody_had_is_taken_from_the_source() -> None:
    assert merged(but(ITEM, uid="theirs"), but(ITEM, title="Old"), FULL).uid == "theirs"


def test_a_send_keeps_replies_and_organizer_of_the_provider() -> None:
    theirs = but(ITEM, organizer=Person("bruno@example.com"), attendees=(but(ANNA, status=Reply.MAYBE), BRUNO))
    ours = but(ITEM, title="New", organizer=Person("anna@example.com"))

    result = merged(ours, theirs, GOOGLE.accepts)

    assert (result.title, result.organizer, result.attendees) == ("New", theirs.organizer, theirs.attendees)


def test_replies_of_those_who_stay_are_kept_when_somebody_else_joins_or_leaves() -> None:
    theirs = but(ITEM, attendees=(but(ANNA, status=Reply.MAYBE, comment="late"), BRUNO))
    chen = Attendee("chen@example.com")

    result = merged(but(ITEM, attendees=(but(ANNA, status=Reply.NONE), chen)), theirs, GOOGLE.accepts)

    assert result.attendees == (but(ANNA, status=Reply.MAYBE, comment="late"), chen)


def test_attendees_without_an_address_stay_where_they_can_be_held() -> None:
    result = merged(but(ITEM, attendees=(ANNA,)), but(ITEM, attendees=(ROOM, BRUNO)), Fidelity(has_unaddressed=False))

    assert result.attendees == (ROOM, ANNA)


def test_reminders_beyond_what_the_source_reports_are_kept() -> None:
    assert merged(but(ITEM, reminders=(Reminder(10),)), ITEM, MICROSOFT.reports).reminders == ITEM.reminders
    assert merged(but(ITEM, reminders=(Reminder(5),)), ITEM, MICROSOFT.reports).reminders == (Reminder(5),)


def test_visibility_is_kept_where_the_source_knows_none() -> None:
    private = but(ITEM, title="Old", visibility=Visibility.PRIVATE)

    assert merged(ITEM, private, Fidelity(has_visibility=False)).visibility is Visibility.PRIVATE


def test_the_default_visibility_is_kept_where_the_source_has_none() -> None:
    public = but(ITEM, title="New", visibility=Visibility.PUBLIC)

    assert merged(public, ITEM, MICROSOFT.reports).visibility is Visibility.DEFAULT
    assert merged(public, ITEM, FULL).visibility is Visibility.PUBLIC


def test_the_destinations_spelling_of_an_equal_zone_and_rule_is_kept() -> None:
    ours = but(SERIES, when=Timed(START, START + 60, "US/Eastern"), rules=("RRULE:FREQ=DAILY;UNTIL=20240402",))
    source = but(
        SERIES,
        title="New",
        when=Timed(START, START + 60, "America/New_York"),
        rules=("RRULE:FREQ=DAILY;UNTIL=20240402T130000Z",),
    )

    assert merged(source, ours, FULL) == but(ours, title="New")


def test_a_changed_occurrence_keeps_what_only_the_crm_knows_of_it() -> None:
    ours = but(SERIES, exceptions=(changed(SERIES, 1, title="Old", private_notes="pssst", priority=1),))

    result = merged(but(SERIES, exceptions=(changed(SERIES, 1, title="New"),)), ours, FULL)

    assert result.exceptions == (changed(SERIES, 1, title="New", private_notes="pssst", priority=1),)


def test_a_newly_changed_occurrence_inherits_what_only_the_crm_knows_of_its_series() -> None:
    ours = but(SERIES, private_notes="pssst", priority=1, uid="ours")

    [change] = merged(but(SERIES, exceptions=(changed(SERIES, 1, title="New"),)), ours, FULL).exceptions

    assert change == changed(SERIES, 1, title="New", private_notes="pssst", priority=1)


def test_changed_occurrences_that_are_equal_stay_as_they_are() -> None:
    ours = but(SERIES, title="Old", exceptions=(changed(SERIES, 1, title="x", private_notes="pssst"),))

    result = merged(but(SERIES, exceptions=(changed(SERIES, 1, title="x"),)), ours, FULL)

    assert result == but(ours, title="Planning")


def test_an_occurrence_changed_back_follows_its_series() -> None:
    ours = but(SERIES, exceptions=(changed(SERIES, 1),))
    renamed = but(SERIES, title="Renamed")

    result = merged(renamed, ours, FULL)

    assert fingerprint(result) == fingerprint(renamed)
    assert result.exceptions == ()


# --- for all items -----------------------------------------------------------------------------------------------

TEXTS = st.sampled_from(["", "a", "ä b"])
WHENS = st.sampled_from(
    [
        WHEN,
        Timed(START, START),
        Timed(START, START + 3600, "UTC", "Europe/Berlin"),
        Timed(START, START + 3600, "US/Eastern"),
        AllDay(date(2024, 3, 29), date(2024, 3, 30)),
    ]
)
ATTENDEES = st.lists(
    st.builds(
        Attendee,
        email=st.sampled_from(["", "anna@example.com", "bruno@example.com"]),
        name=TEXTS,
        status=st.sampled_from(Reply),
        comment=TEXTS,
        phone=st.sampled_from(["", "+1"]),
    ),
    max_size=3,
).map(tuple)
FIELDS: dict[str, Any] = {
    "when": WHENS,
    "title": TEXTS,
    "notes": TEXTS,
    "busy": st.booleans(),
    "visibility": st.sampled_from(Visibility),
    "organizer": st.none() | st.builds(Person, email=TEXTS, name=TEXTS),
    "attendees": ATTENDEES,
    "reminders": st.none()
    | st.lists(st.builds(Reminder, st.sampled_from([0, 10, 30]), st.sampled_from(["popup", "email"])), max_size=3).map(
        tuple
    ),
    "uid": st.none() | TEXTS,
    "priority": st.none() | st.integers(0, 2),
    "private_notes": TEXTS,
}
MOMENTS = st.sampled_from([START, START + DAY, START + 3 * DAY, date(2024, 3, 30), date(2024, 3, 31)])
SINGLES = st.builds(ScheduleItem, **FIELDS, original_start=st.none() | MOMENTS)
SERIES_OF_ANY_KIND = st.builds(
    ScheduleItem,
    **FIELDS,
    rules=st.sampled_from([("RRULE:FREQ=DAILY",), ("RRULE:FREQ=DAILY;UNTIL=20240402",), ("RRULE:FREQ=ODD;UNTIL=1",)]),
    cancelled=st.lists(MOMENTS, max_size=2).map(tuple),
    exceptions=st.lists(st.builds(ChangedOccurrence, MOMENTS, SINGLES), max_size=2).map(tuple),
)
ITEMS = (SINGLES | SERIES_OF_ANY_KIND).map(normalized)
FIDELITIES = st.builds(
    Fidelity,
    has_reply=st.booleans(),
    has_unaddressed=st.booleans(),
    has_organizer=st.booleans(),
    has_visibility=st.booleans(),
    has_default_visibility=st.booleans(),
    reminder_methods=st.sampled_from([None, ("popup",), ("popup", "email")]),
    max_reminders=st.sampled_from([None, 0, 1]),
)


@given(ITEMS, ITEMS, FIDELITIES)
@settings(max_examples=300, deadline=None)
def test_a_merged_item_equals_its_source_and_merging_again_changes_nothing(
    source: ScheduleItem, destination: ScheduleItem, fidelity: Fidelity
) -> None:
    result = merged(source, destination, fidelity)

    assert fingerprint(result, fidelity) == fingerprint(source, fidelity)
    assert (result.priority, result.private_notes) == (destination.priority, destination.private_notes)
    assert merged(source, result, fidelity) == result


@given(ITEMS, FIDELITIES)
@settings(deadline=None)
def test_merging_an_item_with_itself_changes_nothing(item: ScheduleItem, fidelity: Fidelity) -> None:
    assert merged(item, item, fidelity) == item


@given(ITEMS, FIDELITIES, FIDELITIES)
@settings(deadline=None)
def test_holding_less_and_less_is_final(item: ScheduleItem, one: Fidelity, other: Fidelity) -> None:
    both = meet(one, other)

    assert as_held(as_held(item, one), one) == as_held(item, one)
    assert compared(as_held(item, one), both) == compared(item, both)
    assert compared(compared(item, one), one) == compared(item, one)


@given(ITEMS, FIDELITIES)
@settings(deadline=None)
def test_what_only_one_side_knows_never_reaches_a_fingerprint(item: ScheduleItem, fidelity: Fidelity) -> None:
    def bare(i: ScheduleItem) -> ScheduleItem:
        inner = tuple(ChangedOccurrence(e.original_start, bare(e.item)) for e in i.exceptions)
        return but(i, priority=None, private_notes="", uid=None, original_start=None, exceptions=inner)

    assert fingerprint(bare(item), fidelity) == fingerprint(item, fidelity)
