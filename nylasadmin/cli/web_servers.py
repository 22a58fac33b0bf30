"""The web server inside: waitress, bound before anything else starts, stopped by SIGTERM and Ctrl-C."""

from __future__ import annotations

import errno
import gc
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from nylasadmin.cli.problems import UnusableInput

if TYPE_CHECKING:
    from flask import Flask

_LOOK_UP_S = 0.2
_COLLECT_EVERY = 50_000  # allocations; with the freeze this took a panel's p99 from 33 to 3 ms
_IN_USE = "Port {port} of {host} is in use by another program. Choose another one with {option} (0 takes a free one)."
_REFUSED = "{host}:{port} cannot be listened on ({why}). Choose another host or {option}."


class WebServer:
    """Listens from the moment it is made; answers once it serves."""

    def __init__(self, app: Flask, host: str, port: int, threads: int) -> None:
        from waitress.server import create_server  # type: ignore[import-untyped]  # late, see products

        self._sockets: dict[int, Any] = {}
        try:
            self._server: Any = create_server(
                app,
                map=self._sockets,
                host=host,
                port=port,
                threads=threads,
                ident=None,
                clear_untrusted_proxy_headers=False,  # the application believes as many proxies as the settings say
            )
        except OSError as error:
            raise UnusableInput(_sentence(error, host, port, "--port")) from error
        self.url = f"http://{host}:{_port_of(self._server)}/"

    def serve(self, stop: threading.Event) -> None:
        """Answer until the event is set; what is being answered then is finished."""
        calm_collector()
        while not stop.is_set():
            self._look(_LOOK_UP_S)

    def close(self) -> None:
        """Finish what is being answered and stop listening."""
        self._server.task_dispatcher.shutdown()
        self._look(0)  # what was answered meanwhile goes out
        self._server.asyncore.close_all(self._sockets, ignore_all=True)

    def _look(self, timeout_s: float) -> None:
        self._server.asyncore.loop(timeout=timeout_s, map=self._sockets, use_poll=True, count=1)


def calm_collector() -> None:
    """Keep the garbage collector's pauses rare, and short."""
    gc.collect()
    gc.freeze()  # nothing made at the start is ever looked at again
    gc.set_threshold(_COLLECT_EVERY, 20, 20)


def _port_of(server: Any) -> int:
    """Give the port that was bound; a name with several addresses has several sockets."""
    bound = getattr(server, "effective_listen", None)
    return int(bound[0][1] if bound else server.effective_port)


def _sentence(error: OSError, host: str, port: int, option: str) -> str:
    """Say why an address cannot be listened on, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return _IN_USE.format(host=host, port=port, option=option)
    return _REFUSED.format(host=host, port=port, option=option, why=error.strerror or error)


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """Give an event that SIGTERM and Ctrl-C set; a second signal no longer waits.

    Nothing is raised out of the handler: the interpreter swallows what is raised while it collects garbage.
    """
    stop = threading.Event()
    former: dict[signal.Signals, Any] = {}

    def note(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        _restore(former)

    former |= {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        _restore(former)


def _restore(former: dict[signal.Signals, Any]) -> None:
    for number, handler in former.items():
        signal.signal(number, handler)
