"""`/v3/connect/token`, `revoke` and `tokeninfo`: OAuth, whose answers and errors are flat."""

from __future__ import annotations

from flask import Blueprint, Response, request

from nylasadmin.sandbox.connect.exchanges import exchange, oauth_error
from nylasadmin.sandbox.errors import Refusal
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import Json

_FORM = "application/x-www-form-urlencoded"
_ABOUT_ERRORS = "https://developer.nylas.com/docs/api/errors/400-response/"


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of tokens."""
    blueprint = Blueprint("tokens", __name__)

    @blueprint.post("/v3/connect/token")
    def token() -> Response:
        body = request.form.to_dict() if request.mimetype == _FORM else replies.body()
        with sandbox.lock:
            return replies.reply(exchange(sandbox, body))

    @blueprint.post("/v3/connect/revoke")
    def revoke() -> Response:
        with sandbox.lock:
            if not sandbox.tokens.revoke(_argument("token")):
                raise oauth_error("invalid_token", "Token expired or revoked")
        return replies.done()

    @blueprint.get("/v3/connect/tokeninfo")
    def token_info() -> Response:
        with sandbox.lock:
            return replies.one(_claims(sandbox))

    @blueprint.errorhandler(Refusal)
    def refused(problem: Refusal) -> Response:
        return _flat(problem)

    return blueprint


def _claims(sandbox: Sandbox) -> Json:
    now = sandbox.clock.now()
    if "id_token" in request.args:
        claims = sandbox.tokens.identity(request.args["id_token"], now)
    else:
        claims = _claims_of_access_token(sandbox, _argument("access_token"), now)
    if claims is None:
        raise oauth_error("invalid_token", "Token expired or revoked")
    return claims


def _claims_of_access_token(sandbox: Sandbox, text: str, now: int) -> Json | None:
    token = sandbox.tokens.find(text, now, is_refresh=False)
    grant = None if token is None else sandbox.grants.get(f"grant:{token.grant_id}")
    return None if token is None or grant is None else sandbox.tokens.claims(grant, token.issued_at)


def _argument(name: str) -> str:
    value = request.args.get(name)
    if not value:
        raise oauth_error("invalid_request", f"Missing required parameter: {name}")
    return value


def _flat(problem: Refusal) -> Response:
    """Answer with the four keys of an OAuth error, without which the Python client cannot tell what happened."""
    kind = "invalid_request" if problem.kind == "invalid_request_error" else problem.kind
    error = {
        "error": kind,
        "error_code": problem.status,
        "error_description": problem.message,
        "error_uri": _ABOUT_ERRORS,
        "request_id": replies.request_id(),
    }
    return replies.reply(error, problem.status)
