"""Clocks: the machine's, and one that tests set."""

from __future__ import annotations

import time


class SystemClock:
    def now(self) -> float:
        return time.time()


class FixedClock:
    """Stands still until it is told to move. Ships for tests."""

    def __init__(self, at: float = 1_790_000_000.0) -> None:
        self._at = at

    def now(self) -> float:
        return self._at

    def move(self, seconds: float) -> None:
        """Move on by that many seconds."""
        self._at += seconds
