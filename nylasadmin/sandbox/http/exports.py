"""Exports under `/sandbox/`: a calendar as .ics, a grant with all it holds as JSON."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response

from nylasadmin.sandbox.calendars import Calendar
from nylasadmin.sandbox.ics.writing import written
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import encoded

_GRANT = "/grants/<segment:grant_name>"


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of exports."""
    blueprint = Blueprint("exports", __name__, url_prefix="/sandbox")
    sandbox.panels.add_collection(
        "contacts", lambda grant: sandbox.contacts.of(grant).all() if grant.rules.contacts else ()
    )
    sandbox.panels.add_collection("messages", lambda grant: sandbox.mail.of(grant).all() if grant.rules.mail else ())

    @blueprint.get(f"{_GRANT}.json")
    def export_grant(grant_name: str) -> Response:
        with sandbox.lock:
            grant = sandbox.grants.find(grant_name)
            more = {name: list(objects(grant)) for name, objects in sandbox.panels.collections.items()}
            calendars = b",".join(_calendar(one) for one in grant.calendars.values())
            body = b'{"grant":%s,"calendars":[%s]' % (encoded(grant.wire()), calendars)
            for name, objects in more.items():
                body += b",%s:%s" % (encoded(name), encoded(objects))
        return _file(body + b"}", "application/json", f"{grant.email}.json")

    @blueprint.get(f"{_GRANT}/calendars/<segment:calendar_id>.ics")
    def export_calendar(grant_name: str, calendar_id: str) -> Response:
        with sandbox.lock:
            calendar = sandbox.grants.find(grant_name).calendar(calendar_id)
            body = written(calendar)
        return _file(body, "text/calendar; charset=utf-8", f"{calendar.name}.ics")

    return blueprint


def _calendar(calendar: Calendar) -> bytes:
    """Return a calendar with its events, cancelled ones too, without decoding what is stored."""
    events = b",".join(row.body for _, row in calendar.events.rows())
    return encoded(calendar.wire())[:-1] + b',"events":[%s]}' % events


def _file(body: bytes, content_type: str, name: str) -> Response:
    answer = Response(body, content_type=content_type)
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return answer
