"""Reading an .ics file into components; a damaged file gives what is whole in it."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from icalendar import Calendar, Component

from nylasadmin.sandbox.ics.reports import FileReport

_BLOCK = re.compile(rb"^BEGIN:(VTIMEZONE|VEVENT)\r?$.*?^END:\1\r?$", re.DOTALL | re.MULTILINE | re.IGNORECASE)
_EVENT_BEGINS = re.compile(rb"^BEGIN:VEVENT\r?$", re.MULTILINE | re.IGNORECASE)
_HEAD = re.compile(rb"^X-WR-[A-Z]+[:;].*?$(?:\r?\n[ \t].*?$)*", re.MULTILINE)


@dataclass
class IcsFile:
    """The contents of one file."""

    name: str
    title: str
    timezone: str | None
    report: FileReport
    is_calendar: bool = False
    events: list[Component] = field(default_factory=list)
    zones: dict[str, Component] = field(default_factory=dict)


def read_file(path: Path) -> IcsFile:
    """Read a file; whatever is wrong with it is in its report."""
    report = FileReport(path.name)
    try:
        data = path.read_bytes()
    except OSError as problem:
        report.add(None, "the file", f"cannot be read: {problem.strerror}")
        return IcsFile(path.name, path.stem, None, report)
    calendars = [one for one in _parsed(data, report) if one.name == "VCALENDAR"]
    file = IcsFile(path.name, _text(calendars, "X-WR-CALNAME") or path.stem, _text(calendars, "X-WR-TIMEZONE"), report)
    file.is_calendar = bool(calendars)
    for calendar in calendars:
        for part in calendar.subcomponents:
            _sort_in(file, part)
    return file


def _sort_in(file: IcsFile, part: Component) -> None:
    if part.name == "VEVENT":
        file.events.append(part)
    elif part.name == "VTIMEZONE":
        file.zones[str(part.get("TZID", ""))] = part
    else:
        file.report.add(str(part.get("UID", "")) or None, str(part.name), "only events are loaded")


def _parsed(data: bytes, report: FileReport) -> list[Component]:
    """Parse the whole; if that gives less events than the file begins, parse what is whole in it."""
    begun = len(_EVENT_BEGINS.findall(data))
    components: list[Component] = []
    with warnings.catch_warnings(record=True) as doubts:
        warnings.simplefilter("always")
        try:
            components = Component.from_ical(data, multiple=True)
        except (ValueError, IndexError, KeyError) as problem:
            report.add(None, "the file", f"is damaged: {problem}")
    for text in dict.fromkeys(str(doubt.message) for doubt in doubts):
        report.add(None, "the file", text)
    if sum(len(one.walk("VEVENT")) for one in components) >= begun and (begun or components):
        return components
    return _salvaged(data, begun, report)


def _salvaged(data: bytes, begun: int, report: FileReport) -> list[Component]:
    head = b"\r\n".join(found.group().rstrip(b"\r") for found in _HEAD.finditer(data))
    blocks = [found.group() for found in _BLOCK.finditer(data)]
    found: list[Component] = []
    for block in blocks:
        found += _parsed_block(head, block, report)
    whole = sum(len(one.walk("VEVENT")) for one in found)
    report.add(None, "the file", f"is damaged: {whole} of {begun} events could be read")
    return found


def _parsed_block(head: bytes, block: bytes, report: FileReport) -> list[Component]:
    parts = [part for part in (b"BEGIN:VCALENDAR", head, block, b"END:VCALENDAR", b"") if part] + [b""]
    try:
        return list(Calendar.from_ical(b"\r\n".join(parts), multiple=True))
    except (ValueError, IndexError, KeyError) as problem:
        report.add(None, "an event", f"is damaged: {problem}")
        return []


def _text(calendars: list[Component], name: str) -> str | None:
    return next((str(one[name]).strip() for one in calendars if str(one.get(name, "")).strip()), None)
