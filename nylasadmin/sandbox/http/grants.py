"""`/v3/grants`: the accounts of the application."""

from __future__ import annotations

from flask import Blueprint, Response, request

from nylasadmin.sandbox.connect.checks import object_of, texts_of
from nylasadmin.sandbox.connect.lifecycles import change_grant, remove_grant
from nylasadmin.sandbox.errors import bad_request
from nylasadmin.sandbox.events.queries import Args, boolean, integer, limit_of
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.http.pages import page_size
from nylasadmin.sandbox.state import Sandbox

_DEFAULT_LIMIT, _MAX_LIMIT = 10, 200
_EQUAL = ("email", "provider", "grant_status", "ip", "account_id", "workspace_id")
_FILTERS = frozenset((*_EQUAL, "account_ids", "since", "before"))


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of grants."""
    blueprint = Blueprint("grants", __name__)

    @blueprint.get("/v3/grants")
    def list_grants() -> Response:
        limit = limit_of(request.args, _MAX_LIMIT, _DEFAULT_LIMIT)
        offset = integer(request.args, "offset") or 0
        if offset < 0:
            raise bad_request("offset must not be negative", offset="must not be negative")
        with sandbox.lock:
            found = _found(sandbox, request.args)
            page = [one.wire() for one in found[offset : offset + page_size(limit)]]
        return replies.reply({"request_id": replies.request_id(), "data": page, "limit": limit, "offset": offset})

    @blueprint.get("/v3/grants/<segment:grant_name>")
    def find_grant(grant_name: str) -> Response:
        grant = sandbox.grants.find(grant_name)
        with_aliases = boolean(request.args, "expose_aliases") and grant.aliases is not None
        return replies.one(grant.wire() | ({"email_aliases": grant.aliases} if with_aliases else {}))

    @blueprint.patch("/v3/grants/<segment:grant_name>")
    def update_grant(grant_name: str) -> Response:
        body = replies.body()
        with sandbox.lock:
            grant = sandbox.grants.find(grant_name)
            change_grant(sandbox, grant, object_of(body, "settings"), texts_of(body, "scope"))
            return replies.one(grant.wire())

    @blueprint.delete("/v3/grants/<segment:grant_name>")
    def delete_grant(grant_name: str) -> Response:
        with sandbox.lock:
            remove_grant(sandbox, sandbox.grants.find(grant_name))
        return replies.done()

    return blueprint


def _fits(grant: Grant, args: Args) -> bool:
    shown = grant.wire()
    for name in _EQUAL:
        if name in args and str(shown.get(name, "")).casefold() != args[name].casefold():
            return False
    if "account_ids" in args:
        return False  # Grants of the sandbox were never moved over from v2.
    since, before = integer(args, "since"), integer(args, "before")
    return (since is None or grant.created_at >= since) and (before is None or grant.created_at <= before)


def _found(sandbox: Sandbox, args: Args) -> list[Grant]:
    """Return the grants that answer a query, in its order."""
    sort_by, order = args.get("sort_by", "created_at"), args.get("order_by", "desc")
    if sort_by not in ("created_at", "updated_at"):
        raise bad_request("sort_by must be created_at or updated_at", sort_by="must be created_at or updated_at")
    if order not in ("asc", "desc"):
        raise bad_request("order_by must be asc or desc", order_by="must be asc or desc")
    found = sandbox.grants.by_creation()
    if not _FILTERS.isdisjoint(args):
        found = [one for one in found if _fits(one, args)]
    if sort_by == "updated_at":
        found = sorted(found, key=lambda one: (one.updated_at, one.id))
    return found if order == "asc" else found[::-1]
