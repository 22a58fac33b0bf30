"""The sandbox's clock: read, stopped, moved and let go, by hand and over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from nylasadmin.sandbox.clocks import FrozenClock, RealClock

from .conftest import NOW, Api, span
from .hooks import subscribe


def turn(api: Api, **wish: Any) -> Any:
    status, answer = api.call("POST", "/sandbox/clock", wish)
    assert status == 200, answer
    return answer["data"]


def test_a_real_clock_shows_the_time_of_the_machine() -> None:
    assert abs(RealClock().now() - time.time()) < 2
    assert RealClock().wait_s(int(time.time()) + 100) == pytest.approx(100, abs=2)


def test_a_frozen_clock_moves_only_when_told_to() -> None:
    clock = FrozenClock(NOW)
    assert (clock.now(), clock.wait_s(NOW + 1), clock.wait_s(NOW)) == (NOW, None, 0.0)
    clock.advance(60)
    assert clock.now() == NOW + 60


def test_a_fast_clock_gets_there_sooner() -> None:
    clock = FrozenClock(NOW)
    clock.run(speed=1000)
    assert 0 < (clock.wait_s(NOW + 1000) or 0) <= 1
    time.sleep(0.05)
    clock.freeze()
    assert clock.now() >= NOW + 50
    assert clock.is_frozen


def test_who_listens_hears_of_every_move() -> None:
    clock, heard = FrozenClock(NOW), threading.Event()
    clock.listen(heard.set)
    clock.advance(1)
    assert heard.is_set()
    heard.clear()
    clock.forget(heard.set)
    clock.set(NOW)
    assert not heard.is_set()


def test_the_clock_is_turned_over_http(start: Callable[..., Api]) -> None:
    api = start(clock=None)
    assert api.get("/sandbox/clock")["data"]["frozen"] is False
    assert turn(api, freeze=True, at=NOW) == {"now": NOW, "frozen": True, "speed": 0.0}
    assert turn(api, advance_s=60)["now"] == NOW + 60
    assert turn(api, at=NOW - 5)["now"] == NOW - 5
    assert api.create(when=span(0))["created_at"] == NOW - 5
    assert turn(api, freeze=False)["frozen"] is False
    assert turn(api, speed=60)["speed"] == 60
    assert turn(api, freeze=True)["frozen"] is True


@pytest.mark.parametrize(
    "wish",
    [{"until": 1}, {"at": "now"}, {"at": True}, {"advance_s": -1}, {"speed": 0}, {"freeze": True, "speed": 2}],
)
def test_impossible_wishes_are_refused(api: Api, wish: dict[str, Any]) -> None:
    assert api.call("POST", "/sandbox/clock", wish)[0] == 400
    assert api.get("/sandbox/clock")["data"]["now"] == NOW


def test_repetitions_follow_a_running_clock(start: Callable[..., Api], hook: Any) -> None:
    api = start(clock=None)
    hook.answers = lambda one: 200 if one.attempt == 3 else 503
    subscribe(api, hook)
    turn(api, speed=2000)
    api.create(when={"time": NOW})
    assert [one.attempt for one in hook.wait_for(3)] == [1, 2, 3]


def test_a_jump_of_a_running_clock_brings_the_next_repetition(start: Callable[..., Api], hook: Any) -> None:
    api = start(clock=None)
    hook.answers = lambda _one: 503
    subscribe(api, hook)
    api.create(when={"time": NOW})
    for count, seconds in ((1, 300), (2, 600)):
        hook.wait_for(count)
        api.box.settle()
        turn(api, advance_s=seconds)
    assert [one.attempt for one in hook.wait_for(3)] == [1, 2, 3]
