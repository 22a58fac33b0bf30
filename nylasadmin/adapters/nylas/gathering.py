"""Putting a listing together: masters and their occurrences come on any page and become one item at the end."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from nylasadmin.adapters.nylas.wire import WireEvent


class Gathering(msgspec.Struct):
    """The parts of series seen in a listing so far, by their master's id.

    ``gone``: cancelled as a whole. ``spoilt``: one of the occurrences cannot be read, so the series cannot either.
    """

    masters: dict[str, WireEvent] = {}
    overrides: dict[str, dict[str, WireEvent]] = {}
    gone: set[str] = set()
    spoilt: set[str] = set()

    def takes(self, event: WireEvent) -> bool:
        """Keep an event that is part of a series, or cancelled; say whether it was one."""
        master_id = event.master_event_id
        if master_id and master_id != event.id:
            self.overrides.setdefault(master_id, {})[event.id] = event
        elif event.is_cancelled:
            self.gone.add(event.id)
        elif event.recurrence:
            self.masters[event.id] = event
        else:
            return False
        return True

    def join(self, other: Gathering) -> None:
        """Add what another range of the same listing brought; the later one counts."""
        self.masters |= other.masters
        for master_id, overrides in other.overrides.items():
            self.overrides.setdefault(master_id, {}).update(overrides)
        self.gone |= other.gone
        self.spoilt |= other.spoilt

    def series(self) -> Iterator[tuple[WireEvent, list[WireEvent]]]:
        """Yield each master with its occurrences."""
        for master_id, master in self.masters.items():
            if master_id not in self.gone:
                yield master, list(self.overrides.get(master_id, {}).values())

    def orphans(self) -> Iterator[tuple[str, list[WireEvent]]]:
        """Yield the living occurrences whose master was not listed, by its id."""
        for master_id, overrides in self.overrides.items():
            living = [e for e in overrides.values() if not e.is_cancelled]
            if living and master_id not in self.masters and master_id not in self.gone:
                yield master_id, living
