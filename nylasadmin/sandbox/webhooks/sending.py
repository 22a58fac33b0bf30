"""HTTP to receivers: the challenge and the delivery. Redirects are not followed, long answers not read."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
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
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(_READ_AT_MOST), None, _ms(began))
    except TimeoutError:
        return Answer(None, b"", f"no answer within {timeout_s:g} s", _ms(began))
    except (OSError, HTTPException) as problem:
        return Answer(None, b"", f"{type(problem).__name__}: {problem}", _ms(began))
    finally:
        connection.close()


def _connection(url: str, timeout_s: float) -> HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return HTTPSConnection(parts.hostname or "", parts.port, timeout=timeout_s, context=context)
    return HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)


def _ms(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)
