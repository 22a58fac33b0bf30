"""Lanes: one thread per destination, so that a slow receiver holds up nobody but itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

Work = Callable[[], None]


class Lane:
    """Does one thing after the other, in order, until closed."""

    def __init__(self, name: str) -> None:
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def put(self, work: Work) -> None:
        """Do something after all that was put before."""
        self._queue.put(work)

    def close(self) -> None:
        """End after what was put so far."""
        self._queue.put(None)

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            work()


class Lanes:
    """The lanes of all destinations, made when first needed."""

    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}
        self._lock = threading.Lock()

    def put(self, destination_id: str, work: Work) -> None:
        """Do something in the lane of a destination."""
        with self._lock:
            if destination_id not in self._lanes:
                self._lanes[destination_id] = Lane(f"nylas-sandbox-webhook-{destination_id}")
            self._lanes[destination_id].put(work)

    def close(self, destination_id: str | None = None) -> None:
        """End one lane, or all."""
        with self._lock:
            for one in list(self._lanes) if destination_id is None else [destination_id]:
                if (lane := self._lanes.pop(one, None)) is not None:
                    lane.close()
