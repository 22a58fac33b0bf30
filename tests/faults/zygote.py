"""A process that makes others: each is forked from this one, which has imported everything, and may kill itself.

Reads one JSON order a line, `{"folder", "runner", "wish", "dies_at", "log"}`, and answers with one line when that
process has ended: its exit status, -9 for one that was killed. Every point that a process lives through is a line in
the file `log`; at point number `dies_at` it sends itself SIGKILL.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

import requests
from requests.adapters import HTTPAdapter
from sqlalchemy import Engine, event

from nylasadmin import bootstrap
from nylasadmin.adapters.nylas import NylasHttpSide
from tests.faults.driver import drive, wish_of
from tests.made_once import QUICK
from tests.services.worlds import settings_in


class Points:
    """Counts the points that this process lives through, and ends it at the chosen one."""

    def __init__(self, log: str, dies_at: int | None) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._dies_at = dies_at
        self._number = 0
        self._lock = threading.Lock()
        self._committing = threading.local()

    def pass_by(self, name: str) -> None:
        with self._lock:
            self._number += 1
            os.write(self._log, f"{name}\n".encode())
            if self._number == self._dies_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, engine: Engine) -> None:
        """Count the moments before and after each commit."""
        event.listen(engine, "commit", self._before_commit)
        event.listen(engine, "checkin", self._after_commit)

    def _before_commit(self, _connection: Any) -> None:
        if threading.current_thread().name == "leases":  # the keeper comes every few seconds, not at a place
            return
        self.pass_by("before a commit")
        self._committing.is_done = True

    def _after_commit(self, *_: Any) -> None:
        if getattr(self._committing, "is_done", False):
            self._committing.is_done = False
            self.pass_by("after a commit")


class Watched(HTTPAdapter):
    """The network, with a point before each request and one when its answer has come."""

    def __init__(self, points: Points) -> None:
        super().__init__(pool_maxsize=1)
        self._points = points

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        what = f"{request.method} {'list' if request.method == 'GET' and '/events?' in str(request.url) else 'item'}"
        self._points.pass_by(f"before {what}")
        answer = super().send(request, *args, **kwargs)
        self._points.pass_by(f"after {what}")
        return answer


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _live(order)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - the answer to the order


def _live(order: dict[str, Any]) -> NoReturn:
    """Do what was ordered and leave at once: nothing of the parent is to be cleaned up here."""
    status = 1
    try:
        points = Points(order["log"], order["dies_at"])
        side = NylasHttpSide(patience=QUICK, transport=Watched(points))
        product = bootstrap.build(settings_in(Path(order["folder"]), runner=order["runner"]), nylas=side)
        points.watch(product.engine)
        drive(product, wish_of(order["wish"]))
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
