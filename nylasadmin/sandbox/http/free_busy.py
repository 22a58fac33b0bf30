"""`/v3/grants/{grant}/calendars/free-busy`: when people are busy, without saying with what."""

from __future__ import annotations

from flask import Blueprint, Response

from nylasadmin.sandbox.connect.checks import invalid, texts_of
from nylasadmin.sandbox.events.busy_times import busy_times
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.http.calendars import account
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import Json


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the route of busy times."""
    blueprint = Blueprint("free_busy", __name__)

    @blueprint.post("/v3/grants/<segment:grant_name>/calendars/free-busy")
    def free_busy(grant_name: str) -> Response:
        body = replies.body()
        emails = texts_of(body, "emails")
        if not emails:
            raise invalid("emails", "is required")
        start, end = _time(body, "start_time"), _time(body, "end_time")
        if end <= start:
            raise invalid("end_time", "must be after start_time")
        maybe_is_busy = body.get("tentative_as_busy") is not False
        with sandbox.lock:
            account(sandbox, grant_name)
            return replies.one([_row(sandbox, email, start, end, maybe_is_busy) for email in emails])

    return blueprint


def _row(sandbox: Sandbox, email: str, start: int, end: int, maybe_is_busy: bool) -> Json:
    grant = sandbox.grants.get(f"email:{email}")
    if grant is None or grant.primary is None:
        return {"email": email, "object": "error", "error": "the calendar of this address cannot be read"}
    slots = [
        {"start_time": low, "end_time": high, "status": "busy", "object": "time_slot"}
        for low, high in busy_times(grant.primary, start, end, maybe_is_busy=maybe_is_busy)
    ]
    return {"email": email, "object": "free_busy", "time_slots": slots}


def _time(body: Json, name: str) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid(name, "must be a whole number")
    return value
