"""Identifiers that look like the providers' and depend only on the seed, never on chance or time."""

from __future__ import annotations

import hashlib
import itertools
import string
import uuid
from base64 import b64encode

_BASE32HEX = "0123456789abcdefghijklmnopqrstuv"
_ALPHANUMERIC = string.ascii_letters + string.digits


class Identifiers:
    """Makes the same identifiers in the same order for the same seed."""

    def __init__(self, seed: int, prefix: str = "") -> None:
        self._seed = seed
        self._prefix = prefix
        self._count = itertools.count(1)

    def branch(self, name: str) -> Identifiers:
        """Return a source of its own: what it makes depends on its name, not on what is made elsewhere."""
        return Identifiers(self._seed, f"{self._prefix}{name} ")

    def fresh(self, shape: str) -> str:
        """Return the next identifier of a shape."""
        return self.derived(shape, f"{self._prefix}#{next(self._count)}")

    def derived(self, shape: str, text: str) -> str:
        """Return the identifier that always belongs to this text."""
        return _SHAPES[shape](hashlib.sha512(f"{self._seed}|{shape}|{text}".encode()).digest())


def _google(digest: bytes) -> str:
    return "".join(_BASE32HEX[byte & 31] for byte in digest[:26])


def _google_calendar(digest: bytes) -> str:
    return f"c_{digest[:32].hex()}@group.calendar.google.com"


def _microsoft(digest: bytes) -> str:
    # Graph identifiers are URL-safe base64 with a long constant head; the padding makes clients encode them.
    return "AAMkAGI2" + b64encode(digest[:46], b"-_").decode()


def _uuid(digest: bytes) -> str:
    return str(uuid.UUID(bytes=digest[:16], version=4))


def _apple(digest: bytes) -> str:
    return _uuid(digest).upper()


def _microsoft_thread(digest: bytes) -> str:
    return "AAQkAGI2" + b64encode(digest[:34], b"-_").decode()


def _google_contact(digest: bytes) -> str:
    return "c" + str(int.from_bytes(digest[:8]) % 10**19).zfill(19)


def _hexadecimal(digest: bytes) -> str:
    return digest[:8].hex()


def _google_label(digest: bytes) -> str:
    return f"Label_{int.from_bytes(digest[:8])}"


def _imap_message(digest: bytes) -> str:
    # The server's own Message-ID: angle brackets and an at sign, so that clients have to encode it.
    return f"<{digest[:12].hex()}@mail.brightwater.example>"


def _secret(digest: bytes) -> str:
    return "nyk_v0_" + digest.hex()[:64]


def _token(digest: bytes) -> str:
    return b64encode(digest[:48], b"-_").decode()


def _webhook(digest: bytes) -> str:
    return "".join(_ALPHANUMERIC[byte % 62] for byte in digest[:26])


def _webhook_secret(digest: bytes) -> str:
    return b64encode(digest[:15], b"-_").decode()


_SHAPES = {
    "google": _google,
    "google-calendar": _google_calendar,
    "microsoft": _microsoft,
    "apple": _apple,
    "uuid": _uuid,
    "microsoft-thread": _microsoft_thread,
    "google-contact": _google_contact,
    "google-group": _hexadecimal,
    "google-message": _hexadecimal,
    "google-label": _google_label,
    "imap-message": _imap_message,
    "secret": _secret,
    "token": _token,
    "webhook": _webhook,
    "webhook-secret": _webhook_secret,
}
