"""Lanes are kept full: each takes its next input itself, whatever the caller does meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, get_ident

import pytest

from nylasadmin.adapters.lanes import in_lanes

SOON_S = 10.0


class Deeds:
    """Work that tells when each piece was begun."""

    def __init__(self, pieces: int) -> None:
        self.begun = [Event() for _ in range(pieces)]

    def __call__(self, piece: int) -> int:
        self.begun[piece].set()
        return piece


def test_every_input_gives_one_result_and_no_two_lanes_ask_for_one_at_once() -> None:
    threads = set()

    def inputs() -> Iterator[int]:  # a generator that two threads enter at once raises
        for number in range(500):
            threads.add(get_ident())
            yield number

    assert sorted(in_lanes(4, lambda number: number * 2, inputs())) == [number * 2 for number in range(500)]
    assert get_ident() not in threads


def test_a_lane_begins_its_next_piece_while_the_caller_still_looks_at_the_one_before() -> None:
    deeds = Deeds(2)
    results = in_lanes(1, deeds, range(2))

    assert next(results) == 0

    assert deeds.begun[1].wait(SOON_S)
    assert list(results) == [1]


def test_a_caller_that_falls_behind_lets_the_lanes_wait() -> None:
    deeds = Deeds(50)
    results = in_lanes(2, deeds, range(50))

    first = next(results)

    assert deeds.begun[3].wait(SOON_S)  # two results wait, and two lanes hold one each
    assert not any(begun.is_set() for begun in deeds.begun[7:])
    assert sorted([first, *results]) == list(range(50))


def test_what_is_under_way_is_told_before_inputs_that_broke() -> None:
    def inputs() -> Iterator[int]:
        yield from range(3)
        raise LookupError("no more")

    told: list[int] = []
    with pytest.raises(LookupError):
        told.extend(in_lanes(2, lambda number: number, inputs()))

    assert sorted(told) == [0, 1, 2]


def test_work_that_breaks_reaches_the_caller_once_the_others_have_ended() -> None:
    other_begun = Event()
    ended: list[int] = []

    def work(number: int) -> None:
        if number == 0:
            assert other_begun.wait(SOON_S)
            raise LookupError("broken")
        other_begun.set()
        ended.append(number)

    with pytest.raises(LookupError):
        list(in_lanes(2, work, [0, 1]))

    assert ended == [1]


def test_a_caller_that_stops_early_leaves_nothing_under_way_and_takes_no_more() -> None:
    taken: list[int] = []
    ended: list[int] = []

    def inputs() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = in_lanes(3, ended.append, inputs())
    next(results)
    results.close()

    assert sorted(ended) == taken
    assert len(taken) < 20
