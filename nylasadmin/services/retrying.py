"""Tries that nobody asks for: items that failed are tried again after a while, a bounded number of times.

Looked at where a runner polls for work; costs one indexed query every few seconds while nothing is due.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from nylasadmin.domain.privileges import ENGINE
from nylasadmin.domain.tries import LONGEST_WAIT_S
from nylasadmin.services.audit import record
from nylasadmin.services.failed import ask_again
from nylasadmin.services.failed_views import Asked, FailedItem
from nylasadmin.services.storage import Clock, Storage, UnitOfWork

log = logging.getLogger(__name__)
_LOOK_EVERY_S = 5.0
_AT_ONCE = 500
_POSTPONED_S = 5 * 60


class Retrying:
    """Asks for the tries that are due. One per process; an item is claimed before it is tried."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._lock = threading.Lock()
        self._look_again_at = 0.0

    def ask_now_and_then(self) -> None:
        """Ask if the last look was a few seconds ago."""
        with self._lock:
            if time.monotonic() < self._look_again_at:
                return
            self._look_again_at = time.monotonic() + _LOOK_EVERY_S
        self.ask()

    def ask(self) -> Asked:
        """Ask for snapshots of the items whose next try has come.

        An item whose direction is off, or whose link is busy, held or paused, waits some minutes more. One whose try is
        cancelled is tried once more after the longest wait.
        """
        now = self._clock.now()
        with self._storage.read() as tx:
            due = tx.failed.due(now, _AT_ONCE)
        if not due:
            return Asked()
        with self._storage.write() as tx:
            taken = tx.failed.claim([item.id for item in due], now, int(now) + LONGEST_WAIT_S)
            return self._ask(tx, [item for item in due if item.id in taken])

    def _ask(self, tx: UnitOfWork, items: Sequence[FailedItem]) -> Asked:
        if not items:
            return Asked()
        asked = ask_again(tx, ENGINE, items, "again by itself for failed items")
        off = {link.link_id for link in asked.left_out}
        tx.failed.postpone([i.id for i in items if i.link_id in off], int(self._clock.now()) + _POSTPONED_S)
        if asked.snapshots:
            facts = {"items": asked.items, "snapshots": asked.snapshots}
            record(tx, ENGINE, "failed.retry", "failed items", new=facts)
            log.info("%s failed items are tried again in snapshots %s", asked.items, asked.snapshots)
        return asked
