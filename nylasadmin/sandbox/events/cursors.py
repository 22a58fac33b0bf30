"""Page tokens: opaque to clients, bound to the list they came from."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
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
    return urlsafe_b64encode(json.dumps(cursor).encode()).decode().rstrip("=")


def decode_cursor(token: str, scope: str, parts: int) -> Cursor:
    """Read a page token whose key has so many parts; refuse one that is damaged or belongs to another list."""
    try:
        found_scope, key, start, end = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        cursor = Cursor(str(found_scope), tuple(int(part) for part in key), start, end)
    except (ValueError, TypeError) as problem:
        raise bad_request("page_token is invalid", page_token="is invalid") from problem
    if cursor.scope != scope or len(cursor.key) != parts:
        raise bad_request("page_token belongs to another list", page_token="belongs to another list")
    return cursor
