"""Pages first: runs and pages share one interpreter, so a run waits a moment between two steps while a page is made.

A run never waits inside a transaction, and never longer than a moment: pages that are asked for without end slow runs
down, they do not stop them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from nylasadmin.services.storage import Storage, UnitOfWork

_PATIENCE_S = 0.05


class Courtesy:
    """Knows whether somebody is being answered. One per process."""

    def __init__(self, patience_s: float = _PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._answering = 0
        self._is_quiet = threading.Event()
        self._is_quiet.set()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Let runs wait while the block makes an answer."""
        self._count(+1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self._answering += change
            if self._answering:
                self._is_quiet.clear()
            else:
                self._is_quiet.set()

    def give_way(self) -> None:
        """Wait until nobody is being answered, for a moment at most."""
        self._is_quiet.wait(self._patience_s)


class CourteousStorage:
    """A storage that gives way before each unit of work: for workers, never for pages."""

    def __init__(self, storage: Storage, courtesy: Courtesy) -> None:
        self._storage = storage
        self._courtesy = courtesy

    def write(self) -> AbstractContextManager[UnitOfWork]:
        self._courtesy.give_way()
        return self._storage.write()

    def read(self) -> AbstractContextManager[UnitOfWork]:
        self._courtesy.give_way()
        return self._storage.read()
