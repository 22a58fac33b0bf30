"""Recurrence as arithmetic: rules in one spelling, occurrences, and the span of a whole series.

RFC 5545 rules are read by python-dateutil; everything here is a pure function of its arguments. What the text of a
calendar can ask for is bounded: no rule, however odd, takes longer than a moment or looks finished by mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice

from dateutil import rrule as dateutil_rrule

from nylasadmin.domain.items import AllDay, Moment, ScheduleItem, Timed, When, first_end, first_start, moment_seconds
from nylasadmin.domain.rules import normalized_rule, property_of
from nylasadmin.domain.zones import is_known_zone, zone_or_utc

__all__ = [
    "FOREVER",
    "compared_rules",
    "format_exdates",
    "last_start",
    "normalized_rule",
    "occurrences",
    "parse_exdates",
    "rule_defect",
    "shifted",
    "span",
    "zone_or_utc",
]

FOREVER = 253_402_300_799
"""The end of a series without an end: 9999-12-31T23:59:59Z in Unix seconds."""

_MOST_OCCURRENCES = 20_000  # a daily series of 54 years
_PARTS = {
    *("FREQ", "UNTIL", "COUNT", "INTERVAL", "WKST", "BYSETPOS", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"),
    *("BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND"),
}
_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")  # no calendar service knows more frequent ones
_CYCLE_YEARS, _CYCLE = 400, timedelta(days=146_097)  # after these the calendar repeats, weekdays included
_YEARS_AHEAD = 200  # how far a series is followed at least
_UNTIL = re.compile(r"\d{8}(T\d{6}Z?)?")


# --- spelling ----------------------------------------------------------------------------------------------------


def compared_rules(rules: tuple[str, ...], when: When) -> tuple[str, ...]:
    """Spell rules so that equal series compare equal: ``UNTIL`` becomes the start of the last occurrence.

    Providers move ``UNTIL`` about within the same series: to the end of the last day, or to the last start.
    """
    return tuple(sorted({_compared_rule(normalized_rule(line), when) for line in rules}))


def _compared_rule(rule: str, when: When) -> str:
    if "UNTIL=" not in rule:
        return rule
    last = last_start(rule, when)
    return rule if last is None else re.sub("UNTIL=[^;]*", f"UNTIL={_moment_text(last)}", rule)


def parse_exdates(line: str, zone: str | None) -> list[Moment]:
    """Read an ``EXDATE`` (or ``RDATE``) line into moments.

    Times without ``Z`` are local to the line's own TZID, or to ``zone`` when it has none that is known. Raises
    ``ValueError`` for anything that is not a date or date-time list.
    """
    head, _, values = line.partition(":")
    for parameter in head.split(";")[1:]:
        key, _, value = parameter.partition("=")
        name = value.strip('" ')
        if key.upper() == "TZID" and is_known_zone(name):
            zone = name
    return [_parse_moment(v.strip().upper(), zone) for v in values.split(",") if v.strip()]


def _parse_moment(text: str, zone: str | None) -> Moment:
    if not _UNTIL.fullmatch(text):
        raise ValueError(f"neither a date nor a time: {text}")
    if "T" not in text:
        return datetime.strptime(text, "%Y%m%d").date()
    moment = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")
    return int(moment.replace(tzinfo=UTC if text.endswith("Z") else zone_or_utc(zone)).timestamp())


def format_exdates(cancelled: tuple[Moment, ...]) -> list[str]:
    """Write cancelled moments as ``EXDATE`` lines, instants in UTC; the inverse of :func:`parse_exdates`."""
    instants = [_moment_text(m) for m in cancelled if isinstance(m, int)]
    days = [_moment_text(m) for m in cancelled if not isinstance(m, int)]
    lines = ["EXDATE:" + ",".join(instants)] if instants else []
    return [*lines, "EXDATE;VALUE=DATE:" + ",".join(days)] if days else lines


def _moment_text(moment: Moment) -> str:
    if isinstance(moment, int):  # not strftime: its %Y does not fill up with zeros everywhere
        return datetime.fromtimestamp(moment, UTC).replace(tzinfo=None).isoformat().translate(_NO_PUNCTUATION) + "Z"
    return moment.isoformat().translate(_NO_PUNCTUATION)


_NO_PUNCTUATION = str.maketrans("", "", "-:")


# --- occurrences -------------------------------------------------------------------------------------------------


def occurrences(rules: tuple[str, ...], when: When) -> Iterator[Moment]:
    """Yield the original starts of a series in order, cancelled ones included.

    Wall-clock time is kept across daylight-saving changes of the item's zone. Raises ``ValueError`` for a rule that
    cannot be read.
    """
    begin = _wall_clock(when)
    ahead = _ahead(begin)
    combined = dateutil_rrule.rruleset()
    for line in rules:
        if property_of(line) == "RDATE":
            for day in _extra_days(line, when):
                combined.rdate(day + ahead)
        else:
            combined.rrule(_readable(_parts(line), begin, when))
    combined.rdate(begin + ahead)
    for at in combined:
        yield _moment(at - ahead, begin, when)


def _ahead(begin: datetime) -> timedelta:
    """Give the whole calendar cycles by which a rule is moved into the future while it is followed.

    dateutil follows a rule that matches nothing to the year 9999, seconds of work for each; begun there, it ends soon.
    """
    return _CYCLE * max(0, (datetime.max.year - _YEARS_AHEAD - begin.year) // _CYCLE_YEARS)


def rule_defect(line: str, when: When) -> str | None:
    """Say why a line of a recurrence cannot be followed; ``None`` if it can."""
    try:
        if property_of(line) == "RDATE":
            _extra_days(line, when)
        else:
            _readable(_parts(line), _wall_clock(when), when)
    except ValueError as error:
        return str(error)
    return None


def _extra_days(line: str, when: When) -> list[datetime]:
    moments = parse_exdates(line, when.zone if isinstance(when, Timed) else None)
    days = [_wall_clock(shifted(when, moment)) for moment in moments]
    latest = datetime.max - _ahead(_wall_clock(when))
    if any(day > latest for day in days):
        raise ValueError(f"too far ahead: {line}")
    return days


def _wall_clock(when: When) -> datetime:
    """Give the start as the clock on the wall shows it. Raises ``ValueError`` outside the years 1 to 9999."""
    if isinstance(when, AllDay):
        return datetime(when.start.year, when.start.month, when.start.day)
    try:
        return datetime.fromtimestamp(when.start, zone_or_utc(when.zone)).replace(tzinfo=None)
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError(f"no calendar has this time: {when.start}") from error


def _moment(at: datetime, begin: datetime, when: When) -> Moment:
    if isinstance(when, AllDay):
        return at.date()
    if at == begin:  # also right in the hour that the clock shows twice
        return when.start
    return int(at.replace(tzinfo=zone_or_utc(when.zone)).timestamp())


def _parts(line: str) -> dict[str, str]:
    rule = normalized_rule(line)
    if not rule.startswith("RRULE:"):
        raise ValueError(f"not a rule: {line}")
    parts = {key: value for key, _, value in (p.partition("=") for p in rule[6:].split(";"))}
    if "UNTIL" in parts and "COUNT" in parts:
        raise ValueError(f"ends in two ways: {line}")
    if parts.get("FREQ") not in _FREQUENCIES or not parts.keys() <= _PARTS:
        raise ValueError(f"not a rule of a calendar: {line}")
    if any(int(parts.get(key, "1")) < 1 for key in ("COUNT", "INTERVAL")):
        raise ValueError(f"not a number of times: {line}")
    return parts


def _readable(parts: dict[str, str], begin: datetime, when: When) -> dateutil_rrule.rrule:
    # dateutil wants UNTIL and DTSTART to agree on being aware; everything is computed in the item's wall-clock time.
    ahead = _ahead(begin)
    if "UNTIL" in parts:
        until = min(_local_until(parts["UNTIL"], when), datetime.max.replace(microsecond=0) - ahead) + ahead
        parts = {**parts, "UNTIL": until.strftime("%Y%m%dT%H%M%S")}
    try:
        parsed = dateutil_rrule.rrulestr(";".join(f"{k}={v}" for k, v in parts.items()), dtstart=begin + ahead)
    except (TypeError, LookupError, AttributeError, OverflowError) as error:
        raise ValueError(f"not a rule: {parts}") from error
    if isinstance(parsed, dateutil_rrule.rruleset):
        raise ValueError(f"not a single rule: {parts}")
    return parsed


def _local_until(value: str, when: When) -> datetime:
    if not _UNTIL.fullmatch(value):
        raise ValueError(f"not an end: {value}")
    if "T" not in value:
        return datetime.strptime(value + "T235959", "%Y%m%dT%H%M%S")
    clock = datetime.strptime(value.removesuffix("Z"), "%Y%m%dT%H%M%S")
    if not value.endswith("Z") or isinstance(when, AllDay):
        return clock
    try:
        return clock.replace(tzinfo=UTC).astimezone(zone_or_utc(when.zone)).replace(tzinfo=None)
    except OverflowError:  # 99991231T235959Z, which some programs write for "never"
        return clock


# --- spans -------------------------------------------------------------------------------------------------------


def span(item: ScheduleItem) -> tuple[int, int]:
    """Give ``[start, end)`` of the whole item in Unix seconds, from its first to the end of its final occurrence.

    A series without an end gives :data:`FOREVER`; changed occurrences that lie outside their series widen the span.
    Cancelled occurrences do not shorten it.
    """
    start, end = first_start(item.when), first_end(item.when)
    if item.rules:
        end = max(end, _series_end(item.rules, item.when))
    for changed in item.exceptions:
        start = min(start, first_start(changed.item.when))
        end = max(end, first_end(changed.item.when))
    return start, end


def _series_end(rules: tuple[str, ...], when: When) -> int:
    last = first_start(when)
    for line in rules:
        moment = last_start(line, when)
        if moment is None:
            return FOREVER  # a rule nobody can read must never look finished
        last = max(last, moment_seconds(moment))
    return min(FOREVER, last + first_end(when) - first_start(when))


@lru_cache(maxsize=8192)
def last_start(line: str, when: When) -> Moment | None:
    """Give the original start of the last occurrence that a line makes; ``None`` if it never ends or cannot be read."""
    try:
        if property_of(line) == "RDATE":
            begin = _wall_clock(when)
            return _moment(max([begin, *_extra_days(line, when)]), begin, when)
        parts = _parts(line)
        if "UNTIL" in parts:
            return _last_until(parts, when)
        return _last_counted(parts, when) if "COUNT" in parts else None
    except ValueError:
        return None


def _last_until(parts: dict[str, str], when: When) -> Moment:
    begin, until = _wall_clock(when), _local_until(parts["UNTIL"], when)
    found, last = _counted(_readable(parts, begin, when), _MOST_OCCURRENCES)
    if found == _MOST_OCCURRENCES or until.year - begin.year > _YEARS_AHEAD:
        return _moment(until, begin, when)
    return _moment(last - _ahead(begin) if last else begin, begin, when)


def _last_counted(parts: dict[str, str], when: When) -> Moment | None:
    begin, count = _wall_clock(when), int(parts["COUNT"])
    found, last = _counted(_readable(parts, begin, when), min(count, _MOST_OCCURRENCES))
    return _moment(last - _ahead(begin), begin, when) if last and found == count else None


def _counted(rule: dateutil_rrule.rrule, most: int) -> tuple[int, datetime | None]:
    found, last = 0, None
    for at in islice(rule, most):
        found, last = found + 1, at
    return found, last


def shifted(when: When, moment: Moment) -> When:
    """Move a series' first occurrence to another of its original starts, keeping its length.

    A date given for a timed series means that day at the series' own time. Raises ``ValueError`` outside the calendar.
    """
    try:
        return _shifted_days(when, moment) if isinstance(when, AllDay) else _shifted_time(when, moment)
    except (OverflowError, OSError) as error:
        raise ValueError(f"no calendar has this moment: {moment}") from error


def _shifted_days(when: AllDay, moment: Moment) -> AllDay:
    day = datetime.fromtimestamp(moment, UTC).date() if isinstance(moment, int) else moment
    return AllDay(day, day + timedelta(days=(when.end - when.start).days))


def _shifted_time(when: Timed, moment: Moment) -> Timed:
    if not isinstance(moment, int):
        moment = int(datetime.combine(moment, _wall_clock(when).time(), zone_or_utc(when.zone)).timestamp())
    return Timed(moment, moment + when.end - when.start, when.zone, when.end_zone)
