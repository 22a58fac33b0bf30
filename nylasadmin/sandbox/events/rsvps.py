"""Answers to invitations: the account's owner says yes, no or maybe. The caller holds the sandbox's lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nylasadmin.sandbox.errors import bad_request
from nylasadmin.sandbox.events.writes import read_event, update_event
from nylasadmin.sandbox.wire import Json

if TYPE_CHECKING:
    from nylasadmin.sandbox.calendars import Calendar
    from nylasadmin.sandbox.state import Sandbox

_ANSWERS = ("yes", "no", "maybe")


def answer_invitation(sandbox: Sandbox, calendar: Calendar, event_id: str, status: object) -> Json:
    """Note the owner's answer and return the event; refuse it to those who were not invited."""
    if status not in _ANSWERS:
        raise bad_request("status must be yes, no or maybe", status="must be yes, no or maybe")
    own = calendar.grant.email.casefold()
    people: list[Json] = read_event(calendar, event_id).get("participants") or []
    if not any(_address(one) == own for one in people):
        raise bad_request("the account is not invited to this event")
    answered = [{**one, "status": status} if _address(one) == own else one for one in people]
    return update_event(sandbox, calendar, event_id, {"participants": answered})


def _address(participant: Json) -> str:
    return str(participant.get("email") or "").casefold()
