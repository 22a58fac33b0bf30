"""Errands: short pieces of work that nobody's request waits for, such as what follows a sign-in at Nylas.

An errand that is lost with the process is not made up for: whoever sends one can tell that it was.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

Errand = Callable[[], None]


class Errands(Protocol):
    def send(self, errand: Errand) -> None: ...

    def stop(self, timeout_s: float) -> bool:
        """Wait for those under way; say whether all of them ended in time."""
        ...


class InlineErrands:
    """Does each before the call returns."""

    def send(self, errand: Errand) -> None:
        errand()

    def stop(self, timeout_s: float) -> bool:  # noqa: ARG002 - nothing is ever under way outside a call
        return True


class ThreadErrands:
    """Does each in a thread of its own, which does not keep the process alive."""

    def __init__(self) -> None:
        self._under_way: set[threading.Thread] = set()
        self._lock = threading.Lock()

    def send(self, errand: Errand) -> None:
        thread = threading.Thread(target=self._do, args=(errand,), name="errand", daemon=True)
        with self._lock:
            self._under_way.add(thread)
        thread.start()

    def _do(self, errand: Errand) -> None:
        try:
            errand()
        finally:
            with self._lock:
                self._under_way.discard(threading.current_thread())

    def stop(self, timeout_s: float) -> bool:
        until = time.monotonic() + timeout_s
        with self._lock:
            waiting = list(self._under_way)
        for thread in waiting:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in waiting)
