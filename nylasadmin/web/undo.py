"""Undo: the button that plans the way back of a snapshot, and the words that its plan and its page have."""

from __future__ import annotations

from typing import Protocol

from flask import Blueprint, Flask, url_for
from flask.typing import ResponseReturnValue
from msgspec.structs import replace

from nylasadmin.domain.plan import ActionKind, Direction, Reason
from nylasadmin.domain.privileges import Privilege
from nylasadmin.services.plan_views import PlanView
from nylasadmin.services.views import SnapshotView
from nylasadmin.services.wording import DIRECTIONS, DirectionWords
from nylasadmin.web import htmx
from nylasadmin.web.current import actor, services
from nylasadmin.web.format import number, plural
from nylasadmin.web.security import needs

blueprint = Blueprint("undo", __name__)

_UNITS = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "KB"))


def init(app: Flask) -> None:
    app.jinja_env.filters.update(
        words_of=words_of, takes_back=takes_back, left_by_undo=left, size=size, can_be_undone=can_be_undone
    )


@blueprint.post("/snapshots/<int:snapshot_id>/undo")
@needs(Privilege.MANAGE)
def plan(snapshot_id: int) -> ResponseReturnValue:
    """Plan how to take a snapshot back; what would be written is shown before anything is."""
    made = services().undo.plan(actor(), snapshot_id)
    return htmx.go(url_for("plans.page", plan_id=made.id))


class _Directed(Protocol):
    @property
    def direction(self) -> Direction: ...
    @property
    def undoes_id(self) -> int | None: ...


def words_of(snapshot: _Directed) -> DirectionWords:
    """Give the words of a snapshot's direction; an undo has a name of its own."""
    words = DIRECTIONS[snapshot.direction]
    if snapshot.undoes_id is None:
        return words
    return replace(words, name=f"Undo of snapshot {snapshot.undoes_id}", route=f"{words.loser} as before")


def can_be_undone(snapshot: SnapshotView) -> bool:
    """Say whether to offer to take a snapshot back."""
    return services().undo.offered(snapshot)


def takes_back(plan: PlanView) -> str:
    """Say what a plan takes back: 3 created items are deleted again, 5 get their earlier version, 2 come back."""
    deleted, updated = _planned(plan, Reason.UNDO_CREATE), _planned(plan, Reason.UNDO_UPDATE)
    back = _planned(plan, Reason.UNDO_DELETE)
    said = [
        f"{plural(deleted, 'created item')} {_is(deleted)} deleted again" if deleted else "",
        f"{_items(updated, bool(deleted))} {'gets its' if updated == 1 else 'get their'} earlier version"
        if updated
        else "",
        f"{_items(back, bool(deleted or updated))} {'comes' if back == 1 else 'come'} back" if back else "",
    ]
    return ", ".join(s for s in said if s) or "nothing is left to take back"


def left(plan: PlanView) -> str:
    """Say what a plan leaves as it is: 1 was changed since and is left as it is."""
    touched = sum(t.items for t in plan.totals if t.reason is Reason.TOUCHED_SINCE)
    if not touched:
        return ""
    if touched == 1:
        return "1 was changed since and is left as it is"
    return f"{number(touched)} were changed since and are left as they are"


def _planned(plan: PlanView, reason: Reason) -> int:
    """Count what is going to be written for a reason, what is left out not among it."""
    writes = (t for t in plan.totals if t.reason is reason and t.kind is not ActionKind.SKIP and not t.is_excluded)
    return sum(t.items for t in writes)


def _items(count: int, is_told: bool) -> str:
    return number(count) if is_told else plural(count, "item")


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def size(count: int) -> str:
    """Say a size: 4.1 MB, 312 KB, 80 bytes."""
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return plural(count, "byte")
