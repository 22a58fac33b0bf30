"""The events of one file into one calendar: single events, series, exceptions, added dates, duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from icalendar import Component

from nylasadmin.sandbox.calendars import Calendar
from nylasadmin.sandbox.events.occurrences import occurrence_id, stamp
from nylasadmin.sandbox.events.whens import moved
from nylasadmin.sandbox.events.writes import exclude_occurrence, store
from nylasadmin.sandbox.ics.conversion import Conversion
from nylasadmin.sandbox.ics.files import IcsFile
from nylasadmin.sandbox.ics.series import added_starts, original_start, recurrence_lines
from nylasadmin.sandbox.ics.times import Times
from nylasadmin.sandbox.ics.values import first, moment, text
from nylasadmin.sandbox.ics.zones import ZoneNames
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import Json, decoded


@dataclass(frozen=True, slots=True)
class _Entry:
    """One usable VEVENT."""

    part: Component
    uid: str
    when: Json
    replaces: datetime | date | None

    @property
    def version(self) -> tuple[int, str]:
        """What makes one of two descriptions of the same thing the newer."""
        sequence = text(self.part, "SEQUENCE")
        return int(sequence) if sequence.isdigit() else 0, str(moment(self.part, "LAST-MODIFIED") or "")


class Loader:
    """Loads one file into one calendar."""

    def __init__(self, sandbox: Sandbox, calendar: Calendar, file: IcsFile) -> None:
        self._identifiers = sandbox.identifiers
        self._calendar = calendar
        self._file = file
        self._report = file.report
        self._exclusive = calendar.rules.end_date_exclusive
        self._times = Times(
            ZoneNames(file.zones, file.timezone, file.report), file.report, end_exclusive=self._exclusive
        )
        self._conversion = Conversion(calendar, file.report)
        self._series: dict[str, str] = {}

    def load(self) -> None:
        """Load all events; exceptions come after the series they belong to."""
        entries = self._without_duplicates(list(self._entries()))
        for entry in entries:
            if entry.replaces is None:
                self._load_main(entry)
        for entry in entries:
            if entry.replaces is not None:
                self._load_exception(entry, entry.replaces)

    def _entries(self) -> Iterator[_Entry]:
        for number, part in enumerate(self._file.events):
            uid = text(part, "UID").strip() or self._made_uid(part, number)
            when = self._times.when(part, uid)
            if when is None:
                self._report.add(uid, "the event", "has no readable DTSTART: left out")
                continue
            yield _Entry(part, uid, when, moment(part, "RECURRENCE-ID"))

    def _made_uid(self, part: Component, number: int) -> str:
        uid = self._identifiers.derived("uuid", f"{self._file.name} {number} {text(part, 'SUMMARY')}")
        self._report.add(uid, "UID", f"is missing: {text(part, 'SUMMARY')!r} got this one")
        return uid

    def _without_duplicates(self, entries: list[_Entry]) -> list[_Entry]:
        """Keep the newest of several descriptions of the same thing."""
        kept: dict[tuple[str, str, str], _Entry] = {}
        for entry in entries:
            # Two main events of one UID that begin at different times are two events, whatever the standard says.
            key = entry.uid, str(entry.replaces), "" if entry.replaces else str(entry.when)
            if key in kept:
                self._report.add(entry.uid, "the event", "is described more than once: the newest is kept")
            if key not in kept or entry.version > kept[key].version:
                kept[key] = entry
        return list(kept.values())

    def _load_main(self, entry: _Entry) -> None:
        event_id = self._event_id(entry.uid)
        event = self._conversion.event(entry.part, entry.uid, event_id, entry.when)
        lines = recurrence_lines(entry.part, entry.when, self._times, self._report, entry.uid)
        if lines:
            event["recurrence"] = lines
            self._series.setdefault(entry.uid, event_id)
        if not self._is_dropped(entry):
            store(self._calendar, event)
            self._load_added(entry, event, lines)

    def _load_added(self, entry: _Entry, event: Json, lines: list[str]) -> None:
        """Nylas has no RDATE: each added date becomes an event of its own."""
        for start in added_starts(entry.part, entry.when, lines, self._times, end_exclusive=self._exclusive):
            uid = f"{entry.uid}-rdate-{stamp(event, start)}"
            single = {key: value for key, value in event.items() if key != "recurrence"}
            single |= {"id": self._event_id(uid), "ical_uid": uid}
            single["when"] = moved(entry.when, start, end_exclusive=self._exclusive)
            store(self._calendar, single)
            self._report.add(entry.uid, f"RDATE {stamp(event, start)}", "is kept as an event of its own")

    def _load_exception(self, entry: _Entry, replaces: datetime | date) -> None:
        row = self._calendar.events.get(self._series.get(entry.uid, ""))
        if row is None:
            self._load_orphan(entry, replaces)
            return
        master = decoded(row.body)
        start = original_start(replaces, master["when"], self._times)
        if str(first(entry.part, "RECURRENCE-ID").params.get("RANGE", "")):
            self._report.add(entry.uid, "RECURRENCE-ID;RANGE", "changes this occurrence only")
        if self._is_cancelled(entry) and not self._calendar.rules.occurrence_deletion_cancels:
            exclude_occurrence(self._calendar, master, start, master["updated_at"])
            return
        event = self._conversion.event(entry.part, entry.uid, occurrence_id(master, start), entry.when)
        event |= {"master_event_id": master["id"], "original_start_time": start}
        if self._calendar.rules.occurrence_has_own_uid:
            event["ical_uid"] = f"{entry.uid}-{stamp(master, start)}"
        store(self._calendar, event)

    def _load_orphan(self, entry: _Entry, replaces: datetime | date) -> None:
        """Keep an exception whose series is not in the file as a single event that knows its original start."""
        if self._is_dropped(entry):
            return
        event_id = self._event_id(f"{entry.uid} {replaces}")
        event = self._conversion.event(entry.part, entry.uid, event_id, entry.when)
        event["original_start_time"] = original_start(replaces, entry.when, self._times)
        store(self._calendar, event)
        self._report.add(
            entry.uid, f"RECURRENCE-ID {replaces}", "its series is not in the file: kept as a single event"
        )

    def _is_cancelled(self, entry: _Entry) -> bool:
        return text(entry.part, "STATUS").upper() == "CANCELLED"

    def _is_dropped(self, entry: _Entry) -> bool:
        """Tell whether a cancelled event has no place, because the provider has no cancelled events."""
        if self._calendar.rules.has_status or not self._is_cancelled(entry):
            return False
        self._report.add(
            entry.uid, "STATUS:CANCELLED", f"{self._calendar.rules.name} has no cancelled events: left out"
        )
        return True

    def _event_id(self, text_of_id: str) -> str:
        shape, text_of_id = self._calendar.rules.event_id_shape, f"{self._calendar.id} {text_of_id}"
        while self._calendar.events.get(found := self._identifiers.derived(shape, text_of_id)) is not None:
            text_of_id += "+"
        return found
