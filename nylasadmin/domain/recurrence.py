"""Recurrence as arithmetic: rules in one spelling, occurrences, and the span of a whole series.

RFC 5545 rules are read by python-dateutil; everything here is a pure function of its arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from dateutil import rrule as dateutil_rrule

from nylasadmin.domain.items import AllDay, Moment, ScheduleItem, Timed, When, first_end, first_start, moment_seconds

FOREVER = 253_402_300_799
"""The end of a series without an end: 9999-12-31T23:59:59Z in Unix seconds."""

_MOST_OCCURRENCES = 100_000


def normalized_rule(line: str) -> str:
    """Spell a rule one way: upper case, no blanks, FREQ first, parts sorted, defaults left out.

    The ``RRULE:`` prefix is kept; ``INTERVAL=1`` and ``WKST=MO`` say nothing and are dropped.
    """
    text = "".join(line.split()).upper().removeprefix("RRULE:")
    parts = [p for p in text.split(";") if p and p not in ("INTERVAL=1", "WKST=MO")]
    parts.sort(key=lambda p: (not p.startswith("FREQ="), p))
    return "RRULE:" + ";".join(parts)


@lru_cache(maxsize=256)
def zone_or_utc(name: str | None) -> ZoneInfo:
    """Give the zone of that name; UTC for none and for names this machine does not know."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def parse_exdates(line: str, zone: str | None) -> list[Moment]:
    """Read an ``EXDATE`` line into moments. Times without ``Z`` are local to ``zone`` (or the line's own TZID).

    Raises ``ValueError`` for anything that is not a date or date-time list.
    """
    head, _, values = line.partition(":")
    for parameter in head.split(";")[1:]:
        key, _, value = parameter.partition("=")
        if key.upper() == "TZID":
            zone = value
    return [_parse_moment(v.strip(), zone) for v in values.split(",") if v.strip()]


def _parse_moment(text: str, zone: str | None) -> Moment:
    if "T" not in text.upper():
        return datetime.strptime(text, "%Y%m%d").date()
    moment = datetime.strptime(text.upper().removesuffix("Z"), "%Y%m%dT%H%M%S")
    tz = UTC if text.upper().endswith("Z") else zone_or_utc(zone)
    return int(moment.replace(tzinfo=tz).timestamp())


def format_exdates(cancelled: tuple[Moment, ...]) -> list[str]:
    """Write cancelled moments as ``EXDATE`` lines, instants in UTC; the inverse of :func:`parse_exdates`."""
    instants = [datetime.fromtimestamp(m, UTC).strftime("%Y%m%dT%H%M%SZ") for m in cancelled if isinstance(m, int)]
    days = [m.strftime("%Y%m%d") for m in cancelled if isinstance(m, date)]
    lines = ["EXDATE:" + ",".join(instants)] if instants else []
    return [*lines, "EXDATE;VALUE=DATE:" + ",".join(days)] if days else lines


def occurrences(rules: tuple[str, ...], when: When) -> Iterator[Moment]:
    """Yield the original starts of a series in order, cancelled ones included.

    Wall-clock time is kept across daylight-saving changes of the item's zone. Raises ``ValueError`` for a rule that
    cannot be read.
    """
    if isinstance(when, AllDay):
        begin = datetime(when.start.year, when.start.month, when.start.day)
        for at in _rule_set(rules, begin, None):
            yield at.date()
        return
    zone = zone_or_utc(when.zone)
    begin = datetime.fromtimestamp(when.start, zone).replace(tzinfo=None)
    for at in _rule_set(rules, begin, zone):
        yield int(at.replace(tzinfo=zone).timestamp())


def _rule_set(rules: tuple[str, ...], begin: datetime, zone: ZoneInfo | None) -> Iterator[datetime]:
    # dateutil wants UNTIL and DTSTART to agree on being aware; everything is computed in the item's wall-clock time.
    combined = dateutil_rrule.rruleset()
    for line in rules:
        text = _until_as_local(line.removeprefix("RRULE:"), zone)
        parsed = dateutil_rrule.rrulestr(text, dtstart=begin)
        if isinstance(parsed, dateutil_rrule.rruleset):
            raise ValueError(f"not a single rule: {line}")
        combined.rrule(parsed)
    combined.rdate(begin)
    yield from combined


def _until_as_local(rule: str, zone: ZoneInfo | None) -> str:
    parts = []
    for part in rule.split(";"):
        key, _, value = part.partition("=")
        if key == "UNTIL":
            value = _local_until(value, zone)
        parts.append(f"{key}={value}")
    return ";".join(parts)


def _local_until(value: str, zone: ZoneInfo | None) -> str:
    if "T" not in value:
        return value + "T235959"
    if not value.endswith("Z"):
        return value
    instant = datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return instant.astimezone(zone or UTC).strftime("%Y%m%dT%H%M%S")


def span(item: ScheduleItem) -> tuple[int, int]:
    """Give ``[start, end)`` of the whole item in Unix seconds, from its first to the end of its final occurrence.

    A series without an end gives :data:`FOREVER`; changed occurrences that lie outside their series widen the span.
    """
    start, end = first_start(item.when), first_end(item.when)
    if item.rules:
        end = max(end, _series_end(item.rules, item.when))
    for changed in item.exceptions:
        start = min(start, first_start(changed.item.when))
        end = max(end, first_end(changed.item.when))
    return start, end


@lru_cache(maxsize=4096)
def _series_end(rules: tuple[str, ...], when: When) -> int:
    length = first_end(when) - first_start(when)
    if any("UNTIL=" not in r and "COUNT=" not in r for r in rules):
        return FOREVER
    last = first_start(when)
    try:
        for moment in islice(occurrences(rules, when), _MOST_OCCURRENCES):
            last = moment_seconds(moment)
    except ValueError:
        return FOREVER  # a rule nobody can read must never look finished
    return last + length


def shifted(when: When, moment: Moment) -> When:
    """Move a series' first occurrence to another of its original starts, keeping its length."""
    if isinstance(when, Timed):
        seconds = moment_seconds(moment)
        return Timed(seconds, seconds + when.end - when.start, when.zone, when.end_zone)
    day = moment if isinstance(moment, date) else datetime.fromtimestamp(moment, UTC).date()
    return AllDay(day, day + timedelta(days=(when.end - when.start).days))


def occurrence_of(series: ScheduleItem, moment: Moment) -> ScheduleItem:
    """Give the item that a series says takes place at one of its original starts."""
    return msgspec.structs.replace(
        series,
        when=shifted(series.when, moment),
        rules=(),
        cancelled=(),
        exceptions=(),
        original_start=None,
        uid=None,
        priority=None,
        private_notes="",
    )
