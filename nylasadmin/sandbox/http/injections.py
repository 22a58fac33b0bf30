"""`POST /sandbox/grants/{grant}/contacts|messages`: what the world outside does to an account, on command.

A message arrives, a contact appears, as if the provider had got it from somewhere else. What is left out is filled in.
"""

from __future__ import annotations

from flask import Blueprint, Response

from nylasadmin.sandbox.contacts.writes import receive_contact
from nylasadmin.sandbox.errors import bad_request
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.mail.arrivals import receive_message
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import Json

_LISTS = {
    "emails",
    "phone_numbers",
    "physical_addresses",
    "im_addresses",
    "web_pages",
    "groups",
    "from",
    "to",
    "cc",
    "bcc",
    "reply_to",
    "folders",
    "attachments",
}


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of the control API for contacts and mail."""
    blueprint = Blueprint("injections", __name__, url_prefix="/sandbox/grants/<segment:grant_name>")

    @blueprint.post("/contacts")
    def add_contact(grant_name: str) -> Response:
        body = _checked(replies.body())
        with sandbox.lock:
            book = sandbox.contacts.of(sandbox.grants.find(grant_name))
            return replies.reply({"data": receive_contact(sandbox, book, body)})

    @blueprint.post("/messages")
    def add_message(grant_name: str) -> Response:
        body = _checked(replies.body())
        reply_to = body.pop("reply_to_message_id", None)
        with sandbox.lock:
            mailbox = sandbox.mail.of(sandbox.grants.find(grant_name))
            return replies.reply({"data": receive_message(sandbox, mailbox, body, reply_to)})

    return blueprint


def _checked(body: Json) -> Json:
    """Refuse what could not be listed afterwards; everything else is taken as it is."""
    for name in _LISTS & body.keys():
        if not isinstance(body[name], list):
            raise bad_request(f"{name} must be a list", **{name: "must be a list"})
    for name in ("id", "thread_id", "subject", "body", "reply_to_message_id"):
        if not isinstance(body.get(name, ""), str):
            raise bad_request(f"{name} must be text", **{name: "must be text"})
    if not isinstance(body.get("date", 0), int):
        raise bad_request("date must be in Unix seconds", date="must be in Unix seconds")
    return body
