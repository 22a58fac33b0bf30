"""Points of plots: the sums of a snapshot's counters at some moments."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from nylasadmin.adapters.storage.conditions import state_in
from nylasadmin.adapters.storage.links import chunks
from nylasadmin.adapters.storage.tables import progress_samples, runs
from nylasadmin.domain.runs import PAUSABLE
from nylasadmin.domain.thinning import superfluous
from nylasadmin.services.views import Sample

_IS_UNDER_WAY = (
    select(runs.c.id).where(runs.c.snapshot_id == bindparam("the_snapshot"), state_in(runs, sorted(PAUSABLE))).limit(1)
)


class SqlSamples:
    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._db = connection
        self._now = now

    def add(self, snapshot_id: int) -> None:
        """Keep one point for this second; many points are thinned out."""
        now, mine = self._now(), progress_samples.c.snapshot_id == snapshot_id
        self._db.execute(delete(progress_samples).where(mine, progress_samples.c.at == now))
        written = runs.c.created + runs.c.updated + runs.c.deleted
        sums = select(func.sum(runs.c.read), func.sum(written), func.sum(runs.c.failed))
        read, done, failed = self._db.execute(sums.where(runs.c.snapshot_id == snapshot_id)).one()
        values = {"read": read or 0, "written": done or 0, "failed": failed or 0}
        self._db.execute(insert(progress_samples).values(snapshot_id=snapshot_id, at=now, **values))
        times = self._db.execute(select(progress_samples.c.at).where(mine).order_by(progress_samples.c.at)).scalars()
        for chunk in chunks(superfluous(list(times))):
            self._db.execute(delete(progress_samples).where(mine, progress_samples.c.at.in_(chunk)))

    def is_over(self, snapshot_id: int) -> bool:
        """Say whether no run of a snapshot will work on by itself."""
        return self._db.execute(_IS_UNDER_WAY, {"the_snapshot": snapshot_id}).first() is None

    def of_snapshot(self, snapshot_id: int) -> list[Sample]:
        """Give the points in the order of time."""
        found = select(progress_samples).where(progress_samples.c.snapshot_id == snapshot_id)
        rows = self._db.execute(found.order_by(progress_samples.c.at))
        return [Sample(at=row.at, read=row.read, written=row.written, failed=row.failed) for row in rows]
