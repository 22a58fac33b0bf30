"""What is to happen when, by the sandbox's clock: one thread that does it, in order of time.

While the clock stands still, or was moved over several moments at once, all that a moment causes is finished before
the next moment begins, so that a jump of three days leads to the same deliveries as three days of waiting.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from nylasadmin.sandbox.clocks import Clock

Action = Callable[[int], None]


class _Entry(NamedTuple):
    due: int
    number: int
    action: Action
    is_soon: bool


class Schedule:
    """Actions by due time. They run in a thread of their own, which starts with the first of them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: list[_Entry] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._busy = 0
        self._moment = 0

    def add(self, due: int, action: Action, *, is_soon: bool = False) -> None:
        """Do `action(time)` when the time has come; `is_soon` ones are waited for by `settle`."""
        with self._changed:
            if self._closed:
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="nylas-sandbox-webhooks", daemon=True)
                self._clock.listen(self._wake)
                self._thread.start()
            heapq.heappush(self._entries, _Entry(due, next(self._numbers), action, is_soon))
            self._changed.notify_all()

    def begin(self) -> None:
        """Say that something was begun that `end` will end: the present moment lasts until then."""
        with self._changed:
            self._busy += 1

    def end(self) -> None:
        """Say that something begun has ended."""
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def settle(self, timeout_s: float) -> bool:
        """Wait until nothing is due or under way; tell whether that came in time."""
        until = time.monotonic() + timeout_s
        with self._changed:
            while not self._is_quiet():
                left = until - time.monotonic()
                if left <= 0 or self._closed:
                    return False
                # Time passes without a notice while the clock runs.
                self._changed.wait(min(left, 0.2))
            return True

    def waiting(self) -> list[int]:
        """Return when the next things are due, earliest first."""
        with self._changed:
            return sorted(entry.due for entry in self._entries)

    def close(self) -> None:
        """Forget everything and end the thread."""
        with self._changed:
            self._closed = True
            self._entries.clear()
            self._changed.notify_all()
        self._clock.forget(self._wake)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=2)

    def _is_quiet(self) -> bool:
        if self._busy:
            return False
        now, runs = self._clock.now(), not self._clock.is_frozen
        return not any(entry.due <= now or (runs and entry.is_soon) for entry in self._entries)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _run(self) -> None:
        while (entry := self._next()) is not None:
            try:
                entry.action(self._moment)
            finally:
                self.end()

    def _next(self) -> _Entry | None:
        """Wait for the next action and count it as begun; None when all is over."""
        with self._changed:
            while not self._closed:
                if self._may_go_on():
                    entry = heapq.heappop(self._entries)
                    self._moment = entry.due if self._clock.is_frozen else max(entry.due, self._clock.now())
                    self._busy += 1
                    return entry
                self._changed.wait(self._pause_s())
        return None

    def _may_go_on(self) -> bool:
        if not self._entries or self._entries[0].due > self._clock.now():
            return False
        return not self._busy or not self._clock.is_frozen or self._entries[0].due <= self._moment

    def _pause_s(self) -> float | None:
        if not self._entries or (self._busy and self._clock.is_frozen):
            return None
        left = self._clock.wait_s(self._entries[0].due)
        # Whole seconds are rounded down by the clock, so that a wait may end a little early.
        return None if left is None else max(left, 0.01)
