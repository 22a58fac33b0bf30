"""What an update would change, field by field and in plain words: what an operator reads before confirming.

Only fields that count under the fidelity are compared, so a difference shown is a difference written.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from nylasadmin.domain.fidelity import Fidelity
from nylasadmin.domain.fields import SENSITIVE, Field
from nylasadmin.domain.kinds import Item, compared, kind_of

__all__ = ["MASK", "Difference", "Field", "differences", "masked"]

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


def _without(these: list[str], those: list[str]) -> tuple[str, ...]:
    return tuple(t for t in these if t not in those)


def masked(found: Iterable[Difference]) -> list[Difference]:
    """Hide what says who meets whom about what, keeping which fields differ and how many values."""
    return [
        Difference(d.field, (MASK,) * len(d.old), (MASK,) * len(d.new)) if d.field in SENSITIVE else d for d in found
    ]
