"""Requests to Nylas: encoded paths, explicit time-outs, errors by status, polite repetition.

Knows nothing of events. Sessions are pooled so that one is never used by two threads at once, and live as long as
the process: a run's worker threads come and go, their connections stay.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import quote, urlencode

import msgspec
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from nylasadmin import __version__
from nylasadmin.adapters.nylas.ahead import TellingAdapter
from nylasadmin.adapters.nylas.answers import error_of_answer, error_of_exception
from nylasadmin.adapters.nylas.pacing import GrantPace, Sleep
from nylasadmin.errors import BadAnswer, ConnectionRefused, NylasError, RateLimited, ServiceFailed, TimedOut
from nylasadmin.services.ports import SenderSettings

Query = Mapping[str, str | int | Sequence[str]]

_REPEATED_STATUS = frozenset({502, 503, 504})


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long to go on: ``tries`` in all, waits doubling from ``first_wait_s``, none longer than ``longest_wait_s``.

    A service that asks for a longer wait than that gets it from the caller: the error carries what it asked for.
    """

    tries: int = 4
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0


IMPATIENT = Patience(tries=1)
"""For a connection test, and whatever somebody waits for: the first failure is the answer."""


class Sessions:
    """Idle sessions of the process, borrowed for one request each.

    The environment is not consulted (``trust_env`` off): a ``.netrc`` entry for the host would silently replace our
    Bearer key, and a developer's proxy variables would send customers' calendars elsewhere. Where the way out is a
    proxy or a private authority, the settings say so. ``transport`` takes the place of the network.
    """

    def __init__(
        self, *, proxy: str | None = None, ca_bundle: str | None = None, transport: BaseAdapter | None = None
    ) -> None:
        self._idle: list[requests.Session] = []
        self._proxy = proxy
        self._ca_bundle = ca_bundle
        self._transport = transport

    @contextmanager
    def borrowed(self) -> Iterator[requests.Session]:
        """Lend a session that nobody else uses meanwhile."""
        try:
            session = self._idle.pop()
        except IndexError:
            session = self._new()
        try:
            yield session
        finally:
            self._idle.append(session)

    def close(self) -> None:
        """Close the connections of all idle sessions."""
        while self._idle:
            self._idle.pop().close()

    def _new(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.headers["User-Agent"] = f"nylasadmin/{__version__}"
        session.headers["Accept"] = "application/json"
        for scheme in ("https://", "http://"):
            session.mount(scheme, self._transport or TellingAdapter(pool_connections=4, pool_maxsize=1))
        if self._proxy:
            session.proxies = {"http": self._proxy, "https": self._proxy}
        if self._ca_bundle:
            session.verify = self._ca_bundle
        return session


class NylasHttp:
    """One account's (or the application's) way to Nylas. Every method raises :class:`NylasError` and gives bytes."""

    def __init__(
        self,
        sender: SenderSettings,
        sessions: Sessions,
        pace: GrantPace,
        *,
        patience: Patience | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._base_url = sender.base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {sender.api_key}"}
        self._timeouts = (sender.connect_timeout_s, sender.read_timeout_s)
        self._sessions = sessions
        self._pace = pace
        self._patience = patience or Patience()
        self._sleep = sleep

    def get(self, path: Sequence[str], query: Query) -> bytes:
        """Read; repeated when that may help."""
        return self._send("GET", path, query, None)

    def post(self, path: Sequence[str], query: Query, body: bytes) -> bytes:
        """Create; repeated only when the first try surely had no effect."""
        return self._send("POST", path, query, body)

    def put(self, path: Sequence[str], query: Query, body: bytes) -> bytes:
        """Change; repeated when that may help."""
        return self._send("PUT", path, query, body)

    def delete(self, path: Sequence[str], query: Query) -> bytes:
        """Delete; repeated when that may help, so a 404 may come from our own first try."""
        return self._send("DELETE", path, query, None)

    def _send(self, method: str, path: Sequence[str], query: Query, body: bytes | None) -> bytes:
        url = url_of(self._base_url, path, query)
        tries = 1
        while True:
            try:
                return self._send_once(method, url, body)
            except NylasError as error:
                wait = self._wait_before_next(method, error, tries)
                if wait is None:
                    raise
            self._sleep(wait)
            tries += 1

    def _send_once(self, method: str, url: str, body: bytes | None) -> bytes:
        with self._pace.place(), self._sessions.borrowed() as session:
            try:
                request = self._prepared(session, method, url, body)
                answer = session.send(request, timeout=self._timeouts, allow_redirects=False)
            except requests.RequestException as error:
                raise error_of_exception(error) from error
        failure = error_of_answer(answer)
        if failure is not None:
            raise failure
        return answer.content

    def _prepared(
        self, session: requests.Session, method: str, url: str, body: bytes | None
    ) -> requests.PreparedRequest:
        """Prepare a request by hand: to encode an encoded address again and to merge settings takes as long as to send.

        Raises ``requests.RequestException`` for an address that is none.
        """
        request = requests.PreparedRequest()
        request.method, request.url = method, _spelt(self._base_url) + url.removeprefix(self._base_url)
        request.headers = CaseInsensitiveDict(self._headers)
        request.headers.update((name, str(value)) for name, value in session.headers.items())
        if body is not None:
            request.headers["Content-Type"] = "application/json"
        request.prepare_cookies({})  # a redirect, which is not followed, is still looked at
        request.prepare_body(body, None)
        return request

    def _wait_before_next(self, method: str, error: NylasError, tries: int) -> float | None:
        """Say how long to wait before another try; ``None`` for no other try."""
        if tries >= self._patience.tries or not may_repeat(method, error, tries):
            return None
        if error.retry_after_s is not None:
            if error.retry_after_s > self._patience.longest_wait_s:
                return None
            self._pace.hold(error.retry_after_s)
            return 0.0
        longest = min(self._patience.longest_wait_s, self._patience.first_wait_s * 2.0 ** (tries - 1))
        wait = longest * random.uniform(0.5, 1.0)
        if isinstance(error, RateLimited):
            self._pace.hold(wait)  # the whole account is too fast, not this request
        return wait


def may_repeat(method: str, error: NylasError, tries: int) -> bool:
    """Say whether a request may be sent again after that error.

    A create is repeated only when it surely had no effect. A read that timed out is repeated once: the service's own
    limit is 90 s, and a listing of many pages should not fail for one of them.
    """
    if isinstance(error, RateLimited):
        return True
    if isinstance(error, ConnectionRefused | TimedOut) and not error.may_have_happened:
        return True
    if method == "POST":
        return False
    if isinstance(error, TimedOut):
        return method == "GET" and tries == 1
    if isinstance(error, ServiceFailed):
        return error.status in _REPEATED_STATUS
    broke_off = isinstance(error, BadAnswer) and error.status is None
    return isinstance(error, ConnectionRefused) or broke_off


@lru_cache
def _spelt(base_url: str) -> str:
    """Spell the beginning of an address as it is sent, without a slash at its end."""
    request = requests.PreparedRequest()
    request.prepare_url(base_url, None)
    return (request.url or "").rstrip("/")


def url_of(base_url: str, path: Sequence[str], query: Query) -> str:
    """Build an address: every path segment encoded whole, lists as repeated keys.

    Raises ``ValueError`` for a segment that would name another resource: an empty one or one of dots only.
    """
    if any(segment.strip(".") == "" for segment in path):
        raise ValueError(f"not a path segment: {path!r}")
    url = "/".join([base_url, *(quote(segment, safe="") for segment in path)])
    return f"{url}?{urlencode(query, doseq=True, quote_via=quote)}" if query else url
