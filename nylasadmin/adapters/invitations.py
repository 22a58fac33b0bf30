"""Invitations as signed text for addresses: the payload in base64, a dot, and its HMAC-SHA256 in base64.

The key is derived from the installation's secret key and good for nothing else, so that a CRM may have it.
"""

from __future__ import annotations

import base64
import hashlib

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from itsdangerous import BadData, URLSafeSerializer

from nylasadmin.domain.sign_ins import Invitation
from nylasadmin.errors import Refused


class SignedInvitations:
    """Implements the invitations port. The previous secret key's invitations stay good while keys rotate."""

    def __init__(self, secret_key: str, previous: str = "") -> None:
        self._key = _key(secret_key)
        keys = [*([_key(previous)] if previous else []), self._key]  # the last one signs
        self._serializer = URLSafeSerializer(
            keys, signer_kwargs={"key_derivation": "none", "digest_method": hashlib.sha256}
        )

    def key(self) -> str:
        """Give the key with which a CRM signs invitations of its own."""
        return self._key

    def sign(self, invitation: Invitation) -> str:
        return str(self._serializer.dumps(msgspec.to_builtins(invitation)))

    def read(self, token: str) -> Invitation:
        """Read an invitation, whatever its age. Raises :class:`Refused` for one that nobody here has signed."""
        try:
            return msgspec.convert(self._serializer.loads(token), Invitation)
        except (BadData, msgspec.ValidationError) as error:
            raise Refused("invitation_unreadable") from error


def _key(secret_key: str) -> str:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"nylasadmin invitations").derive(secret_key.encode())
    return base64.urlsafe_b64encode(derived).decode().rstrip("=")
