"""Clocks: the only place of the sandbox that knows what time it is."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time in whole Unix seconds."""

    def now(self) -> int: ...


class RealClock:
    """The machine's own clock."""

    def now(self) -> int:
        return int(time.time())


class FrozenClock:
    """A clock that moves only when told to."""

    def __init__(self, at: int) -> None:
        self._at = at

    def now(self) -> int:
        return self._at

    def advance(self, seconds: int) -> None:
        """Move on by a number of seconds."""
        self._at += seconds
