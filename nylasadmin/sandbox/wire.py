"""JSON as it travels: the type of a decoded object and the one way to encode it."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]

_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def encoded(value: object) -> bytes:
    """Encode a value as compact UTF-8; half surrogates, which UTF-8 cannot hold, become question marks."""
    return _encoder.encode(value).encode("utf-8", "replace")


def decoded(body: bytes) -> Json:
    """Decode one stored object."""
    value: Json = json.loads(body)
    return value
