"""Items in plain words: times, recurrence, people. For lists and differences; pure, and the same on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from nylasadmin.domain.items import AllDay, Attendee, Moment, Person, Reminder, Reply, ScheduleItem, Timed, When
from nylasadmin.domain.recurrence import zone_or_utc

_DAY_NAMES = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR")
_ORDINALS = {"1": "first", "2": "second", "3": "third", "4": "fourth", "5": "fifth", "-1": "last", "-2": "last but one"}
_MONTHS = tuple(date(2000, month, 1).strftime("%B") for month in range(1, 13))
_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_REPLIES = {Reply.YES: "accepted", Reply.NO: "declined", Reply.MAYBE: "tentative", Reply.NONE: ""}


def when_text(when: When) -> str:
    """Give a time span: ``Tue 24 Nov 2026, 14:00 to 15:30 Europe/Vienna`` or ``24 to 26 Nov 2026, all day``."""
    if isinstance(when, AllDay):
        last = when.end - timedelta(days=1)
        days = _day(when.start) if last <= when.start else f"{_day(when.start)} to {_day(last)}"
        return f"{days}, all day"
    start = _local(when.start, when.zone)
    end = _local(when.end, when.end_zone or when.zone)
    zone = f" {when.zone}" if when.zone else " UTC"
    if when.end == when.start:
        return f"{_day(start)}, {start:%H:%M}{zone}"
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{_day(end)}, {end:%H:%M}"
    other = f" {when.end_zone}" if when.end_zone and when.end_zone != when.zone else ""
    return f"{_day(start)}, {start:%H:%M}{zone if other else ''} to {until}{other or zone}"


def moment_text(moment: Moment, when: When) -> str:
    """Give an occurrence's original start in the zone of its series."""
    if not isinstance(moment, int):
        return _day(moment)
    local = _local(moment, when.zone if isinstance(when, Timed) else None)
    return f"{_day(local)}, {local:%H:%M}"


def instant_text(seconds: int) -> str:
    """Give an instant in UTC, to the second: mail has no zone of its own."""
    at = _local(seconds, None)
    return f"{_day(at)}, {at:%H:%M:%S} UTC"


def size_text(size: int) -> str:
    """Give a number of bytes as people read it: ``900 bytes``, ``18 KB``, ``2.4 MB``."""
    if size < 1000:
        return f"{size} bytes"
    return f"{round(size / 1000)} KB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def _local(seconds: int, zone: str | None) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).astimezone(zone_or_utc(zone))


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"


def rule_text(rule: str) -> str:
    """Say a rule: ``every 2 weeks on Monday and Friday until 31 Mar 2027``; unusual ones are shown as text."""
    parts = dict(p.partition("=")[::2] for p in rule.removeprefix("RRULE:").split(";"))
    unit = _UNITS.get(parts.pop("FREQ", ""))
    if not rule.startswith("RRULE:") or unit is None:
        return rule
    every = int(parts.pop("INTERVAL", "1"))
    spoken = [f"every {unit}" if every == 1 else f"every {every} {unit}s"]
    spoken.append(_on_days(parts.pop("BYDAY", ""), parts.pop("BYSETPOS", "")))
    spoken.append(_on_month_days(parts.pop("BYMONTHDAY", "")))
    spoken.append(_in_months(parts.pop("BYMONTH", "")))
    spoken.append(_end(parts.pop("UNTIL", ""), parts.pop("COUNT", "")))
    parts.pop("WKST", None)
    return rule.removeprefix("RRULE:") if parts else " ".join(p for p in spoken if p)


def _on_days(text: str, position: str) -> str:
    if not text:
        return ""
    days = text.split(",")
    if tuple(days) == _WEEKDAYS and not position:
        return "on weekdays"
    return "on " + _and([_weekday(d, position) for d in days])


def _weekday(text: str, position: str) -> str:
    name, number = _DAY_NAMES.get(text[-2:], text[-2:]), text[:-2].lstrip("+") or position
    return f"the {_ORDINALS.get(number, number + '.')} {name}" if number else name


def _on_month_days(text: str) -> str:
    return f"on day {_and(['the last' if d == '-1' else d for d in text.split(',')])}" if text else ""


def _in_months(text: str) -> str:
    return f"in {_and([_MONTHS[int(m) - 1] for m in text.split(',')])}" if text else ""


def _end(until: str, count: str) -> str:
    if count:
        return f"{count} times"
    if not until:
        return ""
    day = datetime.strptime(until[:8], "%Y%m%d").date()
    return f"until {day.day} {day:%b %Y}"


def person_text(person: Person | Attendee) -> str:
    """Name somebody, with the address if it says more."""
    if person.name and person.email and person.name.lower() != person.email:
        return f"{person.name} <{person.email}>"
    return person.name or person.email or getattr(person, "phone", "") or "somebody without a name"


def attendee_text(attendee: Attendee) -> str:
    """Name an attendee with what he or she answered."""
    reply = _REPLIES[attendee.status]
    return f"{person_text(attendee)} ({reply})" if reply else person_text(attendee)


def reminders_text(reminders: Sequence[Reminder] | None) -> str:
    """Say when reminders come."""
    if reminders is None:
        return "as the calendar does"
    return _and([f"{_ahead(r.minutes)} before ({r.method})" for r in reminders]) or "none"


def _ahead(minutes: int) -> str:
    for unit, length in (("day", 1440), ("hour", 60)):
        if minutes and minutes % length == 0:
            return f"{minutes // length} {unit}{'s' if minutes != length else ''}"
    return f"{minutes} minute{'s' if minutes != 1 else ''}"


def repeats_text(item: ScheduleItem) -> str:
    """Say how an item repeats, empty for a single one."""
    return "; ".join(rule_text(rule) for rule in item.rules)


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
