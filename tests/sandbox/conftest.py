"""A running sandbox with a frozen clock, and a plain HTTP client for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from wsgiref.types import WSGIApplication

import pytest
import requests

from nylasadmin.sandbox.clocks import FrozenClock
from nylasadmin.sandbox.receiver import Receiver, running_receiver
from nylasadmin.sandbox.testing import RunningSandbox, running_sandbox

from .openapi import Judge

NOW = 1_767_225_600  # 2026-01-01T00:00:00Z
ANNA = "anna.berg@brightwater.example"


class Api:
    """Calls a sandbox the way a careful client would."""

    def __init__(self, box: RunningSandbox) -> None:
        self.box = box
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {box.api_key}"

    def close(self) -> None:
        self._session.close()

    def call(self, method: str, path: str, body: Any = None, /, **query: Any) -> tuple[int, Any]:
        """Return status and decoded body."""
        answer = self._session.request(method, self.box.url + path, params=query, json=body, timeout=20)
        return answer.status_code, answer.json()

    def get(self, path: str, /, **query: Any) -> Any:
        """Return the body of a successful answer."""
        status, body = self.call("GET", path, None, **query)
        assert status == 200, body
        return body

    def create(self, grant: str = ANNA, calendar: str = "primary", **body: Any) -> Any:
        """Create an event and return it."""
        status, answer = self.call("POST", f"/v3/grants/{grant}/events", body, calendar_id=calendar)
        assert status == 200, answer
        return answer["data"]

    def events(self, grant: str = ANNA, calendar: str = "primary", **query: Any) -> list[Any]:
        """Return all events of all pages."""
        found: list[Any] = []
        while True:
            page = self.get(f"/v3/grants/{grant}/events", calendar_id=calendar, **query)
            found += page["data"]
            if not page.get("next_cursor"):
                return found
            query["page_token"] = page["next_cursor"]


def span(start: int, length: int = 3600, zone: str | None = None) -> dict[str, Any]:
    """Return a timespan some seconds after NOW."""
    when: dict[str, Any] = {"start_time": NOW + start, "end_time": NOW + start + length}
    return when | ({"start_timezone": zone, "end_timezone": zone} if zone else {})


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def start(clock: FrozenClock) -> Iterator[Callable[..., Api]]:
    """Start sandboxes that end with the test; every answer they give must fit the vendor's file, if it is there."""
    judges: list[Judge] = []

    def around(app: WSGIApplication) -> Judge:
        judges.append(Judge(app))
        return judges[-1]

    with ExitStack() as stack:

        def run(**options: Any) -> Api:
            api = Api(stack.enter_context(running_sandbox(**({"clock": clock, "around": around} | options))))
            stack.callback(api.close)
            return api

        yield run
    assert sorted(problem for judge in judges for problem in judge.found) == []


@pytest.fixture
def api(start: Callable[..., Api]) -> Api:
    return start()


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver
