"""Which items a filter holds: ranges of days, kinds, zones, and what nobody knows; and how it is stored and said."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from nylasadmin.domain.filters import By, Filter, Kinds, decode_filter, describe, encode_filter, sieve
from nylasadmin.domain.items import ItemId, ItemType
from nylasadmin.domain.plan import Observed
from nylasadmin.domain.recurrence import FOREVER

OCTOBER = Filter(since=date(2026, 10, 1), until=date(2026, 10, 31))
IN_LOS_ANGELES = Filter(since=date(2026, 10, 1), until=date(2026, 10, 31), zone="America/Los_Angeles")
IN_BERLIN = Filter(since=date(2026, 10, 1), until=date(2026, 10, 31), zone="Europe/Berlin")
CHANGED = Filter(by=By.MODIFIED, since=date(2026, 10, 1), until=date(2026, 10, 31))
HOUR, DAY = 3600, 86_400


def at(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def timed(start: str, hours: int = 1, zone: str = "UTC") -> Observed:
    begin = at(start, zone)
    return Observed(id=ItemId("i"), fingerprint=b"", start=begin, end=begin + hours * HOUR)


def all_day(first: str, days: int = 1) -> Observed:
    begin = at(first)
    return Observed(id=ItemId("i"), fingerprint=b"", start=begin, end=begin + days * DAY)


def series(first: str, last: str | None, hours: int = 1) -> Observed:
    end = FOREVER if last is None else at(last) + hours * HOUR
    return Observed(id=ItemId("i"), fingerprint=b"", start=at(first), end=end, is_recurring=True)


def changed(text: str | None) -> Observed:
    modified = None if text is None else at(text)
    return Observed(id=ItemId("i"), fingerprint=b"", start=at("2020-01-01"), end=at("2020-01-02"), modified=modified)


NOBODY_CAN_READ = Observed(id=ItemId("i"), fingerprint=b"")


@pytest.mark.parametrize(
    ("asked", "item", "inside"),
    [
        pytest.param(OCTOBER, timed("2026-10-01T00:00"), True, id="begins with the first day"),
        pytest.param(OCTOBER, timed("2026-09-30T23:59"), False, id="begins a minute before, and reaches in"),
        pytest.param(OCTOBER, timed("2026-10-31T23:59"), True, id="begins in the last minute"),
        pytest.param(OCTOBER, timed("2026-11-01T00:00"), False, id="begins when the last day is over"),
        pytest.param(OCTOBER, timed("2026-10-10T10:00", hours=0), True, id="has no length"),
        pytest.param(OCTOBER, all_day("2026-10-01"), True, id="the first day"),
        pytest.param(OCTOBER, all_day("2026-09-30", days=3), False, id="days that begin before"),
        pytest.param(OCTOBER, all_day("2026-10-31"), True, id="the last day"),
        pytest.param(OCTOBER, all_day("2026-11-01"), False, id="the day after the last"),
        pytest.param(OCTOBER, series("2026-09-01T10:00", "2026-09-30T10:00"), False, id="series over before"),
        pytest.param(OCTOBER, series("2026-09-01T10:00", "2026-10-01T10:00"), True, id="series ends on the first day"),
        pytest.param(OCTOBER, series("2026-09-30T23:00", "2026-09-30T23:00"), False, id="series ends at midnight"),
        pytest.param(OCTOBER, series("2020-01-01T10:00", None), True, id="series without an end"),
        pytest.param(OCTOBER, series("2020-01-01T10:00", "2030-01-01T10:00"), True, id="series around the range"),
        pytest.param(OCTOBER, series("2026-10-31T10:00", None), True, id="series begins on the last day"),
        pytest.param(OCTOBER, series("2026-11-01T00:00", None), False, id="series begins after"),
        pytest.param(IN_BERLIN, timed("2026-10-01T00:00", zone="Europe/Berlin"), True, id="Berlin: first midnight"),
        pytest.param(IN_BERLIN, timed("2026-10-01T00:30"), True, id="Berlin: half past two"),
        pytest.param(IN_BERLIN, timed("2026-10-31T23:30", zone="Europe/Berlin"), True, id="Berlin: winter time"),
        pytest.param(IN_BERLIN, timed("2026-10-31T23:30"), False, id="Berlin: it is November already"),
        pytest.param(IN_BERLIN, all_day("2026-10-31"), True, id="Berlin: a day is a day"),
        pytest.param(IN_LOS_ANGELES, all_day("2026-10-01"), True, id="Los Angeles: the first day is a day"),
        pytest.param(IN_LOS_ANGELES, all_day("2026-11-01"), False, id="Los Angeles: the day after is too"),
        pytest.param(IN_LOS_ANGELES, timed("2026-11-01T01:00"), True, id="Los Angeles: October evening"),
        pytest.param(OCTOBER, NOBODY_CAN_READ, False, id="what has no time is in no range"),
        pytest.param(Filter(until=date(2026, 10, 31)), NOBODY_CAN_READ, False, id="nor in one that is open"),
        pytest.param(Filter(since=date(2026, 10, 1)), timed("2099-01-01T10:00"), True, id="no last day"),
        pytest.param(Filter(until=date(2026, 10, 1)), timed("1999-01-01T10:00"), True, id="no first day"),
        pytest.param(CHANGED, changed("2026-10-01T00:00"), True, id="changed at the first moment"),
        pytest.param(CHANGED, changed("2026-09-30T23:59"), False, id="changed before"),
        pytest.param(CHANGED, changed("2026-10-31T23:59"), True, id="changed in the last minute"),
        pytest.param(CHANGED, changed("2026-11-01T00:00"), False, id="changed after"),
        pytest.param(CHANGED, changed(None), True, id="nobody knows when it changed"),
        pytest.param(Filter(kinds=Kinds.SINGLE), timed("2026-10-01T10:00"), True, id="single: a single one"),
        pytest.param(Filter(kinds=Kinds.SINGLE), series("2026-10-01T10:00", None), False, id="single: a series"),
        pytest.param(Filter(kinds=Kinds.RECURRING), series("2026-10-01T10:00", None), True, id="recurring: a series"),
        pytest.param(Filter(kinds=Kinds.RECURRING), timed("2026-10-01T10:00"), False, id="recurring: a single one"),
        pytest.param(Filter(kinds=Kinds.SINGLE), NOBODY_CAN_READ, True, id="single: without a time"),
    ],
)
def test_a_filter_holds_what_was_asked_for(asked: Filter, item: Observed, inside: bool) -> None:
    assert asked.holds(item) is inside
    assert sieve(asked).lets_delete(item) is (inside and not (asked is CHANGED and item.modified is None))


def test_a_range_and_a_kind_must_both_hold() -> None:
    asked = Filter(since=date(2026, 10, 1), kinds=Kinds.RECURRING)
    assert not asked.holds(timed("2026-10-05T10:00"))
    assert not asked.holds(series("2026-09-01T10:00", "2026-09-10T10:00"))
    assert asked.holds(series("2026-09-01T10:00", "2026-10-10T10:00"))


def test_a_day_that_begins_without_a_midnight_begins_with_its_first_moment() -> None:
    """Summer time began at midnight in Beirut: 00:00 of 29 March 2026 does not exist there."""
    asked = Filter(since=date(2026, 3, 29), until=date(2026, 3, 29), zone="Asia/Beirut")
    first = datetime(2026, 3, 28, 22, 0, tzinfo=UTC).isoformat()[:16]
    assert asked.holds(timed(first))
    assert not asked.holds(timed("2026-03-28T21:59"))


@pytest.mark.parametrize(("asked", "taken"), [(Filter(), True), (Filter(item_types=(ItemType.CONTACT,)), False)])
def test_types_choose_links(asked: Filter, taken: bool) -> None:
    assert asked.asks_for(ItemType.EVENT) is taken


@pytest.mark.parametrize("asked", [None, Filter(), OCTOBER, IN_BERLIN, CHANGED, Filter(item_types=tuple(ItemType))])
def test_a_filter_comes_back_as_it_was_stored(asked: Filter | None) -> None:
    assert decode_filter(encode_filter(asked)) == asked


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (None, ""),
        (OCTOBER, "start from 1 Oct 2026 to 31 Oct 2026"),
        (IN_LOS_ANGELES, "start from 1 Oct 2026 to 31 Oct 2026 (America/Los Angeles)"),
        (Filter(by=By.MODIFIED, since=date(2026, 10, 1)), "last modified from 1 Oct 2026"),
        (Filter(until=date(2026, 10, 1), kinds=Kinds.SINGLE), "start to 1 Oct 2026, single items only"),
        (Filter(kinds=Kinds.RECURRING, item_types=(ItemType.EVENT,)), "recurring items only, events only"),
        (Filter(item_types=tuple(ItemType)[:3]), "events, contacts and messages only"),
    ],
)
def test_a_filter_is_said_in_words(asked: Filter | None, words: str) -> None:
    assert describe(asked) == words
