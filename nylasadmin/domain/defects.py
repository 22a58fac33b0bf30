"""What is wrong with an item that a person or a program hands in: times, zones and rules that no calendar has.

Pure, and for what enters by hand. A listing of Nylas is read more generously: what only means little (a zone of some
program's own) is kept as it came, and what cannot be held at all is an item that cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nylasadmin.domain.items import AllDay, Moment, ScheduleItem, Timed, When, moment_seconds
from nylasadmin.domain.recurrence import FOREVER, rule_defect
from nylasadmin.domain.zones import is_known_zone

EARLIEST = -62_135_596_800
"""The first second that a calendar has: 0001-01-01T00:00:00Z in Unix seconds."""

LONGEST_UID = 500
_MOST_MINUTES = 10 * 366 * 24 * 60


def is_in_calendars(seconds: int) -> bool:
    """Say whether a calendar has that moment: one of the years 1 to 9999."""
    return EARLIEST <= seconds <= FOREVER


def defects(item: ScheduleItem) -> list[str]:
    """Say in one sentence each what makes an item impossible; none for a sound one."""
    found = [*_of_when(item.when), *_of_moments(item), *_of_values(item)]
    if not found:  # rules are followed from the start, so that has to be sound
        found += [f"rules: {why}" for rule in item.rules if (why := rule_defect(rule, item.when))]
    for number, changed in enumerate(item.exceptions, 1):
        found += [f"changed occurrence {number}: {what}" for what in _of_occurrence(changed.item)]
    return found


def _of_when(when: When) -> Iterator[str]:
    if isinstance(when, AllDay):
        if when.end <= when.start:
            yield f"end: {when.end} is the first day that is free again, so it comes after {when.start}"
        return
    if not (is_in_calendars(when.start) and is_in_calendars(when.end)):
        yield "start and end: Unix seconds within the years 1 to 9999"
    elif when.end < when.start:
        yield "end: before the start"
    yield from (f"zone: there is no time zone {zone!r}" for zone in _unknown_zones(when))


def _unknown_zones(when: Timed) -> Iterator[str]:
    return (zone for zone in (when.zone, when.end_zone) if zone is not None and not is_known_zone(zone))


def _of_moments(item: ScheduleItem) -> Iterator[str]:
    changed = [e.original_start for e in item.exceptions]
    given: dict[str, Iterable[Moment]] = {"cancelled": item.cancelled, "exceptions": changed}
    if item.original_start is not None:
        given["original_start"] = [item.original_start]
    for field, moments in given.items():
        if not all(is_in_calendars(moment_seconds(m)) for m in moments):
            yield f"{field}: a moment outside the years 1 to 9999"
    if (item.cancelled or item.exceptions) and not item.rules:
        yield "rules: none, but occurrences of them are cancelled or changed"


def _of_values(item: ScheduleItem) -> Iterator[str]:
    if any(not 0 <= r.minutes <= _MOST_MINUTES for r in item.reminders or ()):
        yield "reminders: minutes before the start, ten years at most"
    if len(item.uid or "") > LONGEST_UID:
        yield f"uid: longer than {LONGEST_UID} characters"


def _of_occurrence(item: ScheduleItem) -> Iterator[str]:
    if item.rules or item.cancelled or item.exceptions:
        yield "an occurrence has no rules and occurrences of its own"
    yield from _of_when(item.when)
    yield from _of_values(item)
