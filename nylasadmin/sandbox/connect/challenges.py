"""PKCE as Nylas does it: the challenge is the base64 of the *hexadecimal* digest, which is not what RFC 7636 says."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode

METHODS = ("plain", "s256")


def challenge_of(verifier: str, method: str) -> str:
    """Return the challenge that belongs to a verifier."""
    if method == "plain":
        return verifier
    return b64encode(hashlib.sha256(verifier.encode(errors="replace")).hexdigest().encode()).decode().rstrip("=")


def answers(verifier: str, challenge: str, method: str) -> bool:
    """Tell whether a verifier is the one a challenge was made of."""
    return hmac.compare_digest(challenge_of(verifier, method).encode(errors="replace"), challenge.rstrip("=").encode())
