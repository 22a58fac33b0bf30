"""Runs that wait: for the other links of their snapshot, or for an operator's decision about their deletes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, literal_column, not_, select, update

from nylasadmin.adapters.storage.conditions import state_in
from nylasadmin.adapters.storage.run_statements import NOTE_TALLY, held
from nylasadmin.adapters.storage.runs import held_by
from nylasadmin.adapters.storage.tables import links, plan_items, runs, snapshots, writes
from nylasadmin.domain.guard import Hold, Tally
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import ActionKind, Direction
from nylasadmin.domain.runs import JUDGED, Run, RunState
from nylasadmin.services import wording
from nylasadmin.services.rows import HeldRun, PlannedTally, Victim

_WAITING = runs.c.state == literal_column("'waiting'")  # spelt as in the index, so that it is used
_HELD = runs.c.state == str(RunState.HELD)
_other = runs.alias("other")
_UNJUDGED = (
    select(runs.c.snapshot_id, snapshots.c.target_id)
    .join(snapshots, runs.c.snapshot_id == snapshots.c.id)
    .where(
        _WAITING,
        not_(
            exists().where(
                _other.c.snapshot_id == runs.c.snapshot_id,
                not_(state_in(_other, sorted(JUDGED))),
                _other.c.is_parked.is_(False),
            )
        ),
    )
    .distinct()
)
"""Built once: whoever looks for work asks it."""


class SqlHolds:
    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._db = connection
        self._now = now

    # --- a worker's part

    def note(self, run: Run, tally: Tally) -> None:
        """Keep what the guard counted of a run, for its snapshot's sum."""
        self._db.execute(NOTE_TALLY, {**held(run), "the_tally": _json(tally)})

    def hold(self, run: Run, hold: Hold, victims: bytes) -> bool:
        """Stop before the first write, until an operator decides."""
        return self._stop(run, RunState.HELD, victims, hold=_json(hold))

    def wait(self, run: Run, victims: bytes) -> bool:
        """Stop before the first write, until every link of the snapshot is planned."""
        return self._stop(run, RunState.WAITING, victims, cause=wording.WAITS_FOR_OTHERS)

    def _stop(self, run: Run, state: RunState, victims: bytes, **values: str) -> bool:
        stopped = self._db.execute(
            update(runs)
            .where(held_by(run), runs.c.state == str(RunState.PLANNING))
            .values(state=str(state), victims=victims, approved=None, approved_by=None, lease_until=None, **values)
        )
        return stopped.rowcount == 1

    def deleted_by(self, run: Run) -> frozenset[ItemId]:
        """Name the items that a run has deleted."""
        column = writes.c.crm_id if run.direction is Direction.GET else writes.c.nylas_id
        done = and_(writes.c.run_id == run.id, writes.c.kind == str(ActionKind.DELETE), writes.c.state == "done")
        return frozenset(ItemId(i) for i in self._db.execute(select(column).where(done)).scalars() if i is not None)

    # --- the snapshot's part

    def unjudged(self) -> list[tuple[int, int]]:
        """Give snapshots (and their targets) with waiting runs and no run that is still to be planned.

        A run that is parked until its account signs in keeps nobody waiting; it is judged when it goes on.
        """
        return [(row.snapshot_id, row.target_id) for row in self._db.execute(_UNJUDGED)]

    def tallies(self, snapshot_id: int) -> list[Tally]:
        """Give what was counted of each run of a snapshot that got that far, and has deleted something or still may."""
        is_over = runs.c.state.in_([str(RunState.CANCELLED), str(RunState.FAILED)])
        is_harmless = and_(is_over, runs.c.deleted == 0, runs.c.lease_until.is_(None))
        counts = and_(runs.c.tally.is_not(None), not_(is_harmless))
        found = select(runs.c.tally).where(runs.c.snapshot_id == snapshot_id, counts)
        return [_tally(text) for text in self._db.execute(found).scalars()]

    def waiting(self, snapshot_id: int) -> list[tuple[int, Tally]]:
        found = select(runs.c.id, runs.c.tally).where(runs.c.snapshot_id == snapshot_id, _WAITING)
        return [(row.id, _tally(row.tally)) for row in self._db.execute(found)]

    def let_pass(self, snapshot_id: int) -> int:
        """Let waiting runs go on with exactly the deletes that were counted; give how many."""
        passed = self._db.execute(
            update(runs)
            .where(runs.c.snapshot_id == snapshot_id, _WAITING)
            .values(state=str(RunState.QUEUED), approved=runs.c.victims, cause="", lease_until=None)
        )
        return passed.rowcount

    def hold_waiting(self, run_id: int, hold: Hold) -> bool:
        values = {"state": str(RunState.HELD), "hold": _json(hold), "cause": ""}
        return self._db.execute(update(runs).where(runs.c.id == run_id, _WAITING).values(**values)).rowcount == 1

    # --- the operator's part

    def of_snapshot(self, snapshot_id: int) -> list[HeldRun]:
        """Give the held runs of a snapshot, most deletes first."""
        return self._held(runs.c.snapshot_id == snapshot_id)

    def of_run(self, run_id: int) -> HeldRun | None:
        """Give a held run; ``None`` if it is not held."""
        found = self._held(runs.c.id == run_id)
        return found[0] if found else None

    def _held(self, which: ColumnElement[bool]) -> list[HeldRun]:
        left_out = (
            select(func.count())
            .where(plan_items.c.run_id == runs.c.id, _is_victim(), plan_items.c.excluded_by != "")
            .scalar_subquery()
        )
        found = (
            select(runs, links.c.user_name, links.c.folder_name, left_out.label("left_out"))
            .join(links, runs.c.link_id == links.c.id)
            .where(which, _HELD, runs.c.hold.is_not(None))
            .order_by(runs.c.to_delete.desc(), runs.c.id)
        )
        return [_held_run(row) for row in self._db.execute(found)]

    def victims(self, run_id: int) -> list[Victim]:
        """Give what a held run would delete."""
        found = select(plan_items).where(plan_items.c.run_id == run_id, _is_victim()).order_by(plan_items.c.seq)
        return [
            Victim(
                source_id=row.source_id,
                destination_id=row.destination_id,
                title=row.title,
                is_left_out=bool(row.excluded_by),
            )
            for row in self._db.execute(found)
        ]

    def resume(self, run_id: int, spared: Iterable[ItemId], approved: bytes | None = None, operator: str = "") -> bool:
        """Let a held run go on, without the spared deletes, for good; ``approved`` is the digest of those allowed."""
        row = self._db.execute(select(runs.c.spared).where(runs.c.id == run_id, _HELD)).one_or_none()
        if row is None:
            return False
        known = msgspec.json.decode(row.spared, type=list[ItemId]) if row.spared else []
        every = sorted({*known, *spared})
        values: dict[str, Any] = {"approved": approved, "approved_by": operator or None, "hold": None, "cause": ""}
        resumed = self._db.execute(
            update(runs)
            .where(runs.c.id == run_id, _HELD)
            .values(state=str(RunState.QUEUED), lease_until=None, spared=_json(every) if every else None, **values)
        )
        return resumed.rowcount == 1

    def approved_deletes(self, snapshot_id: int, operator: str) -> int:
        """Count the deletes of a snapshot that an operator has approved before."""
        summed = func.coalesce(func.sum(runs.c.to_delete), 0)
        which = and_(runs.c.snapshot_id == snapshot_id, runs.c.approved_by == operator)
        return int(self._db.execute(select(summed).where(which)).scalar_one())

    # --- a preview's part

    def planned(self, plan_id: int) -> list[PlannedTally]:
        """Give what was counted of each link that a preview has planned, and how many deletes were left out since."""
        left_out = (
            select(plan_items.c.run_id, func.count().label("left_out"))
            .where(plan_items.c.plan_id == plan_id, _is_victim(), plan_items.c.excluded_by != "")
            .group_by(plan_items.c.run_id)
            .subquery()
        )
        found = (
            select(runs.c.link_id, runs.c.tally, links.c.user_name, links.c.folder_name, left_out.c.left_out)
            .select_from(
                runs.join(links, runs.c.link_id == links.c.id).outerjoin(left_out, runs.c.id == left_out.c.run_id)
            )
            .where(runs.c.snapshot_id == plan_id, runs.c.state == str(RunState.DONE), runs.c.tally.is_not(None))
            .order_by(runs.c.to_delete.desc(), runs.c.id)
        )
        return [
            PlannedTally(
                link_id=row.link_id,
                user_name=row.user_name,
                folder_name=row.folder_name,
                tally=_tally(row.tally),
                left_out=row.left_out or 0,
            )
            for row in self._db.execute(found)
        ]


def _is_victim() -> ColumnElement[bool]:
    return plan_items.c.kind == str(ActionKind.DELETE)


def _held_run(row: Row[Any]) -> HeldRun:
    return HeldRun(
        run_id=row.id,
        snapshot_id=row.snapshot_id,
        link_id=row.link_id,
        user_name=row.user_name,
        folder_name=row.folder_name,
        direction=Direction(row.direction),
        hold=msgspec.json.decode(row.hold, type=Hold),
        victims=bytes(row.victims),
        left_out=row.left_out,
    )


def _tally(text: str) -> Tally:
    return msgspec.json.decode(text, type=Tally)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
