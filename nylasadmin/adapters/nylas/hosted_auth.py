"""Hosted authentication: the address at which a person signs in, and the exchange of the code that comes back.

The proof key is not RFC 7636: Nylas takes the base64 of the *hexadecimal* digest, without ``=``.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode

import msgspec

from nylasadmin.adapters.nylas.http import NylasHttp, url_of
from nylasadmin.adapters.nylas.wire import TokenAnswer, read
from nylasadmin.domain.directory import Grant
from nylasadmin.errors import BadAnswer
from nylasadmin.services.ports import SenderSettings, SignInWish

_AUTH = ("v3", "connect", "auth")
_TOKEN = ("v3", "connect", "token")
_token = msgspec.json.Decoder(TokenAnswer)


class NylasHostedAuth:
    """The sign-in pages of one application."""

    def __init__(self, http: NylasHttp, sender: SenderSettings, application_id: str) -> None:
        self._http = http
        self._sender = sender
        self._application_id = application_id

    def authorization_url(self, wish: SignInWish) -> str:
        """Give the address that the person's browser opens. It holds no secret."""
        return url_of(self._sender.base_url.rstrip("/"), _AUTH, self._query(wish))

    def check(self, wish: SignInWish) -> None:
        """Ask whether Nylas will show its pages: it leads on to them, or refuses."""
        try:
            self._http.get(_AUTH, self._query(wish))
        except BadAnswer as answer:
            if answer.status is None or not 300 <= answer.status < 400:
                raise

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Grant:
        """Turn a code into a grant. The tokens that come with it are dropped: the API key does what they do."""
        body = {
            "grant_type": "authorization_code",
            "client_id": self._application_id,
            "client_secret": self._sender.api_key,
            "redirect_uri": redirect_uri,
            "code": code,
            "code_verifier": verifier,
        }
        found = read(_token, self._http.post(_TOKEN, {}, msgspec.json.encode(body)))
        return Grant(id=found.grant_id, provider=found.provider or "", email=(found.email or "").strip().lower())

    def _query(self, wish: SignInWish) -> dict[str, str]:
        asked = {
            "client_id": self._application_id,
            "redirect_uri": wish.redirect_uri,
            "response_type": "code",
            "state": wish.state,
            "code_challenge": challenge_of(wish.verifier),
            "code_challenge_method": "S256",
            "login_hint": wish.login_hint,
            "provider": wish.provider,
            "prompt": "" if wish.provider else "detect,select_provider",
        }
        return {name: value for name, value in asked.items() if value}


def challenge_of(verifier: str) -> str:
    """Give the challenge that Nylas makes of a verifier."""
    return b64encode(hashlib.sha256(verifier.encode()).hexdigest().encode()).decode().rstrip("=")
