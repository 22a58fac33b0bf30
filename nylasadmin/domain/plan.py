"""The planner: facts in, actions out.

Live sync, snapshot, preview, explanation and undo all go through :func:`plan`. It is pure: no clock, no I/O, no
randomness; equal facts give equal plans, whatever their order. The code that plans has no way to write.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from nylasadmin.domain.items import ItemId
from nylasadmin.domain.matches import match
from nylasadmin.domain.observations import ALWAYS, Observed, Pair, Reason, Window

__all__ = [
    "ALWAYS",
    "BOOKKEEPING",
    "WRITES",
    "Action",
    "ActionKind",
    "Direction",
    "Observed",
    "Options",
    "Pair",
    "Reason",
    "ReceiverOnly",
    "Window",
    "plan",
]


class Direction(StrEnum):
    """Which way a snapshot copies. Get = inbound = Nylas -> CRM. Send = outbound = CRM -> Nylas. At every level."""

    GET = "get"
    SEND = "send"


class ReceiverOnly(StrEnum):
    """What happens to items that exist only at the receiver."""

    KEEP = "keep"
    REMOVE = "remove"


class ActionKind(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    ADOPT = "adopt"  # remember a pair; both sides are equal already
    FORGET = "forget"  # forget a pair that ties nothing any more
    UNCHANGED = "unchanged"
    KEEP = "keep"
    OUTSIDE = "outside"
    SKIP = "skip"


WRITES = frozenset({ActionKind.CREATE, ActionKind.UPDATE, ActionKind.DELETE})
"""Kinds that change the destination."""

BOOKKEEPING = frozenset({ActionKind.ADOPT, ActionKind.FORGET})
"""Kinds that change only what we remember."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to one item, and why.

    ``expected`` is the destination's fingerprint that the action was planned on: an executor that finds another one
    does not write. ``pairs_anew`` asks to remember the pair of the two items, in place of any other pair that either of
    them has; also where nothing is written. A deleted item's pair goes with it. Forgetting names one pair by both ids.
    """

    kind: ActionKind
    reason: Reason
    source: ItemId | None = None
    destination: ItemId | None = None
    title: str = ""
    is_recurring: bool = False
    expected: bytes | None = None
    pairs_anew: bool = False

    @property
    def writes(self) -> bool:
        return self.kind in WRITES


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator asked for and what the destination allows.

    ``refusal`` is set when the destination folder takes no writes at all; ``max_exceptions`` is how many changed
    occurrences of one series it can hold, ``None`` for any number.
    """

    receiver_only: ReceiverOnly = ReceiverOnly.KEEP
    window: Window = ALWAYS
    refusal: Reason | None = None
    max_exceptions: int | None = None


def plan(
    source: Iterable[Observed], destination: Iterable[Observed], pairs: Iterable[Pair], options: Options
) -> list[Action]:
    """Decide what a snapshot does to every item known on either side, in a stable order.

    The caller vouches that both listings are complete: an item that is not in them does not exist. Whoever lists less
    than everything (a window) adds the other halves of all pairs, looked up by id. Of an item that is listed twice the
    later one counts. Get and Send differ only by the order of the arguments. Source: the ten rows of the table of
    snapshots in the product's description.
    """
    return _Planner(source, destination, pairs, options).actions()


class _Planner:
    def __init__(
        self, source: Iterable[Observed], destination: Iterable[Observed], pairs: Iterable[Pair], options: Options
    ) -> None:
        self.source = {o.id: o for o in source}
        self.destination = {o.id: o for o in destination}
        self.options = options
        self.matches = match(self.source, self.destination, pairs, options.window)

    def actions(self) -> list[Action]:
        partners, twins = self.matches.partners, self.matches.twins
        adopted = {twin.id for twin in twins.values()}
        held = adopted.union(partners.values())
        gone = sorted((s, d) for s, d in partners.items() if s not in self.source and d not in adopted)
        return [
            *(self._of_source(o) for _, o in sorted(self.source.items())),
            *(self._of_vanished(s, d) for s, d in gone),
            *(self._of_contradicted(p) for p in self.matches.contradicted),
            *(self._of_receiver_only(o) for i, o in sorted(self.destination.items()) if i not in held),
        ]

    # rows 1 to 5
    def _of_source(self, item: Observed) -> Action:
        partner = self.matches.partners.get(item.id)
        if partner is not None and (other := self.destination.get(partner)):
            return self._of_pair(item, other)
        if twin := self.matches.twins.get(item.id):
            return self._of_twin(item, twin)
        if not self.options.window.holds(item):
            return _outside(item, source=item.id, destination=partner)
        reason = Reason.CREATED_AT_SOURCE if partner is None else Reason.DELETED_AT_DESTINATION
        return self._write(ActionKind.CREATE, reason, item, None)

    def _of_pair(self, item: Observed, other: Observed) -> Action:
        if not self._take_part(item, other):
            return _outside(item, source=item.id, destination=other.id)
        if item.fingerprint == other.fingerprint:
            return _note(ActionKind.UNCHANGED, Reason.EQUAL, item, other)
        return self._write(ActionKind.UPDATE, Reason.DIFFERS, item, other)

    def _of_twin(self, item: Observed, twin: Observed) -> Action:
        if not self._take_part(item, twin):
            return _outside(item, source=item.id, destination=twin.id)
        if item.fingerprint == twin.fingerprint:
            return _note(ActionKind.ADOPT, Reason.TWIN_FOUND, item, twin, pairs_anew=True)
        return self._write(ActionKind.UPDATE, Reason.TWIN_DIFFERS, item, twin)

    # rows 6 and 8
    def _of_vanished(self, source: ItemId, destination: ItemId) -> Action:
        other = self.destination.get(destination)
        if other is None:
            return _forget(Reason.GONE_FROM_BOTH, source, destination)
        if not self.options.window.holds(other):
            return _outside(other, source=source, destination=other.id)
        return self._delete(Reason.DELETED_AT_SOURCE, other, source)

    def _of_contradicted(self, pair: Pair) -> Action:
        is_gone = pair.source not in self.source and pair.destination not in self.destination
        reason = Reason.GONE_FROM_BOTH if is_gone else Reason.PAIR_CONTRADICTED
        return _forget(reason, pair.source, pair.destination)

    # row 7
    def _of_receiver_only(self, other: Observed) -> Action:
        if not self.options.window.holds(other):
            return _outside(other, source=None, destination=other.id)
        if self.options.receiver_only is ReceiverOnly.REMOVE:
            return self._delete(Reason.RECEIVER_ONLY_REMOVED, other, None)
        return Action(
            kind=ActionKind.KEEP,
            reason=Reason.RECEIVER_ONLY_KEPT,
            destination=other.id,
            title=other.title,
            is_recurring=other.is_recurring,
        )

    # row 10 wraps every write
    def _write(self, kind: ActionKind, reason: Reason, item: Observed, other: Observed | None) -> Action:
        refusal = self.options.refusal or (other.blocked if other else None) or self._unfit(item)
        if refusal:
            return _note(ActionKind.SKIP, refusal, item, other)
        return _note(kind, reason, item, other, pairs_anew=True)

    def _unfit(self, item: Observed) -> Reason | None:
        """Say what about the source's item keeps it from being written anywhere, or here."""
        if item.blocked is Reason.UNREADABLE:
            return item.blocked
        most = self.options.max_exceptions
        return Reason.TOO_MANY_EXCEPTIONS if most is not None and item.exceptions > most else None

    def _delete(self, reason: Reason, other: Observed, source: ItemId | None) -> Action:
        refusal = self.options.refusal or other.blocked
        return Action(
            kind=ActionKind.SKIP if refusal else ActionKind.DELETE,
            reason=refusal or reason,
            source=source,
            destination=other.id,
            title=other.title,
            is_recurring=other.is_recurring,
            expected=other.fingerprint,
        )

    def _take_part(self, item: Observed, other: Observed) -> bool:
        return self.options.window.holds(item) and self.options.window.holds(other)


def _forget(reason: Reason, source: ItemId, destination: ItemId) -> Action:
    return Action(kind=ActionKind.FORGET, reason=reason, source=source, destination=destination)


def _note(
    kind: ActionKind, reason: Reason, item: Observed, other: Observed | None, *, pairs_anew: bool = False
) -> Action:
    return Action(
        kind=kind,
        reason=reason,
        source=item.id,
        destination=other.id if other else None,
        title=item.title,
        is_recurring=item.is_recurring,
        expected=other.fingerprint if other else None,
        pairs_anew=pairs_anew,
    )


def _outside(item: Observed, *, source: ItemId | None, destination: ItemId | None) -> Action:
    return Action(
        kind=ActionKind.OUTSIDE,
        reason=Reason.OUTSIDE_WINDOW,
        source=source,
        destination=destination,
        title=item.title,
        is_recurring=item.is_recurring,
    )
