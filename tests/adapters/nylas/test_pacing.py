"""How fast one account is asked."""

from __future__ import annotations

import gc
import threading
import time

from nylasadmin.adapters.nylas.pacing import GrantPace, Paces


class Clock:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.at = 100.0

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


def paced(rate: float) -> tuple[GrantPace, Clock]:
    clock = Clock()
    return GrantPace(4, rate, sleep=clock.sleep, now=clock.now), clock


def use(pace: GrantPace, times: int) -> None:
    for _ in range(times):
        with pace.place():
            pass


def test_a_burst_passes_at_once_and_then_the_rate_holds() -> None:
    pace, clock = paced(10)

    use(pace, 20)
    assert clock.at == 100.0
    use(pace, 50)

    assert 4.9 <= clock.at - 100.0 <= 5.1


def test_a_rest_earns_no_more_than_the_burst() -> None:
    pace, clock = paced(10)
    use(pace, 20)
    clock.sleep(3600)

    at = clock.at
    use(pace, 30)

    assert 0.9 <= clock.at - at <= 1.1


def test_no_rate_means_no_waiting() -> None:
    pace, clock = paced(0)

    use(pace, 1000)

    assert clock.at == 100.0


def test_a_pause_the_service_asked_for_holds_everybody() -> None:
    pace, clock = paced(0)
    pace.hold(30)
    pace.hold(10)

    use(pace, 2)

    assert clock.at == 130.0


def test_no_more_than_four_are_in_flight_whatever_the_threads() -> None:
    pace = GrantPace(4, 0)
    inside, highest = 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal inside, highest
        with pace.place():
            with lock:
                inside += 1
                highest = max(highest, inside)
            time.sleep(0.01)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert highest == 4


def test_the_same_account_shares_one_pace_and_others_have_their_own() -> None:
    paces = Paces()

    assert paces.of("https://a", "g1", 4, 10) is paces.of("https://a", "g1", 4, 10)
    assert paces.of("https://a", "g1", 4, 10) is not paces.of("https://a", "g2", 4, 10)
    assert paces.of("https://a", "g1", 4, 10) is not paces.of("https://b", "g1", 4, 10)


def test_paces_nobody_uses_are_forgotten_in_the_end() -> None:
    paces = Paces()
    kept = paces.of("https://a", "kept", 4, 10)

    for n in range(2000):
        paces.of("https://a", str(n), 4, 10)
    gc.collect()

    assert len(paces._known) <= 513
    assert paces.of("https://a", "kept", 4, 10) is kept
