"""Pausing and resuming runs: conditional updates, so that doing it twice changes nothing the second time."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, select, text, update

from nylasadmin.adapters.storage.bulk import storable
from nylasadmin.adapters.storage.tables import runs
from nylasadmin.domain.runs import PAUSABLE, Run, RunState


class Pauses:
    """What ``SqlRuns`` knows about paused runs."""

    _db: Connection

    def pause(self, *, snapshot_id: int | None = None, run_id: int | None = None) -> list[int]:
        """Stop runs at their next item; give their ids. Their workers let go of them by themselves."""
        which = and_(_which(snapshot_id, run_id), runs.c.state.in_(sorted(PAUSABLE)), runs.c.is_preview.is_(False))
        ids = self._ids(which)
        self._db.execute(update(runs).where(which).values(state=str(RunState.PAUSED), cause=""))
        return ids

    def resume(self, *, snapshot_id: int | None = None, run_id: int | None = None) -> list[int]:
        """Let paused runs go on from what both sides hold by then; give their ids."""
        return self._resume(_which(snapshot_id, run_id))

    def park(self, run: Run, cause: str, detail: str) -> bool:
        """Pause a run of ours until its account has signed in again; false if it was cancelled, paused or lost."""
        under_way = runs.c.state.in_([str(RunState.PLANNING), str(RunState.RUNNING)])
        parked = self._db.execute(
            update(runs)
            .where(runs.c.id == run.id, runs.c.fence == run.fence, under_way)
            .values(
                state=str(RunState.PAUSED),
                is_parked=True,
                lease_until=None,
                cause=storable(cause),
                detail=storable(detail),
            )
        )
        return parked.rowcount == 1

    def resume_parked(self, account_id: int) -> list[int]:
        """Let the parked runs of an account go on; give their ids."""
        return self._resume(and_(runs.c.account_id == account_id, text("is_parked")))

    def _resume(self, which: ColumnElement[bool]) -> list[int]:
        paused = and_(which, runs.c.state == str(RunState.PAUSED))
        ids = self._ids(paused)
        values = {"state": str(RunState.QUEUED), "is_parked": False, "cause": "", "detail": ""}
        self._db.execute(update(runs).where(paused).values(pauses=runs.c.pauses + 1, **values))
        return ids

    def _ids(self, which: ColumnElement[bool]) -> list[int]:
        return list(self._db.execute(select(runs.c.id).where(which).order_by(runs.c.id)).scalars())


def _which(snapshot_id: int | None, run_id: int | None) -> ColumnElement[bool]:
    return runs.c.snapshot_id == snapshot_id if snapshot_id is not None else runs.c.id == run_id
