"""Snapshots and runs: states, counters, and what a run tells while it goes."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from nylasadmin.domain.plan import Action, ActionKind, Direction, ReceiverOnly


class RunState(StrEnum):
    QUEUED = "queued"
    PLANNING = "planning"
    RUNNING = "running"
    HELD = "held"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


LIVE = frozenset({RunState.QUEUED, RunState.PLANNING, RunState.RUNNING, RunState.HELD})
"""States in which a run occupies its link."""

CLAIMABLE = frozenset({RunState.QUEUED, RunState.PLANNING, RunState.RUNNING})
"""States in which a worker may take a run (planning and running ones only after their lease has ended)."""


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
    for action in actions:
        field = _PLANNED.get(action.kind)
        if field:
            counts[field] += 1
    return Counters(read=read, **counts)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot's work on one link, as a worker holds it. ``fence`` proves that the lease is still this worker's.

    ``plan_id`` names the preview that the run is bound to."""

    id: int
    snapshot_id: int
    link_id: int
    direction: Direction
    receiver_only: ReceiverOnly
    is_preview: bool = False
    state: RunState = RunState.QUEUED
    fence: int = 0
    approved: bytes | None = None
    plan_id: int | None = None


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One item that could not be written, with its cause in words and the raw answer behind it."""

    title: str
    action: str
    cause: str
    detail: str = ""
    crm_id: str | None = None
    nylas_id: str | None = None
