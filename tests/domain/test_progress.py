"""Rate and time left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nylasadmin.domain.progress import estimate


def test_half_done_in_ten_seconds_leaves_ten_seconds() -> None:
    progress = estimate(50, 100, started_at=1000.0, now=1010.0)

    assert (progress.share, progress.rate_per_s, progress.left_s) == (0.5, 5.0, 10)
    assert not progress.is_complete


@pytest.mark.parametrize(
    ("done", "total", "elapsed", "share", "left"),
    [
        pytest.param(0, None, 5.0, None, None, id="total not known yet"),
        pytest.param(7, None, 5.0, None, None, id="counting while the total is not known"),
        pytest.param(0, 10, 5.0, 0.0, None, id="nothing done yet"),
        pytest.param(3, 10, 0.0, 0.3, None, id="no time passed"),
        pytest.param(3, 10, -60.0, 0.3, None, id="clock set back"),
        pytest.param(10, 10, 5.0, 1.0, 0, id="all done"),
        pytest.param(12, 10, 5.0, 1.0, 0, id="more done than planned"),
        pytest.param(0, 0, 0.0, 1.0, 0, id="nothing to do"),
        pytest.param(9_999, 10_000, 1.0, 0.9999, 1, id="the last item takes a second"),
    ],
)
def test_what_cannot_be_told_is_none(
    done: int, total: int | None, elapsed: float, share: float | None, left: int | None
) -> None:
    progress = estimate(done, total, started_at=1000.0, now=1000.0 + elapsed)

    assert (progress.share, progress.left_s) == (share, left)


@given(
    done=st.integers(0, 10**6), total=st.none() | st.integers(0, 10**6), elapsed=st.floats(-1e6, 1e6, allow_nan=False)
)
def test_figures_always_make_sense(done: int, total: int | None, elapsed: float) -> None:
    progress = estimate(done, total, started_at=1e9, now=1e9 + elapsed)

    assert progress.share is None or 0.0 <= progress.share <= 1.0
    assert progress.elapsed_s >= 0
    assert progress.rate_per_s is None or progress.rate_per_s > 0
    assert progress.is_complete == (total is not None and done >= total)


@given(done=st.integers(1, 999), elapsed=st.floats(0.01, 1e5))
def test_more_done_in_the_same_time_leaves_less_time(done: int, elapsed: float) -> None:
    earlier = estimate(done, 1000, started_at=0.0, now=elapsed)
    later = estimate(done + 1, 1000, started_at=0.0, now=elapsed)

    assert earlier.left_s is not None
    assert later.left_s is not None
    assert later.left_s <= earlier.left_s


@pytest.mark.parametrize(
    ("done", "total", "percent"),
    [(0, None, None), (0, 10, 0), (995, 1000, 99), (9_999, 10_000, 99), (5, 5, 100), (0, 0, 100)],
)
def test_a_hundred_per_cent_means_everything(done: int, total: int | None, percent: int | None) -> None:
    assert estimate(done, total, started_at=0.0, now=1.0).percent == percent
