"""The web server inside: waitress, bound before anything else starts, stopped by SIGTERM and Ctrl-C."""

from __future__ import annotations

import errno
import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from nylasadmin.cli.problems import UnusableInput

if TYPE_CHECKING:
    from flask import Flask

_COLLECT_EVERY = 50_000  # allocations; with the freeze this took a panel's p99 from 33 to 3 ms
_IN_USE = "Port {port} of {host} is in use by another program. Choose another one with {option} (0 takes a free one)."
_REFUSED = "{host}:{port} cannot be listened on ({why}). Choose another host or {option}."


class WebServer:
    """Listens from the moment it is made; answers once it serves."""

    def __init__(self, app: Flask, host: str, port: int, threads: int) -> None:
        from waitress.server import create_server  # type: ignore[import-untyped]  # late, see products

        try:
            self._server: Any = create_server(app, host=host, port=port, threads=threads, ident=None)
        except OSError as error:
            raise UnusableInput(sentence(error, host, port, "--port")) from error
        self.url = f"http://{host}:{_port_of(self._server)}/"

    def serve(self) -> None:
        """Answer until the block's signal comes; what is being answered is finished."""
        gc.collect()
        gc.freeze()  # nothing made at the start is ever looked at again
        gc.set_threshold(_COLLECT_EVERY, 20, 20)
        self._server.run()  # ends by the SystemExit of stopped_by_signals, after its threads have


def _port_of(server: Any) -> int:
    """Give the port that was bound; a name with several addresses has several sockets."""
    bound = getattr(server, "effective_listen", None)
    return int(bound[0][1] if bound else server.effective_port)


def sentence(error: OSError, host: str, port: int, option: str) -> str:
    """Say why an address cannot be listened on, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return _IN_USE.format(host=host, port=port, option=option)
    return _REFUSED.format(host=host, port=port, option=option, why=error.strerror or error)


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Leave the block in order when SIGTERM or Ctrl-C comes; a second one no longer waits."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        restore()
        raise SystemExit(0)

    former = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    restore = _restoring(former)
    try:
        yield
    except SystemExit:
        pass
    finally:
        restore()


def _restoring(former: dict[signal.Signals, Any]) -> Callable[[], None]:
    def restore() -> None:
        for number, handler in former.items():
            signal.signal(number, handler)

    return restore
