"""A worker's hold on a run: renewed while the work goes on, asked before every write.

Whoever works asks :meth:`Lease.check` while reading and :meth:`Lease.check_in` inside the transaction of a write. Both
raise when the run is lost, cancelled or paused, when its direction was switched off, or when this process is to stop.
"""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType

from nylasadmin.domain.links import OffReason, off_reasons
from nylasadmin.domain.runs import Run, RunState
from nylasadmin.errors import NotFound, NylasAdminError
from nylasadmin.services.storage import Clock, Storage, UnitOfWork

LEASE_S = 60.0
_RENEW_EVERY_S = LEASE_S / 20
_TRUSTED_S = LEASE_S / 4
_SLICE_S = 0.25
_LET_GO = frozenset({RunState.PAUSED, RunState.QUEUED})
"""States that a worker finds its run in when it was paused; queued: and resumed already."""

log = logging.getLogger(__name__)


class LeaseLost(NylasAdminError):
    """Another worker has taken the run: stop without committing anything."""


class Cancelled(NylasAdminError):
    """An operator has cancelled the run: stop before the next item."""


class Paused(NylasAdminError):
    """An operator has paused the run: let go of it before the next item, whether it was resumed since or not."""


class SwitchedOff(NylasAdminError):
    """The run's direction was switched off meanwhile: stop before the next item."""

    def __init__(self, reasons: tuple[OffReason, ...]) -> None:
        super().__init__(reasons)
        self.reasons = reasons


class Interrupted(NylasAdminError):
    """This process is to stop: give the run back, another worker goes on with it."""


class Keeper:
    """Keeps the leases of all runs of a process alive, from one thread that lives as long as there are any.

    So one slow answer of Nylas does not lose a run, and a short run does not pay for a thread of its own.
    """

    def __init__(self) -> None:
        self._leases: set[Lease] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, lease: Lease) -> None:
        with self._lock:
            self._leases.add(lease)
            if self._thread is None:
                self._thread = threading.Thread(target=self._keep, name="leases", daemon=True)
                self._thread.start()

    def remove(self, lease: Lease) -> None:
        with self._lock:
            self._leases.discard(lease)

    def _keep(self) -> None:
        while True:
            time.sleep(_RENEW_EVERY_S)
            with self._lock:
                held = list(self._leases)
                if not held:
                    self._thread = None
                    return
            for lease in held:
                lease.keep()


class Lease:
    """A run that is ours while the block lasts; the keeper prolongs it meanwhile."""

    def __init__(self, storage: Storage, clock: Clock, run: Run, is_stopping: threading.Event, keeper: Keeper) -> None:
        self._storage = storage
        self._clock = clock
        self._run = run
        self._is_stopping = is_stopping
        self._keeper = keeper
        self._is_over = False
        self._renewing = threading.Lock()
        self._state: RunState | None = run.state
        self._off: tuple[OffReason, ...] = ()
        self._seen_at = time.monotonic()

    def __enter__(self) -> Lease:
        self._keeper.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keeper.remove(self)
        with self._renewing:  # what the keeper is doing ends first: a finished run must not be leased again
            self._is_over = True

    def keep(self) -> None:
        """Prolong the lease, unless the run has ended."""
        with self._renewing:
            if self._is_over:
                return
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
        if self._state in _LET_GO:
            raise Paused
        if self._off:
            raise SwitchedOff(self._off)
        if self._is_stopping.is_set():
            raise Interrupted


def off_now(tx: UnitOfWork, run: Run) -> tuple[OffReason, ...]:
    """Name what keeps the run's direction from being on at this moment."""
    try:
        owned = tx.links.with_owners(run.link_id)
    except NotFound:
        return (OffReason.REMOVED,)
    return off_reasons(run.direction, owned.link, owned.target, owned.account)
