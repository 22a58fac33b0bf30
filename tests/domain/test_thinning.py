"""Points of a plot stay few, evenly spread, and keep both ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nylasadmin.domain.thinning import superfluous

TIMES = st.lists(st.integers(0, 10_000), unique=True).map(sorted)


@given(TIMES, st.integers(4, 50))
def test_at_most_half_of_the_allowed_and_the_ends_stay(times: list[int], most: int) -> None:
    left = sorted(set(times) - set(superfluous(times, most)))

    if len(times) <= most:
        assert left == times
    else:
        assert len(left) <= most // 2 + 3
        assert (left[0], left[-1]) == (times[0], times[-1])


def test_a_run_that_is_sampled_for_days_keeps_few_points() -> None:
    points: list[int] = []
    for at in range(0, 200_000, 2):
        points.append(at)
        dropped = set(superfluous(points))
        points = [p for p in points if p not in dropped]
        assert len(points) <= 200
