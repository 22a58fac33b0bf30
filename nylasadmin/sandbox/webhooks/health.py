"""The health of a destination: when it counts as failing, and when as failed.

The rules of the contract's section 8.6: failing after 15 minutes with 95 % of answers other than 200, failed if it is
still so over the next 72 hours.
"""

from __future__ import annotations

from collections import deque

FAILING_AFTER_S = 15 * 60
FAILED_AFTER_S = 72 * 3600
_MOSTLY = 0.95


class Health:
    """Answers of one destination: those of the last quarter of an hour, and counts since trouble began."""

    def __init__(self) -> None:
        self._recent: deque[tuple[int, bool]] = deque()
        self._good = self._bad = 0
        self.is_watched = False

    def note(self, at: int, *, good: bool) -> bool:
        """Count an answer; tell whether it is the first sign of trouble, so that somebody should look again."""
        self._recent.append((at, good))
        self._drop_old(at)
        begins = not good and not self.is_watched
        if begins:
            self.is_watched, self._good, self._bad = True, 0, 0
        if self.is_watched:
            self._good, self._bad = self._good + good, self._bad + (not good)
        return begins

    def is_bad_lately(self, at: int) -> bool:
        """Tell whether the last quarter of an hour was almost only trouble."""
        self._drop_old(at)
        bad = sum(not good for _, good in self._recent)
        return bad > 0 and bad >= _MOSTLY * len(self._recent)

    def is_bad_since(self) -> bool:
        """Tell whether all the time since trouble began was almost only trouble."""
        return self._bad > 0 and self._bad >= _MOSTLY * (self._good + self._bad)

    def _drop_old(self, at: int) -> None:
        while self._recent and self._recent[0][0] < at - FAILING_AFTER_S:
            self._recent.popleft()
