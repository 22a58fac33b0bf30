"""What an update would change, field by field and in plain words: what an operator reads before confirming.

Only fields that count under the fidelity are compared, so a difference shown is a difference written.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from nylasadmin.domain.fidelity import Fidelity
from nylasadmin.domain.fields import SENSITIVE, Field
from nylasadmin.domain.kinds import Item, compared, kind_of

__all__ = ["MASK", "Difference", "Field", "Versions", "differences", "masked", "masked_versions", "side_by_side"]

MASK = "•••"


class Difference(msgspec.Struct, frozen=True):
    """One field: what goes (``old``) and what comes (``new``); of lists only what differs."""

    field: Field
    old: tuple[str, ...]
    new: tuple[str, ...]


def differences(old: Item | None, new: Item | None, fidelity: Fidelity) -> list[Difference]:
    """Compare two versions of an item under a fidelity; ``None`` for an item that is not there (create, delete)."""
    known = new if new is not None else old
    if known is None:
        return []
    before = compared(old, fidelity) if old is not None else None
    after = compared(new, fidelity) if new is not None else None
    found = []
    for field, read in kind_of(known).fields.items():
        gone = list(read(before)) if before is not None else []
        come = list(read(after)) if after is not None else []
        if gone != come:
            found.append(Difference(field, _without(gone, come), _without(come, gone)))
    return [d for d in found if d.old or d.new]


class Versions(msgspec.Struct, frozen=True):
    """One field as either side has it; of a side that lacks the item, nothing."""

    field: Field
    crm: tuple[str, ...]
    nylas: tuple[str, ...]
    differs: bool


def side_by_side(crm: Item | None, nylas: Item | None, fidelity: Fidelity) -> list[Versions]:
    """Give all fields that either side has a value for, as they count under a fidelity."""
    known = crm if crm is not None else nylas
    if known is None:
        return []
    rows = []
    for field, read in kind_of(known).fields.items():
        first, second = (() if i is None else tuple(read(compared(i, fidelity))) for i in (crm, nylas))
        if first or second:
            rows.append(Versions(field, first, second, crm is not None and nylas is not None and first != second))
    return rows


def masked_versions(rows: Iterable[Versions]) -> list[Versions]:
    """Hide of versions what :func:`masked` hides of differences; which fields differ stays to be seen."""
    return [
        Versions(row.field, (MASK,) * len(row.crm), (MASK,) * len(row.nylas), row.differs)
        if row.field in SENSITIVE
        else row
        for row in rows
    ]


def _without(these: list[str], those: list[str]) -> tuple[str, ...]:
    return tuple(t for t in these if t not in those)


def masked(found: Iterable[Difference]) -> list[Difference]:
    """Hide what says who meets whom about what, keeping which fields differ and how many values."""
    return [
        Difference(d.field, (MASK,) * len(d.old), (MASK,) * len(d.new)) if d.field in SENSITIVE else d for d in found
    ]
