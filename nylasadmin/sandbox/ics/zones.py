"""From the zone of an .ics time to an IANA name: by its name, its Windows name, its location, its rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import available_timezones

from icalendar import Component
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from nylasadmin.sandbox.events.zones import zone
from nylasadmin.sandbox.ics.reports import FileReport

_PREFERRED = (
    "Europe/Berlin",
    "Europe/London",
    "Europe/Helsinki",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "Asia/Tokyo",
    "Asia/Shanghai",
    "Asia/Kolkata",
    "Australia/Sydney",
)
_COMPARED_DAYS = 2 * 366


class ZoneNames:
    """Finds the names of the zones of one file."""

    def __init__(self, definitions: dict[str, Component], default: str | None, report: FileReport) -> None:
        self._definitions = definitions
        self._default = default if default and zone(default) else None
        self._report = report
        self._found: dict[str, str | None] = {}

    @property
    def default(self) -> str | None:
        """The zone of the file as a whole, if it names one that exists."""
        return self._default

    def name(self, moment: datetime, tzid: str | None) -> str:
        """Return the IANA name for a time; UTC if there is none."""
        if moment.tzinfo is None:
            return self._default or "UTC"
        if tzid is None:
            return "UTC"
        if tzid not in self._found:
            self._found[tzid] = self._resolved(tzid, moment)
        return self._found[tzid] or "UTC"

    def _resolved(self, tzid: str, moment: datetime) -> str | None:
        definition = self._definitions.get(tzid)
        named = _by_name(tzid) or (definition and _by_name(str(definition.get("X-LIC-LOCATION", ""))))
        if named:
            return named
        alike = _by_rules(moment.tzinfo or UTC, moment)
        if alike is None:
            self._report.add(None, f"the zone {tzid}", "is unknown: its times are kept as instants in UTC")
        else:
            self._report.add(None, f"the zone {tzid}", f"is shown as {alike}, which has the same rules")
        return alike


def _by_name(tzid: str) -> str | None:
    """Try the name itself, the Windows name, and the tail of names like /mozilla.org/2005/Europe/Berlin."""
    bare = tzid.strip().strip('"')
    parts = bare.strip("/").split("/")
    tails = ("/".join(parts[-length:]) for length in (3, 2))
    candidates = (bare, WINDOWS_TO_OLSON.get(bare), *(tails if len(parts) > 2 else ()))
    return next((name for name in candidates if name and zone(name) is not None), None)


def _by_rules(rules: tzinfo, moment: datetime) -> str | None:
    """Find a zone that had the same offsets around a moment."""
    days = [moment.replace(tzinfo=None) + timedelta(days=number) for number in range(0, _COMPARED_DAYS, 10)]
    offsets = [day.replace(tzinfo=rules).utcoffset() for day in days]
    for name in (*_PREFERRED, *sorted(available_timezones())):
        candidate = zone(name)
        if candidate and all(
            day.replace(tzinfo=candidate).utcoffset() == at for day, at in zip(days, offsets, strict=True)
        ):
            return name
    return None
