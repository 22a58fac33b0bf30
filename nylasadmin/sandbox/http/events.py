"""`/v3/grants/{grant}/events`: the events of a calendar."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, request

from nylasadmin.sandbox.calendars import Calendar
from nylasadmin.sandbox.errors import bad_request
from nylasadmin.sandbox.events.listings import page_of, selected, tentative_as_free
from nylasadmin.sandbox.events.queries import EventQuery, boolean, import_query, list_query, selection
from nylasadmin.sandbox.events.writes import create_event, delete_event, read_event, update_event
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.http.calendars import account
from nylasadmin.sandbox.http.pages import leading_on, page_size
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import Json, encoded

_LIST = "/v3/grants/<segment:grant_name>/events"
_ONE = f"{_LIST}/<segment:event_id>"


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of events."""
    blueprint = Blueprint("events", __name__)
    _reading(blueprint, sandbox)
    _writing(blueprint, sandbox)
    return blueprint


def _reading(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.get(_LIST)
    def list_events(grant_name: str) -> Response:
        calendar = _calendar(sandbox, grant_name)
        scope = f"events {calendar.grant.id} {calendar.id} {request.args.get('order_by')}"
        return _page(sandbox, calendar, list_query(request.args, calendar.rules, scope, sandbox.clock.now()))

    @blueprint.get(f"{_LIST}/import")
    def import_events(grant_name: str) -> Response:
        calendar = _calendar(sandbox, grant_name)
        scope = f"import {calendar.grant.id} {calendar.id}"
        return _page(sandbox, calendar, import_query(request.args, calendar.rules, scope, sandbox.clock.now()))

    @blueprint.get(_ONE)
    def find(grant_name: str, event_id: str) -> Response:
        with sandbox.lock:
            calendar = _calendar(sandbox, grant_name, event_id)
            return _one(calendar, read_event(calendar, event_id))


def _writing(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.post(_LIST)
    def create(grant_name: str) -> Response:
        body, asked = replies.body(), boolean(request.args, "notify_participants", default=True)
        with sandbox.lock:
            calendar = _calendar(sandbox, grant_name)
            event = create_event(sandbox, calendar, body)
            sandbox.mailed.record(calendar, "created", event, None, asked=asked, now=sandbox.clock.now())
            return _one(calendar, event)

    @blueprint.put(_ONE)
    def update(grant_name: str, event_id: str) -> Response:
        body, asked = replies.body(), boolean(request.args, "notify_participants", default=True)
        with sandbox.lock:
            calendar = _calendar(sandbox, grant_name, event_id)
            before = read_event(calendar, event_id)
            event = update_event(sandbox, calendar, event_id, body)
            if set(body) - {"metadata"}:
                sandbox.mailed.record(calendar, "updated", event, before, asked=asked, now=sandbox.clock.now())
            return _one(calendar, event)

    @blueprint.delete(_ONE)
    def delete(grant_name: str, event_id: str) -> Response:
        asked = boolean(request.args, "notify_participants", default=True)
        with sandbox.lock:
            calendar = _calendar(sandbox, grant_name, event_id)
            before = delete_event(sandbox, calendar, event_id)
            sandbox.mailed.record(calendar, "deleted", before, None, asked=asked, now=sandbox.clock.now())
        return replies.done()


def _calendar(sandbox: Sandbox, grant_name: str, event_id: str | None = None) -> Calendar:
    grant = account(sandbox, grant_name)
    calendar_id = request.args.get("calendar_id")
    if not calendar_id:
        raise bad_request("calendar_id is required", calendar_id="is required")
    return grant.calendar(calendar_id) if event_id is None else grant.calendar_of_event(calendar_id, event_id)


def _page(sandbox: Sandbox, calendar: Calendar, query: EventQuery) -> Response:
    with sandbox.lock:
        page = page_of(calendar.events, replace(query, limit=page_size(query.limit)), calendar.rules)
    return replies.many_encoded(page.bodies, leading_on(page.next_cursor))


def _one(calendar: Calendar, event: Json) -> Response:
    if calendar.rules.tentative_may_be_free and not boolean(request.args, "tentative_as_busy", default=True):
        event = tentative_as_free(event)
    return replies.one_encoded(encoded(selected(event, selection(request.args))))
