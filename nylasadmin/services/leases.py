"""A worker's hold on a run: renewed while the work goes on, asked before every write."""

from __future__ import annotations

import threading
from types import TracebackType

from nylasadmin.domain.runs import Run, RunState
from nylasadmin.errors import NylasAdminError
from nylasadmin.services.storage import Clock, Storage, UnitOfWork

LEASE_S = 60.0


class LeaseLost(NylasAdminError):
    """Another worker has taken the run: stop without committing anything."""


class Cancelled(NylasAdminError):
    """An operator has cancelled the run: stop before the next item."""


class Lease:
    """Keeps a run's lease alive from a thread of its own, so that one slow answer of Nylas does not lose it."""

    def __init__(self, storage: Storage, clock: Clock, run: Run) -> None:
        self._storage = storage
        self._clock = clock
        self._run = run
        self._is_over = threading.Event()
        self._state: RunState | None = run.state
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
        while not self._is_over.wait(LEASE_S / 20):
            with self._storage.write() as tx:
                self._state = tx.runs.renew(self._run, self._clock.now() + LEASE_S)

    def check(self) -> None:
        """Raise if the run was cancelled or lost, as far as last seen (a few seconds ago at most)."""
        _check(self._state)

    def check_in(self, tx: UnitOfWork) -> None:
        """Raise if the run was cancelled or lost, as of this very transaction; prolong the lease."""
        self.renew_in(tx)
        _check(self._state)

    def renew_in(self, tx: UnitOfWork) -> None:
        """Prolong the lease; raise only if it is lost. For recording what has happened, cancelled or not."""
        self._state = tx.runs.renew(self._run, self._clock.now() + LEASE_S)
        if self._state is None:
            raise LeaseLost


def _check(state: RunState | None) -> None:
    if state is None:
        raise LeaseLost
    if state is RunState.CANCELLED:
        raise Cancelled
