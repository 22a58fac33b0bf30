"""Work that is put off until somebody asks for its result."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock


class Pending:
    """Work that the first who asks does; whoever asks meanwhile waits for it."""

    __slots__ = ("_lock", "_work", "is_done")

    def __init__(self, lock: RLock, work: Callable[[], None]) -> None:
        self._lock = lock
        self._work: Callable[[], None] | None = work
        self.is_done = False

    def settle(self) -> None:
        """Do the work if it has not begun; the work itself may ask, too."""
        with self._lock:
            work, self._work = self._work, None
            if work is not None:
                work()
                self.is_done = True
