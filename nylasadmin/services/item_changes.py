"""The history of one item: what each snapshot wrote to it, field by field, as far as versions are kept."""

from __future__ import annotations

from collections.abc import Sequence

from nylasadmin.domain.differences import differences
from nylasadmin.domain.fidelity import Fidelity
from nylasadmin.domain.kinds import Item, decode_body, fingerprint
from nylasadmin.domain.plan import ActionKind, Direction
from nylasadmin.services.explain_views import Change
from nylasadmin.services.item_records import ItemWrite
from nylasadmin.services.observing import fidelity_of


def changes(
    written: Sequence[ItemWrite], now: dict[Direction, Item | None], provider: str, limit: int
) -> tuple[Change, ...]:
    """Tell writes, the newest first. ``now`` is what each direction's destination holds at present.

    What a write has left stands in the version before the next write there, or is there still; where neither has the
    fingerprint that it left, somebody changed it in between, and only what gave way can be told.
    """
    following = dict(now)
    told = []
    for write in written:
        fidelity = fidelity_of(write.direction, provider)
        old = decode_body(write.before) if write.before is not None else None
        new = _left(write, following[write.direction], fidelity)
        told.append(_change(write, old, new, fidelity))
        following[write.direction] = old
    return tuple(told[:limit])


def _left(write: ItemWrite, following: Item | None, fidelity: Fidelity) -> Item | None:
    if write.kind is ActionKind.DELETE or following is None or write.after is None:
        return None
    return following if fingerprint(following, fidelity) == write.after else None


def _change(write: ItemWrite, old: Item | None, new: Item | None, fidelity: Fidelity) -> Change:
    needs_old = write.kind is not ActionKind.CREATE
    return Change(
        run_id=write.run_id,
        snapshot_id=write.snapshot_id,
        undoes_id=write.undoes_id,
        direction=write.direction,
        operator=write.operator,
        at=write.at,
        kind=write.kind,
        is_kept=old is not None or not needs_old,
        new_is_known=new is not None or write.kind is ActionKind.DELETE,
        differences=tuple(differences(old, new, fidelity)) if old is not None or not needs_old else (),
    )
