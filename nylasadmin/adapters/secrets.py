"""Secrets at rest, and password hashes.

Sealing is Fernet (AES-128-CBC with HMAC-SHA256) under a key derived from the installation's secret key; the previous
secret key still opens what it sealed, so that keys rotate without down-time. A sealed value is bound to its context.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from werkzeug.security import check_password_hash, generate_password_hash

from nylasadmin.errors import BadSettings


class SealedSecrets:
    """Implements the secrets port."""

    def __init__(self, secret_key: str, previous: str = "") -> None:
        self._fernet = MultiFernet([_fernet(key) for key in (secret_key, previous) if key])

    def seal(self, clear: str, context: str) -> bytes:
        return self._fernet.encrypt(f"{context}\0{clear}".encode())

    def unseal(self, sealed: bytes, context: str) -> str:
        """Open a sealed value. Raises :class:`BadSettings` if the secret key is not the one it was sealed with."""
        try:
            bound, _, clear = self._fernet.decrypt(sealed).decode().partition("\0")
        except InvalidToken as error:
            raise BadSettings(
                [
                    "NYLASADMIN_SECRET_KEY: is not the key the stored API keys were sealed with. "
                    "Set the former key again, or as NYLASADMIN_SECRET_KEY_PREVIOUS."
                ]
            ) from error
        if bound != context:
            raise BadSettings([f"A sealed value was moved: expected {context}, found {bound}."])
        return clear


def _fernet(secret_key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"nylasadmin sealed values").derive(
        secret_key.encode()
    )
    return Fernet(base64.urlsafe_b64encode(derived))


class ScryptPasswords:
    """Implements the passwords port with scrypt."""

    def hashed(self, password: str) -> str:
        return generate_password_hash(password, method="scrypt")

    def matches(self, hashed: str, password: str) -> bool:
        return check_password_hash(hashed, password)
