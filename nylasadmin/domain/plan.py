"""The planner: facts in, actions out.

Live sync, snapshot, preview, explanation and undo all go through :func:`plan`. It is pure: no clock, no I/O, no
randomness; equal facts give equal plans, whatever their order. The code that plans has no way to write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from nylasadmin.domain.items import ItemId, Moment
from nylasadmin.domain.recurrence import FOREVER


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
    FORGET = "forget"  # forget a pair whose items are gone from both sides
    UNCHANGED = "unchanged"
    KEEP = "keep"
    OUTSIDE = "outside"
    SKIP = "skip"


WRITES = frozenset({ActionKind.CREATE, ActionKind.UPDATE, ActionKind.DELETE})
"""Kinds that change the destination."""

BOOKKEEPING = frozenset({ActionKind.ADOPT, ActionKind.FORGET})
"""Kinds that change only what we remember."""


class Reason(StrEnum):
    """Why an action is taken or not taken: a closed set. Explanations only read it."""

    CREATED_AT_SOURCE = "created at source"
    TWIN_FOUND = "twin found"
    TWIN_DIFFERS = "twin found and differs"
    EQUAL = "equal"
    DIFFERS = "differs"
    DELETED_AT_DESTINATION = "deleted at destination"
    DELETED_AT_SOURCE = "deleted at source"
    RECEIVER_ONLY_KEPT = "receiver-only kept"
    RECEIVER_ONLY_REMOVED = "receiver-only removed"
    GONE_FROM_BOTH = "gone from both sides"
    OUTSIDE_WINDOW = "outside window"
    FOLDER_READ_ONLY = "read-only folder"
    ITEM_READ_ONLY = "read-only item"
    ORGANIZED_BY_OTHER = "organizer is somebody else"
    TOO_MANY_EXCEPTIONS = "too many customized occurrences"


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """One item as one side has it now: enough to plan with, without its body.

    ``fingerprint`` is taken under the fidelity of the planned direction; ``claims`` is the other side's id that our
    marker on this item names; ``blocked`` says why this side would refuse a change of this item.
    ``start`` and ``end`` span the whole item in Unix seconds.
    """

    id: ItemId
    fingerprint: bytes
    title: str = ""
    start: int = 0
    end: int = FOREVER
    is_recurring: bool = False
    uid: str | None = None
    original_start: Moment | None = None
    claims: ItemId | None = None
    blocked: Reason | None = None


class Window(msgspec.Struct, frozen=True):
    """The time that takes part, ``[start, end)`` in Unix seconds. An item takes part if any of it lies inside."""

    start: int = -FOREVER
    end: int = FOREVER

    def holds(self, item: Observed) -> bool:
        """Say whether any part of the item lies inside. An item without length counts at its start."""
        return item.start < self.end and (item.end > self.start or item.start >= self.start)


ALWAYS = Window()


class Pair(msgspec.Struct, frozen=True):
    """Two items we know to be the same one, by their ids at source and destination."""

    source: ItemId
    destination: ItemId


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to one item, and why.

    ``expected`` is the destination's fingerprint that the action was planned on: an executor that finds another one
    does not write. ``pairs_anew`` asks to remember the pair, also where nothing is written.
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

    ``refusal`` is set when the destination folder takes no writes at all.
    """

    receiver_only: ReceiverOnly = ReceiverOnly.KEEP
    window: Window = ALWAYS
    refusal: Reason | None = None


def plan(
    source: Iterable[Observed], destination: Iterable[Observed], pairs: Iterable[Pair], options: Options
) -> list[Action]:
    """Decide what a snapshot does to every item known on either side, in a stable order.

    The caller vouches that both listings are complete: an item that is not in them does not exist. Get and Send differ
    only by the order of the arguments. Source: the ten rows of the table of snapshots in the product's description.
    """
    return _Planner(source, destination, pairs, options).actions()


class _Planner:
    def __init__(
        self, source: Iterable[Observed], destination: Iterable[Observed], pairs: Iterable[Pair], options: Options
    ) -> None:
        self.source = {o.id: o for o in source}
        self.destination = {o.id: o for o in destination}
        self.options = options
        self.known: dict[ItemId, ItemId] = {}
        self.taken: set[ItemId] = set()
        for pair in sorted(pairs, key=_pair_key):
            self.known[pair.source] = pair.destination
            self.taken.add(pair.destination)
        self.twins = self._twins()

    def actions(self) -> list[Action]:
        actions = [self._of_source(o) for _, o in sorted(self.source.items())]
        gone = sorted((s, d) for s, d in self.known.items() if s not in self.source)
        actions += [self._of_vanished(s, d) for s, d in gone]
        adopted = {twin.id for twin in self.twins.values()}
        extra = sorted(i for i in self.destination if i not in self.taken and i not in adopted)
        return actions + [self._of_receiver_only(self.destination[i]) for i in extra]

    # rows 1 to 5
    def _of_source(self, item: Observed) -> Action:
        partner = self.known.get(item.id)
        if partner is not None:
            return self._of_pair(item, partner, self.destination.get(partner))
        twin = self.twins.get(item.id)
        if twin is not None:
            return self._of_twin(item, twin)
        if not self.options.window.holds(item):
            return _outside(item, source=item.id, destination=None)
        return self._write(ActionKind.CREATE, Reason.CREATED_AT_SOURCE, item, None)

    def _of_pair(self, item: Observed, partner: ItemId, other: Observed | None) -> Action:
        if not self._takes_part(item, other):
            return _outside(item, source=item.id, destination=partner)
        if other is None:
            return self._write(ActionKind.CREATE, Reason.DELETED_AT_DESTINATION, item, None)
        if item.fingerprint == other.fingerprint:
            return _note(ActionKind.UNCHANGED, Reason.EQUAL, item, other)
        return self._write(ActionKind.UPDATE, Reason.DIFFERS, item, other)

    def _of_twin(self, item: Observed, twin: Observed) -> Action:
        if not self._takes_part(item, twin):
            return _outside(item, source=item.id, destination=twin.id)
        if item.fingerprint == twin.fingerprint:
            return _note(ActionKind.ADOPT, Reason.TWIN_FOUND, item, twin, pairs_anew=True)
        return self._write(ActionKind.UPDATE, Reason.TWIN_DIFFERS, item, twin)

    # rows 6 and 8
    def _of_vanished(self, source: ItemId, destination: ItemId) -> Action:
        other = self.destination.get(destination)
        if other is None:
            return Action(kind=ActionKind.FORGET, reason=Reason.GONE_FROM_BOTH, source=source, destination=destination)
        if not self.options.window.holds(other):
            return _outside(other, source=source, destination=other.id)
        return self._delete(Reason.DELETED_AT_SOURCE, other, source)

    # row 7
    def _of_receiver_only(self, other: Observed) -> Action:
        if not self.options.window.holds(other):
            return _outside(other, source=None, destination=other.id)
        if self.options.receiver_only is ReceiverOnly.REMOVE:
            return self._delete(Reason.RECEIVER_ONLY_REMOVED, other, None)
        return Action(kind=ActionKind.KEEP, reason=Reason.RECEIVER_ONLY_KEPT, destination=other.id, title=other.title)

    # row 10 wraps every write
    def _write(self, kind: ActionKind, reason: Reason, item: Observed, other: Observed | None) -> Action:
        refusal = self.options.refusal or (other.blocked if other else None)
        if refusal:
            kind, reason = ActionKind.SKIP, refusal
        return _note(kind, reason, item, other, pairs_anew=kind is not ActionKind.SKIP)

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

    def _takes_part(self, item: Observed, other: Observed | None) -> bool:
        holds = self.options.window.holds
        return holds(item) and (other is None or holds(other))

    def _twins(self) -> dict[ItemId, Observed]:
        """Find for items without a pair their twin at the destination: by our marker, else by UID and original start."""
        free = [o for i, o in sorted(self.destination.items()) if i not in self.taken]
        loose = [o for i, o in sorted(self.source.items()) if i not in self.known]
        twins = _by_marker(loose, free)
        used = {t.id for t in twins.values()}
        by_uid: dict[tuple[str, Moment | None], list[Observed]] = {}
        for other in reversed(free):
            if other.uid and other.id not in used:
                by_uid.setdefault((other.uid, other.original_start), []).append(other)
        for item in loose:
            same = by_uid.get((item.uid, item.original_start)) if item.uid and item.id not in twins else None
            if same:
                twins[item.id] = same.pop()
        return twins


def _by_marker(loose: list[Observed], free: list[Observed]) -> dict[ItemId, Observed]:
    at_destination: Mapping[ItemId, Observed] = {o.id: o for o in free}
    claimed_by = {o.claims: o for o in reversed(free) if o.claims}
    twins: dict[ItemId, Observed] = {}
    used: set[ItemId] = set()
    for item in loose:
        twin = claimed_by.get(item.id) or (at_destination.get(item.claims) if item.claims else None)
        if twin is not None and twin.id not in used:
            twins[item.id] = twin
            used.add(twin.id)
    return twins


def _pair_key(pair: Pair) -> tuple[str, str]:
    return (pair.source, pair.destination)


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
