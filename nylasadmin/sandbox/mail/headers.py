"""The headers and the raw form of a message: as they came, or made from what is stored."""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, formataddr

from nylasadmin.sandbox.mail.mailboxes import Mailbox
from nylasadmin.sandbox.mail.rows import MessageRow
from nylasadmin.sandbox.wire import Json, decoded

BASIC = ("message-id", "in-reply-to", "references")
_PEOPLE = (("From", "from"), ("To", "to"), ("Cc", "cc"), ("Reply-To", "reply_to"))


def headers_of(mailbox: Mailbox, row: MessageRow) -> list[Json]:
    """Return all headers of a message."""
    kept = mailbox.extras(row.id).headers
    return kept if kept is not None else _made(mailbox, row, decoded(row.body))


def basic_headers(headers: list[Json]) -> list[Json]:
    """Keep the three headers that tie messages into threads."""
    return [one for one in headers if one["name"].casefold() in BASIC]


def raw_mime(mailbox: Mailbox, row: MessageRow) -> str:
    """Return the whole message in its mail form, as base64 for URLs."""
    source = mailbox.extras(row.id).source
    data = zlib.decompress(source) if source is not None else _composed(mailbox, row)
    return urlsafe_b64encode(data).decode()


def _made(mailbox: Mailbox, row: MessageRow, message: Json) -> list[Json]:
    earlier = [one.rfc_id for one in mailbox.thread(row.thread_id) if one.key < row.key]
    fields = [("Date", format_datetime(datetime.fromtimestamp(row.date, UTC))), ("Message-ID", row.rfc_id)]
    if earlier:
        fields += [("In-Reply-To", earlier[-1]), ("References", " ".join(earlier))]
    for name, key in _PEOPLE:
        people = [formataddr((one.get("name") or "", one.get("email") or "")) for one in message.get(key) or ()]
        fields += [(name, ", ".join(people))] if people else []
    fields.append(("Subject", message.get("subject") or ""))
    fields += [("MIME-Version", "1.0"), ("Content-Type", 'text/html; charset="utf-8"')]
    return [{"name": name, "value": value} for name, value in fields]


def _composed(mailbox: Mailbox, row: MessageRow) -> bytes:
    message, mail = decoded(row.body), EmailMessage()
    for header in headers_of(mailbox, row):
        name, value = header["name"], " ".join(header["value"].split())
        key = dict(_PEOPLE).get(name)
        if key is not None:
            mail[name] = [_address(one) for one in message.get(key) or ()]
        elif name not in ("MIME-Version", "Content-Type", "Content-Transfer-Encoding"):
            mail[name] = value
    mail.set_content(message.get("body") or "", subtype="html")
    return mail.as_bytes()


def _address(person: Json) -> Address:
    local, _, domain = str(person.get("email") or "").partition("@")
    return Address(str(person.get("name") or ""), local, domain)
