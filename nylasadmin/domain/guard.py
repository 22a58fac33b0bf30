"""The deletion guard: decides before the first write whether a plan deletes more than anybody would expect.

It looks at deletes only: a moved or changed item is an update. It is asked per link, and once more for a whole snapshot
with the tallies of its links added up.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from nylasadmin.domain.plan import Action, ActionKind


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """A target's limits. ``max_share`` (0 to 1) of the destination's items applied from ``share_from`` items on."""

    max_deletes: int = 50
    max_share: float = 0.20
    share_from: int = 20


class Limit(StrEnum):
    """Which limit was passed."""

    SOURCE_EMPTY = "source came back empty"
    SOURCE_SHRANK = "source shrank by more than half"
    DELETES = "too many deletes"
    SHARE = "too large a share of the destination"


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What the guard judges. ``source_before`` is the source's items at the last run, ``None`` before the first one."""

    deletes: int
    destination_items: int
    source_items: int
    source_before: int | None = None


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Why a run must wait for an operator: ``limit``, and ``deletes`` out of ``destination_items``."""

    limit: Limit
    deletes: int
    destination_items: int
    source_items: int
    source_before: int | None


def tally(actions: Iterable[Action], *, destination_items: int, source_items: int, source_before: int | None) -> Tally:
    """Count a plan's deletes. The planner deletes inside the window only, so all of them count.

    ``destination_items`` are those that take part, from the complete listing the plan was made of.
    """
    deletes = sum(action.kind is ActionKind.DELETE for action in actions)
    return Tally(
        deletes=deletes, destination_items=destination_items, source_items=source_items, source_before=source_before
    )


def together(tallies: Iterable[Tally]) -> Tally:
    """Add up the tallies of a snapshot's links. A link without an earlier run counts as unchanged."""
    every = list(tallies)
    has_history = any(t.source_before is not None for t in every)
    before = sum(t.source_items if t.source_before is None else t.source_before for t in every)
    return Tally(
        deletes=sum(t.deletes for t in every),
        destination_items=sum(t.destination_items for t in every),
        source_items=sum(t.source_items for t in every),
        source_before=before if has_history else None,
    )


def check(counted: Tally, limits: Limits) -> Hold | None:
    """Give the first limit a plan passes, the most alarming one first; ``None`` lets it run.

    A plan without a delete is never held: there is nothing to approve.
    """
    limit = _passed(counted, limits) if counted.deletes else None
    if limit is None:
        return None
    return Hold(
        limit=limit,
        deletes=counted.deletes,
        destination_items=counted.destination_items,
        source_items=counted.source_items,
        source_before=counted.source_before,
    )


def _passed(counted: Tally, limits: Limits) -> Limit | None:
    before = counted.source_before or 0
    if before and not counted.source_items:
        return Limit.SOURCE_EMPTY
    if counted.source_items * 2 < before:
        return Limit.SOURCE_SHRANK
    if counted.deletes > limits.max_deletes:
        return Limit.DELETES
    items = counted.destination_items
    if items and items >= limits.share_from and counted.deletes / items > limits.max_share:
        return Limit.SHARE
    return None
