"""Snapshots, runs and their leases.

State moves only by conditional updates whose row count is checked. A claim raises the run's fence; everything a worker
changes afterwards names that fence, so that a late worker with an expired lease can neither commit nor release.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)

from nylasadmin.adapters.storage.bulk import storable
from nylasadmin.adapters.storage.chosen import ChosenItems
from nylasadmin.adapters.storage.conditions import may_be_claimed, occupies_link
from nylasadmin.adapters.storage.links import chunks
from nylasadmin.adapters.storage.pauses import Pauses
from nylasadmin.adapters.storage.tables import failures, plan_uses, runs, snapshots
from nylasadmin.domain.filters import Filter, decode_filter, encode_filter
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.domain.runs import LIVE, Counters, Failure, Run, RunState
from nylasadmin.errors import NotFound
from nylasadmin.services.rows import NewRun
from nylasadmin.services.run_storage import LiveRun
from nylasadmin.services.views import SkippedLink

COUNTERS = tuple(Counters.__struct_fields__)
_EXECUTED = ("created", "updated", "deleted", "moved", "failed")


_sibling = runs.alias("sibling")
_has_siblings = exists().where(_sibling.c.snapshot_id == runs.c.snapshot_id, _sibling.c.id != runs.c.id)


class SqlRuns(Pauses, ChosenItems):
    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        super().__init__(connection)
        self._now = now

    def add_snapshot(
        self,
        *,
        target_id: int,
        link_id: int | None,
        direction: Direction,
        receiver_only: ReceiverOnly,
        is_preview: bool,
        reason: str,
        operator: str,
        skipped: Sequence[SkippedLink],
        plan_id: int | None = None,
        filter: Filter | None = None,
        undoes_id: int | None = None,
    ) -> int:
        made: Any = self._db.execute(
            insert(snapshots).values(
                target_id=target_id,
                link_id=link_id,
                direction=str(direction),
                receiver_only=str(receiver_only),
                is_preview=is_preview,
                reason=reason,
                operator=operator,
                requested_at=self._now(),
                skipped=msgspec.json.encode(list(skipped)).decode(),
                filter=encode_filter(filter),
                undoes_id=undoes_id,
            )
        ).inserted_primary_key
        if plan_id is not None:
            self._db.execute(insert(plan_uses).values(plan_id=plan_id, snapshot_id=made[0]))
        return int(made[0])

    def add_runs(self, snapshot_id: int, new: Sequence[NewRun]) -> None:
        asked = self._db.execute(select(snapshots).where(snapshots.c.id == snapshot_id)).one()
        common = {
            "snapshot_id": snapshot_id,
            "direction": asked.direction,
            "receiver_only": asked.receiver_only,
            "is_preview": asked.is_preview,
            "state": str(RunState.QUEUED),
        }
        rows = [{**common, "ordinal": n, "link_id": r.link_id, "account_id": r.account_id} for n, r in enumerate(new)]
        if rows:
            self._db.execute(insert(runs), rows)

    def executed_by(self, plan_id: int) -> int | None:
        """Give the snapshot that carries out a preview, if there is one."""
        found = select(plan_uses.c.snapshot_id).where(plan_uses.c.plan_id == plan_id)
        return self._db.execute(found).scalar_one_or_none()

    def planned_links(self, plan_id: int) -> list[int]:
        """Give the links that a preview planned to the end."""
        found = select(runs.c.link_id).where(runs.c.snapshot_id == plan_id, runs.c.state == str(RunState.DONE))
        return list(self._db.execute(found.order_by(runs.c.ordinal)).scalars())

    def live_by_link(self, link_ids: Sequence[int]) -> dict[int, LiveRun]:
        """Give for each busy link the run and the snapshot that occupy it."""
        found: dict[int, LiveRun] = {}
        columns = (runs.c.link_id, runs.c.id, runs.c.snapshot_id, runs.c.state)
        for chunk in chunks(link_ids):
            rows = self._db.execute(select(*columns).where(runs.c.link_id.in_(chunk), occupies_link(runs)))
            found |= {row.link_id: LiveRun(row.id, row.snapshot_id, RunState(row.state)) for row in rows}
        return found

    def claimable(self, now: float, snapshot_id: int | None, limit: int) -> list[int]:
        """Give runs a worker may take, in the order of fairness."""
        found = select(runs.c.id).where(_claimable(now)).order_by(runs.c.ordinal, runs.c.id).limit(limit)
        if snapshot_id is not None:
            found = found.where(runs.c.snapshot_id == snapshot_id)
        return list(self._db.execute(found).scalars())

    def claim(self, run_id: int, worker: str, now: float, lease_s: float) -> Run | None:
        """Take a run: its fence rises, its lease is ours. ``None`` if it is not to be had."""
        taken = self._db.execute(
            update(runs)
            .where(runs.c.id == run_id, _claimable(now))
            .values(
                lease_owner=worker,
                lease_until=now + lease_s,
                fence=runs.c.fence + 1,
                state=str(RunState.PLANNING),
                cause="",
                started_at=func.coalesce(runs.c.started_at, self._now()),
            )
        )
        if taken.rowcount != 1:
            return None
        joined = runs.join(snapshots).outerjoin(plan_uses, runs.c.snapshot_id == plan_uses.c.snapshot_id)
        asked = (snapshots.c.filter, snapshots.c.undoes_id)
        columns = (runs, *asked, plan_uses.c.plan_id, _has_siblings.label("is_one_of_many"))
        row = self._db.execute(select(*columns).select_from(joined).where(runs.c.id == run_id)).one()
        return Run(
            id=row.id,
            snapshot_id=row.snapshot_id,
            link_id=row.link_id,
            direction=Direction(row.direction),
            receiver_only=ReceiverOnly(row.receiver_only),
            is_preview=row.is_preview,
            state=RunState(row.state),
            fence=row.fence,
            approved=bytes(row.approved) if row.approved else None,
            spared=frozenset(msgspec.json.decode(row.spared, type=list[ItemId])) if row.spared else frozenset(),
            is_one_of_many=row.is_one_of_many,
            plan_id=row.plan_id,
            filter=decode_filter(row.filter),
            pauses=row.pauses,
            undoes_id=row.undoes_id,
        )

    def holders(self, now: float) -> list[str]:
        """Give the workers whose leases have not ended."""
        found = select(runs.c.lease_owner).where(runs.c.lease_until >= now, runs.c.lease_owner.is_not(None))
        return [str(name) for name in self._db.execute(found.distinct()).scalars()]

    def end_leases(self, worker: str) -> None:
        """End all leases of a worker that is gone for sure, so that another takes its runs at once."""
        mine = and_(runs.c.lease_owner == worker, runs.c.lease_until.is_not(None))
        self._db.execute(update(runs).where(mine).values(lease_until=0))

    def renew(self, run: Run, until: float) -> RunState | None:
        """Prolong the lease and give the run's state, which may be cancelled; ``None``: the lease is lost or ended.

        One that was let go stays so: a keeper that comes late must not occupy the link of a finished run.
        """
        is_leased = and_(held_by(run), runs.c.lease_until.is_not(None))
        renewed = self._db.execute(update(runs).where(is_leased).values(lease_until=until))
        if renewed.rowcount != 1:
            return None
        return RunState(self._db.execute(select(runs.c.state).where(runs.c.id == run.id)).scalar_one())

    def planned(self, run: Run, counters: Counters, state: RunState) -> bool:
        """Store the plan's counts and go on to ``state``; false when the run was cancelled or lost meanwhile."""
        values = {name: value for name, value in msgspec.structs.asdict(counters).items() if name not in _EXECUTED}
        moved = self._db.execute(
            update(runs)
            .where(held_by(run), runs.c.state == str(RunState.PLANNING))
            .values(**values, failed=0, moved=0, state=str(state))
        )
        return moved.rowcount == 1

    def add_counts(self, run: Run, counters: Counters) -> None:
        """Add what was done to the run's counters. What was written is counted, also after a cancel."""
        changed = {name: runs.c[name] + value for name, value in msgspec.structs.asdict(counters).items() if value}
        if changed:
            self._db.execute(update(runs).where(runs.c.id == run.id).values(**changed))

    def counters(self, run_id: int) -> Counters:
        row = self._db.execute(select(*(runs.c[name] for name in COUNTERS)).where(runs.c.id == run_id)).one()
        return Counters(**row._mapping)

    def finish(self, run: Run, state: RunState, cause: str = "", detail: str = "") -> bool:
        """End a run that is still live and ours."""
        ended = self._db.execute(
            update(runs)
            .where(held_by(run), runs.c.state.in_([str(RunState.PLANNING), str(RunState.RUNNING)]))
            .values(
                state=str(state),
                finished_at=self._now(),
                lease_until=None,
                cause=storable(cause),
                detail=storable(detail),
            )
        )
        return ended.rowcount == 1

    def note(self, run: Run, note: str) -> None:
        """Say in the run's row what it waits for; the next note, worker or end takes its place."""
        self._db.execute(update(runs).where(held_by(run)).values(cause=storable(note)))

    def release(self, run: Run) -> None:
        """Give a run back unfinished, so that another worker takes it at once."""
        self._db.execute(
            update(runs)
            .where(held_by(run), runs.c.state.in_([str(RunState.PLANNING), str(RunState.RUNNING)]))
            .values(state=str(RunState.QUEUED), lease_until=None)
        )

    def let_go(self, run: Run) -> None:
        """End the lease of a run that was cancelled or paused: its worker has stopped, the link is free."""
        self._db.execute(update(runs).where(held_by(run)).values(lease_until=None))

    def cancel(self, *, snapshot_id: int | None = None, run_id: int | None = None) -> list[int]:
        """End live runs by an operator's wish; give their ids. A cancelled run never becomes anything else."""
        which = runs.c.snapshot_id == snapshot_id if snapshot_id is not None else runs.c.id == run_id
        live = and_(which, runs.c.state.in_(sorted(LIVE)))
        ids = list(self._db.execute(select(runs.c.id).where(live).order_by(runs.c.id)).scalars())
        self._db.execute(update(runs).where(live).values(state=str(RunState.CANCELLED), finished_at=self._now()))
        return ids

    def last_read(self, link_id: int, direction: Direction, *, since: int = 0) -> int | None:
        """Give how many items the source had in the link's last finished run in that direction.

        Runs that were asked for before ``since`` do not count: another policy let other items take part.

        Runs of a part do not count, under a filter or of chosen items: one that left the deletions of a source that
        shrank outside let them pass. Nor does an undo, whose source is before-images.
        """
        found = (
            select(runs.c.read)
            .join_from(runs, snapshots)
            .where(
                snapshots.c.filter.is_(None),
                snapshots.c.is_narrow.is_(False),
                snapshots.c.undoes_id.is_(None),
                runs.c.link_id == link_id,
                runs.c.direction == str(direction),
                runs.c.state == str(RunState.DONE),
                runs.c.is_preview.is_(False),
                snapshots.c.requested_at >= since,
            )
            .order_by(runs.c.id.desc())
            .limit(1)
        )
        return self._db.execute(found).scalar_one_or_none()

    def clear_failures(self, run_id: int) -> None:
        self._db.execute(delete(failures).where(failures.c.run_id == run_id))

    def add_failures(self, run: Run, new: Sequence[Failure]) -> None:
        if new:
            now = self._now()
            common = {"run_id": run.id, "link_id": run.link_id, "at": now}
            self._db.execute(insert(failures), [_failure_values(f) | common for f in new])

    def failed_links(self, snapshot_id: int) -> list[int]:
        """Give the links of a snapshot whose run failed, was incomplete or had failed items."""
        found = select(runs.c.link_id).where(
            runs.c.snapshot_id == snapshot_id,
            or_(runs.c.state == str(RunState.FAILED), runs.c.failed > 0, runs.c.moved > 0),
        )
        return list(self._db.execute(found.order_by(runs.c.ordinal)).scalars())

    def to_retry(self, run_id: int) -> int | None:
        """Give the link of a run that failed, was cancelled, was incomplete or had failed items; else ``None``."""
        ended_early = runs.c.state.in_([str(RunState.FAILED), str(RunState.CANCELLED)])
        was_incomplete = and_(runs.c.state == str(RunState.DONE), or_(runs.c.failed > 0, runs.c.moved > 0))
        found = select(runs.c.link_id).where(runs.c.id == run_id, or_(ended_early, was_incomplete))
        return self._db.execute(found).scalar_one_or_none()

    def snapshot_of(self, run_id: int, expected: int | None = None) -> int:
        """Give the snapshot a run belongs to. Raises ``NotFound``, also when it is not the expected one."""
        found = self._db.execute(select(runs.c.snapshot_id).where(runs.c.id == run_id)).scalar_one_or_none()
        if found is None or expected not in (None, found):
            raise NotFound("run", run_id)
        return int(found)


def _failure_values(failure: Failure) -> dict[str, object]:
    values = msgspec.structs.asdict(failure)
    del values["is_transient"]  # tells when the item is tried again; see failed
    return values | {name: storable(values[name]) for name in ("title", "cause", "detail")}


def _claimable(now: float) -> ColumnElement[bool]:
    """Queued, or left by its worker; and no other worker is still busy with the link, be it for a cancelled run.

    A queued run with a lease was paused and resumed before its worker noticed: the worker lets go of it first.
    """
    under_way = runs.c.state.in_([str(RunState.PLANNING), str(RunState.RUNNING)])
    is_waiting = and_(runs.c.state == str(RunState.QUEUED), runs.c.lease_until.is_(None))
    is_left = and_(or_(under_way, runs.c.state == str(RunState.QUEUED)), runs.c.lease_until < now)
    is_free = or_(is_waiting, is_left)
    other = runs.alias("other")
    is_other_busy = exists().where(
        other.c.link_id == runs.c.link_id,
        other.c.id != runs.c.id,
        other.c.lease_until >= now,
        other.c.is_preview.is_(False),
    )
    return and_(may_be_claimed(runs), is_free, or_(runs.c.is_preview, not_(is_other_busy)))


def held_by(run: Run) -> ColumnElement[bool]:
    """Choose a run's row as long as its lease is this worker's."""
    return and_(runs.c.id == run.id, runs.c.fence == run.fence)
