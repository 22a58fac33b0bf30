"""What both policies say about one object: by which date, against which cut-off, and what other days would change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nylasadmin.domain.items import ChangedOccurrence, ItemId, ItemType, ScheduleItem, Timed
from nylasadmin.domain.kinds import Item, kind_of
from nylasadmin.domain.mail import Message
from nylasadmin.domain.observations import Observed, Reason
from nylasadmin.domain.policies import MOST_DAYS, FrozenPolicy, PlanLevel, Policies, freeze
from nylasadmin.domain.verdicts import (
    Dated,
    Rule,
    Verdict,
    dated,
    dated_as_seen,
    days_needed,
    sync_verdict,
    webhook_verdict,
)
from tests.domain.policies import IN_THE_BOOK, all_day, at, event, from_mail, frozen, message, seen, thread

MARCH = frozen("2026-03-03T14:20", 30, 10)
"""Takes part from 1 February on, notifies from 21 February on."""
ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "America/Havana", "Pacific/Kiritimati", "Pacific/Pago_Pago")


def moved(series: ScheduleItem, original: str, start: str, end: str) -> ScheduleItem:
    """Move one occurrence of a series."""
    occurrence = ScheduleItem(when=Timed(at(start), at(end), "UTC"))
    return replace(series, exceptions=(ChangedOccurrence(at(original), occurrence),))


OVER_IN_JANUARY = event("2026-01-05T09:00", "2026-01-05T10:00", "RRULE:FREQ=WEEKLY;COUNT=3")

SYNC = [
    # a message: received
    pytest.param(message("2026-02-01T00:00"), Rule.MESSAGE, True, 30, id="a message of the first moment"),
    pytest.param(message("2026-01-31T23:59:59"), Rule.MESSAGE, False, 31, id="a message of the moment before"),
    pytest.param(message("2026-07-01T09:00"), Rule.MESSAGE, True, 0, id="a message after connecting"),
    # a thread: most recently received message
    pytest.param(thread("2026-02-01T00:00", "2026-02-01T00:00"), Rule.THREAD, True, 30, id="a new thread"),
    pytest.param(thread("2026-02-10T08:00", "2025-08-01T08:00"), Rule.THREAD, True, 21, id="an old thread, answered"),
    pytest.param(thread("2026-01-31T08:00", "2025-08-01T08:00"), Rule.THREAD, False, 31, id="an old thread"),
    # a single event: end, else start
    pytest.param(event("2026-01-31T23:00", "2026-02-01T01:00"), Rule.EVENT_END, True, 30, id="which reaches in"),
    pytest.param(event("2026-01-31T23:00", "2026-02-01T00:00"), Rule.EVENT_END, False, 31, id="an event over by then"),
    pytest.param(event("2026-01-31T23:00"), Rule.EVENT_START, False, 31, id="an event without end, before"),
    pytest.param(event("2026-02-01T00:00"), Rule.EVENT_START, True, 30, id="an event without end, of the first moment"),
    pytest.param(all_day("2026-01-31"), Rule.LAST_DAY, False, 31, id="the day before"),
    pytest.param(all_day("2026-02-01"), Rule.LAST_DAY, True, 30, id="the first day"),
    pytest.param(all_day("2026-01-20", days=13), Rule.LAST_DAY, True, 30, id="days that reach in"),
    # a series: end of its final occurrence
    pytest.param(
        event("2020-01-01T09:00", "2020-01-01T10:00", "RRULE:FREQ=DAILY;UNTIL=20260201T090000Z"),
        Rule.SERIES_END, True, 30, id="a series until the first day",
    ),
    pytest.param(
        event("2020-01-01T09:00", "2020-01-01T10:00", "RRULE:FREQ=DAILY;UNTIL=20260131T090000Z"),
        Rule.SERIES_END, False, 31, id="a series until the day before",
    ),
    pytest.param(
        event("2026-01-19T09:00", "2026-01-19T10:00", "RRULE:FREQ=WEEKLY;COUNT=3"),
        Rule.SERIES_END, True, 29, id="three weeks that reach in",
    ),
    pytest.param(OVER_IN_JANUARY, Rule.SERIES_END, False, 43, id="three weeks over by then"),
    pytest.param(
        moved(OVER_IN_JANUARY, "2026-01-19T09:00", "2026-02-03T09:00", "2026-02-03T10:00"),
        Rule.SERIES_END, True, 28, id="whose last occurrence was moved in",
    ),
    pytest.param(
        moved(OVER_IN_JANUARY, "2026-01-12T09:00", "2026-01-30T09:00", "2026-01-30T10:00"),
        Rule.SERIES_END, False, 32, id="with an occurrence after the last, still before",
    ),
    pytest.param(all_day("2025-12-31", "RRULE:FREQ=MONTHLY;COUNT=2"), Rule.SERIES_END, False, 31, id="a series' days"),
    pytest.param(
        event("1999-01-04T09:00", "1999-01-04T10:00", "RRULE:FREQ=WEEKLY"),
        Rule.ENDLESS_SERIES, True, None, id="a series that never ends",
    ),
    pytest.param(
        event("1999-01-04T09:00", "1999-01-04T10:00", "RRULE:FREQ=NEVER;COUNT=1"),
        Rule.ENDLESS_SERIES, True, None, id="a series whose end nobody can read",
    ),
    # contacts
    pytest.param(IN_THE_BOOK, Rule.ADDRESS_BOOK, True, None, id="a contact of the address book"),
    pytest.param(replace(IN_THE_BOOK, received=0), Rule.ADDRESS_BOOK, True, None, id="entered, whatever it says"),
    pytest.param(from_mail("2026-02-01T00:00"), Rule.CONTACT_FROM_MAIL, True, 30, id="made from a message inside"),
    pytest.param(from_mail("2026-01-31T23:59:59"), Rule.CONTACT_FROM_MAIL, False, 31, id="made from one before"),
    pytest.param(from_mail(None), Rule.DATE_UNKNOWN, True, None, id="made from a message nobody knows the date of"),
]  # fmt: skip


@pytest.mark.parametrize(("item", "rule", "takes_part", "needed"), SYNC)
def test_each_kind_is_judged_by_its_own_date(item: Item, rule: Rule, takes_part: bool, needed: int | None) -> None:
    verdict = sync_verdict(dated(item), MARCH)

    assert (verdict.rule, verdict.takes_part, verdict.days_needed) == (rule, takes_part, needed)


@pytest.mark.parametrize("item", [case.values[0] for case in SYNC], ids=[case.id for case in SYNC])
def test_a_verdict_is_what_the_planner_does(item: Item) -> None:
    assert sync_verdict(dated(item), MARCH).takes_part is MARCH.window.holds(seen(item))


@pytest.mark.parametrize(
    ("item", "date"),
    [
        (message("2026-02-07T08:00"), "2026-02-07T08:00"),
        (thread("2026-02-07T08:00", "2026-01-01T08:00"), "2026-02-07T08:00"),
        (event("2026-02-07T08:00", "2026-02-07T09:00"), "2026-02-07T09:00"),
        (event("2026-02-07T08:00"), "2026-02-07T08:00"),
        (event("2026-02-02T08:00", "2026-02-02T09:00", "RRULE:FREQ=DAILY;COUNT=6"), "2026-02-07T09:00"),
        (from_mail("2026-02-07T08:00"), "2026-02-07T08:00"),
    ],
    ids=["message", "thread", "end", "start", "series", "contact"],
)
def test_a_verdict_names_the_date_and_the_cut_off(item: Item, date: str) -> None:
    verdict = sync_verdict(dated(item), MARCH)

    assert (verdict.date, verdict.cut_off, verdict.is_in_days) == (at(date), at("2026-02-01T00:00"), False)


@pytest.mark.parametrize("item", [IN_THE_BOOK, from_mail(None), event("1999-01-04T09:00", None, "RRULE:FREQ=DAILY")])
def test_where_no_date_counts_none_is_named(item: Item) -> None:
    verdict = sync_verdict(dated(item), MARCH)

    assert (verdict.date, verdict.cut_off, verdict.days_needed) == (None, None, None)


# --- threads -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "is_incomplete"),
    [
        pytest.param(thread("2026-02-10T08:00", "2026-02-01T00:00"), False, id="began with the cut-off"),
        pytest.param(thread("2026-02-10T08:00", "2026-01-31T23:59"), True, id="began before it"),
        pytest.param(thread("2026-02-10T08:00"), False, id="nobody knows when it began"),
        pytest.param(thread("2026-02-10T08:00", is_complete=False), True, id="known to lack messages"),
        pytest.param(thread("2026-01-10T08:00", "2026-01-01T08:00"), False, id="takes no part at all"),
    ],
)
def test_a_thread_that_began_before_the_cut_off_is_incomplete(item: Item, is_incomplete: bool) -> None:
    assert sync_verdict(dated(item), MARCH).is_incomplete is is_incomplete


def test_what_is_missing_of_a_thread_depends_on_what_is_synchronized() -> None:
    item = dated(thread("2026-02-25T08:00", "2026-02-05T08:00"))

    assert webhook_verdict(item, MARCH).takes_part
    assert not webhook_verdict(item, MARCH).is_incomplete


# --- whole days and zones ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES)
def test_an_all_day_event_belongs_to_its_days_wherever_one_is(zone: str) -> None:
    policy = frozen("2026-03-03T14:20", zone=zone)
    before, first = (sync_verdict(dated(all_day(day)), policy) for day in ("2026-01-31", "2026-02-01"))

    assert (before.takes_part, first.takes_part) == (False, True)
    assert (before.days_needed, first.days_needed) == (31, 30)
    assert (first.is_in_days, first.cut_off, first.date) == (True, at("2026-02-01"), at("2026-02-02"))


@pytest.mark.parametrize("zone", ZONES)
def test_a_timed_event_belongs_to_the_days_of_the_targets_zone(zone: str) -> None:
    policy = frozen("2026-03-03T14:20", zone=zone)
    before = event("2026-01-31T23:00", "2026-01-31T23:59", zone=zone)
    first = event("2026-02-01T00:00", "2026-02-01T00:30", zone=zone)

    assert [sync_verdict(dated(item), policy).takes_part for item in (before, first)] == [False, True]
    assert [days_needed(dated(item), policy) for item in (before, first)] == [31, 30]


@pytest.mark.parametrize(
    ("zone", "connected", "inside", "outside"),
    [
        pytest.param(
            "Asia/Beirut", "2017-03-28T12:00", ("2017-03-26T01:00", 0), ("2017-03-25T23:59:59", 0),
            id="a midnight that is skipped",
        ),
        pytest.param(
            "America/Havana", "2026-11-03T12:00", ("2026-11-01T00:00", 0), ("2026-10-31T23:59:59", 0),
            id="the first of two midnights",
        ),
        pytest.param(
            "America/Havana", "2026-11-03T12:00", ("2026-11-01T00:59:59", 1), ("2026-10-31T23:59:59", 0),
            id="the hour that comes again",
        ),
    ],
)  # fmt: skip
def test_days_begin_with_their_first_moment(
    zone: str, connected: str, inside: tuple[str, int], outside: tuple[str, int]
) -> None:
    policy = frozen(connected, 2, zone=zone)
    received = [Message(received=at(text, zone, fold)) for text, fold in (inside, outside)]

    assert [sync_verdict(dated(item), policy).takes_part for item in received] == [True, False]
    assert [days_needed(dated(item), policy) for item in received] == [2, 3]


def test_where_a_day_ends_twice_the_smallest_number_is_still_found() -> None:
    """In St. John's the clock went from 00:01 back to 23:01 of the day before, when the next day had begun already."""
    policy = frozen("2010-11-09T12:00", 2, zone="America/St_Johns")
    again = dated(Message(received=at("2010-11-06T23:30", "America/St_Johns", fold=1)))

    assert sync_verdict(again, policy).takes_part
    assert days_needed(again, policy) == 2


# --- the webhook policy ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "rule", "notifies"),
    [
        pytest.param(message("2026-02-21T00:00"), Rule.MESSAGE, True, id="a message inside"),
        pytest.param(message("2026-02-20T23:59:59"), Rule.MESSAGE, False, id="a message between both cut-offs"),
        pytest.param(message("2026-01-20T08:00"), Rule.NOT_SYNCED, False, id="a message that takes no part"),
        pytest.param(thread("2026-02-20T08:00"), Rule.THREAD, False, id="a thread between"),
        pytest.param(event("2026-02-20T08:00", "2026-02-21T08:00"), Rule.EVENT_END, True, id="which reaches in"),
        pytest.param(event("2026-02-20T08:00"), Rule.EVENT_START, False, id="an event without end between"),
        pytest.param(all_day("2026-02-20"), Rule.LAST_DAY, False, id="a day between"),
        pytest.param(
            event("2026-01-05T09:00", "2026-01-05T10:00", "RRULE:FREQ=WEEKLY;COUNT=6"), Rule.SERIES_END, False,
            id="a series over between",
        ),
        pytest.param(
            event("2026-01-05T09:00", "2026-01-05T10:00", "RRULE:FREQ=WEEKLY"), Rule.ENDLESS_SERIES, True,
            id="a series that never ends",
        ),
        pytest.param(IN_THE_BOOK, Rule.ADDRESS_BOOK, True, id="a contact of the address book"),
        pytest.param(from_mail("2026-02-20T08:00"), Rule.CONTACT_FROM_MAIL, False, id="a contact made between"),
        pytest.param(from_mail(None), Rule.DATE_UNKNOWN, True, id="a contact nobody knows the date of"),
    ],
)  # fmt: skip
def test_changes_notify_by_the_same_dates(item: Item, rule: Rule, notifies: bool) -> None:
    verdict = webhook_verdict(dated(item), MARCH)

    assert (verdict.rule, verdict.takes_part) == (rule, notifies)


def test_days_needed_to_notify_count_from_the_same_day() -> None:
    assert webhook_verdict(dated(message("2026-02-10T08:00")), MARCH).days_needed == 21


@pytest.mark.parametrize("item", [IN_THE_BOOK, message("2026-03-10T08:00"), from_mail(None)])
def test_what_is_not_synchronized_never_notifies(item: Item) -> None:
    verdict = webhook_verdict(dated(item), MARCH, is_synced=False)

    assert verdict == Verdict(takes_part=False, rule=Rule.NOT_SYNCED)


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        (frozen("2026-03-03T14:20", 30, 0, is_legacy=True), Rule.LEGACY_APPLICATION),
        (frozen("2020-11-09T14:20", 3650, 0), Rule.EARLY_ACCOUNT),
    ],
)
def test_old_accounts_and_legacy_applications_notify_of_everything_synchronized(
    policy: FrozenPolicy, rule: Rule
) -> None:
    inside, outside = dated(message("2020-11-01T00:00")), dated(message("2001-01-01T00:00"))
    inside = dated(message("2026-02-01T00:00")) if rule is Rule.LEGACY_APPLICATION else inside

    assert webhook_verdict(inside, policy) == Verdict(takes_part=True, rule=rule)
    assert webhook_verdict(outside, policy).rule is Rule.NOT_SYNCED


def test_a_webhook_cut_off_before_the_other_one_reaches_no_further_back() -> None:
    policy = replace(MARCH, webhook_from=0)

    assert webhook_verdict(dated(message("2026-02-01T00:00")), policy).cut_off == policy.sync_from
    assert not webhook_verdict(dated(message("2026-01-31T08:00")), policy).takes_part


# --- what if -----------------------------------------------------------------------------------------------------


def test_no_number_of_days_lets_in_what_is_older_than_any() -> None:
    verdict = sync_verdict(dated(message("1900-01-01T00:00")), MARCH)

    assert (verdict.takes_part, verdict.days_needed) == (False, None)


# --- as seen -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("item", [case.values[0] for case in SYNC], ids=[case.id for case in SYNC])
def test_what_was_only_listed_is_judged_alike(item: Item) -> None:
    as_seen = dated_as_seen(seen(item), kind_of(item).item_type)
    verdict, whole = sync_verdict(as_seen, MARCH), sync_verdict(dated(item), MARCH)

    assert (verdict.takes_part, verdict.days_needed) == (whole.takes_part, whole.days_needed)
    assert verdict.rule is whole.rule or whole.rule is Rule.DATE_UNKNOWN


def test_an_item_that_nobody_can_read_takes_part() -> None:
    unreadable = Observed(id=ItemId("i"), fingerprint=b"", blocked=Reason.UNREADABLE)

    verdict = sync_verdict(dated_as_seen(unreadable, ItemType.EVENT), MARCH)

    assert (verdict.takes_part, verdict.rule) == (True, Rule.DATE_UNKNOWN)


# --- for all of them ---------------------------------------------------------------------------------------------

days = st.integers(0, 400)
policies = st.builds(
    lambda sync, webhook, zone, connected, is_legacy: freeze(
        Policies(
            plan=PlanLevel.PLUS, sync_days=sync, webhook_days=min(sync, webhook), zone=zone, is_legacy=is_legacy
        ),
        connected,
    ),
    days, days, st.sampled_from(ZONES), st.integers(at("2009-01-01"), at("2030-01-01")), st.booleans(),
)  # fmt: skip
instants = st.integers(at("2008-01-01"), at("2031-01-01"))
lengths = st.one_of(st.just(0), st.integers(1, 90_000), st.integers(1, 40).map(lambda n: n * 86_400))
midnights = instants.map(lambda t: t - t % 86_400)
objects = st.builds(
    lambda start, length, recurs: Observed(
        id=ItemId("i"), fingerprint=b"", start=start, end=start + length, is_recurring=recurs
    ),
    st.one_of(instants, midnights), lengths, st.booleans(),
)  # fmt: skip


@given(policies, objects)
def test_a_verdict_never_disagrees_with_the_planner(policy: FrozenPolicy, item: Observed) -> None:
    verdict = sync_verdict(dated_as_seen(item, ItemType.EVENT), policy)

    assert verdict.takes_part is policy.window.holds(item)


@given(policies, objects)
def test_what_notifies_takes_part(policy: FrozenPolicy, item: Observed) -> None:
    judged = dated_as_seen(item, ItemType.EVENT)

    if webhook_verdict(judged, policy).takes_part:
        assert sync_verdict(judged, policy).takes_part


@given(policies, objects)
def test_the_days_needed_are_the_smallest_number_that_lets_in(policy: FrozenPolicy, item: Observed) -> None:
    judged: Dated = dated_as_seen(item, ItemType.EVENT)
    needed = days_needed(judged, policy)

    assert needed is not None
    assert needed <= MOST_DAYS
    assert policy.window_of(needed).holds(item)
    assert needed == 0 or not policy.window_of(needed - 1).holds(item)
