"""Points of a snapshot's plot, taken by whoever works on it: every few seconds, and one at its end."""

from __future__ import annotations

import threading
import time

from nylasadmin.services.storage import UnitOfWork

_EVERY_S = 2.0
_MOST_REMEMBERED = 1000


class Sampler:
    """Knows when each snapshot was sampled last. One per process; may be used by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken_at: dict[int, float] = {}

    def take(self, tx: UnitOfWork, snapshot_id: int) -> None:
        """Note how far a snapshot is, unless that was done a moment ago."""
        now = time.monotonic()
        with self._lock:
            if now - self._taken_at.get(snapshot_id, -_EVERY_S) < _EVERY_S:
                return
            if len(self._taken_at) >= _MOST_REMEMBERED:
                self._taken_at.clear()
            self._taken_at[snapshot_id] = now
        tx.samples.add(snapshot_id)

    def end(self, tx: UnitOfWork, snapshot_id: int) -> None:
        """Note how far a snapshot is when one of its runs has ended; always, if that was the last one."""
        if tx.samples.is_over(snapshot_id):
            tx.samples.add(snapshot_id)
        else:
            self.take(tx, snapshot_id)
