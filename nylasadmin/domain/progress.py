"""Progress in figures: share done, rate and time left of something that is under way.

Rounding and wording belong to the screens. No clock here: the present is an argument.
"""

from __future__ import annotations

from math import ceil

import msgspec


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far something is. ``None`` means: cannot be told yet.

    ``share`` lies between 0 and 1; ``rate_per_s`` is the average since the start; ``left_s`` is rounded up to whole
    seconds, 0 exactly when everything is done.
    """

    done: int
    total: int | None
    elapsed_s: float
    share: float | None
    rate_per_s: float | None
    left_s: int | None

    @property
    def percent(self) -> int | None:
        """Whole per cent done; 100 only when everything is done."""
        if self.share is None:
            return None
        return 100 if self.is_complete else min(99, int(self.share * 100))

    @property
    def is_complete(self) -> bool:
        return self.left_s == 0


def estimate(done: int, total: int | None, started_at: float, now: float) -> Progress:
    """Estimate rate and time left. Times are Unix seconds; ``total`` is ``None`` while it is not known.

    A clock that was set back counts as no time passed; more done than planned counts as all done.
    """
    done = max(0, done)
    elapsed = max(0.0, now - started_at)
    rate = done / elapsed if done and elapsed else None
    return Progress(
        done=done,
        total=total,
        elapsed_s=elapsed,
        share=_share(done, total),
        rate_per_s=rate,
        left_s=_left(done, total, rate),
    )


def _share(done: int, total: int | None) -> float | None:
    if total is None:
        return None
    return min(1.0, done / total) if total > 0 else 1.0


def _left(done: int, total: int | None, rate: float | None) -> int | None:
    if total is None:
        return None
    if done >= total:
        return 0
    return max(1, ceil((total - done) / rate)) if rate else None
