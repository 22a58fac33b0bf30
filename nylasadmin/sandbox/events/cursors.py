"""Page tokens: opaque to clients, bound to the list they came from."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2s
from typing import NamedTuple

from nylasadmin.sandbox.errors import bad_request


class Cursor(NamedTuple):
    """Where the next page begins, and the window that the first page used."""

    scope: str
    key: tuple[int, ...]
    start: int | None = None
    end: int | None = None


def encode_cursor(cursor: Cursor) -> str:
    """Write a cursor as a page token."""
    parts = [_mark(cursor.scope), cursor.key, cursor.start, cursor.end]
    return urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(token: str, scope: str, parts: int) -> Cursor:
    """Read a page token whose key has so many parts; refuse one that is damaged or belongs to another list."""
    try:
        mark, key, start, end = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        cursor = Cursor(scope, tuple(int(part) for part in key), start, end)
    except (ValueError, TypeError) as problem:
        raise bad_request("page_token is invalid", page_token="is invalid") from problem
    if mark != _mark(scope) or len(cursor.key) != parts:
        raise bad_request("page_token belongs to another list", page_token="belongs to another list")
    return cursor


def _mark(scope: str) -> str:
    """Return a short mark of the list a token belongs to."""
    return blake2s(scope.encode(), digest_size=6).hexdigest()
