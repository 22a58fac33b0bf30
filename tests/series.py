"""Series for tests of round trips: each case is a story, version after version, of what one CRM user does to a series.

Times are given as the clock on the wall shows them. Every item of a case carries the case's name in its notes, so that
what a calendar shows can be told apart by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from nylasadmin.domain.fidelity import occurrence
from nylasadmin.domain.items import AllDay, Attendee, ChangedOccurrence, Moment, ScheduleItem, Timed, When

BERLIN, NEW_YORK, SANTIAGO, LORD_HOWE = "Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe"
ANNA = Attendee("guest@example.com", "A guest")

Version = Mapping[str, ScheduleItem]
"""What there is of a case at one time: items by a name of their own."""


def at(text: str, zone: str = BERLIN, fold: int = 0) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp())


def timed(text: str, minutes: int = 60, zone: str = BERLIN) -> Timed:
    start = at(text, zone)
    return Timed(start, start + minutes * 60, zone)


def days(text: str, number: int = 1) -> AllDay:
    start = date.fromisoformat(text)
    return AllDay(start, start + timedelta(days=number))


def series(rule: str, when: When, **fields: Any) -> ScheduleItem:
    return ScheduleItem(**({"when": when, "rules": (rule,), "title": "Series"} | fields))


def changed(item: ScheduleItem, moment: Moment, **fields: Any) -> ScheduleItem:
    """Change one occurrence, in place of any earlier change or cancellation of it."""
    instead = ChangedOccurrence(moment, replace(occurrence(item, moment), **fields))
    others = tuple(e for e in item.exceptions if e.original_start != moment)
    return replace(item, exceptions=(*others, instead), cancelled=tuple(m for m in item.cancelled if m != moment))


def cancelled(item: ScheduleItem, *moments: Moment) -> ScheduleItem:
    """Cancel occurrences, changed ones too."""
    others = tuple(e for e in item.exceptions if e.original_start not in moments)
    return replace(item, exceptions=others, cancelled=(*item.cancelled, *moments))


def plain(item: ScheduleItem) -> ScheduleItem:
    return replace(item, exceptions=(), cancelled=())


# --- stories -----------------------------------------------------------------------------------------------------

WEEKLY = series("RRULE:FREQ=WEEKLY;BYDAY=MO", timed("2027-03-01T09:00"))
DAILY = series("RRULE:FREQ=DAILY;COUNT=8", timed("2027-03-24T09:00"))
HOLIDAYS = series("RRULE:FREQ=DAILY;COUNT=6", days("2027-03-26"))


def monday(day: str) -> int:
    return at(f"2027-{day}T09:00")


def one(*versions: ScheduleItem) -> list[Version]:
    return [{"it": item} for item in versions]


def split_with_exceptions() -> list[Version]:
    """ "This and following": the series ends, a new one goes on; exceptions and cancellations on both sides."""
    whole = changed(WEEKLY, monday("03-08"), title="Before")
    whole = cancelled(changed(whole, monday("04-12"), when=timed("2027-04-13T15:00")), monday("03-15"), monday("04-19"))
    first = replace(whole, rules=("RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20270329T215959Z",))
    first = replace(first, exceptions=first.exceptions[:1], cancelled=first.cancelled[:1])
    second = series("RRULE:FREQ=WEEKLY;BYDAY=MO", timed("2027-04-05T10:00"), title="Later")
    second = changed(second, at("2027-04-12T10:00"), when=timed("2027-04-13T15:00"), title="Moved")
    second = cancelled(second, at("2027-04-19T10:00"))
    return [{"it": whole}, {"it": first, "rest": second}]


def split_back() -> list[Version]:
    return list(reversed(split_with_exceptions()))


def moved_series_with_its_exceptions() -> list[Version]:
    """The whole series moves by two hours: with its exceptions, then without them."""
    before = cancelled(changed(WEEKLY, monday("03-08"), title="Special"), monday("03-29"))
    after = replace(plain(before), when=timed("2027-03-01T11:00"))
    kept = cancelled(changed(after, at("2027-03-08T11:00"), title="Special"), at("2027-03-29T11:00"))
    return one(before, kept, plain(kept), before)


def moved_to_another_day() -> list[Version]:
    before = cancelled(changed(WEEKLY, monday("03-08"), title="Special"), monday("03-29"))
    after = series("RRULE:FREQ=WEEKLY;BYDAY=TU", timed("2027-03-02T09:00"))
    return one(before, changed(after, at("2027-03-09T09:00"), title="Special"))


def exception_across_the_clock_change() -> list[Version]:
    item = changed(WEEKLY, monday("03-22"), when=timed("2027-03-29T12:00"))
    item = changed(item, monday("03-29"), when=timed("2027-03-26T12:00"))
    return one(WEEKLY, item, changed(item, monday("03-22"), when=timed("2027-03-22T12:00")))


def another_kind_of_day() -> list[Version]:
    """An all-day exception of a timed series."""
    item = changed(WEEKLY, monday("03-15"), when=days("2027-03-15"))
    return one(WEEKLY, item, changed(item, monday("03-15"), when=timed("2027-03-15T10:00")), item)


def a_time_among_days() -> list[Version]:
    """A timed exception of an all-day series."""
    item = changed(HOLIDAYS, date(2027, 3, 28), when=timed("2027-03-28T10:00"))
    return one(item, changed(item, date(2027, 3, 28), when=days("2027-03-28", 2)), HOLIDAYS)


def changed_then_cancelled() -> list[Version]:
    special = changed(WEEKLY, monday("03-15"), title="Special", when=timed("2027-03-16T09:00"))
    gone = cancelled(special, monday("03-15"))
    return one(special, gone, WEEKLY, gone, special)


def count_or_until() -> list[Version]:
    until = replace(DAILY, rules=("RRULE:FREQ=DAILY;UNTIL=20270331T070000Z",))
    return one(DAILY, until, replace(DAILY, rules=("RRULE:FREQ=DAILY;COUNT=5",)), replace(until, rules=("FREQ=DAILY",)))


def exceptions_after_the_end() -> list[Version]:
    """The series is cut short, and what had been changed behind its new end goes with it."""
    item = cancelled(changed(DAILY, at("2027-03-30T09:00"), title="Late"), at("2027-03-29T09:00"))
    item = changed(item, at("2027-03-25T09:00"), title="Early")
    short = replace(item, rules=("RRULE:FREQ=DAILY;UNTIL=20270327T080000Z",), exceptions=item.exceptions[1:])
    return one(item, short, item)


def positions() -> list[Version]:
    """The last working day of each month; then its first; one of them changed."""
    rule = "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS={};COUNT=6"
    last = series(rule.format(-1), timed("2027-01-29T16:00"))
    last = changed(last, at("2027-03-31T16:00"), when=timed("2027-03-31T12:00"))
    first = series(rule.format(1), timed("2027-02-01T16:00"))
    return one(last, cancelled(first, at("2027-04-01T16:00")))


def fortnights() -> list[Version]:
    rule = "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;WKST={};COUNT=9"
    item = series(rule.format("SU"), timed("2027-03-02T09:00"))
    item = changed(cancelled(item, at("2027-03-14T09:00")), at("2027-03-16T09:00"), title="Second")
    return one(item, replace(plain(item), rules=(rule.format("MO"),)))


def another_zone_same_clock() -> list[Version]:
    item = cancelled(changed(WEEKLY, monday("03-22"), title="Special"), monday("03-29"))
    there = replace(plain(item), when=timed("2027-03-01T09:00", zone=NEW_YORK))
    there = cancelled(
        changed(there, at("2027-03-22T09:00", NEW_YORK), title="Special"), at("2027-03-29T09:00", NEW_YORK)
    )
    return one(item, there, item)


def another_zone_same_instant() -> list[Version]:
    """The occurrences between the two clock changes are at other instants afterwards."""
    there = Timed(WEEKLY.when.start, WEEKLY.when.end, NEW_YORK)  # type: ignore[union-attr]
    return one(cancelled(WEEKLY, monday("03-08")), cancelled(replace(WEEKLY, when=there), monday("03-08")), WEEKLY)


def ends_in_a_gap_at_midnight() -> list[Version]:
    """In Chile the clock jumps from midnight to one: the series' last day begins at one."""
    item = series("RRULE:FREQ=DAILY;UNTIL=20270905T040000Z", timed("2027-09-02T00:00", zone=SANTIAGO))
    return one(item, cancelled(item, at("2027-09-05T01:00", SANTIAGO)), item)


def in_the_hour_that_is_skipped() -> list[Version]:
    item = series("RRULE:FREQ=DAILY;COUNT=5", timed("2027-03-26T02:30", 30))
    in_gap = at("2027-03-28T03:30")
    return one(item, changed(item, in_gap, title="In the gap"), cancelled(item, in_gap), item)


def in_the_hour_that_is_there_twice() -> list[Version]:
    item = series("RRULE:FREQ=DAILY;COUNT=5", timed("2027-10-29T02:30", 30))
    twice = at("2027-10-31T02:30")
    return one(item, changed(item, twice, when=Timed(twice + 3600, twice + 5400, BERLIN)), cancelled(item, twice))


def half_an_hour_of_summer() -> list[Version]:
    item = series("RRULE:FREQ=WEEKLY;COUNT=6", timed("2027-03-14T09:00", zone=LORD_HOWE))
    return one(changed(item, at("2027-04-11T09:00", LORD_HOWE), title="Winter"))


def on_top_of_another_one() -> list[Version]:
    """Moved to exactly the time of the next occurrence; then both are exchanged."""
    first, second = at("2027-03-25T09:00"), at("2027-03-26T09:00")
    item = changed(DAILY, first, when=timed("2027-03-26T09:00"))
    return one(item, changed(item, second, when=timed("2027-03-25T09:00")), changed(DAILY, second, title="Alone"))


def added_taken_away_added() -> list[Version]:
    item = changed(WEEKLY, monday("03-15"), title="Special")
    return one(item, WEEKLY, item, changed(item, monday("03-15"), title="Other"), WEEKLY)


def first_and_last() -> list[Version]:
    first, last = at("2027-03-24T09:00"), at("2027-03-31T09:00")
    return one(
        cancelled(DAILY, first, last),
        changed(changed(DAILY, first, title="First"), last, title="Last"),
        cancelled(changed(DAILY, first, when=timed("2027-03-23T09:00")), last),
    )


def all_cancelled() -> list[Version]:
    item = series("RRULE:FREQ=DAILY;COUNT=3", timed("2027-03-24T09:00"))
    moments = [at(f"2027-03-{day}T09:00") for day in (24, 25, 26)]
    return one(item, cancelled(item, *moments), cancelled(item, moments[1]))


def every_field_of_an_exception() -> list[Version]:
    full = replace(WEEKLY, location="Room 1", busy=True, attendees=(ANNA,))
    item = changed(full, monday("03-08"), location="")
    item = changed(item, monday("03-15"), busy=False)
    item = changed(item, monday("03-22"), attendees=())
    item = changed(item, monday("03-29"), attendees=(ANNA, Attendee("other@example.com")))
    back = replace(item, exceptions=item.exceptions[1:])
    return one(full, item, back, replace(back, location="Room 2"))


def new_words_for_the_whole_series() -> list[Version]:
    item = cancelled(changed(WEEKLY, monday("03-15"), title="Special"), monday("03-22"))
    renamed = replace(item, title="New name", location="Room 9")
    return one(item, renamed, replace(renamed, exceptions=()))


def longer_meetings() -> list[Version]:
    item = cancelled(changed(WEEKLY, monday("03-15"), title="Special"), monday("03-22"))
    longer = replace(plain(item), when=timed("2027-03-01T09:00", 90))
    return one(item, cancelled(changed(longer, monday("03-15"), title="Special"), monday("03-22")))


def other_rule_same_exceptions() -> list[Version]:
    item = cancelled(changed(WEEKLY, monday("03-15"), title="Special"), monday("03-22"))
    more = replace(item, rules=("RRULE:FREQ=WEEKLY;BYDAY=MO,WE",))
    return one(item, more, cancelled(more, at("2027-03-10T09:00")), item)


def far_away() -> list[Version]:
    item = changed(DAILY, at("2027-03-25T09:00"), when=timed("2028-01-10T09:00"))
    return one(item, changed(item, at("2027-03-25T09:00"), when=timed("2026-12-10T09:00")), DAILY)


def several_days() -> list[Version]:
    item = series("RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=4", days("2027-01-31", 3))
    item = cancelled(changed(item, date(2027, 2, 28), when=days("2027-02-27", 1)), date(2027, 3, 31))
    return one(item, changed(item, date(2027, 3, 31), title="Back"), replace(plain(item), when=days("2027-01-31", 2)))


def days_become_times() -> list[Version]:
    item = cancelled(changed(HOLIDAYS, date(2027, 3, 27), title="Special"), date(2027, 3, 29))
    clock = replace(plain(item), when=timed("2027-03-26T09:00"))
    clock = cancelled(changed(clock, at("2027-03-27T09:00"), title="Special"), at("2027-03-29T09:00"))
    return one(item, clock, item)


def without_a_zone() -> list[Version]:
    item = series("RRULE:FREQ=DAILY;COUNT=4", Timed(at("2027-03-27T09:00"), at("2027-03-27T10:00")))
    moment = at("2027-03-27T09:00") + 86_400
    return one(cancelled(item, moment), changed(item, moment, title="Special"))


def a_single_becomes_a_series() -> list[Version]:
    single = ScheduleItem(when=timed("2027-03-01T09:00"), title="Series")
    return one(single, changed(WEEKLY, monday("03-08"), title="Special"))


def gone_and_new() -> list[Version]:
    item = changed(WEEKLY, monday("03-08"), title="Special")
    return [{"it": item}, {}, {"it": item}]


def needless() -> list[Version]:
    """An exception that changes nothing, and a cancellation of what is no occurrence."""
    item = changed(WEEKLY, monday("03-08"))
    return one(cancelled(item, at("2027-03-09T09:00")), WEEKLY)


STORIES: list[Callable[[], list[Version]]] = [
    split_with_exceptions, split_back, moved_series_with_its_exceptions, moved_to_another_day,
    exception_across_the_clock_change, another_kind_of_day, a_time_among_days, changed_then_cancelled, count_or_until,
    exceptions_after_the_end, positions, fortnights, another_zone_same_clock, another_zone_same_instant,
    ends_in_a_gap_at_midnight, in_the_hour_that_is_skipped, in_the_hour_that_is_there_twice, half_an_hour_of_summer,
    on_top_of_another_one, added_taken_away_added, first_and_last, all_cancelled, every_field_of_an_exception,
    new_words_for_the_whole_series, longer_meetings, other_rule_same_exceptions, far_away, several_days,
    days_become_times, without_a_zone, a_single_becomes_a_series, gone_and_new, needless,
]  # fmt: skip
