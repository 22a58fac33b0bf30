"""Access tokens, refresh tokens and identities, and what became of them. The caller holds the sandbox's lock."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from nylasadmin.sandbox.connect.jwts import claims_of, signed
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.identifiers import Identifiers
from nylasadmin.sandbox.wire import Json

LIFETIME_S = 3600
_ISSUER = "https://nylas.com"


@dataclass(frozen=True, slots=True)
class Token:
    """One token. All that came from one sign-in are a family and are revoked together."""

    text: str
    family: int
    grant_id: str
    issued_at: int
    is_refresh: bool = False

    def is_over(self, now: int) -> bool:
        """Tell whether its time is over; refresh tokens have no end."""
        return not self.is_refresh and now >= self.issued_at + LIFETIME_S


class TokenBook:
    """All tokens that were issued and not revoked."""

    def __init__(self, seed: int, application_id: str) -> None:
        self._identifiers = Identifiers(seed)
        self._application_id = application_id
        self._key = self._identifiers.derived("secret", "identities")
        self._tokens: dict[str, Token] = {}
        self._numbers = itertools.count(1)

    def begin(self, grant: Grant, now: int, *, offline: bool) -> Json:
        """Issue the tokens of a new sign-in, as the service answers them."""
        family = next(self._numbers)
        answer = self._issued(grant, family, now)
        return answer | {"refresh_token": self._new(grant, family, now, is_refresh=True).text} if offline else answer

    def refresh(self, refresh: Token, grant: Grant, now: int, *, rotate: bool) -> Json:
        """Issue one more access token; a refresh token that rotates is replaced."""
        answer = self._issued(grant, refresh.family, now)
        if not rotate:
            return answer | {"refresh_token": refresh.text}
        del self._tokens[refresh.text]
        return answer | {"refresh_token": self._new(grant, refresh.family, now, is_refresh=True).text}

    def find(self, text: str, now: int, *, is_refresh: bool) -> Token | None:
        """Return a token that is good."""
        token = self._tokens.get(text)
        return None if token is None or token.is_refresh is not is_refresh or token.is_over(now) else token

    def revoke(self, text: str) -> bool:
        """Forget a token with all its family; tell whether there was such a token."""
        token = self._tokens.get(text)
        if token is None:
            return False
        self._tokens = {key: one for key, one in self._tokens.items() if one.family != token.family}
        return True

    def forget(self, grant: Grant) -> None:
        """Forget all tokens of a grant that is gone."""
        self._tokens = {key: one for key, one in self._tokens.items() if one.grant_id != grant.id}

    def claims(self, grant: Grant, issued_at: int) -> Json:
        """Return what an identity or an access token says."""
        return {
            "iss": _ISSUER,
            "aud": self._application_id,
            "sub": grant.id,
            "email": grant.email,
            "iat": issued_at,
            "exp": issued_at + LIFETIME_S,
        }

    def identity(self, id_token: str, now: int) -> Json | None:
        """Return what an identity says, None if it is forged or over."""
        claims = claims_of(id_token, self._key)
        return None if claims is None or now >= claims["exp"] else claims

    def _issued(self, grant: Grant, family: int, now: int) -> Json:
        scope = " ".join(grant.scopes)
        return {
            "access_token": self._new(grant, family, now).text,
            "expires_in": LIFETIME_S,
            "id_token": signed(self.claims(grant, now), self._key),
            "email": grant.email,
            "scope": scope,
            "token_type": "Bearer",
            "grant_id": grant.id,
        }

    def _new(self, grant: Grant, family: int, now: int, *, is_refresh: bool = False) -> Token:
        text = self._identifiers.derived("token", f"token {next(self._numbers)}")
        token = Token(text, family, grant.id, now, is_refresh)
        self._tokens[text] = token
        return token
