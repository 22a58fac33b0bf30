"""`/v3/applications`: the application, which is also the cheapest check of a key, and where a sign-in may return to."""

from __future__ import annotations

from flask import Blueprint, Response

from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.state import Sandbox

_NAMES = ("redirect-uris", "callback-uris")
"""The second is what older clients call it."""


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of the application."""
    blueprint = Blueprint("applications", __name__)

    @blueprint.get("/v3/applications")
    def find_application() -> Response:
        with sandbox.lock:
            return replies.one(sandbox.application.wire())

    @blueprint.patch("/v3/applications")
    def change_application() -> Response:
        body = replies.body()
        with sandbox.lock:
            sandbox.application.change(body, sandbox.clock.now())
            return replies.one(sandbox.application.wire(), success=True)

    for name in _NAMES:
        _redirect_uris(blueprint, sandbox, f"/v3/applications/{name}", name)
    return blueprint


def _redirect_uris(blueprint: Blueprint, sandbox: Sandbox, path: str, name: str) -> None:
    @blueprint.get(path, endpoint=f"list {name}")
    def list_uris() -> Response:
        with sandbox.lock:
            return replies.one([one.wire() for one in sandbox.application.redirect_uris.values()])

    @blueprint.post(path, endpoint=f"create {name}")
    def create_uri() -> Response:
        body = replies.body()
        with sandbox.lock:
            return replies.one(sandbox.application.add_uri(body).wire())

    @blueprint.get(f"{path}/<segment:uri_id>", endpoint=f"find {name}")
    def find_uri(uri_id: str) -> Response:
        with sandbox.lock:
            return replies.one(sandbox.application.find_uri(uri_id).wire())

    @blueprint.route(f"{path}/<segment:uri_id>", methods=["PATCH", "PUT"], endpoint=f"change {name}")
    def change_uri(uri_id: str) -> Response:
        body = replies.body()
        with sandbox.lock:
            return replies.one(sandbox.application.change_uri(uri_id, body).wire())

    @blueprint.delete(f"{path}/<segment:uri_id>", endpoint=f"delete {name}")
    def delete_uri(uri_id: str) -> Response:
        with sandbox.lock:
            sandbox.application.remove_uri(uri_id)
        return replies.done()
