"""Why an item is where it is, and why it is not where somebody looks for it: facts in, findings out.

Nothing is decided here that the planner decides: what a run would do with the item comes in as its actions. This only
puts in order what decides first. Pure; the findings are a closed set, and whatever is none of them is said to be
unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from nylasadmin.domain.links import OffReason
from nylasadmin.domain.observations import Observed, Reason
from nylasadmin.domain.plan import Action, ActionKind, Direction
from nylasadmin.domain.runs import RunState
from nylasadmin.domain.verdicts import Verdict


class Side(StrEnum):
    """Where an item may be."""

    CRM = "CRM"
    NYLAS = "Nylas"


WAYS = {Side.CRM: Direction.GET, Side.NYLAS: Direction.SEND}
"""The direction that brings items to a side."""


class Finding(StrEnum):
    """What may be found out about an item: a closed set."""

    IN_STEP = "on both sides and equal"
    NOT_PAIRED_YET = "on both sides and equal, not remembered as one yet"
    CHANGED_AT_NYLAS = "changed at Nylas since both sides agreed"
    CHANGED_IN_CRM = "changed in the CRM since both sides agreed"
    CHANGED_ON_BOTH = "changed on both sides since they agreed"
    DIFFERENT = "different on both sides"
    DELETED_BY_SNAPSHOT = "deleted by a snapshot"
    DELETED_THERE = "deleted at that side by somebody"
    OUTSIDE_POLICY = "outside the sync policy"
    OUT_OF_SIGHT = "older than what the provider lists"
    CANNOT_BE_WRITTEN = "cannot be written"
    DIRECTION_OFF = "direction off"
    WOULD_BE_DELETED = "a held run would delete it"
    LINK_HELD = "the link is held"
    LINK_PAUSED = "the link is paused"
    LINK_BUSY = "a run is working on the link"
    LEFT_OUT = "left out by an operator"
    FAILED = "failed"
    DISMISSED = "failed and put aside"
    SYNCING = "first synchronization under way"
    DELETE_REJECTED = "an operator refused to delete it"
    DELETE_PROTECTED = "protected by its age"
    NEVER_COPIED = "never copied in that direction"
    NOT_COPIED_SINCE = "not copied since it changed"
    DOES_NOT_NOTIFY = "outside the webhook policy"
    NYLAS_SILENT = "Nylas cannot be asked"
    GONE = "gone from both sides"
    NEVER_SEEN = "not found"
    UNKNOWN = "no reason known"


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the last failure to write an item. Times are Unix seconds."""

    action: str
    cause: str
    detail: str
    attempts: int
    first_at: int
    last_at: int
    next_try_at: int | None
    dismissed_at: int | None
    dismissed_by: str
    dismissed_reason: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's answer about an item: not to be deleted, or left out of a plan (``snapshot_id``)."""

    operator: str
    at: int
    reason: str = ""
    snapshot_id: int | None = None


class LastWrite(msgspec.Struct, frozen=True, kw_only=True):
    """The newest write of a snapshot to an item. ``at`` is ``None`` for a run under way."""

    kind: ActionKind
    direction: Direction
    snapshot_id: int
    operator: str
    at: int | None
    undoes_id: int | None = None


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One direction: what is off, what a run would do with the item now, and what happened to it before.

    ``action`` is ``None`` where nobody can tell. ``last_at``: when the link was last copied whole that way.
    ``held_by``: the snapshot that would delete the item and is held.
    """

    off: tuple[OffReason, ...] = ()
    action: Action | None = None
    last_at: int | None = None
    failure: Failing | None = None
    rejection: Answer | None = None
    left_out: Answer | None = None
    held_by: int | None = None


class ItemFacts(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one item.

    ``is_equal``: both sides have it and nothing would be written. ``changed_in_crm`` and ``changed_at_nylas`` compare
    with the last agreement, ``None`` where there was none. ``nylas_problem``: Nylas could not be asked. ``occupied``:
    the state of the run that keeps the link; ``occupied_by`` its snapshot.
    """

    at_crm: Observed | None = None
    at_nylas: Observed | None = None
    nylas_problem: bool = False
    is_paired: bool = False
    is_equal: bool = False
    changed_in_crm: bool | None = None
    changed_at_nylas: bool | None = None
    get: Way = Way()
    send: Way = Way()
    sync: Verdict | None = None
    webhook: Verdict | None = None
    occupied: RunState | None = None
    occupied_by: int | None = None
    is_syncing: bool = False
    last_write: LastWrite | None = None

    def way(self, direction: Direction) -> Way:
        return self.get if direction is Direction.GET else self.send


class Found(msgspec.Struct, frozen=True):
    """One finding; ``direction`` is the way it is about, ``None`` for both."""

    finding: Finding
    direction: Direction | None = None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What decides, and what else was found. ``missing``: the side that lacks the item while the other has it."""

    headline: Found
    others: tuple[Found, ...] = ()
    missing: Side | None = None

    @property
    def all(self) -> tuple[Found, ...]:
        return (self.headline, *self.others)


def explain(facts: ItemFacts) -> Explanation:
    """Put in order what is known of an item: what decides comes first."""
    found = list(dict.fromkeys(_found(facts)))
    return Explanation(headline=found[0], others=tuple(found[1:]), missing=missing_side(facts))


def missing_side(facts: ItemFacts) -> Side | None:
    """Give the side that lacks an item which the other one has."""
    if facts.nylas_problem or (facts.at_crm is None) == (facts.at_nylas is None):
        return None
    return Side.CRM if facts.at_crm is None else Side.NYLAS


def _found(facts: ItemFacts) -> Iterator[Found]:
    if facts.nylas_problem:
        yield from _without_nylas(facts)
    elif (missing := missing_side(facts)) is not None:
        yield from _missing(facts, WAYS[missing])
    elif facts.at_crm is not None:
        yield from _on_both(facts)
    else:
        yield from _nowhere(facts)
    if facts.webhook is not None and not facts.webhook.takes_part:
        yield Found(Finding.DOES_NOT_NOTIFY, Direction.GET)


# --- one side lacks it ---------------------------------------------------------------------------------------------


def _missing(facts: ItemFacts, direction: Direction) -> Iterator[Found]:
    """Say why an item did not come one way: its deletion first, then what would keep it away for good, then for now."""
    reasons = [*_deletions(facts, direction), *_obstacles(facts, direction)]
    yield from reasons or [Found(_not_yet(facts, direction), direction)]
    opposite = Direction.SEND if direction is Direction.GET else Direction.GET
    yield from _spared(facts.way(opposite), opposite)
    yield from _held_deletes(facts)


def _deletions(facts: ItemFacts, direction: Direction) -> Iterator[Found]:
    last = facts.last_write
    if last is not None and last.kind is ActionKind.DELETE and last.direction is direction:
        yield Found(Finding.DELETED_BY_SNAPSHOT, direction)
    elif facts.is_paired:
        yield Found(Finding.DELETED_THERE, direction)


def _obstacles(facts: ItemFacts, direction: Direction) -> Iterator[Found]:
    """Name what keeps an item from being copied one way; ordered by how much it takes to change that."""
    way = facts.way(direction)
    if (outside := _outside(facts, way)) is not None:
        yield Found(outside, direction)
    if way.action is not None and way.action.kind is ActionKind.SKIP and not _is_spared(way.action.reason):
        yield Found(Finding.CANNOT_BE_WRITTEN, direction)
    if way.off:
        yield Found(Finding.DIRECTION_OFF, direction)
    if facts.occupied in _OCCUPIED:
        yield Found(_OCCUPIED[facts.occupied], None)
    if way.left_out is not None:
        yield Found(Finding.LEFT_OUT, direction)
    if way.failure is not None:
        put_aside = way.failure.dismissed_at is not None
        yield Found(Finding.DISMISSED if put_aside else Finding.FAILED, direction)
    if facts.is_syncing and direction is Direction.GET:
        yield Found(Finding.SYNCING, direction)
    if facts.occupied is not None and facts.occupied not in _OCCUPIED:
        yield Found(Finding.LINK_BUSY, None)


_OCCUPIED = {RunState.HELD: Finding.LINK_HELD, RunState.PAUSED: Finding.LINK_PAUSED}


def _outside(facts: ItemFacts, way: Way) -> Finding | None:
    """Say whether the planner leaves the item out for its time, and whose doing that is."""
    is_out = way.action is not None and way.action.reason is Reason.OUTSIDE_WINDOW
    if facts.sync is not None and not facts.sync.takes_part:
        return Finding.OUTSIDE_POLICY
    return Finding.OUT_OF_SIGHT if is_out else None


def _not_yet(facts: ItemFacts, direction: Direction) -> Finding:
    """Say whether a run could have copied it at all."""
    way, item = facts.way(direction), facts.at_nylas if direction is Direction.GET else facts.at_crm
    if way.last_at is None:
        return Finding.NEVER_COPIED
    is_newer = item is not None and item.modified is not None and item.modified >= way.last_at
    return Finding.NOT_COPIED_SINCE if is_newer else Finding.UNKNOWN


def _is_spared(reason: Reason) -> bool:
    return reason in _SPARED


_SPARED = {Reason.DELETE_REJECTED: Finding.DELETE_REJECTED, Reason.ARCHIVED: Finding.DELETE_PROTECTED}


def _spared(way: Way, direction: Direction) -> Iterator[Found]:
    """Say why an item that is gone from one side stays at the other."""
    if way.action is not None and way.action.kind is ActionKind.SKIP and way.action.reason in _SPARED:
        yield Found(_SPARED[way.action.reason], direction)
    elif way.rejection is not None:
        yield Found(Finding.DELETE_REJECTED, direction)


def _held_deletes(facts: ItemFacts) -> Iterator[Found]:
    for direction in Direction:
        if facts.way(direction).held_by is not None:
            yield Found(Finding.WOULD_BE_DELETED, direction)


# --- both sides, none, or nobody knows -----------------------------------------------------------------------------


def _on_both(facts: ItemFacts) -> Iterator[Found]:
    if facts.is_equal:
        yield Found(Finding.IN_STEP if facts.is_paired else Finding.NOT_PAIRED_YET)
        if facts.sync is not None and not facts.sync.takes_part:
            yield Found(Finding.OUTSIDE_POLICY)
    else:
        finding = _changed(facts)
        yield Found(finding)
        for direction in _CARRIES[finding]:
            yield from _obstacles(facts, direction)
    yield from _held_deletes(facts)
    for direction in Direction:
        yield from _spared(facts.way(direction), direction)


def _changed(facts: ItemFacts) -> Finding:
    return _CHANGES.get((facts.changed_in_crm, facts.changed_at_nylas), Finding.DIFFERENT)


_CHANGES: dict[tuple[bool | None, bool | None], Finding] = {
    (False, True): Finding.CHANGED_AT_NYLAS,
    (True, False): Finding.CHANGED_IN_CRM,
    (True, True): Finding.CHANGED_ON_BOTH,
}
_CARRIES = {
    Finding.CHANGED_AT_NYLAS: (Direction.GET,),
    Finding.CHANGED_IN_CRM: (Direction.SEND,),
    Finding.CHANGED_ON_BOTH: tuple(Direction),
    Finding.DIFFERENT: tuple(Direction),
}
"""The ways that would bring both sides together again."""


def _nowhere(facts: ItemFacts) -> Iterator[Found]:
    last = facts.last_write
    if last is not None and last.kind is ActionKind.DELETE:
        yield Found(Finding.DELETED_BY_SNAPSHOT, last.direction)
    elif last is not None or facts.is_paired:
        yield Found(Finding.GONE)
    yield from _failures(facts)
    yield Found(Finding.NEVER_SEEN)


def _failures(facts: ItemFacts) -> Iterator[Found]:
    for direction in Direction:
        failure = facts.way(direction).failure
        if failure is not None:
            put_aside = failure.dismissed_at is not None
            yield Found(Finding.DISMISSED if put_aside else Finding.FAILED, direction)


def _without_nylas(facts: ItemFacts) -> Iterator[Found]:
    """Say what the CRM's side alone tells; an account that must sign in again says why Nylas is silent."""
    lost = {OffReason.NEEDS_SIGN_IN, OffReason.DISCONNECTED}
    if lost & {*facts.get.off, *facts.send.off}:
        yield Found(Finding.DIRECTION_OFF, Direction.GET)
    yield Found(Finding.NYLAS_SILENT)
    for direction in Direction:
        yield from _obstacles(facts, direction)
    yield from _held_deletes(facts)
