"""HTTP to receivers: the challenge and the delivery. Redirects are not followed, long answers not read."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from nylasadmin.sandbox.errors import Refusal

_READ_AT_MOST = 65_536


class Answer(NamedTuple):
    """What a receiver answered; no status means that no answer came, and `problem` says why."""

    status: int | None
    body: bytes
    problem: str | None
    ms: float


def deliver(url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Answer:
    """Send one notification."""
    return _call("POST", url, _target(url), body, {"Content-Type": "application/json", **headers}, timeout_s)


def challenge(url: str, value: str, timeout_s: float) -> None:
    """Ask a receiver to repeat a value; 400 unless it does."""
    target = _target(url)
    joint = "&" if "?" in target else "?"
    answer = _call("GET", url, f"{target}{joint}challenge={quote(value, safe='')}", None, {}, timeout_s)
    if answer.status is None:
        raise unverified(answer.problem or "no answer")
    if answer.status != 200:
        raise unverified(f"status is not ok, got {answer.status}")
    if answer.body != value.encode():
        raise unverified("the answer is not the value of the challenge")


def unverified(problem: str) -> Refusal:
    """Refuse a URL that does not answer as it should."""
    return Refusal(400, "70005", f"unable.verify.webhook_url : {problem}")


def _target(url: str) -> str:
    parts = urlsplit(url)
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~")
    return f"{target}?{quote(parts.query, safe='/%:@!$&()*+,;=-._~?[]')}" if parts.query else target


def _call(
    method: str, url: str, target: str, body: bytes | None, headers: Mapping[str, str], timeout_s: float
) -> Answer:
    began = time.perf_counter()
    connection = _connection(url, timeout_s)
    try:
        connection.request(method, target, body, {"User-Agent": "Nylas sandbox", "Connection": "close", **headers})
        wire = connection.sock
        wire.settimeout(_left(began, timeout_s))
        with connection.getresponse() as answer:
            return Answer(answer.status, _read(answer, wire, began, timeout_s), None, _ms(began))
    except TimeoutError:
        return Answer(None, b"", f"no answer within {timeout_s:g} s", _ms(began))
    except (OSError, HTTPException) as problem:
        return Answer(None, b"", f"{type(problem).__name__}: {problem}", _ms(began))
    finally:
        connection.close()


def _read(answer: HTTPResponse, wire: socket.socket, began: float, timeout_s: float) -> bytes:
    """Read a body, also one that comes drop by drop, no longer than the time that is left."""
    body = b""
    while len(body) < _READ_AT_MOST:
        wire.settimeout(_left(began, timeout_s))
        chunk = answer.read1(_READ_AT_MOST - len(body))
        if not chunk:
            break
        body += chunk
    return body


def _left(began: float, timeout_s: float) -> float:
    left = began + timeout_s - time.perf_counter()
    if left <= 0:
        raise TimeoutError
    return left


def _connection(url: str, timeout_s: float) -> HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return HTTPSConnection(parts.hostname or "", parts.port, timeout=timeout_s, context=context)
    return HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)


def _ms(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)
