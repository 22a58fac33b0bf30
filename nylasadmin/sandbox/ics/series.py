"""Recurrence of the events of one file: rules, excluded and added dates, exceptions, duplicates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from icalendar import Component

from nylasadmin.sandbox.errors import Refusal
from nylasadmin.sandbox.events.recurrences import checked_recurrence, starts_between
from nylasadmin.sandbox.events.whens import is_all_day, span, zone_name
from nylasadmin.sandbox.events.zones import instant, wall_clock
from nylasadmin.sandbox.ics.reports import FileReport
from nylasadmin.sandbox.ics.times import Times
from nylasadmin.sandbox.ics.values import day_of, second_of, values
from nylasadmin.sandbox.wire import Json

DAY = "%Y%m%d"
MOMENT = "%Y%m%dT%H%M%SZ"


def recurrence_lines(part: Component, when: Json, times: Times, report: FileReport, uid: str) -> list[str]:
    """Return the RRULE and EXDATE lines of a series; none for a single event or an unreadable rule."""
    rules = [value for value in values(part, "RRULE") if hasattr(value, "to_ical")]
    if "EXRULE" in part:
        report.add(uid, "EXRULE", "Nylas knows no excluding rules")
    if not rules:
        return []
    if len(rules) > 1:
        report.add(uid, "RRULE", f"Nylas knows one rule: the first of {len(rules)} is kept")
    lines = [f"RRULE:{rules[0].to_ical().decode()}", *_exclusion_lines(part, when, times)]
    try:
        return checked_recurrence(lines)
    except Refusal as problem:
        report.add(uid, lines[0], f"{problem.message}: kept as a single event")
        return []


def added_starts(part: Component, when: Json, lines: list[str], times: Times, *, end_exclusive: bool) -> list[int]:
    """Return the instants of RDATEs that are neither excluded nor occurrences of the rule anyway."""
    gone = {original_start(value, when, times) for value in _dates(part, "EXDATE")}
    wanted = {original_start(value, when, times) for value in _dates(part, "RDATE")}
    first, _ = span(when, end_exclusive=end_exclusive)
    return sorted(at for at in wanted - gone - {first} if not _repeats(when, lines, at, end_exclusive=end_exclusive))


def original_start(value: datetime | date, when: Json, times: Times) -> int:
    """Return the instant a date of a series means: a day for whole days, else the series' own time of day."""
    if is_all_day(when):
        return day_of(value)
    if isinstance(value, datetime):
        if value.tzinfo is None and zone_name(when):
            return instant(value, zone_name(when))
        return second_of(times.zoned(value))
    start, _ = span(when, end_exclusive=False)
    return instant(datetime.combine(value, wall_clock(start, zone_name(when)).time()), zone_name(when))


def _exclusion_lines(part: Component, when: Json, times: Times) -> Iterator[str]:
    for value in _dates(part, "EXDATE"):
        moment = datetime.fromtimestamp(original_start(value, when, times), UTC)
        yield f"EXDATE;VALUE=DATE:{moment:{DAY}}" if is_all_day(when) else f"EXDATE:{moment:{MOMENT}}"


def _dates(part: Component, name: str) -> Iterable[datetime | date]:
    """Yield the days and times of a list property; of a period its beginning."""
    for value in values(part, name):
        for one in getattr(value, "dts", ()):
            found: Any = one.dt
            found = found[0] if isinstance(found, tuple) else found
            if isinstance(found, date):
                yield found


def _repeats(when: Json, lines: list[str], at: int, *, end_exclusive: bool) -> bool:
    return bool(lines) and bool(starts_between(when, lines[:1], at, at + 1, end_exclusive=end_exclusive))
