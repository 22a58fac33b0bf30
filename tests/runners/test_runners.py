"""Runners: they carry ids, keep within their bounds, and end when told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from nylasadmin.runners.errands import InlineErrands, ThreadErrands
from nylasadmin.runners.inline import InlineRunner
from nylasadmin.runners.threads import ThreadsRunner


class Work:
    """Runs by number; each may be taken once and takes as long as it is told to."""

    def __init__(self, count: int, takes: Callable[[], object] = lambda: None) -> None:
        self.waiting = list(range(1, count + 1))
        self.done: list[int] = []
        self.at_once = self.most_at_once = 0
        self._takes = takes
        self._lock = threading.Lock()

    def claimable(self, limit: int) -> list[int]:
        with self._lock:
            return self.waiting[:limit]

    def run(self, number: int) -> None:
        with self._lock:
            if number not in self.waiting:
                return
            self.waiting.remove(number)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self._takes()
        with self._lock:
            self.at_once -= 1
            self.done.append(number)


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_the_inline_runner_works_until_nothing_is_left() -> None:
    work = Work(5)

    InlineRunner(work.claimable, work.run).wake()

    assert work.done == [1, 2, 3, 4, 5]


def test_a_wish_from_inside_a_run_is_carried_out_after_it() -> None:
    work = Work(1)
    runner = InlineRunner(work.claimable, work.run)

    def more() -> None:
        if not work.done:
            work.waiting.append(9)
            runner.wake()
            assert work.done == []

    work._takes = more
    runner.start()

    assert work.done == [1, 9]
    assert runner.stop(0)


def test_the_threads_runner_works_on_a_few_at_once_and_never_on_more() -> None:
    work = Work(30, takes=lambda: time.sleep(0.01))
    runner = ThreadsRunner(work.claimable, work.run, workers=3)

    runner.start()
    until(lambda: len(work.done) == 30)

    assert runner.stop(5)
    assert (sorted(work.done), work.most_at_once) == (list(range(1, 31)), 3)


def test_the_threads_runner_takes_what_comes_later_when_it_is_woken() -> None:
    work = Work(0)
    runner = ThreadsRunner(work.claimable, work.run, workers=2)
    runner.start()
    time.sleep(0.05)

    work.waiting.append(7)
    began = time.monotonic()
    runner.wake()
    until(lambda: work.done == [7])

    assert time.monotonic() - began < 1
    assert runner.stop(5)


def test_a_stopped_runner_takes_nothing_new_and_waits_for_what_is_under_way() -> None:
    release = threading.Event()
    work = Work(5, takes=lambda: release.wait(10))
    runner = ThreadsRunner(work.claimable, work.run, workers=1)
    runner.start()
    until(lambda: work.at_once == 1)
    threading.Timer(0.1, release.set).start()

    assert runner.stop(5)

    assert work.done == [1]
    assert len(work.waiting) == 4


def test_a_runner_says_when_something_did_not_end_in_time() -> None:
    release = threading.Event()
    work = Work(1, takes=lambda: release.wait(10))
    runner = ThreadsRunner(work.claimable, work.run, workers=1)
    runner.start()
    until(lambda: work.at_once == 1)

    assert runner.stop(0.05) is False
    release.set()


def test_a_run_that_raises_ends_neither_its_worker_nor_the_looking(caplog: pytest.LogCaptureFixture) -> None:
    work = Work(3)

    def fail() -> None:
        if len(work.waiting) == 2:
            raise RuntimeError("broken")

    work._takes = fail
    runner = ThreadsRunner(work.claimable, work.run, workers=1)
    runner.start()
    until(lambda: work.done == [2, 3])

    assert "left its worker with an error" in caplog.text
    assert runner.stop(5)


def test_a_database_that_is_away_for_a_while_does_not_end_the_looking(caplog: pytest.LogCaptureFixture) -> None:
    work = Work(1)
    away = [True]

    def claimable(limit: int) -> list[int]:
        if away[0]:
            raise OSError("away")
        return work.claimable(limit)

    runner = ThreadsRunner(claimable, work.run, workers=1)
    runner.start()
    until(lambda: "looking for runs failed" in caplog.text)
    away[0] = False
    runner.wake()
    until(lambda: work.done == [1])

    assert runner.stop(5)


def test_a_runner_that_was_never_started_stops() -> None:
    work = Work(1)

    assert ThreadsRunner(work.claimable, work.run, workers=1).stop(1)
    assert work.done == []


def test_an_errand_is_done_beside_the_request_that_sent_it_and_waited_for_at_the_end() -> None:
    may_end, done = threading.Event(), threading.Event()

    def work() -> None:
        may_end.wait(5)
        done.set()

    errands = ThreadErrands()
    errands.send(work)
    assert (done.is_set(), errands.stop(0.01)) == (False, False)
    may_end.set()
    assert errands.stop(5)
    assert done.is_set()


def test_an_inline_errand_is_done_at_once() -> None:
    done: list[int] = []
    errands = InlineErrands()
    errands.send(lambda: done.append(1))
    assert (done, errands.stop(0)) == ([1], True)
