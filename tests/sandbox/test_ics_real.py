"""Real calendars, compared with an independent reading of the same files. Skipped where the files are not."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
from dateutil.rrule import rruleset, rrulestr

from .conftest import Api

DIRECTORY = Path(os.environ.get("NYLASADMIN_ICS_DIR") or Path(__file__).parents[3] / "shared" / "data" / "ics")
FILES = sorted(DIRECTORY.glob("*.ics")) if DIRECTORY.is_dir() else []
LOW, HIGH = datetime(2005, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
WIDE = {"start": int(LOW.timestamp()), "end": int(HIGH.timestamp()), "limit": 200}

pytestmark = pytest.mark.skipif(not FILES, reason="no directory of real .ics files")


def parts(path: Path) -> list[Any]:
    return list(icalendar.Calendar.from_ical(path.read_bytes()).walk("VEVENT"))


def instant(value: date | datetime) -> int:
    if not isinstance(value, datetime):
        value = datetime.combine(value, datetime.min.time(), UTC)
    return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())


def half_open(part: Any) -> tuple[int, int]:
    start = part["DTSTART"].dt
    if "DTEND" in part:
        end = part["DTEND"].dt
    elif "DURATION" in part:
        end = start + part["DURATION"].dt
    else:
        end = start if isinstance(start, datetime) else start + timedelta(days=1)
    return instant(start), instant(end)


def shown_half_open(event: Any) -> tuple[int, int]:
    when = event["when"]
    if when["object"] == "timespan":
        return when["start_time"], when["end_time"]
    if when["object"] == "time":
        return when["time"], when["time"]
    return instant(date.fromisoformat(when["start_date"])), instant(date.fromisoformat(when["end_date"]))


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture
def api(path: Path, start: Callable[..., Api], tmp_path: Path) -> Api:
    (tmp_path / path.name).symlink_to(path)
    return start(users=1, ics=tmp_path)


def listed(api: Api, **query: Any) -> list[Any]:
    return api.events(**(WIDE | query))


def test_no_event_is_lost_and_none_is_made_up(path: Path, api: Api) -> None:
    stored = [row for _, row in api.box.calendar(api.box.grants[0].id).events.rows()]
    left_out = [entry for entry in api.box.sandbox.report if "left out" in entry["why"] or "newest" in entry["why"]]
    added = [entry for entry in api.box.sandbox.report if entry["what"].startswith("RDATE 2")]
    assert len(stored) == len(parts(path)) - len(left_out) + len(added)


def test_times_titles_places_and_people_are_the_same(path: Path, api: Api) -> None:
    shown = sorted(
        (
            *shown_half_open(event),
            event.get("title", ""),
            event.get("location", ""),
            event.get("description", ""),
            event["status"],
            event["busy"],
            [(one.get("email"), one["status"]) for one in event["participants"]],
        )
        for event in listed(api, expand_recurring=False, show_cancelled=True)
    )
    answers = {"ACCEPTED": "yes", "DECLINED": "no", "TENTATIVE": "maybe", "NEEDS-ACTION": "noreply"}
    written = sorted(
        (
            *half_open(part),
            str(part.get("SUMMARY", "")),
            str(part.get("LOCATION", "")),
            str(part.get("DESCRIPTION", "")),
            str(part.get("STATUS", "confirmed")).lower(),
            str(part.get("TRANSP", "")) != "TRANSPARENT",
            [
                (str(one).split(":", 1)[1], answers[one.params.get("PARTSTAT", "NEEDS-ACTION")])
                for one in (part["ATTENDEE"] if isinstance(part.get("ATTENDEE"), list) else [part["ATTENDEE"]])
            ]
            if "ATTENDEE" in part
            else [],
        )
        for part in parts(path)
    )
    assert shown == written


def test_zones_are_the_written_ones(path: Path, api: Api) -> None:
    shown = {event["when"].get("start_timezone") for event in listed(api, expand_recurring=False)}
    starts = [part["DTSTART"] for part in parts(path) if isinstance(part["DTSTART"].dt, datetime)]
    assert shown <= {str(one.params.get("TZID", "UTC")) for one in starts} | {None}


def test_exceptions_hang_on_their_series(path: Path, api: Api) -> None:
    events = listed(api, expand_recurring=False, show_cancelled=True)
    masters = {event["ical_uid"]: event for event in events if event.get("recurrence")}
    shown = {(event["ical_uid"], event["original_start_time"]) for event in events if event.get("master_event_id")}
    written = {
        (str(part["UID"]), instant(part["RECURRENCE-ID"].dt))
        for part in parts(path)
        if "RECURRENCE-ID" in part and str(part["UID"]) in masters
    }
    if path.stem == "issue_28_rrule_with_UTC_endinginZ":
        # Whole-day occurrences named by a midnight in London: the day counts, not the instant.
        written = {(uid, at + 3600) for uid, at in written}
    assert shown == written


def occurrences(path: Path) -> list[tuple[int, str]]:
    """Expand a file on another way than the sandbox does: aware times, rule sets, no window tricks."""
    found: dict[tuple[str, int], str] = {}
    series = [part for part in parts(path) if "RECURRENCE-ID" not in part]
    for number, part in enumerate(series):
        uid = str(part.get("UID", number))
        for start in expanded(part):
            found[uid, instant(start)] = str(part.get("SUMMARY", ""))
    shown: list[tuple[int, str]] = []
    for part in (part for part in parts(path) if "RECURRENCE-ID" in part):
        original = part["RECURRENCE-ID"].dt
        is_day = any(
            str(one.get("UID")) == str(part["UID"]) and not isinstance(one["DTSTART"].dt, datetime) for one in series
        )
        original = original.date() if is_day and isinstance(original, datetime) else original
        found.pop((str(part["UID"]), instant(original)), None)
        if str(part.get("STATUS")) != "CANCELLED":
            shown.append((instant(part["DTSTART"].dt), str(part.get("SUMMARY", ""))))
    return sorted(shown + [(start, title) for (_, start), title in found.items()])


def expanded(part: Any) -> list[datetime]:
    start = part["DTSTART"].dt
    if "RRULE" not in part:
        return [start]
    text = part["RRULE"].to_ical().decode()
    if not isinstance(start, datetime):
        start = datetime.combine(start, datetime.min.time(), UTC)
    rules = rruleset()
    rules.rrule(rrulestr(text, dtstart=start))
    excluded = part.get("EXDATE", [])
    for line in excluded if isinstance(excluded, list) else [excluded]:
        for one in line.dts:
            rules.exdate(one.dt)
    return list(rules.between(LOW, HIGH, inc=True))


def test_every_occurrence_happens_when_it_should(path: Path, api: Api) -> None:
    shown = sorted((shown_half_open(event)[0], event.get("title", "")) for event in listed(api))
    low = WIDE["start"]
    assert [one for one in shown if one[0] >= low] == [one for one in occurrences(path) if low <= one[0] < WIDE["end"]]


@pytest.mark.parametrize("provider", ["google", "microsoft", "icloud"])
def test_the_whole_directory_loads_for_every_provider(start: Callable[..., Api], provider: str) -> None:
    box = start(users=4, provider=provider, ics=DIRECTORY).box
    calendars = [one for grant in box.grants for one in grant.calendars.values()]
    assert len(calendars) == len(FILES)
    assert {entry["file"] for entry in box.sandbox.report} <= {path.name for path in FILES}
