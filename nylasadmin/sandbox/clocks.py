"""Clocks: the only place of the sandbox that knows what time it is.

One clock can stand still, run at any speed, and be moved by hand; whoever waits for a moment listens to its moves.
"""

from __future__ import annotations

import time
from collections.abc import Callable

Listener = Callable[[], None]


class Clock:
    """Tells the time in whole Unix seconds: the machine's time until it is told otherwise."""

    def __init__(self, at: int | None = None, speed: float = 1.0) -> None:
        wall = time.time()
        # Replaced as a whole, so that readers in other threads need no lock.
        self._anchor = (wall if at is None else float(at), wall, speed)
        self._listeners: list[Listener] = []

    def now(self) -> int:
        """Return the time."""
        at, wall, speed = self._anchor
        return int(at + (time.time() - wall) * speed) if speed else int(at)

    @property
    def speed(self) -> float:
        """Seconds that pass here in one second of the machine; 0 for a clock that stands still."""
        return self._anchor[2]

    @property
    def is_frozen(self) -> bool:
        """Tell whether the clock stands still."""
        return self.speed == 0

    def freeze(self, at: int | None = None) -> None:
        """Stand still, now or at a given time."""
        self._move(float(self.now() if at is None else at), 0.0)

    def run(self, speed: float = 1.0) -> None:
        """Go on from the present time, at a speed."""
        self._move(self._exactly(), speed)

    def set(self, at: int) -> None:
        """Show a given time; a frozen clock stays frozen."""
        self._move(float(at), self.speed)

    def advance(self, seconds: int) -> None:
        """Move on by a number of seconds."""
        self._move(self._exactly() + seconds, self.speed)

    def wait_s(self, until: int) -> float | None:
        """Return how many real seconds it is to a moment; None when the clock stands still before it."""
        left = until - self._exactly()
        if left <= 0:
            return 0.0
        return left / self.speed if self.speed else None

    def listen(self, listener: Listener) -> None:
        """Call `listener()` whenever the clock is moved, stopped or started by hand."""
        self._listeners.append(listener)

    def forget(self, listener: Listener) -> None:
        """Stop calling a listener."""
        self._listeners = [one for one in self._listeners if one != listener]

    def _exactly(self) -> float:
        at, wall, speed = self._anchor
        return at + (time.time() - wall) * speed if speed else at

    def _move(self, at: float, speed: float) -> None:
        self._anchor = (at, time.time(), speed)
        for listener in list(self._listeners):
            listener()


class RealClock(Clock):
    """The machine's own clock."""

    def __init__(self) -> None:
        super().__init__()


class FrozenClock(Clock):
    """A clock that moves only when told to."""

    def __init__(self, at: int) -> None:
        super().__init__(at, speed=0.0)
