"""Wall and processor time of one thing done once, and medians over rounds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

from nylasadmin.cli.web_servers import calm_collector


class Took(NamedTuple):
    """Seconds on the wall, and of this process's processor time; for ``events`` events."""

    wall_s: float
    cpu_s: float
    events: int

    @property
    def us_per_event(self) -> float:
        return self.wall_s * 1e6 / self.events

    @property
    def cpu_us_per_event(self) -> float:
        return self.cpu_s * 1e6 / self.events


def timed(work: Callable[[], int]) -> Took:
    """Time ``work``, which gives the number of events it handled.

    Garbage is collected as ``serve`` and ``snapshot`` do it, for all contestants alike: what earlier rounds left in
    memory is not walked through again.
    """
    calm_collector()
    wall, cpu = time.perf_counter(), time.process_time()
    events = work()
    return Took(time.perf_counter() - wall, time.process_time() - cpu, events)


def median(rounds: list[Took]) -> Took:
    """Give the round in the middle, by wall and processor time per event independently."""
    wall = statistics.median(took.us_per_event for took in rounds)
    cpu = statistics.median(took.cpu_us_per_event for took in rounds)
    events = rounds[0].events
    return Took(wall * events / 1e6, cpu * events / 1e6, events)


def percentile(values: list[float], share: float) -> float:
    """Give the smallest value that ``share`` of the values do not exceed."""
    return sorted(values)[max(0, -(-int(share * 1000) * len(values) // 1000) - 1)]
