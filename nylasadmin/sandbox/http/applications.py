"""`/v3/applications`: the cheapest check of a key."""

from __future__ import annotations

from flask import Blueprint, Response

from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.state import Sandbox


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of the application."""
    blueprint = Blueprint("applications", __name__)

    @blueprint.get("/v3/applications")
    def find_application() -> Response:
        return replies.one(sandbox.application())

    return blueprint
