"""A worker's hold on a run: renewed while the work goes on, asked before every write.

Whoever works asks :meth:`Lease.check` while reading and :meth:`Lease.check_in` inside the transaction of a write. Both
raise when the run is lost or cancelled, when its direction was switched off, or when this process is to stop.
"""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType

from nylasadmin.domain.links import OffReason, off_reasons
from nylasadmin.domain.runs import Run, RunState
from nylasadmin.errors import NylasAdminError
from nylasadmin.services.storage import Clock, Storage, UnitOfWork

LEASE_S = 60.0
_RENEW_EVERY_S = LEASE_S / 20
_TRUSTED_S = LEASE_S / 4
_SLICE_S = 0.25

log = logging.getLogger(__name__)


class LeaseLost(NylasAdminError):
    """Another worker has taken the run: stop without committing anything."""


class Cancelled(NylasAdminError):
    """An operator has cancelled the run: stop before the next item."""


class SwitchedOff(NylasAdminError):
    """The run's direction was switched off meanwhile: stop before the next item."""

    def __init__(self, reasons: tuple[OffReason, ...]) -> None:
        super().__init__(reasons)
        self.reasons = reasons


class Interrupted(NylasAdminError):
    """This process is to stop: give the run back, another worker goes on with it."""


class Lease:
    """Keeps a run's lease alive from a thread of its own, so that one slow answer of Nylas does not lose it."""

    def __init__(self, storage: Storage, clock: Clock, run: Run, is_stopping: threading.Event) -> None:
        self._storage = storage
        self._clock = clock
        self._run = run
        self._is_stopping = is_stopping
        self._is_over = threading.Event()
        self._state: RunState | None = run.state
        self._off: tuple[OffReason, ...] = ()
        self._seen_at = time.monotonic()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{run.id}", daemon=True)

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _keep(self) -> None:
        while not self._is_over.wait(_RENEW_EVERY_S):
            try:
                with self._storage.write() as tx:
                    self._look(tx)
            except Exception:  # the worker itself looks again before it trusts an old sight
                log.exception("run %s: its lease could not be renewed", self._run.id)

    def check(self) -> None:
        """Raise if the run is not to go on, as far as last seen: a few seconds ago, never longer than that.

        After a pause of the whole process (a stopped container, a sleeping laptop) it looks again first.
        """
        if time.monotonic() - self._seen_at > _TRUSTED_S:
            with self._storage.write() as tx:
                self._look(tx)
        self._raise_if_over()

    def check_in(self, tx: UnitOfWork) -> None:
        """Raise if the run is not to go on, as of this very transaction; prolong the lease."""
        self._look(tx)
        self._raise_if_over()

    def renew_in(self, tx: UnitOfWork) -> None:
        """Prolong the lease; raise only if it is lost. For recording what has happened, cancelled or not."""
        self._look(tx)
        if self._state is None:
            raise LeaseLost

    def wait(self, seconds: float) -> None:
        """Wait, checking all the while."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check()
            self._is_stopping.wait(min(left, _SLICE_S))
        self.check()

    def _look(self, tx: UnitOfWork) -> None:
        self._state = tx.runs.renew(self._run, self._clock.now() + LEASE_S)
        if self._state is not None:
            self._off = off_now(tx, self._run)
        self._seen_at = time.monotonic()

    def _raise_if_over(self) -> None:
        if self._state is None:
            raise LeaseLost
        if self._state is RunState.CANCELLED:
            raise Cancelled
        if self._off:
            raise SwitchedOff(self._off)
        if self._is_stopping.is_set():
            raise Interrupted


def off_now(tx: UnitOfWork, run: Run) -> tuple[OffReason, ...]:
    """Name what keeps the run's direction from being on at this moment."""
    link = tx.links.get(run.link_id)
    return off_reasons(run.direction, link, tx.targets.get(link.target_id), tx.accounts.get(link.account_id))
