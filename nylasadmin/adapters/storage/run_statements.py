"""The statements that every run needs, each built once: building one takes longer than the database takes to obey it.

Parameters are named ``the_...``, because a parameter that is called like a column would be written into it.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, not_, or_, select, update

from nylasadmin.adapters.storage.conditions import may_be_claimed, state_in
from nylasadmin.adapters.storage.tables import plan_uses, runs, snapshots
from nylasadmin.domain.runs import Counters, Run, RunState

COUNTERS = tuple(Counters.__struct_fields__)
EXECUTED = ("created", "updated", "deleted", "moved", "failed")
"""Counters of what was done; the others are the plan's."""

_RUN = bindparam("the_run", type_=runs.c.id.type)
_NOW = bindparam("the_time", type_=runs.c.lease_until.type)
_HELD = and_(runs.c.id == _RUN, runs.c.fence == bindparam("the_fence"))
_UNDER_WAY = [RunState.PLANNING, RunState.RUNNING]


def held(run: Run) -> dict[str, object]:
    """Give the parameters of a statement about a run as long as its lease is this worker's."""
    return {"the_run": run.id, "the_fence": run.fence}


def _claimable() -> ColumnElement[bool]:
    """Queued, or left by its worker; and no other worker is still busy with the link, be it for a cancelled run.

    A queued run with a lease was paused and resumed before its worker noticed: the worker lets go of it first.
    """
    is_waiting = and_(state_in(runs, [RunState.QUEUED]), runs.c.lease_until.is_(None))
    is_left = and_(state_in(runs, [*_UNDER_WAY, RunState.QUEUED]), runs.c.lease_until < _NOW)
    other = runs.alias("other")
    is_other_busy = exists().where(
        other.c.link_id == runs.c.link_id,
        other.c.id != runs.c.id,
        other.c.lease_until >= _NOW,
        other.c.is_preview.is_(False),
    )
    return and_(may_be_claimed(runs), or_(is_waiting, is_left), or_(runs.c.is_preview, not_(is_other_busy)))


CLAIMABLE = select(runs.c.id).where(_claimable()).order_by(runs.c.ordinal, runs.c.id).limit(bindparam("the_limit"))
"""Runs that may be taken at ``the_time``, in the order of fairness."""

CLAIMABLE_OF_SNAPSHOT = CLAIMABLE.where(runs.c.snapshot_id == bindparam("the_snapshot"))

CLAIM = (
    update(runs)
    .where(runs.c.id == _RUN, _claimable())
    .values(
        lease_owner=bindparam("the_worker"),
        lease_until=bindparam("the_lease"),
        fence=runs.c.fence + 1,
        state=str(RunState.PLANNING),
        cause="",
        started_at=func.coalesce(runs.c.started_at, bindparam("the_start")),
    )
)

_sibling = runs.alias("sibling")
_has_siblings = exists().where(_sibling.c.snapshot_id == runs.c.snapshot_id, _sibling.c.id != runs.c.id)

CLAIMED = (
    select(
        runs,
        snapshots.c.filter,
        snapshots.c.undoes_id,
        snapshots.c.is_narrow,
        plan_uses.c.plan_id,
        _has_siblings.label("is_one_of_many"),
    )
    .select_from(runs.join(snapshots).outerjoin(plan_uses, runs.c.snapshot_id == plan_uses.c.snapshot_id))
    .where(runs.c.id == _RUN)
)

RENEW = (
    update(runs)
    .where(_HELD, runs.c.lease_until.is_not(None))
    .values(lease_until=bindparam("the_lease"))
    .returning(runs.c.state)
)

PLANNED = (
    update(runs)
    .where(_HELD, state_in(runs, [RunState.PLANNING]))
    .values(state=bindparam("the_state"), failed=0, moved=0)
    .values({name: bindparam(f"the_{name}") for name in COUNTERS if name not in EXECUTED})
)

ADD_COUNTS = (
    update(runs).where(runs.c.id == _RUN).values({name: runs.c[name] + bindparam(f"the_{name}") for name in COUNTERS})
)

COUNTED = select(*(runs.c[name] for name in COUNTERS)).where(runs.c.id == _RUN)

FINISH = (
    update(runs)
    .where(_HELD, state_in(runs, _UNDER_WAY))
    .values(
        state=bindparam("the_state"),
        finished_at=bindparam("the_end"),
        lease_until=None,
        cause=bindparam("the_cause"),
        detail=bindparam("the_detail"),
    )
)

NOTE_TALLY = update(runs).where(_HELD).values(tally=bindparam("the_tally"))

LAST_READ = (
    select(runs.c.read)
    .join_from(runs, snapshots)
    .where(
        snapshots.c.filter.is_(None),
        snapshots.c.is_narrow.is_(False),
        snapshots.c.undoes_id.is_(None),
        runs.c.link_id == bindparam("the_link"),
        runs.c.direction == bindparam("the_direction"),
        state_in(runs, [RunState.DONE]),
        runs.c.is_preview.is_(False),
        snapshots.c.requested_at >= bindparam("since"),
    )
    .order_by(runs.c.id.desc())
    .limit(1)
)
"""How many items the source had in the last finished run of a whole link that was no undo, asked for since a moment."""

HOLDERS = select(runs.c.lease_owner).where(runs.c.lease_until >= _NOW, runs.c.lease_owner.is_not(None)).distinct()
