"""New messages: what they begin with, how they find their thread, and how they are sent and delivered."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from nylasadmin.sandbox.errors import Refusal, bad_request
from nylasadmin.sandbox.events.fields import checked_metadata
from nylasadmin.sandbox.mail.mailboxes import Mailbox
from nylasadmin.sandbox.mail.rows import Extras
from nylasadmin.sandbox.mail.rules import INBOX, SENT
from nylasadmin.sandbox.mail.writes import store_message
from nylasadmin.sandbox.wire import Json

if TYPE_CHECKING:
    from nylasadmin.sandbox.state import Sandbox

PEOPLE = ("from", "to", "cc", "bcc", "reply_to")
_SNIPPET = 100
_TAGS = re.compile(r"<(style|script|head)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


def snippet_of(body: str) -> str:
    """Return the first 100 characters of a body without its tags."""
    return " ".join(unescape(_TAGS.sub(" ", body[:20_000])).split())[:_SNIPPET]


def blank_message(mailbox: Mailbox, message_id: str, thread_id: str, date: int, body: str = "") -> Json:
    """Return what every new message begins with, before its own fields."""
    message: Json = {"id": message_id, "grant_id": mailbox.grant.id, "object": "message", "thread_id": thread_id}
    message |= {"subject": "", "from": [], "to": [], "cc": [], "bcc": [], "reply_to": [], "date": date}
    message |= {"unread": False, "starred": False, "snippet": snippet_of(body), "body": body}
    return message | {"folders": [], "attachments": []}


def thread_id_for(sandbox: Sandbox, mailbox: Mailbox, message_id: str, ancestors: frozenset[str]) -> str:
    """Return the thread a new message joins, or the id of the thread it begins."""
    found = mailbox.thread_of(ancestors) if ancestors else None
    if found is not None:
        return found
    shape = mailbox.rules.thread_id_shape
    return message_id if shape is None else sandbox.identifiers.fresh(shape)


def send_message(sandbox: Sandbox, mailbox: Mailbox, body: Json, attachments: list[Json]) -> Json:
    """Send a message: it lies in the sender's folder for sent mail, and with everyone of the sandbox it is for."""
    fields = _checked(body, mailbox)
    ancestors = _ancestors(mailbox, body.get("reply_to_message_id"))
    rfc_id = f"<{sandbox.identifiers.fresh('uuid')}@mail.sandbox.example>"
    message = _new(sandbox, mailbox, fields, attachments, ancestors)
    message |= {"folders": [mailbox.folder_for(SENT)]}
    tracking = body.get("tracking_options")
    extras = Extras(tracking=tracking) if isinstance(tracking, dict) else None
    stored = store_message(sandbox, mailbox, message, rfc_id, extras)
    sandbox.mailed.record_message(mailbox.grant, stored, sandbox.clock.now())
    for other in _receivers(sandbox, mailbox, fields):
        arrived = _new(sandbox, other, fields | {"bcc": []}, attachments, ancestors)
        arrived |= {"unread": True, "folders": [other.folder_for(INBOX)]}
        arrived.pop("metadata", None)
        store_message(sandbox, other, arrived, rfc_id)
    return stored


def _new(sandbox: Sandbox, mailbox: Mailbox, fields: Json, attachments: list[Json], ancestors: list[str]) -> Json:
    message_id = sandbox.identifiers.fresh(mailbox.rules.message_id_shape)
    thread_id = thread_id_for(sandbox, mailbox, message_id, frozenset(ancestors))
    message = blank_message(mailbox, message_id, thread_id, sandbox.clock.now(), fields["body"]) | fields
    message["attachments"] = [
        {**one, "id": sandbox.identifiers.fresh("google"), "grant_id": mailbox.grant.id} for one in attachments
    ]
    return message


def _receivers(sandbox: Sandbox, mailbox: Mailbox, fields: Json) -> list[Mailbox]:
    addresses = {one["email"] for field in ("to", "cc", "bcc") for one in fields[field]}
    grants = [sandbox.grants.get(address) for address in sorted(addresses)]
    return [
        sandbox.mail.of(grant)
        for grant in grants
        if grant is not None and grant is not mailbox.grant and grant.rules.mail is not None
    ]


def _ancestors(mailbox: Mailbox, message_id: object) -> list[str]:
    if message_id is None:
        return []
    if not isinstance(message_id, str) or mailbox.get(message_id) is None:
        raise _invalid("reply_to_message_id", "is no message of this account")
    return [row.rfc_id for row in mailbox.thread(mailbox.row(message_id).thread_id)]


def _checked(body: Json, mailbox: Mailbox) -> Json:
    if body.get("send_at") is not None:
        raise _invalid("send_at", "is not supported by the sandbox: it sends at once")
    fields: Json = {name: _people(name, body.get(name)) for name in PEOPLE}
    if not fields["to"] and not fields["cc"] and not fields["bcc"]:
        raise _invalid("to", "is required")
    fields["from"] = fields["from"] or [{"email": mailbox.grant.email, "name": mailbox.grant.name}]
    for name in ("subject", "body"):
        value = body.get(name) or ""
        if not isinstance(value, str):
            raise _invalid(name, "must be text")
        fields[name] = value
    if body.get("metadata") is not None:
        fields["metadata"] = checked_metadata(body["metadata"])
    return fields | {"starred": body.get("starred") is True}


def _people(name: str, value: object) -> list[Json]:
    people = [] if value is None else value
    if not isinstance(people, list) or not all(isinstance(one, dict) for one in people):
        raise _invalid(name, "must be a list of objects")
    for number, one in enumerate(people):
        if not isinstance(one.get("email"), str) or "@" not in one["email"]:
            raise _invalid(f"{name}.{number}.email", "must be an e-mail address")
    return [{"email": one["email"], "name": str(one.get("name") or "")} for one in people]


def _invalid(name: str, problem: str) -> Refusal:
    return bad_request(f"{name} {problem}", **{name: problem})
