"""Signatures of notifications, for who sends and who receives them."""

from __future__ import annotations

import hmac

HEADER = "x-nylas-signature"


def signature_of(secret: str, raw: bytes) -> str:
    """Return the signature of the bytes of a body, compressed ones as they travel."""
    return hmac.new(secret.encode(), raw, "sha256").hexdigest()


def is_genuine(secret: str, raw: bytes, signature: str | None) -> bool:
    """Tell whether bytes were signed with a secret."""
    return signature is not None and hmac.compare_digest(signature_of(secret, raw).encode(), signature.lower().encode())
