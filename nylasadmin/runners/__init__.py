"""Runners only carry run ids to a worker. All state is in the runs' rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

RunLink = Callable[[int], object]
Claimable = Callable[[int], Sequence[int]]
"""Gives up to that many runs that may be taken now."""


class Runner(Protocol):
    def wake(self) -> None:
        """Say that there may be work."""
        ...

    def start(self) -> None:
        """Begin to work, first of all on what an earlier process left unfinished."""
        ...

    def stop(self, timeout_s: float) -> bool:
        """Take nothing new, wait for what is under way; say whether all of it ended in time."""
        ...
