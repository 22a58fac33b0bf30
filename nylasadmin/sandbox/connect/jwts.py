"""JSON web tokens, signed with HMAC-SHA256: just enough to issue an identity and to read it back."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

from nylasadmin.sandbox.wire import Json, encoded

_HEADER: Json = {"alg": "HS256", "typ": "JWT"}


def signed(claims: Json, key: str) -> str:
    """Return a token that carries the claims."""
    text = f"{_packed(encoded(_HEADER))}.{_packed(encoded(claims))}"
    return f"{text}.{_packed(_signature(text, key))}"


def claims_of(token: str, key: str) -> Json | None:
    """Return the claims of a token, None if it was not signed with this key."""
    text, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _packed(_signature(text, key)).encode()):
        return None
    # The signature holds: what is read here was written by `signed`.
    body = text.partition(".")[2]
    claims: Json = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def _signature(text: str, key: str) -> bytes:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()


def _packed(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
