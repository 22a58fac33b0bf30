"""What went wrong, in our own errors: foreign exceptions and HTTP statuses translated, status before body."""

from __future__ import annotations

import re
import socket
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite

import msgspec
import requests
from urllib3 import exceptions as urllib3_errors

from nylasadmin.errors import (
    AccessDenied,
    BadAnswer,
    BadRequest,
    CodeRefused,
    ConnectionRefused,
    CursorExpired,
    GrantGone,
    HostUnknown,
    NotThere,
    NylasError,
    RateLimited,
    ReturnNotAllowed,
    ServiceFailed,
    TimedOut,
    TlsFailed,
    Unauthorized,
)

_BY_STATUS: dict[int, type[NylasError]] = {
    401: Unauthorized,
    402: AccessDenied,
    403: AccessDenied,
    404: NotThere,
    408: TimedOut,
    410: CursorExpired,
    423: AccessDenied,
    429: RateLimited,
}

_BY_TYPE: dict[str, type[NylasError]] = {
    "grant.callback_uri_not_allowed": ReturnNotAllowed,
    "invalid_grant": CodeRefused,
}
"""Refusals that are told apart by Nylas' own word for them: only those of status 400."""

_LONGEST_DETAIL = 300


class _ErrorBody(msgspec.Struct):
    """The envelope of an error; OAuth errors are flat and have a text instead of an object."""

    error: object = None
    error_description: str | None = None
    message: str | None = None
    request_id: str | None = None


_error_body = msgspec.json.Decoder(_ErrorBody)


def error_of_answer(answer: requests.Response) -> NylasError | None:
    """Give the error that an answer's status means; ``None`` for a success."""
    status = answer.status_code
    if 200 <= status < 300:
        return None
    detail, request_id, word = _told(answer)
    kind = _BY_TYPE.get(word) if status == 400 else _BY_STATUS.get(status)
    if kind is None:
        kind = ServiceFailed if status >= 500 else BadRequest if status >= 400 else BadAnswer
    if kind is NotThere and _is_about_grant(answer):
        kind = GrantGone
    if kind is BadAnswer:
        detail = f"redirected to {answer.headers.get('Location', 'nowhere')}"
    return kind(
        detail,
        status=status,
        request_id=request_id,
        retry_after_s=retry_after_s(answer.headers.get("Retry-After")),
        may_have_happened=status >= 500 or status == 408,
    )


def _is_about_grant(answer: requests.Response) -> bool:
    """Say whether a 404 is about the grant and not about what is looked for in it; the types differ by place."""
    try:
        error = _error_body.decode(answer.content).error
    except msgspec.DecodeError:
        return False
    if not isinstance(error, dict):
        return False
    kind, message = str(error.get("type", "")), str(error.get("message", ""))
    return kind.endswith("grant.not_found") or message.lower().startswith("no grant found")


def _told(answer: requests.Response) -> tuple[str, str | None, str]:
    """Give the words of an answer, Nylas' name for the request, and its word for the error."""
    header_id = answer.headers.get("x-request-id")
    try:
        body = _error_body.decode(answer.content)
    except msgspec.DecodeError:
        return _plain(answer.content), header_id, ""
    detail = body.error_description or body.message or _message(body.error)
    return (detail or _plain(answer.content))[:_LONGEST_DETAIL], body.request_id or header_id, _word(body.error)


def _word(error: object) -> str:
    """Give the type of an error; an OAuth error is the type itself."""
    word = error.get("type") if isinstance(error, dict) else error
    return word if isinstance(word, str) else ""


def _message(error: object) -> str:
    if not isinstance(error, dict):
        return error if isinstance(error, str) else ""
    message = error.get("message")
    fields = error.get("validation_errors")
    words = [str(message)] if message else []
    if isinstance(fields, dict):
        words += [f"{name}: {text}" for name, text in fields.items()]
    return "; ".join(words)


def _plain(body: bytes) -> str:
    # A proxy's page of HTML: the words without the tags.
    return " ".join(re.sub(r"<[^>]*>", " ", body[:4000].decode("utf-8", "replace")).split())[:_LONGEST_DETAIL]


def retry_after_s(value: str | None) -> float | None:
    """Read a ``Retry-After`` header: seconds or an HTTP date. ``None`` for none or an unreadable one."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        return _seconds_until(value)
    return max(0.0, seconds) if isfinite(seconds) else None


def _seconds_until(date: str) -> float | None:
    try:
        at = parsedate_to_datetime(date)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def error_of_exception(error: requests.RequestException) -> NylasError:
    """Give our error for what requests raised: what failed, and whether the request may have been received."""
    detail = _cause_text(error)
    if isinstance(error, requests.exceptions.SSLError):
        return TlsFailed(detail)
    if _is_in_handshake(error):
        return TimedOut("no answer to the TLS handshake: " + detail)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return TimedOut(detail)
    if isinstance(error, requests.exceptions.Timeout):
        return TimedOut(detail, may_have_happened=True)
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return BadAnswer("the answer broke off: " + detail, may_have_happened=True)
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return HostUnknown(detail)
    if isinstance(error, requests.exceptions.MissingSchema):
        return HostUnknown(detail)
    return _connection_error(error, detail)


def _is_in_handshake(error: requests.RequestException) -> bool:
    """Say whether the time ran out before encryption was agreed upon: then nothing was sent."""
    return any("handshake" in str(cause) for cause in _causes(error) if isinstance(cause, TimeoutError))


def _connection_error(error: requests.RequestException, detail: str) -> NylasError:
    causes = list(_causes(error))
    if any(isinstance(c, urllib3_errors.NameResolutionError | socket.gaierror) for c in causes):
        return HostUnknown(detail)
    if any(isinstance(c, urllib3_errors.ReadTimeoutError) for c in causes):
        return TimedOut(detail, may_have_happened=True)
    never_sent = any(isinstance(c, urllib3_errors.NewConnectionError | ConnectionRefusedError) for c in causes)
    return ConnectionRefused(detail, may_have_happened=not never_sent)


def _causes(error: BaseException) -> list[BaseException]:
    """Give an exception and everything wrapped in it: requests and urllib3 nest by argument, reason and cause."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting and len(found) < 20:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
    return found


def _cause_text(error: BaseException) -> str:
    # The innermost reason says what a person can act on; the outer layers repeat the address and pool.
    inner: BaseException = error
    while isinstance(nested := _wrapped(inner), BaseException):
        inner = nested
    return (str(inner) or type(inner).__name__)[:_LONGEST_DETAIL]


def _wrapped(error: BaseException) -> object:
    return getattr(error, "reason", None) or next((a for a in error.args if isinstance(a, BaseException)), None)
