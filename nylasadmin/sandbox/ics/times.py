"""When a VEVENT is, as Nylas writes it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from icalendar import Component

from nylasadmin.sandbox.events.whens import DAY_S, days_when
from nylasadmin.sandbox.events.zones import zone
from nylasadmin.sandbox.ics.reports import FileReport
from nylasadmin.sandbox.ics.values import day_of, first, later, moment, second_of, tzid
from nylasadmin.sandbox.ics.zones import ZoneNames
from nylasadmin.sandbox.wire import Json


class Times:
    """Reads the times of one file for a provider."""

    def __init__(self, zones: ZoneNames, report: FileReport, *, end_exclusive: bool) -> None:
        self._zones = zones
        self._report = report
        self._end_exclusive = end_exclusive

    def when(self, part: Component, uid: str) -> Json | None:
        """Return when the event is; None if it has no usable beginning."""
        start = moment(part, "DTSTART")
        if start is None:
            return None
        if isinstance(start, datetime):
            return self._timed(part, uid, start)
        return self._whole_days(part, uid, start)

    def zoned(self, value: datetime) -> datetime:
        """Give a time without a zone the zone of its file."""
        return value if value.tzinfo else value.replace(tzinfo=zone(self._zones.default) or UTC)

    def _timed(self, part: Component, uid: str, start: datetime) -> Json:
        if start.tzinfo is None:
            self._report.add(uid, "DTSTART", f"has no zone: taken as {self._zones.default or 'UTC'}")
        name = self._zones.name(start, tzid(first(part, "DTSTART")))
        start = self.zoned(start)
        end, end_name = self._end(part, start, name)
        if end < start:
            self._report.add(uid, "DTEND", "lies before DTSTART: taken as a moment")
        if end <= start:
            return {"time": second_of(start), "timezone": name, "object": "time"}
        return {
            "start_time": second_of(start),
            "end_time": second_of(end),
            "start_timezone": name,
            "end_timezone": end_name,
            "object": "timespan",
        }

    def _end(self, part: Component, start: datetime, name: str) -> tuple[datetime, str]:
        end = moment(part, "DTEND")
        if isinstance(end, datetime):
            return self.zoned(end), self._zones.name(end, tzid(first(part, "DTEND")))
        if end is not None:
            return datetime.combine(end, datetime.min.time(), start.tzinfo), name
        length = getattr(first(part, "DURATION"), "dt", None)
        return (later(start, length) if isinstance(length, timedelta) else start), name

    def _whole_days(self, part: Component, uid: str, start: date) -> Json:
        begin, end = day_of(start), moment(part, "DTEND")
        length = getattr(first(part, "DURATION"), "dt", None)
        if end is not None:
            stop = day_of(end)
        elif isinstance(length, timedelta):
            stop = begin + length.days * DAY_S
        else:
            stop = begin + DAY_S
        if stop < begin:
            self._report.add(uid, "DTEND", "lies before DTSTART: taken as one day")
        return days_when(begin, max(stop, begin + DAY_S), end_exclusive=self._end_exclusive)
