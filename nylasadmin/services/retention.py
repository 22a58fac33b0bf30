"""The end of before-images: after the days of their target they are dropped, a few at a time."""

from __future__ import annotations

import threading
import time

from nylasadmin.services.storage import Clock, Storage

_EVERY_S = 60.0
_RUNS = 1_000
_AT_ONCE = 500
"""Before-images per transaction: the database is kept from others for less than a tenth of a second."""

_MOST = 10_000


class Retention:
    """One per process. Runs call it when they end, so it works where work is done and needs no clockwork."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._lock = threading.Lock()
        self._next_at = 0.0

    def step(self) -> int:
        """Drop some of what is over, at most once a minute; give how many before-images that were."""
        with self._lock:
            if time.monotonic() < self._next_at:
                return 0
            self._next_at = time.monotonic() + _EVERY_S
        return self.drop()

    def drop(self) -> int:
        """Drop what is over, up to a limit, in short transactions."""
        with self._storage.read() as tx:
            over = tx.writes.over(int(self._clock.now()), _RUNS)
        dropped, last = 0, _AT_ONCE
        while over and dropped < _MOST and last == _AT_ONCE:
            with self._storage.write() as tx:
                last = tx.writes.drop(over, _AT_ONCE)
            dropped += last
        return dropped
