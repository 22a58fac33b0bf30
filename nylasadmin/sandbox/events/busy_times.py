"""When the owner of a calendar is busy: spans that touch or overlap are one. The caller holds the sandbox's lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nylasadmin.sandbox.events.listings import page_of
from nylasadmin.sandbox.events.queries import EventQuery
from nylasadmin.sandbox.events.whens import span
from nylasadmin.sandbox.wire import Json, decoded

if TYPE_CHECKING:
    from nylasadmin.sandbox.calendars import Calendar

_ALL = 1_000_000
_TYPES_THAT_TAKE_TIME = ("default", "outOfOffice", "focusTime")


def busy_times(calendar: Calendar, start: int, end: int, *, maybe_is_busy: bool) -> list[tuple[int, int]]:
    """Return the busy spans within a window, cut at its ends."""
    query = EventQuery(
        scope="",
        low=start,
        high=end,
        limit=_ALL,
        expand=True,
        event_types=_TYPES_THAT_TAKE_TIME,
        select=("when", "busy", "status"),
    )
    busy: list[tuple[int, int]] = []
    for low, high in sorted(_spans(calendar, query, maybe_is_busy=maybe_is_busy)):
        low, high = max(low, start), min(high, end)
        if busy and low <= busy[-1][1]:
            busy[-1] = (busy[-1][0], max(busy[-1][1], high))
        elif low < high:
            busy.append((low, high))
    return busy


def _spans(calendar: Calendar, query: EventQuery, *, maybe_is_busy: bool) -> list[tuple[int, int]]:
    events: list[Json] = [decoded(body) for body in page_of(calendar.events, query, calendar.rules).bodies]
    exclusive = calendar.rules.end_date_exclusive
    return [
        span(one["when"], end_exclusive=exclusive)
        for one in events
        if one.get("busy") is not False and (maybe_is_busy or one.get("status") != "maybe")
    ]
