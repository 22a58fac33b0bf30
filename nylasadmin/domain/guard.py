"""The deletion guard: decides before the first write whether a plan deletes more than anybody would expect.

It looks at deletes only: a moved or changed item is an update. It is asked per link, and once more for a whole snapshot
with the tallies of its links added up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import Action, ActionKind, Reason
from nylasadmin.domain.targets import GuardLimits


class Limit(StrEnum):
    """Which limit was passed. The words are stored."""

    SOURCE_EMPTY = "source came back empty"
    SOURCE_SHRANK = "source shrank by more than half"  # by more than the target's share since; it was fixed once
    DELETES = "too many deletes"
    SHARE = "too large a share of the destination"


class HoldScope(StrEnum):
    """What passed the limit: one link's plan, or all links of the snapshot together."""

    LINK = "link"
    SNAPSHOT = "snapshot"


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What the guard judges. ``source_before`` is the source's items at the last run, ``None`` before the first one."""

    deletes: int
    destination_items: int
    source_items: int
    source_before: int | None = None


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Why a run must wait for an operator: ``limit``, and ``deletes`` out of ``destination_items``.

    ``allowed`` is the value of the limit at that time (deletes or percent), 0 where it has none. ``total`` counts the
    whole snapshot where that is what passed the limit; the other counts are always the link's own.
    """

    limit: Limit
    deletes: int
    destination_items: int
    source_items: int
    source_before: int | None
    allowed: int = 0
    total: Tally | None = None

    @property
    def scope(self) -> HoldScope:
        return HoldScope.LINK if self.total is None else HoldScope.SNAPSHOT

    @property
    def judged(self) -> Tally:
        """Give what passed the limit: the link's counts, or the snapshot's."""
        return self.total or own_tally(self)


def own_tally(hold: Hold) -> Tally:
    """Give the link's own counts of a hold."""
    return Tally(
        deletes=hold.deletes,
        destination_items=hold.destination_items,
        source_items=hold.source_items,
        source_before=hold.source_before,
    )


def deletes_of(actions: Iterable[Action]) -> frozenset[ItemId]:
    """Name the items that a plan deletes."""
    return frozenset(a.destination for a in actions if a.kind is ActionKind.DELETE and a.destination is not None)


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


def check(counted: Tally, limits: GuardLimits) -> Hold | None:
    """Give the first limit a plan passes, the most alarming one first; ``None`` lets it run.

    A plan without a delete is never held: there is nothing to approve.
    """
    limit = _passed(counted, limits) if counted.deletes else None
    if limit is None:
        return None
    allowed = {
        Limit.SOURCE_SHRANK: limits.shrink_percent,
        Limit.DELETES: limits.deletes,
        Limit.SHARE: limits.share_percent,
    }
    return Hold(limit=limit, allowed=allowed.get(limit, 0), **msgspec.structs.asdict(counted))


def held_with(snapshot: Hold, own: Tally) -> Hold:
    """Give the hold of one link whose snapshot passed a limit."""
    total = own_tally(snapshot)
    return Hold(limit=snapshot.limit, allowed=snapshot.allowed, total=total, **msgspec.structs.asdict(own))


def without(counted: Tally, left_out: int) -> Tally:
    """Give a tally after an operator has left some deletes out."""
    return msgspec.structs.replace(counted, deletes=max(0, counted.deletes - left_out))


def spare(actions: Iterable[Action], spared: frozenset[ItemId]) -> list[Action]:
    """Leave out the writes to items that an operator has taken from a plan or from among the victims.

    ``spared`` holds ids of either side: an item that is to be created has none at the destination.
    """
    if not spared:
        return list(actions)
    return [_left_out(a) if a.writes and (a.destination in spared or a.source in spared) else a for a in actions]


def _left_out(action: Action) -> Action:
    return msgspec.structs.replace(action, kind=ActionKind.SKIP, reason=Reason.EXCLUDED, pairs_anew=False)


def digest(destinations: Iterable[ItemId]) -> bytes:
    """Hash a set of items to be deleted: an approval holds for exactly these."""
    return hashlib.sha256("\n".join(sorted(destinations)).encode()).digest()


def _passed(counted: Tally, limits: GuardLimits) -> Limit | None:
    before = counted.source_before or 0
    if before and not counted.source_items:
        return Limit.SOURCE_EMPTY
    if (before - counted.source_items) * 100 > limits.shrink_percent * before:
        return Limit.SOURCE_SHRANK
    if counted.deletes > limits.deletes:
        return Limit.DELETES
    items = counted.destination_items
    if items >= limits.share_from and counted.deletes * 100 > limits.share_percent * items > 0:
        return Limit.SHARE
    return None
