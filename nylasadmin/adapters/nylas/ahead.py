"""Reading ahead: the service makes the next page while the caller works on the one before.

Two threads share one interpreter: a thread that was only just started would not get to send its request before the
caller pauses, and the service would idle meanwhile. So the caller waits until the request has left, less than a
millisecond, and works only then. Connections tell of that moment; where they cannot (behind a proxy) nothing is lost
but time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, TypeVar

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_T = TypeVar("_T")
_LONGEST_WAIT_S = 0.01  # a request that has to wait for its turn leaves later; nobody waits for that here
_asking = threading.local()


class Ahead:
    """One request under way at a time, on a thread that lives as long as the block."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="page")

    def __enter__(self) -> Ahead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown()

    def ask(self, request: Callable[[], _T]) -> Future[_T]:
        """Start a request, and return once it has left."""
        has_left = threading.Event()
        coming = self._thread.submit(_told, request, has_left)
        has_left.wait(_LONGEST_WAIT_S)
        return coming


def _told(request: Callable[[], _T], has_left: threading.Event) -> _T:
    _asking.has_left = has_left
    try:
        return request()
    finally:
        _asking.has_left = None
        has_left.set()


def _tell() -> None:
    has_left: threading.Event | None = getattr(_asking, "has_left", None)
    if has_left is not None:
        has_left.set()


class _Http(HTTPConnection):
    def getresponse(self) -> Any:
        _tell()
        return super().getresponse()


class _Https(HTTPSConnection):
    def getresponse(self) -> Any:
        _tell()
        return super().getresponse()


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


class TellingAdapter(HTTPAdapter):
    """Connections as ever, that tell when a request has left."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
