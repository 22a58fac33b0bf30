"""Undo: plan how to take a snapshot back, and refuse where that cannot be."""

from __future__ import annotations

import time
from collections.abc import Callable

from nylasadmin.domain.links import OffReason
from nylasadmin.domain.privileges import Actor
from nylasadmin.errors import NotFound, Refused
from nylasadmin.services.snapshots import Wish, add_runs_for
from nylasadmin.services.storage import Clock, Storage, UnitOfWork
from nylasadmin.services.views import KeptVersions, SkippedLink, SnapshotState, SnapshotView

_KEPT_FOR_S = 30.0
"""How long a figure is shown again before it is computed anew."""


class Undo:
    """``wake`` tells the runner that there is work."""

    def __init__(self, storage: Storage, clock: Clock, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._clock = clock
        self._wake = wake
        self._kept: dict[int, tuple[float, KeptVersions]] = {}

    def plan(self, actor: Actor, snapshot_id: int) -> SnapshotView:
        """Plan how to take a snapshot back: a preview like any other, to be trimmed and run like any other.

        Looking ahead changes nothing, so it leaves no row in the audit trail; the run does. Raises :class:`NotFound`,
        and :class:`Refused` (``undo_live``, ``undo_nothing``, ``undo_over``, ``undo_done``, ``undo_no_link``, or as a
        snapshot does).
        """
        with self._storage.write() as tx:
            undone = tx.console.snapshot(snapshot_id)
            if undone.is_preview:
                raise NotFound("snapshot", snapshot_id)
            refuse_undo(tx, undone)
            self._refuse_late(tx, undone)
            present, removed = _links(tx, undone)
            wish = Wish(
                direction=undone.direction,
                target_id=undone.target_id,
                link_id=undone.link_id,
                receiver_only=undone.receiver_only,
                is_preview=True,
                undoes_id=undone.id,
                left_out=removed,
            )
            preview_id, _ = add_runs_for(tx, actor, wish, present)
            preview = tx.console.snapshot(preview_id)
        self._wake()
        return preview

    def offered(self, snapshot: SnapshotView) -> bool:
        """Say whether a snapshot can be taken back as far as its counts tell; :meth:`plan` looks closer."""
        until = snapshot.undo_until
        if until is None or snapshot.is_live or self._clock.now() > until:
            return False
        if not snapshot.undone_by:
            return True
        with self._storage.read() as tx:
            return not any(_leaves_nothing(tx.console.snapshot(undo_id)) for undo_id in snapshot.undone_by)

    def _refuse_late(self, tx: UnitOfWork, undone: SnapshotView) -> None:
        """Refuse to begin after the days of undo; a plan made in time may be run for a day still."""
        if undone.undo_until is not None and self._clock.now() > undone.undo_until:
            raise _over(tx, undone)

    def kept(self, target_id: int) -> KeptVersions:
        """Tell how many earlier versions a target keeps, and what they take; up to half a minute old."""
        at, known = self._kept.get(target_id, (-_KEPT_FOR_S, KeptVersions()))
        now = time.monotonic()
        if now - at < _KEPT_FOR_S:
            return known
        with self._storage.read() as tx:
            found = tx.writes.kept(target_id)
        self._kept[target_id] = now, found
        return found


def refuse_undo(tx: UnitOfWork, undone: SnapshotView) -> None:
    """Raise :class:`Refused` for a snapshot that cannot be taken back, or has been already."""
    if undone.is_live:
        raise Refused("undo_live", snapshot_id=undone.id)
    if not tx.writes.links_of(undone.id):
        raise Refused("undo_nothing", snapshot_id=undone.id)
    if tx.writes.lacks_images(undone.id):
        raise _over(tx, undone)
    for undo_id in undone.undone_by:
        undo = tx.console.snapshot(undo_id)
        if undo.is_live:
            raise Refused("undo_running", snapshot_id=undone.id, undo_id=undo.id)
        if _leaves_nothing(undo):
            raise Refused("undo_done", snapshot_id=undone.id, undo_id=undo.id)


def _over(tx: UnitOfWork, undone: SnapshotView) -> Refused:
    return Refused("undo_over", snapshot_id=undone.id, days=tx.targets.get(undone.target_id).undo_days)


def _leaves_nothing(undo: SnapshotView) -> bool:
    """Say whether an undo left nothing that another one could take back."""
    counters = undo.counters
    is_whole = undo.state is SnapshotState.DONE and not (
        undo.is_narrow or counters.skipped or counters.moved or undo.skipped
    )
    return undo.is_live or is_whole


def _links(tx: UnitOfWork, undone: SnapshotView) -> tuple[list[int], tuple[SkippedLink, ...]]:
    """Give the links that the snapshot wrote to: those that are still there, and those that were removed since."""
    written = tx.writes.links_of(undone.id)
    present = tx.links.present(written)
    if not present:
        raise Refused("undo_no_link", snapshot_id=undone.id)
    gone = set(written) - set(present)
    runs = tx.console.runs(undone.id, (), 0, undone.links) if gone else []
    removed = (
        SkippedLink(link_id=r.link_id, user_name=r.user_name, folder_name=r.folder_name, off=(OffReason.REMOVED,))
        for r in runs
        if r.link_id in gone
    )
    return present, tuple(removed)
