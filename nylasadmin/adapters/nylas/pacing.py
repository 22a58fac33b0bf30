"""How fast one account may be asked: requests in flight, requests per second, and pauses the service asked for.

One :class:`GrantPace` serves all threads of the process that talk to the same account. Nothing here does I/O.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from weakref import WeakValueDictionary

Sleep = Callable[[float], None]
Monotonic = Callable[[], float]

_KEPT_PACES = 512
_BURST_S = 2.0


class GrantPace:
    """A gate with ``concurrency`` places and a token bucket of ``requests_per_s`` (a burst of two seconds' worth)."""

    def __init__(
        self, concurrency: int, requests_per_s: float, *, sleep: Sleep = time.sleep, now: Monotonic = time.monotonic
    ) -> None:
        self._places = BoundedSemaphore(max(1, concurrency))
        self._rate = requests_per_s
        self._burst = max(float(concurrency), requests_per_s * _BURST_S)
        self._tokens = self._burst
        self._filled_at = now()
        self._held_until = 0.0
        self._lock = Lock()
        self._sleep = sleep
        self._now = now

    @contextmanager
    def place(self) -> Iterator[None]:
        """Wait for a place and for the right moment, and keep the place while the block runs."""
        with self._places:
            while (wait := self._wait_for_hold()) > 0:
                self._sleep(wait)
            if (wait := self._take_token()) > 0:
                self._sleep(wait)
            yield

    def hold(self, seconds: float) -> None:
        """Let nobody through for so long: the service asked for it."""
        with self._lock:
            self._held_until = max(self._held_until, self._now() + seconds)

    def _wait_for_hold(self) -> float:
        with self._lock:
            return self._held_until - self._now()

    def _take_token(self) -> float:
        if self._rate <= 0:
            return 0.0
        with self._lock:
            now = self._now()
            self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate) - 1
            self._filled_at = now
            return -self._tokens / self._rate


class Paces:
    """The paces of this process, one per account and settings.

    Those in use are always found again; of the others the last few hundred are kept, so that memory does not grow
    with the number of accounts.
    """

    def __init__(self, *, sleep: Sleep = time.sleep, now: Monotonic = time.monotonic) -> None:
        self._sleep = sleep
        self._now = now
        self._known: WeakValueDictionary[tuple[str, str, int, float], GrantPace] = WeakValueDictionary()
        self._recent: deque[GrantPace] = deque(maxlen=_KEPT_PACES)
        self._lock = Lock()

    def of(self, base_url: str, grant_id: str, concurrency: int, requests_per_s: float) -> GrantPace:
        """Give the pace of an account; the same settings always share one."""
        key = (base_url, grant_id, concurrency, requests_per_s)
        with self._lock:
            pace = self._known.get(key)
            if pace is None:
                pace = GrantPace(concurrency, requests_per_s, sleep=self._sleep, now=self._now)
                self._known[key] = pace
                self._recent.append(pace)
            return pace
