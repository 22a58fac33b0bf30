"""The HTTP server of a sandbox: waitress, taught to break a connection off when a fault asks for it."""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIApplication

from waitress.channel import HTTPChannel  # type: ignore[import-untyped]
from waitress.server import create_server  # type: ignore[import-untyped]
from waitress.task import WSGITask  # type: ignore[import-untyped]

from nylasadmin.sandbox.http.app import create_app
from nylasadmin.sandbox.state import Sandbox

Middleware = Callable[[WSGIApplication], WSGIApplication]

_THREADS = 24
_LOOK_UP_S = 1.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class _Answering(WSGITask):  # type: ignore[misc]
    """A request that may ask for its connection to be reset instead of answered."""

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ["sandbox.reset"] = self._reset
        return environ

    def _reset(self) -> None:
        connection = self.channel.socket
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.close_on_finish = True
        self.channel.cut = True


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection that swallows the answer once it is to be reset."""

    task_class = _Answering
    cut = False

    def write_soon(self, data: Any) -> int:
        return len(data) if self.cut else int(super().write_soon(data))


class SandboxServer:
    """Serves one sandbox on an address until told to stop."""

    def __init__(
        self, sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0, around: Middleware | None = None
    ) -> None:
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._sandbox = sandbox
        # Bound here and not by waitress, which leaves its files open when an address cannot be used.
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
        app: WSGIApplication = create_app(sandbox)
        self._server = create_server(
            around(app) if around else app,
            sockets=[listening],
            threads=_THREADS,
            connection_limit=1000,
            ident="nylas-sandbox",
        )
        self._server.channel_class = _Channel
        self._stopped = threading.Event()
        self.host, self.port = host, int(self._server.effective_port)

    @property
    def url(self) -> str:
        """The address clients use."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def stop(self) -> None:
        """Make `serve` return; may be called from any thread and from a signal handler."""
        self._stopped.set()
        with contextlib.suppress(OSError):  # A second call may come when all is closed already.
            self._server.pull_trigger()

    def serve(self) -> None:
        """Serve until stopped, then close everything."""
        try:
            while not self._stopped.is_set():
                self._server.asyncore.loop(timeout=_LOOK_UP_S, map=self._server._map, count=1)
        finally:
            self._close()

    def _close(self) -> None:
        self._sandbox.closing.set()
        self._sandbox.webhooks.close()
        self._server.task_dispatcher.shutdown(timeout=2)
        with contextlib.suppress(OSError):
            self._server.asyncore.close_all(self._server._map, ignore_all=True)
