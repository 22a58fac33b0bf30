"""When a failed item is tried again by itself: soon at first, then seldom, then no more."""

from __future__ import annotations

import pytest

from nylasadmin.domain.tries import LONGEST_WAIT_S, next_wait_s

MINUTE, HOUR = 60, 3600


@pytest.mark.parametrize(
    ("attempts", "wait"),
    [(1, MINUTE), (2, 5 * MINUTE), (3, 30 * MINUTE), (4, 2 * HOUR), (5, 12 * HOUR), (6, None), (99, None)],
)
def test_what_may_succeed_by_itself_is_tried_five_times_more(attempts: int, wait: int | None) -> None:
    assert next_wait_s(attempts, is_transient=True) == wait


@pytest.mark.parametrize(("attempts", "wait"), [(1, 30 * MINUTE), (2, 12 * HOUR), (3, None)])
def test_a_refusal_is_tried_twice_more(attempts: int, wait: int | None) -> None:
    assert next_wait_s(attempts, is_transient=False) == wait


def test_what_never_failed_is_not_tried_again() -> None:
    assert next_wait_s(0, is_transient=True) is None


def test_no_wait_is_longer_than_the_longest() -> None:
    waits = [next_wait_s(n, is_transient=t) or 0 for n in range(1, 9) for t in (True, False)]
    assert max(waits) == LONGEST_WAIT_S
