"""`/v3/grants/{grant}/events/{event}/send-rsvp`: the account's owner answers an invitation."""

from __future__ import annotations

from flask import Blueprint, Response, request

from nylasadmin.sandbox.errors import bad_request
from nylasadmin.sandbox.events.queries import boolean
from nylasadmin.sandbox.events.rsvps import answer_invitation
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.http.calendars import account
from nylasadmin.sandbox.state import Sandbox


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the route of answers to invitations."""
    blueprint = Blueprint("rsvps", __name__)

    @blueprint.post("/v3/grants/<segment:grant_name>/events/<segment:event_id>/send-rsvp")
    def send_rsvp(grant_name: str, event_id: str) -> Response:
        body, is_silent = replies.body(), boolean(request.args, "skip_nylas_email")
        calendar_id = request.args.get("calendar_id")
        if not calendar_id:
            raise bad_request("calendar_id is required", calendar_id="is required")
        with sandbox.lock:
            calendar = account(sandbox, grant_name).calendar_of_event(calendar_id, event_id)
            event = answer_invitation(sandbox, calendar, event_id, body.get("status"))
            if not is_silent:
                sandbox.mailed.record_answer(calendar, event, sandbox.clock.now())
        return replies.one({})

    return blueprint
