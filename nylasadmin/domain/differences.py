"""What an update would change, field by field and in plain words: what an operator reads before confirming.

Only fields that count under the fidelity are compared, so a difference shown is a difference written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum

import msgspec

from nylasadmin.domain import describing
from nylasadmin.domain.fidelity import Fidelity, compared
from nylasadmin.domain.items import ScheduleItem


class Field(StrEnum):
    """The fields of an item in the order in which people read them."""

    TITLE = "title"
    WHEN = "when"
    REPEATS = "repeats"
    CANCELLED = "cancelled occurrences"
    CHANGED = "changed occurrences"
    LOCATION = "location"
    ATTENDEES = "attendees"
    ORGANIZER = "organizer"
    BUSY = "shown as"
    VISIBILITY = "visibility"
    REMINDERS = "reminders"
    NOTES = "notes"


class Difference(msgspec.Struct, frozen=True):
    """One field: what goes (``old``) and what comes (``new``); of lists only what differs."""

    field: Field
    old: tuple[str, ...]
    new: tuple[str, ...]


_Read = Callable[[ScheduleItem], Iterable[str]]

_FIELDS: dict[Field, _Read] = {
    Field.TITLE: lambda i: [i.title] if i.title else [],
    Field.WHEN: lambda i: [describing.when_text(i.when)],
    Field.REPEATS: lambda i: [describing.repeats_text(i)] if i.rules else [],
    Field.CANCELLED: lambda i: [describing.moment_text(m, i.when) for m in i.cancelled],
    Field.CHANGED: lambda i: [_occurrence(i, n) for n in range(len(i.exceptions))],
    Field.LOCATION: lambda i: [i.location] if i.location else [],
    Field.ATTENDEES: lambda i: [describing.attendee_text(a) for a in i.attendees],
    Field.ORGANIZER: lambda i: [describing.person_text(i.organizer)] if i.organizer else [],
    Field.BUSY: lambda i: ["busy" if i.busy else "free"],
    Field.VISIBILITY: lambda i: [str(i.visibility)],
    Field.REMINDERS: lambda i: [describing.reminders_text(i.reminders)],
    Field.NOTES: lambda i: [i.notes] if i.notes else [],
}
_SENSITIVE = frozenset({Field.TITLE, Field.LOCATION, Field.ATTENDEES, Field.ORGANIZER, Field.NOTES, Field.CHANGED})
MASK = "•••"


def _occurrence(series: ScheduleItem, number: int) -> str:
    changed = series.exceptions[number]
    at = describing.moment_text(changed.original_start, series.when)
    title = f"{changed.item.title}, " if changed.item.title != series.title else ""
    return f"{at} → {title}{describing.when_text(changed.item.when)}"


def differences(old: ScheduleItem | None, new: ScheduleItem | None, fidelity: Fidelity) -> list[Difference]:
    """Compare two versions of an item under a fidelity; ``None`` for an item that is not there (create, delete)."""
    before = compared(old, fidelity) if old is not None else None
    after = compared(new, fidelity) if new is not None else None
    found = []
    for field, read in _FIELDS.items():
        gone = list(read(before)) if before is not None else []
        come = list(read(after)) if after is not None else []
        if gone != come:
            found.append(Difference(field, _without(gone, come), _without(come, gone)))
    return [d for d in found if d.old or d.new]


def _without(these: list[str], those: list[str]) -> tuple[str, ...]:
    return tuple(t for t in these if t not in those)


def masked(found: Iterable[Difference]) -> list[Difference]:
    """Hide what says who meets whom about what, keeping which fields differ and how many values."""
    return [
        Difference(d.field, (MASK,) * len(d.old), (MASK,) * len(d.new)) if d.field in _SENSITIVE else d for d in found
    ]
