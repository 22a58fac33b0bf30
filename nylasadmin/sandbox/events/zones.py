"""Time zones by name: look-ups that answer None instead of failing, remembered because they are many."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=1024)
def zone(name: str | None) -> tzinfo | None:
    """Return the zone of an IANA name (UTC for None), or None if there is no such zone."""
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # ZoneInfo answers odd names (empty, a folder, a path that leaves the data) with any of these.
        return None


def instant(local: datetime, zone_name: str | None) -> int:
    """Return the Unix second of a wall-clock time in a zone."""
    return int(local.replace(tzinfo=zone(zone_name) or UTC).timestamp())


def wall_clock(at: int, zone_name: str | None) -> datetime:
    """Return what a clock on the wall shows in a zone at a Unix second."""
    return datetime.fromtimestamp(at, zone(zone_name) or UTC).replace(tzinfo=None)
