"""Series computed in wall-clock time: compared with aware arithmetic, in any window, on any page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from nylasadmin.sandbox.clocks import FrozenClock
from nylasadmin.sandbox.events.listings import page_of
from nylasadmin.sandbox.events.queries import list_query
from nylasadmin.sandbox.events.recurrences import FOREVER, series_end, starts_between
from nylasadmin.sandbox.filling import fill
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import decoded

from .conftest import NOW

DAY = 86_400
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo", "UTC")
RULES = (
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=3;COUNT=40",
    "FREQ=WEEKLY;BYDAY=MO,WE,FR",
    "FREQ=WEEKLY;INTERVAL=2;UNTIL=20270601T000000Z",
    "FREQ=MONTHLY;BYDAY=-1SA",
    "FREQ=MONTHLY;BYMONTHDAY=31",
    "FREQ=YEARLY;COUNT=3",
)


def when_at(start: int, zone: str) -> dict[str, Any]:
    return {
        "start_time": start,
        "end_time": start + 1800,
        "start_timezone": zone,
        "end_timezone": zone,
        "object": "timespan",
    }


@given(
    rule=st.sampled_from(RULES),
    zone=st.sampled_from(ZONES),
    first=st.integers(NOW, NOW + 400 * DAY).map(lambda second: second // 60 * 60),
    low=st.integers(-10, 900),
    days=st.integers(0, 500),
)
def test_occurrences_are_those_of_aware_arithmetic(rule: str, zone: str, first: int, low: int, days: int) -> None:
    start = datetime.fromtimestamp(first, ZoneInfo(zone))
    window = NOW + low * DAY, NOW + (low + days) * DAY
    aware = rrulestr(rule, dtstart=start)
    bounds = [datetime.fromtimestamp(at, UTC) for at in (window[0] - DAY, window[1] + DAY)]
    expected = sorted({int(one.timestamp()) for one in aware.between(*bounds, inc=True)})
    found = starts_between(when_at(first, zone), [f"RRULE:{rule}"], *window, end_exclusive=True)
    assert found == [at for at in expected if window[0] <= at < window[1]]


@pytest.mark.parametrize(
    ("rule", "last"),
    [
        ("FREQ=DAILY", None),
        ("FREQ=DAILY;COUNT=3", NOW + 2 * DAY),
        ("FREQ=DAILY;UNTIL=20260105T000000Z", NOW + 4 * DAY),
        ("FREQ=DAILY;UNTIL=20260104T235959Z", NOW + 3 * DAY),
        ("FREQ=DAILY;UNTIL=20260104", NOW + 3 * DAY),
        ("FREQ=WEEKLY;UNTIL=20251231T000000Z", NOW),
    ],
)
def test_a_series_ends_with_its_last_occurrence(rule: str, last: int | None) -> None:
    end = series_end(when_at(NOW, "UTC"), [f"RRULE:{rule}"], end_exclusive=True)
    assert end == (FOREVER if last is None else last + 1800)


@given(
    limit=st.integers(1, 200),
    by_start=st.booleans(),
    expand=st.booleans(),
    low=st.integers(-120, 100),
    days=st.integers(0, 200),
)
def test_pages_of_any_size_make_up_the_whole_list(
    limit: int, by_start: bool, expand: bool, low: int, days: int
) -> None:
    table, rules = _FILLED.events, _FILLED.rules
    query = {"start": str(NOW + low * DAY), "end": str(NOW + (low + days) * DAY), "expand_recurring": str(expand)}
    query |= {"order_by": "start"} if by_start else {}
    found: list[bytes] = []
    token: str | None = ""
    while token is not None:
        args = MultiDict(query | {"limit": str(limit)} | ({"page_token": token} if token else {}))
        page = page_of(table, list_query(args, rules, "x", NOW), rules)
        assert len(page.bodies) <= limit
        found, token = found + page.bodies, page.next_cursor
    ids = [decoded(body)["id"] for body in found]
    assert len(ids) == len(set(ids))
    whole = page_of(table, list_query(MultiDict(query | {"limit": "200"}), rules, "x", NOW), rules)
    assert found[:200] == whole.bodies
    assert set(ids) == _expected(NOW + low * DAY, NOW + (low + days) * DAY, expand=expand)


def _expected(low: int, high: int, *, expand: bool) -> set[str]:
    """Return which ids a window should show, by looking at each event and occurrence alone."""

    def overlaps(start: int, end: int) -> bool:
        return start < max(high, low + 1) and (end > low or start >= low)

    shown: set[str] = set()
    for _, row in _FILLED.events.rows():
        if row.cancelled:
            continue
        if not (row.recurring and expand):
            shown |= {row.id} if overlaps(row.start, row.end) else set()
            continue
        event, changed = decoded(row.body), _FILLED.events.overrides(row.id)
        length = event["when"]["end_time"] - event["when"]["start_time"]
        starts = starts_between(event["when"], event["recurrence"], 0, high + DAY, end_exclusive=True)
        regular = [start for start in starts if start not in changed and overlaps(start, start + length)]
        shown |= {f"{row.id}_{_stamp(start)}" for start in regular}
    return shown


def _stamp(start: int) -> str:
    return f"{datetime.fromtimestamp(start, UTC):%Y%m%dT%H%M%SZ}"


def _filled() -> Any:
    sandbox = Sandbox(clock=FrozenClock(NOW))
    fill(sandbox, users=6, events_per_user=150)
    return next(iter(sandbox.grants)).primary


_FILLED = _filled()
