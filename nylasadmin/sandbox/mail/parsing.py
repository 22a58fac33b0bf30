"""Reading one mail as servers store it: headers, people, the best body, attachments by name, and what is wrong.

The old lenient policy of the standard library is used on purpose: real mail breaks every rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, mktime_tz, parsedate_tz

from nylasadmin.sandbox.wire import Json

_PEOPLE = {"from": "From", "to": "To", "cc": "Cc", "bcc": "Bcc", "reply_to": "Reply-To"}
_RFC_ID = re.compile(r"<[^<>\s]+>")


@dataclass
class ParsedMail:
    """What one mail says."""

    fields: Json
    headers: list[Json]
    rfc_id: str | None
    ancestors: list[str]
    date: int | None
    files: list[Json] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    """What could not be understood, and what was done."""

    def header(self, name: str) -> str:
        """Return the first header of a name, or nothing."""
        wanted = name.casefold()
        return next((one["value"] for one in self.headers if one["name"].casefold() == wanted), "")


def parsed_mail(data: bytes) -> ParsedMail:
    """Read a mail; nothing that it holds makes this fail."""
    mail = message_from_bytes(data)
    headers = [{"name": name, "value": _text(value)} for name, value in mail.items()]
    parsed = ParsedMail({}, headers, None, [], None)
    parsed.fields = {key: _people(mail, name) for key, name in _PEOPLE.items()}
    parsed.fields["subject"] = parsed.header("Subject")
    parsed.rfc_id = next(iter(_RFC_ID.findall(parsed.header("Message-ID"))), None)
    parsed.ancestors = _RFC_ID.findall(f"{parsed.header('References')} {parsed.header('In-Reply-To')}")
    parsed.date = _date(parsed)
    _read_parts(mail, parsed)
    return parsed


def _read_parts(mail: Message, parsed: ParsedMail) -> None:
    bodies: dict[str, str] = {}
    for part in mail.walk():
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        is_file = part.get_filename() is not None or part.get_content_disposition() == "attachment"
        if kind in ("text/plain", "text/html") and not is_file and kind not in bodies:
            bodies[kind] = _decoded(part, parsed)
        else:
            parsed.files.append(_file(part))
    parsed.fields["body"] = bodies.get("text/html") or bodies.get("text/plain") or ""


def _decoded(part: Message, parsed: ParsedMail) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    charset = part.get_content_charset() or "utf-8"
    try:
        return data.decode(charset)
    except LookupError:
        parsed.problems.append((f"charset {charset}", "is unknown: read as Latin 1"))
    except ValueError:
        parsed.problems.append((f"charset {charset}", "does not fit the text: read as Latin 1"))
    return data.decode("latin-1")


def _file(part: Message) -> Json:
    payload = part.get_payload(decode=True)
    inner = part.get_content_disposition() == "inline" or part.get("Content-ID") is not None
    shown: Json = {
        "filename": _text(part.get_filename() or "attachment"),
        "content_type": part.get_content_type(),
        "size": len(payload) if isinstance(payload, bytes) else 0,
        "is_inline": inner,
        "content_disposition": "inline" if inner else "attachment",
    }
    content_id = _text(part.get("Content-ID") or "").strip("<> ")
    return shown | ({"content_id": content_id} if content_id else {})


def _people(mail: Message, name: str) -> list[Json]:
    values = [_text(value) for value in mail.get_all(name, [])]
    return [{"email": address, "name": shown} for shown, address in getaddresses(values) if "@" in address]


def _date(parsed: ParsedMail) -> int | None:
    """Return when the last server took the mail in, or when it was written."""
    for text in (parsed.header("Received").rpartition(";")[2], parsed.header("Date")):
        found = parsedate_tz(text.strip()) if text.strip() else None
        if found is not None:
            try:
                return max(int(mktime_tz(found)), 0)
            except (ValueError, OverflowError):
                parsed.problems.append((f"date {text.strip()}", "lies outside of all calendars"))
    return None


def _text(value: object) -> str:
    """Decode a header, folded or encoded as it may be."""
    text = str(value)
    try:
        decoded = str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        decoded = text
    return " ".join(decoded.split())
