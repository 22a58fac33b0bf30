"""Raw-path routing: each segment of the path as the client sent it, decoded exactly once.

WSGI decodes the whole path before routing, which turns the `%2F` of an id into a border between segments. Here the
router sees the raw path, and the converter of each segment decodes. A plus sign stays a plus sign.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, unquote, urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.routing import BaseConverter


class SegmentConverter(BaseConverter):
    """One segment of the path, percent-decoded once."""

    regex = "[^/]+"
    part_isolating = True

    def to_python(self, value: str) -> str:
        return unquote(value, errors="replace")

    def to_url(self, value: str) -> str:
        return quote(value, safe="")


class RawPath:
    """WSGI middleware that lets the router see the path as it was sent."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["PATH_INFO"] = raw_path(environ)
        return self._app(environ, start_response)


def raw_path(environ: WSGIEnvironment) -> str:
    """Return the path of the request line; servers call it REQUEST_URI or RAW_URI."""
    uri = str(environ.get("REQUEST_URI") or environ.get("RAW_URI") or environ["PATH_INFO"])
    path = uri.partition("?")[0]
    # An absolute request target is legal; `//x` in front is a path and must not be taken for a host.
    return path if path.startswith("/") else urlsplit(path).path or "/"
