"""What `connect/token` does: a code, a refresh token or a grant's id becomes an access token.

The caller holds the sandbox's lock.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING

from nylasadmin.sandbox.connect.challenges import answers
from nylasadmin.sandbox.connect.lifecycles import refuse_other_provider, sign_in
from nylasadmin.sandbox.connect.sign_ins import SignInRequest
from nylasadmin.sandbox.errors import Refusal
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.wire import Json

if TYPE_CHECKING:
    from nylasadmin.sandbox.state import Sandbox


def exchange(sandbox: Sandbox, body: Json) -> Json:
    """Return the tokens that a body asks for; an OAuth error if it has no right to any."""
    kind = _field(body, "grant_type")
    if kind not in _EXCHANGES:
        raise oauth_error("unsupported_grant_type", f"grant_type must be one of {', '.join(_EXCHANGES)}")
    if _field(body, "client_id") != sandbox.application_id:
        raise oauth_error("invalid_client", "client_id is no application")
    return _EXCHANGES[kind](sandbox, body)


def oauth_error(kind: str, text: str) -> Refusal:
    """Refuse as OAuth does; the answer is flat."""
    return Refusal(400, kind, text)


def _by_code(sandbox: Sandbox, body: Json) -> Json:
    code, redirect_uri = _field(body, "code"), _field(body, "redirect_uri")
    now = sandbox.clock.now()
    permission = sandbox.sign_ins.redeem(code, now)
    if permission is None:
        raise oauth_error("invalid_grant", "The code is unknown, used or too old")
    _check_secret(sandbox, body, is_optional=permission.request.challenge is not None)
    if redirect_uri != permission.request.redirect_uri:
        raise oauth_error("invalid_grant", "redirect_uri is not the one the code was asked for with")
    _check_verifier(body, permission.request)
    account = permission.account
    refuse_other_provider(sandbox, account.email, account.provider)
    grant = sign_in(sandbox, account)
    answer = sandbox.tokens.begin(grant, now, offline=permission.request.is_offline)
    return answer | {"provider": grant.rules.name}


def _by_refresh_token(sandbox: Sandbox, body: Json) -> Json:
    text, now = _field(body, "refresh_token"), sandbox.clock.now()
    _check_secret(sandbox, body)
    token = sandbox.tokens.find(text, now, is_refresh=True)
    grant = None if token is None else sandbox.grants.get(f"grant:{token.grant_id}")
    if token is None or grant is None:
        raise oauth_error("invalid_grant", "The refresh token is unknown or revoked")
    rotate = sandbox.application.additional_settings.get("rotate_refresh_token") is True
    return sandbox.tokens.refresh(token, grant, now, rotate=rotate)


def _by_grant_id(sandbox: Sandbox, body: Json) -> Json:
    grant_id = _field(body, "grant_id")
    _check_secret(sandbox, body)
    grant: Grant | None = sandbox.grants.get(f"grant:{grant_id}")
    if grant is None:
        raise oauth_error("invalid_grant", "No Grant found with this ID")
    return sandbox.tokens.begin(grant, sandbox.clock.now(), offline=False)


def _check_secret(sandbox: Sandbox, body: Json, *, is_optional: bool = False) -> None:
    """The secret is the API key; it may be left out only by those who answer a challenge."""
    if is_optional and not body.get("client_secret"):
        return
    secret = _field(body, "client_secret")
    if not hmac.compare_digest(secret.encode(errors="replace"), sandbox.api_key.encode()):
        raise oauth_error("invalid_client", "client_secret is not the API key")


def _check_verifier(body: Json, request: SignInRequest) -> None:
    if request.challenge is None:
        return
    if not answers(_field(body, "code_verifier"), request.challenge, request.challenge_method):
        raise oauth_error("invalid_grant", "code_verifier does not answer the code_challenge")


def _field(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise oauth_error("invalid_request", f"Missing required parameter: {name}")
    return value


_EXCHANGES: dict[str, Callable[[Sandbox, Json], Json]] = {
    "authorization_code": _by_code,
    "refresh_token": _by_refresh_token,
    "client_credentials": _by_grant_id,
}
