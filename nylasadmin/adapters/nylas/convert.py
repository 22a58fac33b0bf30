"""Wire events to schedule items: half-open times, one item per series, nothing lost and nothing made up.

Pure functions of an event and its provider's rules. What cannot be an item raises ``ValueError`` with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta

import msgspec

from nylasadmin.adapters.nylas.wire import WireEvent, WireParticipant, WireReminders, WireWhen
from nylasadmin.domain.cancellations import has_occurrence
from nylasadmin.domain.fidelity import occurrence
from nylasadmin.domain.items import (
    AllDay,
    Attendee,
    ChangedOccurrence,
    Moment,
    Person,
    Reminder,
    Reply,
    ScheduleItem,
    Timed,
    Visibility,
    When,
    day_of,
    moment_seconds,
    sorted_attendees,
)
from nylasadmin.domain.providers import ProviderRules
from nylasadmin.domain.recurrence import normalized_rule, parse_exdates, zone_or_utc

CONVERSION_VERSION = 1
"""Raised when an event becomes another item than before; what was seen until then is looked at afresh."""

MARKER_KEY = "key1"
"""The metadata key that carries our marker: indexed, and free of separators that clients rewrite."""

_DAY = timedelta(days=1)
_HALF_DAY_S = 43_200
_REPLIES: dict[str | None, Reply] = {r.value: r for r in Reply}
_VISIBILITIES: dict[str | None, Visibility] = {
    **{v.value: v for v in Visibility},
    "confidential": Visibility.PRIVATE,
}
_SUFFIX = re.compile(r"_(\d{8})(?:T(\d{6})Z)?$")


class Series(msgspec.Struct, frozen=True):
    """An item with what is needed to write it: the event itself and, for a series, how its occurrences are stored.

    ``occurrence_ids`` names the stored override of a moment (changed or cancelled); ``excluded`` are the moments
    cancelled by the recurrence itself; ``modified`` (Unix seconds) when any of it last changed.
    """

    event: WireEvent
    item: ScheduleItem
    occurrence_ids: dict[Moment, str]
    excluded: frozenset[Moment]
    modified: int | None = None


def item_of(event: WireEvent, rules: ProviderRules) -> ScheduleItem:
    """Convert one event that is no series: a single event or one changed occurrence."""
    return _item(event, when_of(event.when, rules), rules)


def orphan_of(event: WireEvent, rules: ProviderRules) -> ScheduleItem:
    """Convert an occurrence whose series this account cannot read into an item of its own."""
    when = when_of(event.when, rules)
    item = _item(event, when, rules)
    return msgspec.structs.replace(item, original_start=original_moment(event, when))


def series_of(master: WireEvent, overrides: Iterable[WireEvent], rules: ProviderRules) -> Series:
    """Fold a master and its stored occurrences into one item.

    An occurrence that equals what its series says is none: some answers list them all. One that its series has not (any
    more) is there all the same, whatever it says.
    """
    when = when_of(master.when, rules)
    lines, excluded = _split_recurrence(master.recurrence or (), when)
    item = _item(master, when, rules, lines)
    cancelled, changed, ids, modified = set(excluded), {}, {}, master.modified
    for event in overrides:
        modified = max(modified or 0, event.modified or 0) or None
        moment = original_moment(event, when)
        ids[moment] = event.id
        if event.is_cancelled:
            cancelled.add(moment)
            continue
        cancelled.discard(moment)
        instead = msgspec.structs.replace(item_of(event, rules), uid=None)
        if instead != occurrence(item, moment) or not has_occurrence(item.rules, item.when, moment):
            changed[moment] = instead
    return Series(master, _with_occurrences(item, cancelled, changed), ids, frozenset(excluded), modified)


def _with_occurrences(
    item: ScheduleItem, cancelled: Iterable[Moment], changed: dict[Moment, ScheduleItem]
) -> ScheduleItem:
    return msgspec.structs.replace(
        item,
        cancelled=tuple(sorted(cancelled, key=moment_seconds)),
        exceptions=tuple(ChangedOccurrence(m, changed[m]) for m in sorted(changed, key=moment_seconds)),
    )


def _item(event: WireEvent, when: When, rules: ProviderRules, lines: tuple[str, ...] = ()) -> ScheduleItem:
    return ScheduleItem(
        when=when,
        title=event.title or "",
        notes=event.description or "",
        location=event.location or "",
        busy=event.busy is not False,
        visibility=_VISIBILITIES.get(event.visibility, Visibility.DEFAULT),
        organizer=organizer_of(event),
        attendees=_attendees(event.participants) if event.participants else (),
        reminders=_reminders(event.reminders, rules.popup) if event.reminders else None,
        rules=lines,
        uid=event.ical_uid or None,
    )


def organizer_of(event: WireEvent) -> Person | None:
    """Give who organizes an event."""
    organizer = event.organizer
    return Person((organizer.email or "").strip().lower(), organizer.name or "") if organizer else None


def _attendees(participants: list[WireParticipant]) -> tuple[Attendee, ...]:
    return sorted_attendees(
        tuple(
            Attendee(
                (p.email or "").strip().lower(),
                p.name or "",
                _REPLIES.get(p.status, Reply.NONE),
                p.comment or "",
                p.phone_number or "",
            )
            for p in participants
        )
    )


def _reminders(reminders: WireReminders, popup: str) -> tuple[Reminder, ...] | None:
    """None means "as the calendar does"; only an explicit refusal of the default makes an empty list mean "none"."""
    if reminders.use_default or (reminders.overrides is None and reminders.use_default is None):
        return None
    found = {
        Reminder(o.reminder_minutes, "popup" if o.reminder_method in (None, "", popup) else str(o.reminder_method))
        for o in reminders.overrides or ()
        if o.reminder_minutes is not None
    }
    if not found and reminders.use_default is None:
        return None
    return tuple(sorted(found))


def when_of(when: WireWhen | None, rules: ProviderRules) -> When:
    """Convert a ``when`` of any kind, with or without its ``object``. Raises ``ValueError`` when it says nothing."""
    if when is None:
        raise ValueError("the event has no time")
    if when.start_time is not None:
        end = when.start_time if when.end_time is None else max(when.end_time, when.start_time)
        zone = when.start_timezone or when.end_timezone or None
        return Timed(when.start_time, end, zone, _other(when.end_timezone, zone))
    if when.time is not None:
        return Timed(when.time, when.time, when.timezone or None)
    if when.start_date is not None:
        return AllDay(when.start_date, _day_after_last(when.start_date, when.end_date, rules.is_end_inclusive))
    if when.date is not None:
        return AllDay(when.date, when.date + _DAY)
    raise ValueError("the event has no time")


def _other(zone: str | None, than: str | None) -> str | None:
    return zone if zone and zone != than else None


def _day_after_last(start: date, end: date | None, is_inclusive: bool) -> date:
    if end is None:
        return start + _DAY
    if is_inclusive:
        end = end + _DAY
    return end if end > start else start + _DAY


def _excluded(line: str, zone: str | None) -> list[Moment] | None:
    try:
        return parse_exdates(line, zone)
    except ValueError:
        return None


def _split_recurrence(lines: Iterable[str], when: When) -> tuple[tuple[str, ...], set[Moment]]:
    """Part rules from exclusions. What we cannot read (RDATE, EXRULE ...) stays as text, so that nothing is lost."""
    rules: list[str] = []
    excluded: set[Moment] = set()
    zone = when.zone if isinstance(when, Timed) else None
    for line in lines:
        name = line.strip().partition(":")[0].partition(";")[0].upper()
        moments = _excluded(line.strip(), zone) if name == "EXDATE" else None
        if moments is not None:
            excluded.update(_same_kind(m, when) for m in moments)
        else:
            rules.append(normalized_rule(line) if "FREQ=" in line.upper() else line.strip())
    return tuple(sorted(rules)), excluded if rules else set()


def _same_kind(moment: Moment, when: When) -> Moment:
    """Express a moment as its series counts: days for whole days, instants for times."""
    if isinstance(when, AllDay):
        return day_of(moment) if isinstance(moment, int) else moment
    if isinstance(moment, int):
        return moment
    zone = zone_or_utc(when.zone)
    clock = datetime.fromtimestamp(when.start, zone).timetz().replace(tzinfo=None)
    return int(datetime.combine(moment, clock, zone).timestamp())


def original_moment(event: WireEvent, series: When) -> Moment:
    """Tell which occurrence of its series an event stands for: its original start, its id, else its own start."""
    suffix = _SUFFIX.search(event.id)
    if isinstance(series, AllDay):
        if suffix and not suffix[2]:
            return datetime.strptime(suffix[1], "%Y%m%d").date()
        return _day_near(event.original_start_time, event.when)
    if event.original_start_time is not None:
        return event.original_start_time
    if suffix and suffix[2]:
        return int(datetime.strptime(suffix[1] + suffix[2] + "+0000", "%Y%m%d%H%M%S%z").timestamp())
    return _own_start(event.when)


def _day_near(original: int | None, when: WireWhen | None) -> Moment:
    # Midnight may be meant in the calendar's own zone: the nearest midnight in UTC is of the same day.
    if original is not None:
        return day_of(original + _HALF_DAY_S)
    day = when and (when.start_date or when.date)
    return day if day else day_of(_own_start(when))


def _own_start(when: WireWhen | None) -> int:
    start = when.start_time if when and when.start_time is not None else when.time if when else None
    if start is None:
        raise ValueError("an occurrence without its original start")
    return start


def marker(installation: str, claims: str) -> str:
    """Spell our marker: which item of this installation's CRM an event was made for."""
    return f"{installation}/{claims}"


def claimed_by(event: WireEvent, installation: str) -> str | None:
    """Give the item our marker on an event names; ``None`` for none or another installation's."""
    text = event.metadata.get(MARKER_KEY) if event.metadata else None
    prefix = installation + "/"
    return text[len(prefix) :] or None if isinstance(text, str) and text.startswith(prefix) else None
