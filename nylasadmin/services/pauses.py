"""Pause snapshots and single runs at their next item, and let them go on."""

from __future__ import annotations

from collections.abc import Callable

from nylasadmin.domain.privileges import Actor
from nylasadmin.errors import Refused
from nylasadmin.services.audit import record
from nylasadmin.services.refusals import noting_refusals
from nylasadmin.services.storage import Storage, UnitOfWork
from nylasadmin.services.views import SnapshotView


class Pauses:
    """``wake`` tells the runner that there is work.

    Everything here may be done twice: the second time changes nothing. A held run stays held: it has written nothing,
    and goes on only when somebody decides about it. A preview writes nothing and is cancelled instead.
    """

    def __init__(self, storage: Storage, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._wake = wake

    @noting_refusals("snapshot.pause", "snapshot {snapshot_id}")
    def pause(self, actor: Actor, snapshot_id: int) -> int:
        """Pause what is waiting or under way; give how many runs that were. Raises ``NotFound`` and ``Refused``."""
        with self._storage.write() as tx:
            view = _snapshot(tx, snapshot_id)
            return _noted(tx, actor, "snapshot.pause", view, tx.runs.pause(snapshot_id=snapshot_id))

    @noting_refusals("run.pause", "run {run_id}")
    def pause_run(self, actor: Actor, run_id: int, *, snapshot_id: int | None = None) -> int:
        """Pause one run; give 1, or 0 if it was held, paused or over. Raises ``NotFound`` and ``Refused``."""
        with self._storage.write() as tx:
            view = _snapshot(tx, tx.runs.snapshot_of(run_id, snapshot_id))
            return _noted(tx, actor, "run.pause", view, tx.runs.pause(run_id=run_id), run_id)

    @noting_refusals("snapshot.resume", "snapshot {snapshot_id}")
    def resume(self, actor: Actor, snapshot_id: int) -> int:
        """Let all paused runs go on; give how many that were. Raises ``NotFound`` and ``Refused``."""
        with self._storage.write() as tx:
            view = _snapshot(tx, snapshot_id)
            resumed = _noted(tx, actor, "snapshot.resume", view, tx.runs.resume(snapshot_id=snapshot_id))
        self._wake()
        return resumed

    @noting_refusals("run.resume", "run {run_id}")
    def resume_run(self, actor: Actor, run_id: int, *, snapshot_id: int | None = None) -> int:
        """Let one paused run go on; give 1, or 0 if it is not paused. Raises ``NotFound`` and ``Refused``."""
        with self._storage.write() as tx:
            view = _snapshot(tx, tx.runs.snapshot_of(run_id, snapshot_id))
            resumed = _noted(tx, actor, "run.resume", view, tx.runs.resume(run_id=run_id), run_id)
        self._wake()
        return resumed


def _snapshot(tx: UnitOfWork, snapshot_id: int) -> SnapshotView:
    view = tx.console.snapshot(snapshot_id)
    if view.is_preview:
        raise Refused("preview_not_paused")
    return view


def _noted(
    tx: UnitOfWork, actor: Actor, action: str, view: SnapshotView, ids: list[int], run_id: int | None = None
) -> int:
    subject = view.name if run_id is None else f"run {run_id} of {view.name}"
    record(tx, actor, action, subject, new={"runs": len(ids)})
    return len(ids)
