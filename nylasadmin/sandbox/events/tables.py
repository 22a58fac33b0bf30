"""All events of one calendar, in the order of their arrival.

A place once given is never reused, so that paging goes on correctly while events come and go.
"""

from __future__ import annotations

from collections.abc import Iterator

from nylasadmin.sandbox.events.rows import EventRow


class EventTable:
    """Rows by place and by id, and the overrides of each series."""

    def __init__(self) -> None:
        self._rows: list[EventRow | None] = []
        self._places: dict[str, int] = {}
        self._overrides: dict[str, dict[int, str]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def get(self, event_id: str) -> EventRow | None:
        """Return the row of an id."""
        place = self._places.get(event_id)
        return None if place is None else self._rows[place]

    def put(self, row: EventRow) -> None:
        """Store a row: in the place of its predecessor, or at the end."""
        place = self._places.get(row.id)
        if place is None:
            self._places[row.id] = len(self._rows)
            self._rows.append(row)
        else:
            self._rows[place] = row
        if row.master_id is not None and row.original_start is not None:
            self._overrides.setdefault(row.master_id, {})[row.original_start] = row.id

    def remove(self, event_id: str) -> None:
        """Forget a row, and with a series its overrides."""
        place = self._places.pop(event_id)
        row = self._rows[place]
        self._rows[place] = None
        if row is not None and row.master_id is not None and row.original_start is not None:
            self._overrides.get(row.master_id, {}).pop(row.original_start, None)
        self.remove_overrides(event_id)

    def remove_overrides(self, master_id: str) -> None:
        """Forget all overrides of a series."""
        for override_id in list(self.overrides(master_id).values()):
            self.remove(override_id)
        self._overrides.pop(master_id, None)

    def overrides(self, master_id: str) -> dict[int, str]:
        """Return the ids of a series' overrides by their original start."""
        return self._overrides.get(master_id, {})

    def rows(self, place: int = 0) -> Iterator[tuple[int, EventRow]]:
        """Yield places and rows from a place on."""
        rows = self._rows
        for at in range(place, len(rows)):
            row = rows[at]
            if row is not None:
                yield at, row
