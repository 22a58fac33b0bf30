"""`/v3/grants/{grant}/calendars`: the calendars of an account."""

from __future__ import annotations

from flask import Blueprint, Response, request

from nylasadmin.sandbox.calendars import Calendar, checked_calendar
from nylasadmin.sandbox.errors import bad_request
from nylasadmin.sandbox.events.cursors import Cursor, decode_cursor, encode_cursor
from nylasadmin.sandbox.events.listings import selected
from nylasadmin.sandbox.events.queries import MAX_LIMIT, limit_of, metadata_key, selection
from nylasadmin.sandbox.events.rows import INDEXED_KEYS
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.http.pages import leading_on, page_size
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import encoded

_LIST = "/v3/grants/<segment:grant_name>/calendars"
_ONE = f"{_LIST}/<segment:calendar_id>"


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of calendars."""
    blueprint = Blueprint("calendars", __name__)
    _reading(blueprint, sandbox)
    _writing(blueprint, sandbox)
    return blueprint


def _reading(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.get(_LIST)
    def list_calendars(grant_name: str) -> Response:
        grant = account(sandbox, grant_name)
        with sandbox.lock:
            return _page(grant)

    @blueprint.get(_ONE)
    def find_calendar(grant_name: str, calendar_id: str) -> Response:
        return _one(account(sandbox, grant_name).calendar(calendar_id))


def _writing(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.post(_LIST)
    def create_calendar(grant_name: str) -> Response:
        body = replies.body()
        grant = account(sandbox, grant_name)
        if body.get("name") is None:
            raise bad_request("name is required", name="is required")
        with sandbox.lock:
            changes = checked_calendar(body, grant.rules)
            calendar_id = sandbox.identifiers.fresh(grant.rules.calendar_id_shape)
            calendar = sandbox.add_calendar(grant, changes["name"], calendar_id=calendar_id)
            calendar.take(changes)
            sandbox.changes.announce("calendar.created", grant, calendar.wire())
            return _one(calendar)

    @blueprint.put(_ONE)
    def update_calendar(grant_name: str, calendar_id: str) -> Response:
        body = replies.body()
        with sandbox.lock:
            calendar = account(sandbox, grant_name).calendar(calendar_id)
            calendar.change(body)
            if set(body) - {"metadata"}:
                sandbox.changes.announce("calendar.updated", calendar.grant, calendar.wire())
            return _one(calendar)

    @blueprint.delete(_ONE)
    def delete_calendar(grant_name: str, calendar_id: str) -> Response:
        with sandbox.lock:
            grant = account(sandbox, grant_name)
            calendar = grant.calendar(calendar_id)
            if calendar.is_primary:
                raise bad_request("the primary calendar cannot be deleted")
            del grant.calendars[calendar.id]
            sandbox.changes.announce("calendar.deleted", grant, calendar.wire())
        return replies.done()


def account(sandbox: Sandbox, grant_name: str) -> Grant:
    """Return the grant a data path names; refuse expired ones."""
    grant = sandbox.grants.find(grant_name)
    grant.require_data()
    return grant


def _one(calendar: Calendar) -> Response:
    return replies.one(selected(calendar.wire(), selection(request.args)))


def _page(grant: Grant) -> Response:
    args, scope = request.args, f"calendars {grant.id}"
    found = list(grant.calendars.values())
    if "metadata_pair" in args:
        number, value = metadata_key(args.getlist("metadata_pair")[-1])
        found = [one for one in found if one.metadata.get(INDEXED_KEYS[number]) == value]
    first = decode_cursor(args["page_token"], scope, parts=1).key[0] if args.get("page_token") else 0
    stop = max(first, 0) + page_size(limit_of(args, MAX_LIMIT))
    cursor = encode_cursor(Cursor(scope, (stop,))) if stop < len(found) else None
    bodies = [encoded(selected(one.wire(), selection(args))) for one in found[max(first, 0) : stop]]
    return replies.many_encoded(bodies, leading_on(cursor))
