"""`/sandbox/grants`: the control API's say in accounts. They expire, sign in again, and are given data."""

from __future__ import annotations

from flask import Blueprint, Response

from nylasadmin.sandbox.company.generation import fill_account
from nylasadmin.sandbox.connect.checks import invalid
from nylasadmin.sandbox.connect.lifecycles import expire, restore
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.state import Sandbox

_MOST_EVENTS = 10_000


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of the control API for accounts."""
    blueprint = Blueprint("accounts", __name__, url_prefix="/sandbox/grants")

    @blueprint.get("")
    def directory() -> Response:
        with sandbox.lock:
            return replies.reply({"data": sandbox.directory()})

    @blueprint.post("/<segment:name>/expire")
    def expire_grant(name: str) -> Response:
        with sandbox.lock:
            grant = sandbox.grants.find(name)
            expire(sandbox, grant)
            return replies.reply({"data": grant.wire()})

    @blueprint.post("/<segment:name>/restore")
    def restore_grant(name: str) -> Response:
        with sandbox.lock:
            grant = sandbox.grants.find(name)
            restore(sandbox, grant)
            return replies.reply({"data": grant.wire()})

    @blueprint.post("/<segment:name>/fill")
    def fill(name: str) -> Response:
        count = replies.body().get("events", 0)
        if not isinstance(count, int) or not 1 <= count <= _MOST_EVENTS:
            raise invalid("events", f"must be a number from 1 to {_MOST_EVENTS}")
        with sandbox.lock:
            grant = sandbox.grants.find(name)
            if grant.primary is None:
                raise invalid("grant", "has no calendar")
            fill_account(sandbox, grant, count)
            return replies.reply({"data": {one.id: len(one.events) for one in grant.calendars.values()}})

    return blueprint
