"""Snapshots and runs: states, counters, and what a run tells while it goes."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

import msgspec

from nylasadmin.domain.filters import Filter
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import Action, ActionKind, Direction, ReceiverOnly


class RunState(StrEnum):
    QUEUED = "queued"
    PLANNING = "planning"
    RUNNING = "running"
    WAITING = "waiting"  # planned, with deletes: until every link of the snapshot is planned
    HELD = "held"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


LIVE = frozenset(RunState) - {RunState.DONE, RunState.FAILED, RunState.CANCELLED}
"""States in which a run occupies its link."""

PAUSABLE = LIVE - {RunState.HELD, RunState.PAUSED}
"""States in which a run can be paused. A held one has written nothing and goes on only when somebody decides."""

CLAIMABLE = frozenset({RunState.QUEUED, RunState.PLANNING, RunState.RUNNING})
"""States in which a worker may take a run (planning and running ones only after their lease has ended)."""


JUDGED = frozenset(
    {RunState.RUNNING, RunState.WAITING, RunState.HELD, RunState.DONE, RunState.FAILED, RunState.CANCELLED}
)
"""States in which a run has told what it deletes, or will never delete anything: a snapshot is judged once all are."""


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """What a run read, planned and did, in items. The ``to_*`` ones are the plan's; ``moved`` changed meanwhile."""

    read: int = 0
    to_create: int = 0
    to_update: int = 0
    to_delete: int = 0
    unchanged: int = 0
    kept: int = 0
    outside: int = 0
    skipped: int = 0
    created: int = 0
    updated: int = 0
    deleted: int = 0
    moved: int = 0
    failed: int = 0

    @property
    def to_write(self) -> int:
        return self.to_create + self.to_update + self.to_delete

    @property
    def written(self) -> int:
        return self.created + self.updated + self.deleted


_PLANNED = {
    ActionKind.CREATE: "to_create",
    ActionKind.UPDATE: "to_update",
    ActionKind.DELETE: "to_delete",
    ActionKind.UNCHANGED: "unchanged",
    ActionKind.ADOPT: "unchanged",
    ActionKind.KEEP: "kept",
    ActionKind.OUTSIDE: "outside",
    ActionKind.SKIP: "skipped",
}


def count(actions: list[Action], read: int) -> Counters:
    """Count a plan. Adopted pairs are equal already and count as unchanged; forgotten ones count nowhere."""
    counts = dict.fromkeys(_PLANNED.values(), 0)
    for kind, number in Counter(action.kind for action in actions).items():
        if field := _PLANNED.get(kind):
            counts[field] += number
    return Counters(read=read, **counts)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot's work on one link, as a worker holds it. ``fence`` proves that the lease is still this worker's.

    ``plan_id`` names the preview that the run is bound to; ``spared`` are items that an operator has left out.
    ``is_one_of_many``: its snapshot has other links too, and is judged as a whole. ``pauses`` counts how often it was
    resumed; ``undoes_id`` is the snapshot that it takes back. ``is_narrow``: only chosen items take part.
    ``claimed_at``: when this worker took it (Unix seconds).
    """

    id: int
    snapshot_id: int
    link_id: int
    direction: Direction
    receiver_only: ReceiverOnly
    account_id: int = 0
    claimed_at: int = 0
    is_preview: bool = False
    state: RunState = RunState.QUEUED
    fence: int = 0
    approved: bytes | None = None
    spared: frozenset[ItemId] = frozenset()
    is_one_of_many: bool = False
    plan_id: int | None = None
    filter: Filter | None = None
    pauses: int = 0
    undoes_id: int | None = None
    is_narrow: bool = False


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One item that could not be written, with its cause in words and the raw answer behind it.

    ``is_transient``: the same may well succeed later, without anybody changing anything.
    """

    title: str
    action: str
    cause: str
    detail: str = ""
    crm_id: str | None = None
    nylas_id: str | None = None
    is_transient: bool = False
