"""`/v3/connect/custom` and `/v3/providers/detect`: accounts without a page, and whose an address is."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, request

from nylasadmin.sandbox.connect.accounts import custom_account
from nylasadmin.sandbox.connect.checks import invalid, required_text
from nylasadmin.sandbox.connect.detection import detected
from nylasadmin.sandbox.connect.lifecycles import sign_in
from nylasadmin.sandbox.events.queries import boolean
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.http.visitors import visitor
from nylasadmin.sandbox.state import Sandbox


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of bring-your-own authentication and of detection."""
    blueprint = Blueprint("custom_auth", __name__)

    @blueprint.post("/v3/connect/custom")
    def connect() -> Response:
        body = replies.body()
        with sandbox.lock:
            account = custom_account(body, sandbox.connectors.require(required_text(body, "provider")))
            grant = sign_in(sandbox, replace(account, more=account.more | visitor()))
            return replies.reply({"request_id": replies.request_id(), "data": grant.wire()}, 201)

    @blueprint.post("/v3/providers/detect")
    def detect() -> Response:
        email = request.args.get("email", "").strip()
        if not email:
            raise invalid("email", "is required")
        with sandbox.lock:
            return replies.one(detected(sandbox, email, all_providers=boolean(request.args, "all_provider_types")))

    return blueprint
