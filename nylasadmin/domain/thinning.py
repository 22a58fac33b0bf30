"""Keep a plot's points few: a long run is drawn as well by a hundred points as by ten thousand. Pure."""

from __future__ import annotations

from collections.abc import Sequence

MOST_POINTS = 200


def superfluous(times: Sequence[int], most: int = MOST_POINTS) -> list[int]:
    """Name the points to drop, by their rising times, once there are more than ``most``: about half stay.

    What stays is spread evenly over the time; the first and the last point always stay.
    """
    if len(times) <= most:
        return []
    least_s = (times[-1] - times[0]) / (most / 2)
    kept, dropped = times[0], []
    for at in times[1:-1]:
        if at - kept < least_s:
            dropped.append(at)
        else:
            kept = at
    return dropped
