"""Faults on command: which request is to fail, in which way, how often. Ordered, counted, removable."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from typing import NamedTuple

from nylasadmin.sandbox.errors import Refusal, bad_request
from nylasadmin.sandbox.fault_kinds import KINDS
from nylasadmin.sandbox.wire import Json

BODIES = ("json", "html", "truncated")


class Asked(NamedTuple):
    """What a fault may look at before it hits a request; names in lower case."""

    method: str
    path: str
    query: str = ""
    grant_names: tuple[str, ...] = ()
    calendar_names: tuple[str, ...] = ()
    page_token: str | None = None


@dataclass
class Fault:
    """One order to misbehave.

    Of the requests that match (`grant`, `calendar`, `path_contains`, `query_contains`, `method`), the first `after`
    pass unharmed, then `count` of them (all, when None) are hit.
    """

    id: int
    kind: str
    grant: str | None = None
    calendar: str | None = None
    path_contains: str | None = None
    query_contains: str | None = None
    method: str | None = None
    after: int = 0
    count: int | None = 1
    status: int = 500
    retry_after: int | None = None
    body: str = "json"
    seconds: float = 30.0
    items: int = 1
    cursor: bool | None = None
    seen: int = 0
    fired: int = 0

    def matches(self, asked: Asked) -> bool:
        """Tell whether a request is meant."""
        if self.method is not None and self.method.upper() != asked.method:
            return False
        if self.path_contains is not None and self.path_contains not in asked.path:
            return False
        if self.query_contains is not None and self.query_contains not in asked.query:
            return False
        if self.calendar is not None and self.calendar.casefold() not in asked.calendar_names:
            return False
        if KINDS[self.kind].needs_token and asked.page_token is None:
            return False
        return self.grant is None or self.grant.casefold() in asked.grant_names

    def fires(self) -> bool:
        """Count a matching request and tell whether it is hit."""
        self.seen += 1
        if self.seen <= self.after or (self.count is not None and self.fired >= self.count):
            return False
        self.fired += 1
        return True


class FaultList:
    """Faults in the order they were given: a request is offered to each in turn until one hits it."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._owed: dict[str, Json] = {}
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, wish: Json) -> Fault:
        """Add a fault; refuse unknown kinds and fields."""
        fault = Fault(id=next(self._ids), **_checked(wish))
        with self._lock:
            self._faults.append(fault)
        return fault

    def hit(self, asked: Asked) -> Fault | None:
        """Return the fault that hits a request, if any."""
        if not self._faults:
            return None
        with self._lock:
            matching = (fault for fault in self._faults if fault.matches(asked))
            return next((fault for fault in matching if fault.fires()), None)

    def spare(self, fault: Fault) -> None:
        """Take a hit back: the answer had nothing that could be spoilt."""
        with self._lock:
            fault.fired -= 1

    def owe(self, page_token: str, item: Json) -> None:
        """Remember the object that the page behind a token is to begin with once more."""
        with self._lock:
            self._owed[page_token] = item

    def owed(self, page_token: str | None) -> Json | None:
        """Return the object that a page is to begin with once more."""
        return self._owed.get(page_token) if page_token and self._owed else None

    def all(self) -> list[Fault]:
        """Return the faults in order."""
        with self._lock:
            return list(self._faults)

    def clear(self, fault_id: int | None = None) -> None:
        """Forget one fault, or all."""
        with self._lock:
            self._faults = [fault for fault in self._faults if fault_id is not None and fault.id != fault_id]
            if fault_id is None:
                self._owed.clear()


_FIELDS: dict[str, tuple[type, ...]] = {
    "kind": (str,),
    "grant": (str, type(None)),
    "calendar": (str, type(None)),
    "path_contains": (str, type(None)),
    "query_contains": (str, type(None)),
    "method": (str, type(None)),
    "after": (int,),
    "count": (int, type(None)),
    "status": (int,),
    "retry_after": (int, type(None)),
    "body": (str,),
    "seconds": (int, float),
    "items": (int,),
    "cursor": (bool, type(None)),
}


def _checked(wish: Json) -> Json:
    kind = KINDS.get(str(wish.get("kind")))
    if kind is None:
        raise _invalid("kind", f"must be one of {', '.join(KINDS)}")
    if wish.get("body", "json") not in BODIES:
        raise _invalid("body", f"must be one of {', '.join(BODIES)}")
    for name, value in wish.items():
        if name not in _FIELDS:
            raise _invalid(name, "is unknown")
        if not isinstance(value, _FIELDS[name]):
            raise _invalid(name, "has the wrong type")
    if not 100 <= wish.get("status", 500) <= 599:
        raise _invalid("status", "must be an HTTP status")
    return kind.defaults | wish


def _invalid(name: str, problem: str) -> Refusal:
    return bad_request(f"{name} {problem}", **{name: problem})
