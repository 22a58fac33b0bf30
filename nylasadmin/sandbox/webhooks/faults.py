"""Faults of notifications on command: lost, doubled, late, out of order, or not as they should be."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass

from nylasadmin.sandbox.errors import Refusal, bad_request
from nylasadmin.sandbox.wire import Json

KINDS = (
    "lost",
    "doubled",
    "delayed",
    "reordered",
    "updated_before_created",
    "without_time",
    "old_secret",
    "unsigned",
    "unknown_type",
)


@dataclass
class NotificationFault:
    """One order to misbehave.

    Of the notifications that match (`trigger`, its first part alone too; `grant` by id or address), the first `after`
    pass unharmed, then `count` of them (all, when None) are hit.
    """

    id: int
    kind: str
    trigger: str | None = None
    grant: str | None = None
    after: int = 0
    count: int | None = 1
    seconds: int = 60
    type: str = "sandbox.unknown"
    seen: int = 0
    fired: int = 0

    def matches(self, trigger: str, grant_names: tuple[str, ...]) -> bool:
        """Tell whether a notification is meant."""
        if self.kind == "updated_before_created" and not trigger.endswith(".created"):
            return False
        if self.trigger is not None and self.trigger not in (trigger, trigger.partition(".")[0]):
            return False
        return self.grant is None or self.grant.casefold() in grant_names

    def fires(self) -> bool:
        """Count a matching notification and tell whether it is hit."""
        self.seen += 1
        if self.seen <= self.after or (self.count is not None and self.fired >= self.count):
            return False
        self.fired += 1
        return True


class NotificationFaults:
    """Faults in the order they were given: a notification is offered to each in turn until one hits it."""

    def __init__(self) -> None:
        self._faults: list[NotificationFault] = []
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, wish: Json) -> NotificationFault:
        """Add a fault; refuse unknown kinds and fields."""
        fault = NotificationFault(id=next(self._ids), **_checked(wish))
        with self._lock:
            self._faults.append(fault)
        return fault

    def hit(self, trigger: str, grant_names: tuple[str, ...]) -> NotificationFault | None:
        """Return the fault that hits a notification, if any."""
        with self._lock:
            matching = (fault for fault in self._faults if fault.matches(trigger, grant_names))
            return next((fault for fault in matching if fault.fires()), None)

    def all(self) -> list[NotificationFault]:
        """Return the faults in order."""
        with self._lock:
            return list(self._faults)

    def clear(self, fault_id: int | None = None) -> None:
        """Forget one fault, or all."""
        with self._lock:
            self._faults = [fault for fault in self._faults if fault_id is not None and fault.id != fault_id]


_FIELDS: dict[str, tuple[type, ...]] = {
    "kind": (str,),
    "trigger": (str, type(None)),
    "grant": (str, type(None)),
    "after": (int,),
    "count": (int, type(None)),
    "seconds": (int,),
    "type": (str,),
}


def _checked(wish: Json) -> Json:
    if wish.get("kind") not in KINDS:
        raise _invalid("kind", f"must be one of {', '.join(KINDS)}")
    for name, value in wish.items():
        if name not in _FIELDS:
            raise _invalid(name, "is unknown")
        if not isinstance(value, _FIELDS[name]) or isinstance(value, bool):
            raise _invalid(name, "has the wrong type")
    return wish


def _invalid(name: str, problem: str) -> Refusal:
    return bad_request(f"{name} {problem}", **{name: problem})
