"""The log of deliveries: every attempt, what was sent and what came back. Rings of bounded length."""

from __future__ import annotations

import itertools
import threading
from collections import deque

from nylasadmin.sandbox.webhooks.notifications import Notification
from nylasadmin.sandbox.wire import Json, decoded

_KEPT = 20_000
_KEPT_BODIES = 2_000


class DeliveryLog:
    """The latest attempts, and whom the service would have warned about failing destinations."""

    def __init__(self) -> None:
        self._entries: deque[Json] = deque(maxlen=_KEPT)
        self._alerts: deque[Json] = deque(maxlen=_KEPT)
        self._made: deque[Notification] = deque(maxlen=_KEPT_BODIES)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def record(self, **entry: object) -> None:
        """Note an attempt, or a notification that a fault lost."""
        with self._lock:
            self._entries.append({"number": next(self._numbers), **entry})

    def warn(self, **alert: object) -> None:
        """Note a mail to the people behind a destination."""
        with self._lock:
            self._alerts.append(alert)

    def keep(self, notification: Notification) -> None:
        """Keep a notification, delivered or not, so that people can read it."""
        with self._lock:
            self._made.append(notification)

    def notifications(self) -> list[Json]:
        """Return the latest notifications as their first attempts say them, oldest first."""
        with self._lock:
            made = list(self._made)
        return [decoded(one.body(1)) for one in made]

    def entries(self) -> list[Json]:
        """Return the attempts, oldest first."""
        with self._lock:
            return list(self._entries)

    def alerts(self) -> list[Json]:
        """Return the warnings, oldest first."""
        with self._lock:
            return list(self._alerts)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._alerts.clear()
            self._made.clear()
