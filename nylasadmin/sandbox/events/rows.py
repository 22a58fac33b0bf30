"""One event as it is given to a table: its encoded JSON and the few columns that queries look at.

A list page is then bytes joined together; nothing is decoded unless a filter asks for words.
"""

from __future__ import annotations

from typing import NamedTuple

from nylasadmin.sandbox.events.recurrences import series_end
from nylasadmin.sandbox.events.whens import span
from nylasadmin.sandbox.wire import Json, encoded

INDEXED_KEYS = ("key1", "key2", "key3", "key4", "key5")


class EventRow(NamedTuple):
    """An event for a table. `end` is the end of the last occurrence for a series."""

    id: str
    body: bytes
    start: int
    end: int
    updated: int
    cancelled: bool
    recurring: bool
    master_id: str | None
    original_start: int | None
    uid: str | None
    event_type: str
    keys: tuple[str | None, ...] | None
    has_metadata: bool


def row_of(event: Json, *, end_exclusive: bool, event_type: str = "default") -> EventRow:
    """Encode an event and lift its columns out."""
    start, end = span(event["when"], end_exclusive=end_exclusive)
    recurrence = event.get("recurrence")
    if recurrence:
        end = series_end(event["when"], recurrence, end_exclusive=end_exclusive)
    metadata = event.get("metadata")
    return EventRow(
        id=event["id"],
        body=encoded(event),
        start=start,
        end=end,
        updated=event["updated_at"],
        cancelled=event.get("status") == "cancelled",
        recurring=bool(recurrence),
        master_id=event.get("master_event_id"),
        original_start=event.get("original_start_time"),
        uid=event.get("ical_uid"),
        event_type=event_type,
        keys=tuple(metadata.get(key) for key in INDEXED_KEYS) if metadata else None,
        has_metadata=bool(metadata),
    )
