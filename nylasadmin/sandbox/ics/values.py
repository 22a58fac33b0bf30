"""Single values of a VEVENT: first of several, times, lengths, days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from icalendar import Component, prop

from nylasadmin.sandbox.events.whens import day_start

_UNREADABLE: Any = getattr(prop, "vBroken", ())  # Older releases leave unreadable values out by themselves.


def values(part: Component, name: str) -> list[Any]:
    """Return all readable values of a property."""
    found = part.get(name)
    if found is None:
        return []
    several = list(found) if isinstance(found, list) else [found]
    return [value for value in several if not isinstance(value, _UNREADABLE)]


def first(part: Component, name: str) -> Any:
    """Return the first value of a property, or None."""
    return next(iter(values(part, name)), None)


def text(part: Component, name: str) -> str:
    """Return a property as text, empty if it is missing."""
    value = first(part, name)
    return "" if value is None else str(value)


def moment(part: Component, name: str) -> datetime | date | None:
    """Return the time or day of a property; None if it is missing or damaged."""
    found = getattr(first(part, name), "dt", None)
    return found if isinstance(found, date) else None


def tzid(value: Any) -> str | None:
    """Return the zone a time was written in, as it was written."""
    found = getattr(value, "params", {}).get("TZID")
    return None if found is None else str(found)


def day_of(value: datetime | date) -> int:
    """Return the UTC midnight of a day, or of the day on which a time lies where it was written."""
    return day_start((value.date() if isinstance(value, datetime) else value).isoformat())


def second_of(value: datetime) -> int:
    """Return the Unix second of a time; a time without a zone counts as UTC."""
    return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())


def later(start: datetime, length: timedelta) -> datetime:
    """Add a length: its days on the calendar, its hours on the clock, as RFC 5545 wants it."""
    shifted = start + timedelta(days=length.days)
    rest = timedelta(seconds=length.seconds)
    return (shifted.astimezone(UTC) + rest).astimezone(start.tzinfo) if start.tzinfo else shifted + rest
