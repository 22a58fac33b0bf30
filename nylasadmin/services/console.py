"""Queries for the console and the command line. Nothing here writes."""

from __future__ import annotations

from collections.abc import Sequence

from nylasadmin.domain.runs import RunState
from nylasadmin.domain.targets import Target
from nylasadmin.services.storage import Storage
from nylasadmin.services.views import (
    FailureRow,
    LinkDetails,
    LinkPage,
    LinkQuery,
    RunRow,
    RunSort,
    Sample,
    SnapshotQuery,
    SnapshotView,
    TargetRow,
)


class Console:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def targets(self) -> list[TargetRow]:
        with self._storage.read() as tx:
            return tx.console.targets()

    def target(self, target_id: int) -> Target:
        """Give a target. Raises ``NotFound``."""
        with self._storage.read() as tx:
            return tx.targets.get(target_id)

    def links(self, query: LinkQuery) -> LinkPage:
        with self._storage.read() as tx:
            return tx.console.links(query)

    def link(self, link_id: int) -> LinkDetails:
        """Give all about a link. Raises ``NotFound``."""
        with self._storage.read() as tx:
            return tx.console.link(link_id)

    def snapshot(self, snapshot_id: int) -> SnapshotView:
        """Give a snapshot or preview. Raises ``NotFound``."""
        with self._storage.read() as tx:
            return tx.console.snapshot(snapshot_id)

    def snapshots(self, query: SnapshotQuery) -> list[SnapshotView]:
        with self._storage.read() as tx:
            return tx.console.snapshots(query)

    def count_snapshots(self, query: SnapshotQuery) -> int:
        with self._storage.read() as tx:
            return tx.console.count_snapshots(query)

    def live_snapshot(self, target_id: int, link_id: int | None = None) -> SnapshotView | None:
        """Give the newest snapshot that is not over (previews left out)."""
        with self._storage.read() as tx:
            return tx.console.newest_snapshot(target_id, link_id, live_only=True)

    def last_snapshot(self, target_id: int, link_id: int | None = None) -> SnapshotView | None:
        with self._storage.read() as tx:
            return tx.console.newest_snapshot(target_id, link_id, live_only=False)

    def runs(
        self,
        snapshot_id: int,
        states: Sequence[RunState] = (),
        page: int = 1,
        size: int = 50,
        sort: RunSort = RunSort.NEWEST,
    ) -> list[RunRow]:
        with self._storage.read() as tx:
            return tx.console.runs(snapshot_id, states, (page - 1) * size, size, sort)

    def samples(self, snapshot_id: int) -> list[Sample]:
        """Give how far a snapshot was at some moments, in their order."""
        with self._storage.read() as tx:
            return tx.samples.of_snapshot(snapshot_id)

    def snapshot_of(self, run_id: int) -> int:
        """Give the snapshot that a run belongs to. Raises ``NotFound``."""
        with self._storage.read() as tx:
            return tx.runs.snapshot_of(run_id)

    def failures(
        self, snapshot_id: int | None = None, link_id: int | None = None, page: int = 1, size: int = 50
    ) -> list[FailureRow]:
        with self._storage.read() as tx:
            return tx.console.failures(snapshot_id=snapshot_id, link_id=link_id, offset=(page - 1) * size, limit=size)
