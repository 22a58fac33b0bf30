"""The planner: facts in, actions out.

Live sync, snapshot, preview, explanation and undo all go through :func:`plan`. It is pure: no clock, no I/O, no
randomness; equal facts give equal plans, whatever their order. The code that plans has no way to write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from nylasadmin.domain.filters import Filter, sieve
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
    "plan_by_id",
]


class Direction(StrEnum):
    """Which way a snapshot copies. Get = inbound = Nylas -> CRM. Send = outbound = CRM -> Nylas. At every level."""

    GET = "get"
    SEND = "send"


OPPOSITE = {Direction.GET: Direction.SEND, Direction.SEND: Direction.GET}


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


class Action(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What happens to one item, and why.

    ``expected`` is the destination's fingerprint that the action was planned on: an executor that finds another one
    does not write. ``pairs_anew`` asks to remember the pair of the two items, in place of any other pair that either of
    them has; also where nothing is written. A deleted item's pair goes with it. Forgetting names one pair by both ids.

    Of an undo, ``source`` names a before-image: ``partner`` is then the other side's item that belongs to the written
    one, and ``revives`` the id that an item to be created again had, which it gets back where we give the ids.
    """

    kind: ActionKind
    reason: Reason
    source: ItemId | None = None
    destination: ItemId | None = None
    title: str = ""
    is_recurring: bool = False
    expected: bytes | None = None
    pairs_anew: bool = False
    partner: ItemId | None = None
    revives: ItemId | None = None

    @property
    def writes(self) -> bool:
        return self.kind in WRITES


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator asked for and what the destination allows.

    ``refusal`` is set when the destination folder takes no writes at all; ``max_exceptions`` is how many changed
    occurrences of one series it can hold, ``None`` for any number. ``filter`` judges the source's version of an item,
    and the destination's only where the source has none. Single items that ended before ``archived_before`` (Unix
    seconds) are not deleted. ``only``: the ids, of either side, that take part; an item or a pair takes part if one of
    its ids is among them. ``None``: all do. ``rejected``: items of the destination that an operator refused to delete.
    """

    receiver_only: ReceiverOnly = ReceiverOnly.KEEP
    window: Window = ALWAYS
    refusal: Reason | None = None
    max_exceptions: int | None = None
    filter: Filter | None = None
    archived_before: int | None = None
    only: frozenset[ItemId] | None = None
    rejected: frozenset[ItemId] = frozenset()


def plan(
    source: Iterable[Observed], destination: Iterable[Observed], pairs: Iterable[Pair], options: Options
) -> list[Action]:
    """Decide what a snapshot does to every item known on either side, in a stable order.

    The caller vouches that both listings are complete: an item that is not in them does not exist. Whoever lists less
    than everything (a window) adds the other halves of all pairs, looked up by id. Of an item that is listed twice the
    later one counts. Get and Send differ only by the order of the arguments. Source: the ten rows of the table of
    snapshots in the product's description.
    """
    return plan_by_id({o.id: o for o in source}, {o.id: o for o in destination}, pairs, options)


def plan_by_id(
    source: Mapping[ItemId, Observed],
    destination: Mapping[ItemId, Observed],
    pairs: Iterable[Pair],
    options: Options,
) -> list[Action]:
    """Decide as :func:`plan` does, for whoever has both listings by id already: they are not copied."""
    return _Planner(source, destination, pairs, options).actions()


class _Planner:
    def __init__(
        self,
        source: Mapping[ItemId, Observed],
        destination: Mapping[ItemId, Observed],
        pairs: Iterable[Pair],
        options: Options,
    ) -> None:
        self.source = source
        self.destination = destination
        self.options = options
        self.sieve = sieve(options.filter) if options.filter else None
        self.matches = match(self.source, self.destination, pairs, options.window)

    def actions(self) -> list[Action]:
        partners, twins = self.matches.partners, self.matches.twins
        adopted = {twin.id for twin in twins.values()}
        held = adopted.union(partners.values())
        gone = sorted((s, d) for s, d in partners.items() if s not in self.source and d not in adopted)
        decided = [
            *(self._of_source(self.source[i]) for i in sorted(self.source)),
            *(self._of_vanished(s, d) for s, d in gone),
            *(self._of_contradicted(p) for p in self.matches.contradicted),
            *(self._of_receiver_only(self.destination[i]) for i in sorted(self.destination.keys() - held)),
        ]
        return decided if self.options.only is None else self._asked_for(decided, self.options.only)

    def _asked_for(self, decided: list[Action], only: frozenset[ItemId]) -> list[Action]:
        """Leave alone what was not chosen; a pair of gone items among it is neither forgotten nor counted."""
        chosen = [a if self._is_chosen(a, only) else not_asked_for(a) for a in decided]
        return [a for a, was in zip(chosen, decided, strict=True) if a is was or was.kind is not ActionKind.FORGET]

    def _is_chosen(self, action: Action, only: frozenset[ItemId]) -> bool:
        partner = self.matches.partners.get(action.source) if action.source is not None else None
        return not only.isdisjoint({action.source, action.destination, partner})

    # rows 1 to 5
    def _of_source(self, item: Observed) -> Action:
        partner = self.matches.partners.get(item.id)
        if partner is not None and (other := self.destination.get(partner)):
            return self._of_pair(item, other)
        if twin := self.matches.twins.get(item.id):
            return self._of_twin(item, twin)
        if out := self._keeps_out(item):
            return _outside(out, item, source=item.id, destination=partner)
        reason = Reason.CREATED_AT_SOURCE if partner is None else Reason.DELETED_AT_DESTINATION
        return self._write(ActionKind.CREATE, reason, item, None)

    def _of_pair(self, item: Observed, other: Observed) -> Action:
        if out := self._keeps_out(item, other):
            return _outside(out, item, source=item.id, destination=other.id)
        if item.fingerprint == other.fingerprint:
            return _note(ActionKind.UNCHANGED, Reason.EQUAL, item, other)
        return self._write(ActionKind.UPDATE, Reason.DIFFERS, item, other)

    def _of_twin(self, item: Observed, twin: Observed) -> Action:
        if out := self._keeps_out(item, twin):
            return _outside(out, item, source=item.id, destination=twin.id)
        if item.fingerprint == twin.fingerprint:
            return _note(ActionKind.ADOPT, Reason.TWIN_FOUND, item, twin, pairs_anew=True)
        return self._write(ActionKind.UPDATE, Reason.TWIN_DIFFERS, item, twin)

    # rows 6 and 8
    def _of_vanished(self, source: ItemId, destination: ItemId) -> Action:
        other = self.destination.get(destination)
        if other is None:
            return _forget(Reason.GONE_FROM_BOTH, source, destination)
        if out := self._keeps_from_deleting(other):
            return _outside(out, other, source=source, destination=other.id)
        return self._delete(Reason.DELETED_AT_SOURCE, other, source)

    def _of_contradicted(self, pair: Pair) -> Action:
        is_gone = pair.source not in self.source and pair.destination not in self.destination
        reason = Reason.GONE_FROM_BOTH if is_gone else Reason.PAIR_CONTRADICTED
        return _forget(reason, pair.source, pair.destination)

    # row 7
    def _of_receiver_only(self, other: Observed) -> Action:
        if out := self._keeps_from_deleting(other):
            return _outside(out, other, source=None, destination=other.id)
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
        refusal = self.options.refusal or other.blocked or self._protection(other)
        kind = ActionKind.SKIP if refusal else ActionKind.DELETE
        if other.id in self.options.rejected:
            kind, refusal = ActionKind.KEEP, Reason.DELETE_REJECTED
        return Action(
            kind=kind,
            reason=refusal or reason,
            source=source,
            destination=other.id,
            title=other.title,
            is_recurring=other.is_recurring,
            expected=other.fingerprint,
        )

    def _protection(self, other: Observed) -> Reason | None:
        """Say whether an item is too old to be deleted; a series goes on, whatever the age of its first occurrence."""
        before = self.options.archived_before
        is_old = before is not None and not other.is_recurring and other.end <= before
        return Reason.ARCHIVED if is_old else None

    # row 9
    def _keeps_out(self, item: Observed, other: Observed | None = None) -> Reason | None:
        """Say why an item takes no part. The window asks both versions, the filter the one that is copied."""
        window = self.options.window
        if not (window.holds(item) and (other is None or window.holds(other))):
            return Reason.OUTSIDE_WINDOW
        return Reason.OUTSIDE_FILTER if self.sieve and not self.sieve.holds(item) else None

    def _keeps_from_deleting(self, other: Observed) -> Reason | None:
        """Say why an item that only the destination has takes no part; what nobody is sure of is not deleted."""
        if not self.options.window.holds(other):
            return Reason.OUTSIDE_WINDOW
        return Reason.OUTSIDE_FILTER if self.sieve and not self.sieve.lets_delete(other) else None


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


def not_asked_for(action: Action) -> Action:
    """Leave an item alone that was not chosen."""
    return msgspec.structs.replace(
        action, kind=ActionKind.OUTSIDE, reason=Reason.NOT_ASKED_FOR, expected=None, pairs_anew=False
    )


def _outside(reason: Reason, item: Observed, *, source: ItemId | None, destination: ItemId | None) -> Action:
    return Action(
        kind=ActionKind.OUTSIDE,
        reason=reason,
        source=source,
        destination=destination,
        title=item.title,
        is_recurring=item.is_recurring,
    )
