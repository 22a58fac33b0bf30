"""Recurrence: rules checked, series measured, occurrences computed in the wall-clock time of the event's zone."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import takewhile

from dateutil.rrule import rrule, rrulestr

from nylasadmin.sandbox.errors import bad_request
from nylasadmin.sandbox.events.whens import is_all_day, span, zone_name
from nylasadmin.sandbox.events.zones import instant, wall_clock, zone
from nylasadmin.sandbox.wire import Json

FOREVER = 1 << 53
_LONGEST_COUNT = 20_000
_HORIZON_STEP_S = 366 * 86_400
_LAST_YEAR = 9_990
_UNTIL = re.compile(r"UNTIL=(\d{8})(?:T(\d{6})(Z?))?", re.IGNORECASE)
_LIMITED = re.compile(r"\b(?:UNTIL|COUNT)=", re.IGNORECASE)
_TOO_FINE = re.compile(r"FREQ=(?:SECONDLY|MINUTELY)\b", re.IGNORECASE)


def checked_recurrence(value: object) -> list[str]:
    """Return the lines of a recurrence; refuse everything but one RRULE and EXDATEs."""
    if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
        raise bad_request("recurrence must be a list of strings", recurrence="must be a list of strings")
    lines = [line.strip() for line in value]
    if not lines:
        return []
    if any(not line.upper().startswith(("RRULE:", "EXDATE:", "EXDATE;")) for line in lines):
        raise bad_request("recurrence supports RRULE and EXDATE only", recurrence="supports RRULE and EXDATE only")
    if sum(line.upper().startswith("RRULE:") for line in lines) != 1:
        raise bad_request("recurrence needs one RRULE", recurrence="needs exactly one RRULE")
    _refuse_unreadable(lines)
    return lines


def _refuse_unreadable(lines: list[str]) -> None:
    try:
        if _TOO_FINE.search(_rule_text(lines)):
            raise ValueError("FREQ is finer than an hour")
        _rule(_rule_text(lines), datetime(2020, 1, 1), None)
        for line in lines:
            _excluded(line, None)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise bad_request(f"recurrence cannot be read: {problem}", recurrence="cannot be read") from problem


def starts_between(when: Json, recurrence: list[str], low: int, high: int, *, end_exclusive: bool) -> list[int]:
    """Return the instants in [low, high) at which occurrences begin, without the excluded ones."""
    first, _ = span(when, end_exclusive=end_exclusive)
    zone_of = zone_name(when)
    horizon = (max(high - first, 0) // _HORIZON_STEP_S + 1) * _HORIZON_STEP_S + first
    starts = _starts_until(_rule_text(recurrence), first, zone_of, horizon)
    gone = exclusions(when, recurrence)
    found = starts[bisect_left(starts, low) : bisect_left(starts, high)]
    return [start for start in found if not gone(start)] if gone else list(found)


def series_end(when: Json, recurrence: list[str], *, end_exclusive: bool) -> int:
    """Return where the last occurrence ends, FOREVER for a series without an end."""
    start, end = span(when, end_exclusive=end_exclusive)
    text = _rule_text(recurrence)
    if not _LIMITED.search(text):
        return FOREVER
    return _last_start(text, start, zone_name(when)) + end - start


def exclusions(when: Json, recurrence: list[str]) -> _Exclusions | None:
    """Return the test for excluded occurrences, None if nothing is excluded."""
    lines = [line for line in recurrence if line.upper().startswith("EXDATE")]
    return _Exclusions(lines, zone_name(when), all_day=is_all_day(when)) if lines else None


def excluded_moments(event: Json) -> list[datetime | date]:
    """Return the days, and the times in UTC, that the EXDATE lines of a series name."""
    named = [found for line in event.get("recurrence") or () for found in _excluded(line, zone_name(event["when"]))]
    whole_days = is_all_day(event["when"])
    return [_day_or_utc(moment, zone_of, whole_days=whole_days) for moment, zone_of in named]


def _day_or_utc(moment: datetime | date, zone_of: str | None, *, whole_days: bool) -> datetime | date:
    if not isinstance(moment, datetime):
        return moment
    return moment.date() if whole_days else datetime.fromtimestamp(instant(moment, zone_of), UTC)


class _Exclusions:
    """Tells whether an occurrence is excluded, by its instant or by its day."""

    def __init__(self, lines: list[str], zone_of: str | None, *, all_day: bool) -> None:
        self._zone = None if all_day else zone_of
        self._instants: set[int] = set()
        self._days: set[date] = set()
        for line in lines:
            for moment, named in _excluded(line, zone_of):
                if all_day or not isinstance(moment, datetime):
                    self._days.add(moment.date() if isinstance(moment, datetime) else moment)
                else:
                    self._instants.add(instant(moment, named))

    def __call__(self, start: int) -> bool:
        return start in self._instants or (bool(self._days) and wall_clock(start, self._zone).date() in self._days)


def _excluded(line: str, zone_of: str | None) -> list[tuple[datetime | date, str | None]]:
    head, _, values = line.partition(":")
    if not head.upper().startswith("EXDATE"):
        return []
    named = re.search(r"TZID=([^;:]+)", head)
    name = named.group(1) if named and zone(named.group(1)) else zone_of
    return [_moment(text.strip(), name) for text in values.split(",") if text.strip()]


def _moment(text: str, zone_of: str | None) -> tuple[datetime | date, str | None]:
    if len(text) == 8:
        return datetime.strptime(text, "%Y%m%d").date(), zone_of
    moment = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")
    return moment, "UTC" if text.endswith("Z") else zone_of


def _rule_text(recurrence: list[str]) -> str:
    return next(line for line in recurrence if line.upper().startswith("RRULE:"))[len("RRULE:") :]


def _rule(text: str, first: datetime, zone_of: str | None) -> rrule:
    rule = rrulestr(_UNTIL.sub(lambda found: _local_until(found, zone_of), text), dtstart=first)
    if not isinstance(rule, rrule):
        raise ValueError("more than one rule in a line")
    return rule


def _local_until(found: re.Match[str], zone_of: str | None) -> str:
    """Rewrite UNTIL into the wall-clock time the rule runs in; a bare day counts to its end."""
    day, time, utc = found.groups()
    if time is None:
        return f"UNTIL={day}T235959"
    moment = datetime.strptime(day + time, "%Y%m%d%H%M%S")
    if utc:
        moment = wall_clock(instant(moment, "UTC"), zone_of)
    return f"UNTIL={moment:%Y%m%dT%H%M%S}"


@lru_cache(maxsize=8192)
def _starts_until(text: str, first: int, zone_of: str | None, horizon: int) -> array[int]:
    local = wall_clock(first, zone_of)
    if local.year >= _LAST_YEAR:
        return array("q")
    stop = wall_clock(min(horizon, instant(datetime(_LAST_YEAR, 1, 1), None)), zone_of) + timedelta(days=1)
    found = (
        instant(moment, zone_of) for moment in takewhile(lambda moment: moment < stop, _rule(text, local, zone_of))
    )
    return array("q", sorted(found))


@lru_cache(maxsize=8192)
def _last_start(text: str, first: int, zone_of: str | None) -> int:
    last = None
    for number, moment in enumerate(_rule(text, wall_clock(first, zone_of), zone_of)):
        if number >= _LONGEST_COUNT or moment.year >= _LAST_YEAR:
            break
        last = moment
    return first if last is None else instant(last, zone_of)
