"""The `when` of an event: checked on the way in, measured for the index, moved for an occurrence.

Days count as UTC midnights here: the index needs one instant, and every test can compute this one.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from nylasadmin.sandbox.errors import Refusal, bad_request
from nylasadmin.sandbox.events.zones import zone
from nylasadmin.sandbox.wire import Json

DAY_S = 86_400
_EARLIEST_S, _LATEST_S = -62_000_000_000, 253_300_000_000  # the years 5 and 9996: outside, dates run out


def checked_when(value: object, *, end_exclusive: bool) -> Json:
    """Return the `when` as it is read back; refuse what no provider would take."""
    if not isinstance(value, dict):
        raise bad_request("when is required", when="must be an object")
    for shape, keys in _SHAPES.items():
        if any(key in value for key in keys):
            return _CHECKS[shape](value, end_exclusive)
    raise bad_request("when is invalid", when="must hold time, start_time, date or start_date")


def span(when: Json, *, end_exclusive: bool) -> tuple[int, int]:
    """Return [start, end) in Unix seconds; a moment has start == end."""
    match when["object"]:
        case "timespan":
            return when["start_time"], when["end_time"]
        case "time":
            return when["time"], when["time"]
        case "date":
            start = day_start(when["date"])
            return start, start + DAY_S
    start, end = day_start(when["start_date"]), day_start(when["end_date"])
    return start, max(end if end_exclusive else end + DAY_S, start + DAY_S)


def zone_name(when: Json) -> str | None:
    """Return the name of the zone the event lives in, None for UTC or whole days."""
    name: str | None = when.get("start_timezone") or when.get("timezone")
    return name


def is_all_day(when: Json) -> bool:
    """Tell whether the event fills whole days."""
    return when["object"] in ("date", "datespan")


def moved(when: Json, start: int, *, end_exclusive: bool) -> Json:
    """Return the same `when` beginning at another instant, as long as before."""
    old_start, old_end = span(when, end_exclusive=end_exclusive)
    match when["object"]:
        case "timespan":
            return {**when, "start_time": start, "end_time": start + old_end - old_start}
        case "time":
            return {**when, "time": start}
    return days_when(start, start + old_end - old_start, end_exclusive=end_exclusive)


def days_when(start: int, end: int, *, end_exclusive: bool) -> Json:
    """Write the whole days [start, end) the way a provider does."""
    if end_exclusive:
        return {"start_date": day_text(start), "end_date": day_text(end), "object": "datespan"}
    if end - start <= DAY_S:
        return {"date": day_text(start), "object": "date"}
    return {"start_date": day_text(start), "end_date": day_text(end - DAY_S), "object": "datespan"}


def day_start(text: str) -> int:
    """Return the UTC midnight at which a day begins."""
    return int(datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC).timestamp())


def day_text(at: int) -> str:
    """Return the day of an instant in UTC."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at)).date().isoformat()


def _checked_timespan(value: Json, _end_exclusive: bool) -> Json:
    start, end = _second(value, "start_time"), _second(value, "end_time")
    if end <= start:
        raise bad_request("end_time must be after start_time", when__end_time="must be after start_time")
    when: Json = {"start_time": start, "end_time": end, "object": "timespan"}
    names = value.get("start_timezone"), value.get("end_timezone")
    if (names[0] is None) != (names[1] is None):
        raise bad_request("both zones or none", when__start_timezone="must come together with end_timezone")
    if names[0] is not None:
        when["start_timezone"] = _zone(names[0], "when.start_timezone")
        when["end_timezone"] = _zone(names[1], "when.end_timezone")
    return when


def _checked_time(value: Json, _end_exclusive: bool) -> Json:
    when: Json = {"time": _second(value, "time"), "object": "time"}
    if value.get("timezone") is not None:
        when["timezone"] = _zone(value["timezone"], "when.timezone")
    return when


def _checked_date(value: Json, end_exclusive: bool) -> Json:
    start = day_start(_day(value, "date"))
    return days_when(start, start + DAY_S, end_exclusive=end_exclusive)


def _checked_datespan(value: Json, end_exclusive: bool) -> Json:
    start, end = day_start(_day(value, "start_date")), day_start(_day(value, "end_date"))
    if end < start:
        raise bad_request("end_date is before start_date", when__end_date="must not be before start_date")
    # An exclusive end on the start day itself is what people write for one day: the provider makes it one.
    stop = max(end, start + DAY_S) if end_exclusive else end + DAY_S
    return days_when(start, stop, end_exclusive=end_exclusive)


def _second(value: Json, key: str) -> int:
    found = value.get(key)
    if not isinstance(found, int) or isinstance(found, bool) or not _EARLIEST_S < found < _LATEST_S:
        raise _invalid(f"when.{key}", "must be a Unix time in seconds")
    return found


def _day(value: Json, key: str) -> str:
    found = value.get(key)
    try:
        day = datetime.strptime(str(found), "%Y-%m-%d").date().isoformat()
        if not _EARLIEST_S < day_start(day) < _LATEST_S:
            raise ValueError(day)
        return day
    except ValueError:
        raise _invalid(f"when.{key}", "must be a date like 2026-07-11") from None


def _zone(name: object, field: str) -> str:
    if not isinstance(name, str) or zone(name) is None:
        raise _invalid(field, "is not a time zone")
    return name


def _invalid(field: str, problem: str) -> Refusal:
    return Refusal(400, "invalid_request_error", f"{field} {problem}", fields={field: problem})


_SHAPES = {
    "timespan": ("start_time", "end_time"),
    "time": ("time",),
    "datespan": ("start_date", "end_date"),
    "date": ("date",),
}
_CHECKS = {
    "timespan": _checked_timespan,
    "time": _checked_time,
    "datespan": _checked_datespan,
    "date": _checked_date,
}
