"""Who may ask for what: the API key for everything, an access token for `me`, nothing for signing in."""

from __future__ import annotations

from flask import request

from nylasadmin.sandbox.errors import unauthorized
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.state import Sandbox

_OPEN = frozenset({"hosted_auth.begin", "tokens.token", "tokens.revoke", "tokens.token_info"})
_ME = "me"


def bearer() -> str:
    """Return the key or token that a request carries, empty if it carries none."""
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if kind.casefold() == "bearer" else ""


def follow_me(sandbox: Sandbox) -> None:
    """Put the grant of the access token in the place of `me`, for everybody who reads the path afterwards."""
    path = request.view_args
    if path is None or path.get("grant_name") != _ME:
        return
    grant = _grant_of(sandbox, bearer())
    if grant is not None:
        path["grant_name"] = grant.id
        request.environ["sandbox.me"] = grant.id


def require_access(sandbox: Sandbox) -> None:
    """Refuse a request without a key, and an access token that reaches for more than its own grant."""
    if request.endpoint in _OPEN:
        return
    key = bearer()
    if key == sandbox.api_key:
        return
    if "sandbox.me" not in request.environ:
        raise unauthorized("Unauthorized: the API key is missing or wrong")
    if request.blueprint == "grants" and request.method != "GET":
        raise unauthorized("Unauthorized: an access token does not manage its grant")


def _grant_of(sandbox: Sandbox, token: str) -> Grant | None:
    with sandbox.lock:
        found = sandbox.tokens.find(token, sandbox.clock.now(), is_refresh=False)
        return None if found is None else sandbox.grants.get(f"grant:{found.grant_id}")
