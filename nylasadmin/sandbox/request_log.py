"""The request log: what clients asked, how many at once, and what they were answered. A ring of bounded length."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter, deque

from nylasadmin.sandbox.clocks import Clock
from nylasadmin.sandbox.wire import Json

_KEPT = 20_000


class RequestLog:
    """The latest requests under /v3, with the number in flight per grant when each began."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: deque[Json] = deque(maxlen=_KEPT)
        self._numbers = itertools.count(1)
        self._in_flight: Counter[str] = Counter()
        self._highest: Counter[str] = Counter()
        self._lock = threading.Lock()

    def begin(self, method: str, path: str, query: str, grant: str | None, notify: str | None) -> Json:
        """Note a request that arrives; the returned entry is completed by `end`."""
        key = grant or ""
        entry: Json = {
            "number": next(self._numbers),
            "method": method,
            "path": path,
            "query": query,
            "grant": grant,
            "notify_participants": notify,
            "time": self._clock.now(),
            "status": None,
            "fault": None,
            "began": time.perf_counter(),
        }
        with self._lock:
            self._in_flight[key] += 1
            entry["in_flight"] = self._in_flight[key]
            self._highest[key] = max(self._highest[key], self._in_flight[key])
            self._entries.append(entry)
        return entry

    def end(self, entry: Json, status: int | None) -> None:
        """Note how a request ended; no status means that the connection was broken off."""
        with self._lock:
            self._in_flight[entry["grant"] or ""] -= 1
            entry["status"] = status
            entry["ms"] = round((time.perf_counter() - entry.pop("began")) * 1000, 3)

    def entries(self) -> list[Json]:
        """Return the log, oldest first."""
        with self._lock:
            return [{key: value for key, value in entry.items() if key != "began"} for entry in self._entries]

    def highest_in_flight(self) -> dict[str, int]:
        """Return the most requests that were in flight at once, per grant."""
        with self._lock:
            return {grant: count for grant, count in self._highest.items() if grant}

    def clear(self) -> None:
        """Forget the log; what is in flight stays counted."""
        with self._lock:
            self._entries.clear()
            self._highest.clear()
