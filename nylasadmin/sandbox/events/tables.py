"""All events of one calendar, in the order of their arrival: columns for what queries look at, and packed bodies.

A place once given is never reused, so that paging goes on correctly while events come and go.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import NamedTuple

from nylasadmin.sandbox.events.bodies import Bodies
from nylasadmin.sandbox.events.rows import EventRow

_CANCELLED, _RECURRING, _METADATA, _GONE = 1, 2, 4, 8


_FARTHEST = 2**63 - 1


class _Rare(NamedTuple):
    """What only few events have."""

    master_id: str | None
    original_start: int | None
    event_type: str
    keys: tuple[str | None, ...] | None


_PLAIN = _Rare(None, None, "default", None)


class EventTable:
    """Events by place and by id, and the overrides of each series."""

    __slots__ = ("_bodies", "_columns", "_flags", "_ids", "_overrides", "_places", "_rare")

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._ids: list[str] = []
        self._columns = _Columns()
        self._flags = bytearray()
        self._rare: dict[int, _Rare] = {}
        self._bodies = Bodies()
        self._overrides: dict[str, dict[int, str]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def get(self, event_id: str) -> StoredRow | None:
        """Return the row of an id."""
        place = self._places.get(event_id)
        return None if place is None else StoredRow(self, place)

    def put(self, row: EventRow) -> None:
        """Store a row: in the place of its predecessor, or at the end.

        A new place is flagged last, so that whoever looks in without the lock never sees half a row.
        """
        place = self._places.get(row.id, len(self._ids))
        flags = row.cancelled * _CANCELLED | row.recurring * _RECURRING | row.has_metadata * _METADATA
        self._bodies[place] = row.body
        self._columns.put(place, row)
        self._put_rare(place, _Rare(row.master_id, row.original_start, row.event_type, row.keys))
        if place == len(self._ids):
            self._ids.append(row.id)
            self._flags.append(flags)
            self._places[row.id] = place
        else:
            self._flags[place] = flags
        if row.master_id is not None and row.original_start is not None:
            self._overrides.setdefault(row.master_id, {})[row.original_start] = row.id

    def remove(self, event_id: str) -> None:
        """Forget a row, and with a series its overrides."""
        place = self._places.pop(event_id)
        rare = self._rare.pop(place, _PLAIN)
        self._flags[place] = _GONE
        self._bodies.forget(place)
        if rare.master_id is not None and rare.original_start is not None:
            self._overrides.get(rare.master_id, {}).pop(rare.original_start, None)
        self.remove_overrides(event_id)

    def remove_overrides(self, master_id: str) -> None:
        """Forget all overrides of a series."""
        for override_id in list(self.overrides(master_id).values()):
            self.remove(override_id)
        self._overrides.pop(master_id, None)

    def overrides(self, master_id: str) -> dict[int, str]:
        """Return the ids of a series' overrides by their original start."""
        return self._overrides.get(master_id, {})

    def rows(self, place: int = 0) -> Iterator[tuple[int, StoredRow]]:
        """Yield places and rows from a place on."""
        flags = self._flags
        for at in range(place, len(flags)):
            if not flags[at] & _GONE:
                yield at, StoredRow(self, at)

    def rows_between(self, place: int, low: int, high: int) -> Iterator[tuple[int, StoredRow]]:
        """Yield places and rows from a place on that overlap a window; a moment overlaps where it lies in it."""
        starts, ends, flags = self._columns.starts, self._columns.ends, self._flags
        for at in range(place, len(flags)):
            start = starts[at]
            if start < high and (ends[at] > low or start >= low) and not flags[at] & _GONE:
                yield at, StoredRow(self, at)

    def _put_rare(self, place: int, rare: _Rare) -> None:
        if rare != _PLAIN:
            self._rare[place] = rare
        else:
            self._rare.pop(place, None)


class _Columns:
    """The numbers of each event; an iCalendar uid is kept as a hash of its text."""

    __slots__ = ("ends", "starts", "uids", "updated")

    def __init__(self) -> None:
        self.starts = array("q")
        self.ends = array("q")
        self.updated = array("q")
        self.uids = array("q")

    def put(self, place: int, row: EventRow) -> None:
        numbers = row.start, row.end, row.updated, hash(row.uid)
        for column, number in zip(
            (self.starts, self.ends, self.updated, self.uids), map(_fitting, numbers), strict=True
        ):
            if place == len(column):
                column.append(number)
            else:
                column[place] = number


def _fitting(number: int) -> int:
    """Keep a time that no calendar has within a column; the body says what was sent."""
    return max(-_FARTHEST, min(_FARTHEST, number))


class StoredRow:
    """A look at one row of a table: each value is fetched when it is asked for, as the table then holds it."""

    __slots__ = ("_place", "_table")

    def __init__(self, table: EventTable, place: int) -> None:
        self._table = table
        self._place = place

    @property
    def id(self) -> str:
        """The event's id."""
        return self._table._ids[self._place]

    @property
    def body(self) -> bytes:
        """The encoded event."""
        return self._table._bodies[self._place]

    @property
    def start(self) -> int:
        """When the event begins."""
        return self._table._columns.starts[self._place]

    @property
    def end(self) -> int:
        """When the event, or the last occurrence of a series, ends."""
        return self._table._columns.ends[self._place]

    @property
    def updated(self) -> int:
        """When the event was changed."""
        return self._table._columns.updated[self._place]

    @property
    def cancelled(self) -> bool:
        """Whether the event is cancelled."""
        return bool(self._table._flags[self._place] & _CANCELLED)

    @property
    def recurring(self) -> bool:
        """Whether the event is a series."""
        return bool(self._table._flags[self._place] & _RECURRING)

    @property
    def has_metadata(self) -> bool:
        """Whether the event has metadata."""
        return bool(self._table._flags[self._place] & _METADATA)

    @property
    def master_id(self) -> str | None:
        """The series of an occurrence."""
        return self._table._rare.get(self._place, _PLAIN).master_id

    @property
    def original_start(self) -> int | None:
        """When an occurrence would have begun."""
        return self._table._rare.get(self._place, _PLAIN).original_start

    @property
    def event_type(self) -> str:
        """What kind of entry it is at Google."""
        return self._table._rare.get(self._place, _PLAIN).event_type

    @property
    def keys(self) -> tuple[str | None, ...] | None:
        """The indexed metadata."""
        return self._table._rare.get(self._place, _PLAIN).keys

    def may_have_uid(self, uid: str) -> bool:
        """Tell whether the event's iCalendar uid may be this one; only its text knows for sure."""
        return self._table._columns.uids[self._place] == hash(uid)
