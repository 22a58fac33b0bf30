"""How messages and threads read on the wire: what `fields` asks for, and a thread as the sum of its messages."""

from __future__ import annotations

from collections.abc import Iterable

from nylasadmin.sandbox.errors import bad_request
from nylasadmin.sandbox.mail.headers import basic_headers, headers_of, raw_mime
from nylasadmin.sandbox.mail.mailboxes import Mailbox
from nylasadmin.sandbox.mail.rows import MessageRow
from nylasadmin.sandbox.wire import Json, decoded

SHAPES = ("standard", "include_headers", "include_basic_headers", "include_tracking_options", "raw_mime")
_PEOPLE = ("from", "to", "cc", "bcc")
_NO_TRACKING = {"opens": False, "thread_replies": False, "links": False, "label": ""}


def checked_shape(name: str) -> str:
    """Return what `fields` asks for; refuse what is unknown."""
    if name not in SHAPES:
        raise bad_request("fields is unknown", fields=f"must be one of {', '.join(SHAPES)}")
    return name


def shown_message(mailbox: Mailbox, row: MessageRow, shape: str = "standard") -> Json:
    """Return a message with what was asked for."""
    message = decoded(row.body)
    if shape == "include_headers":
        message["headers"] = headers_of(mailbox, row)
    if shape == "include_basic_headers":
        message["headers"] = basic_headers(headers_of(mailbox, row))
    if shape == "include_tracking_options":
        message["tracking_options"] = _NO_TRACKING | (mailbox.extras(row.id).tracking or {})
    if shape == "raw_mime":
        whole = {name: message[name] for name in ("grant_id", "object", "id")}
        return whole | {"raw_mime": raw_mime(mailbox, row)}
    return message


def shown_thread(mailbox: Mailbox, rows: list[MessageRow]) -> Json:
    """Return a thread of at least one message, oldest first."""
    messages = [decoded(row.body) for row in rows]
    own, latest = mailbox.grant.email.casefold(), messages[-1]
    sent = [row.date for row, one in zip(rows, messages, strict=True) if _is_from(one, own)]
    received = [row.date for row, one in zip(rows, messages, strict=True) if not _is_from(one, own)]
    thread: Json = {
        "id": latest["thread_id"],
        "grant_id": mailbox.grant.id,
        "object": "thread",
        "subject": messages[0].get("subject") or "",
        "snippet": latest.get("snippet") or "",
        "participants": _participants(messages),
        "message_ids": [row.id for row in rows],
        "draft_ids": [],
        "folders": list(dict.fromkeys(folder for row in rows for folder in row.folders)),
        "unread": any(row.unread for row in rows),
        "starred": any(row.starred for row in rows),
        "has_attachments": any(row.has_attachment for row in rows),
        "has_drafts": False,
        "earliest_message_date": rows[0].date,
        "latest_draft_or_message": latest,
    }
    dates = {"latest_message_sent_date": sent, "latest_message_received_date": received}
    return thread | {name: found[-1] for name, found in dates.items() if found}


def _is_from(message: Json, address: str) -> bool:
    return any((one.get("email") or "").casefold() == address for one in message.get("from") or ())


def _participants(messages: Iterable[Json]) -> list[Json]:
    found: dict[str, Json] = {}
    for message in messages:
        for field in _PEOPLE:
            for person in message.get(field) or ():
                found.setdefault((person.get("email") or "").casefold(), person)
    return list(found.values())
