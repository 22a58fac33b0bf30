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
    Update,
    and_,
    delete,
    insert,
    or_,
    select,
    update,
)

from nylasadmin.adapters.storage import run_statements as statements
from nylasadmin.adapters.storage.bulk import storable
from nylasadmin.adapters.storage.chosen import ChosenItems
from nylasadmin.adapters.storage.conditions import occupies_link
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
        asked = {"the_time": now, "the_limit": limit}
        if snapshot_id is None:
            return list(self._db.execute(statements.CLAIMABLE, asked).scalars())
        asked["the_snapshot"] = snapshot_id
        return list(self._db.execute(statements.CLAIMABLE_OF_SNAPSHOT, asked).scalars())

    def claim(self, run_id: int, worker: str, now: float, lease_s: float) -> Run | None:
        """Take a run: its fence rises, its lease is ours. ``None`` if it is not to be had."""
        lease = {"the_worker": worker, "the_time": now, "the_lease": now + lease_s, "the_start": self._now()}
        if self._db.execute(statements.CLAIM, {"the_run": run_id, **lease}).rowcount != 1:
            return None
        row = self._db.execute(statements.CLAIMED, {"the_run": run_id}).one()
        return Run(
            id=row.id,
            snapshot_id=row.snapshot_id,
            link_id=row.link_id,
            account_id=row.account_id,
            claimed_at=int(now),
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
            is_narrow=row.is_narrow,
        )

    def holders(self, now: float) -> list[str]:
        """Give the workers whose leases have not ended."""
        return [str(name) for name in self._db.execute(statements.HOLDERS, {"the_time": now}).scalars()]

    def end_leases(self, worker: str) -> None:
        """End all leases of a worker that is gone for sure, so that another takes its runs at once."""
        mine = and_(runs.c.lease_owner == worker, runs.c.lease_until.is_not(None))
        self._db.execute(update(runs).where(mine).values(lease_until=0))

    def renew(self, run: Run, until: float) -> RunState | None:
        """Prolong the lease and give the run's state, which may be cancelled; ``None``: the lease is lost or ended.

        One that was let go stays so: a keeper that comes late must not occupy the link of a finished run.
        """
        renewed = self._db.execute(statements.RENEW, {**statements.held(run), "the_lease": until})
        state = renewed.scalar_one_or_none()
        return None if state is None else RunState(state)

    def planned(self, run: Run, counters: Counters, state: RunState) -> bool:
        """Store the plan's counts and go on to ``state``; false when the run was cancelled or lost meanwhile."""
        values = {name: number for name, number in _numbers(counters).items() if name[4:] not in statements.EXECUTED}
        return self._changes_one(statements.PLANNED, run, the_state=str(state), **values)

    def add_counts(self, run: Run, counters: Counters) -> None:
        """Add what was done to the run's counters. What was written is counted, also after a cancel."""
        numbers = _numbers(counters)
        if any(numbers.values()):
            self._db.execute(statements.ADD_COUNTS, {"the_run": run.id, **numbers})

    def counters(self, run_id: int) -> Counters:
        return Counters(**self._db.execute(statements.COUNTED, {"the_run": run_id}).one()._mapping)

    def finish(self, run: Run, state: RunState, cause: str = "", detail: str = "") -> bool:
        """End a run that is still live and ours."""
        why = {"the_cause": storable(cause), "the_detail": storable(detail)}
        return self._changes_one(statements.FINISH, run, the_state=str(state), the_end=self._now(), **why)

    def _changes_one(self, statement: Update, run: Run, **values: object) -> bool:
        """Change the row of a run as long as its lease is this worker's; say whether it was."""
        return self._db.execute(statement, {**statements.held(run), **values}).rowcount == 1

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
        return self._cancel(runs.c.snapshot_id == snapshot_id if snapshot_id is not None else runs.c.id == run_id)

    def cancel_of_links(self, link_ids: Sequence[int]) -> list[int]:
        """End all live runs and previews of links; give their ids."""
        return [run_id for chunk in chunks(link_ids) for run_id in self._cancel(runs.c.link_id.in_(chunk))]

    def _cancel(self, which: ColumnElement[bool]) -> list[int]:
        live = and_(which, runs.c.state.in_(sorted(LIVE)))
        ids = list(self._db.execute(select(runs.c.id).where(live).order_by(runs.c.id)).scalars())
        ended = {"state": str(RunState.CANCELLED), "finished_at": self._now(), "is_parked": False}
        self._db.execute(update(runs).where(live).values(**ended))
        return ids

    def last_read(self, link_id: int, direction: Direction, *, since: int = 0) -> int | None:
        """Give how many items the source had in the link's last finished run in that direction.

        Runs that were asked for before ``since`` do not count: another policy let other items take part.

        Runs of a part do not count, under a filter or of chosen items: one that left the deletions of a source that
        shrank outside let them pass. Nor does an undo, whose source is before-images.
        """
        asked = {"the_link": link_id, "the_direction": str(direction), "since": since}
        return self._db.execute(statements.LAST_READ, asked).scalar_one_or_none()

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


def held_by(run: Run) -> ColumnElement[bool]:
    """Choose a run's row as long as its lease is this worker's."""
    return and_(runs.c.id == run.id, runs.c.fence == run.fence)


def _numbers(counters: Counters) -> dict[str, object]:
    return {f"the_{name}": number for name, number in msgspec.structs.asdict(counters).items()}
