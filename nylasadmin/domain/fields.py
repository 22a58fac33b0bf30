"""The fields of each kind of item as people read them: their names, their order, and their values in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TypeVar

from nylasadmin.domain import describing
from nylasadmin.domain.contacts import Contact, Labelled, PostalAddress
from nylasadmin.domain.items import ScheduleItem
from nylasadmin.domain.mail import Attachment, Mail, Message, Thread

_T = TypeVar("_T")


class Field(StrEnum):
    """The fields of all kinds of items in the order in which people read them."""

    TITLE = "title"
    WHEN = "when"
    REPEATS = "repeats"
    CANCELLED = "cancelled occurrences"
    CHANGED = "changed occurrences"
    LOCATION = "location"
    ATTENDEES = "attendees"
    ORGANIZER = "organizer"
    BUSY = "shown as"
    VISIBILITY = "visibility"
    REMINDERS = "reminders"
    GIVEN_NAME = "given name"
    MIDDLE_NAME = "middle name"
    SURNAME = "surname"
    SUFFIX = "suffix"
    NICKNAME = "nickname"
    COMPANY = "company"
    JOB_TITLE = "job title"
    MANAGER = "manager"
    OFFICE = "office"
    BIRTHDAY = "birthday"
    EMAILS = "e-mail addresses"
    PHONES = "phone numbers"
    ADDRESSES = "postal addresses"
    WEB_PAGES = "web pages"
    IM_ADDRESSES = "messenger addresses"
    GROUPS = "groups"
    SUBJECT = "subject"
    SENDER = "from"
    TO = "to"
    CC = "copy to"
    BCC = "blind copy to"
    REPLY_TO = "answers to"
    PARTICIPANTS = "participants"
    RECEIVED = "received"
    SENT = "last sent"
    BEGAN = "began"
    MESSAGES = "messages"
    COMPLETENESS = "completeness"
    STATE = "state"
    FOLDERS = "folders"
    ATTACHMENTS = "attachments"
    SNIPPET = "begins with"
    NOTES = "notes"


Readings = dict[Field, Callable[[_T], Iterable[str]]]
"""How each field of an item is said: no value, one, or one for each entry of a list."""

EVENT_FIELDS: Readings[ScheduleItem] = {
    Field.TITLE: lambda i: _text(i.title),
    Field.WHEN: lambda i: [describing.when_text(i.when)],
    Field.REPEATS: lambda i: [describing.repeats_text(i)] if i.rules else [],
    Field.CANCELLED: lambda i: [describing.moment_text(m, i.when) for m in i.cancelled],
    Field.CHANGED: lambda i: [_occurrence(i, n) for n in range(len(i.exceptions))],
    Field.LOCATION: lambda i: _text(i.location),
    Field.ATTENDEES: lambda i: [describing.attendee_text(a) for a in i.attendees],
    Field.ORGANIZER: lambda i: [describing.person_text(i.organizer)] if i.organizer else [],
    Field.BUSY: lambda i: ["busy" if i.busy else "free"],
    Field.VISIBILITY: lambda i: [str(i.visibility)],
    Field.REMINDERS: lambda i: [describing.reminders_text(i.reminders)],
    Field.NOTES: lambda i: _text(i.notes),
}

CONTACT_FIELDS: Readings[Contact] = {
    Field.GIVEN_NAME: lambda c: _text(c.given_name),
    Field.MIDDLE_NAME: lambda c: _text(c.middle_name),
    Field.SURNAME: lambda c: _text(c.surname),
    Field.SUFFIX: lambda c: _text(c.suffix),
    Field.NICKNAME: lambda c: _text(c.nickname),
    Field.COMPANY: lambda c: _text(c.company),
    Field.JOB_TITLE: lambda c: _text(c.job_title),
    Field.MANAGER: lambda c: _text(c.manager),
    Field.OFFICE: lambda c: _text(c.office),
    Field.BIRTHDAY: lambda c: _text(c.birthday),
    Field.EMAILS: lambda c: map(_labelled, c.emails),
    Field.PHONES: lambda c: map(_labelled, c.phones),
    Field.ADDRESSES: lambda c: map(_address, c.addresses),
    Field.WEB_PAGES: lambda c: map(_labelled, c.web_pages),
    Field.IM_ADDRESSES: lambda c: map(_labelled, c.im_addresses),
    Field.GROUPS: lambda c: c.groups,
    Field.NOTES: lambda c: _text(c.notes),
}

MESSAGE_FIELDS: Readings[Message] = {
    Field.SUBJECT: lambda m: _text(m.subject),
    Field.SENDER: lambda m: map(describing.person_text, m.sender),
    Field.TO: lambda m: map(describing.person_text, m.to),
    Field.CC: lambda m: map(describing.person_text, m.cc),
    Field.BCC: lambda m: map(describing.person_text, m.bcc),
    Field.REPLY_TO: lambda m: map(describing.person_text, m.reply_to),
    Field.RECEIVED: lambda m: [describing.instant_text(m.received)],
    Field.STATE: lambda m: _flags(m),
    Field.FOLDERS: lambda m: m.folders,
    Field.ATTACHMENTS: lambda m: map(_attachment, m.attachments),
    Field.SNIPPET: lambda m: _text(m.snippet),
}

THREAD_FIELDS: Readings[Thread] = {
    Field.SUBJECT: lambda t: _text(t.subject),
    Field.PARTICIPANTS: lambda t: map(describing.person_text, t.participants),
    Field.RECEIVED: lambda t: [describing.instant_text(t.received)],
    Field.SENT: lambda t: [] if t.sent is None else [describing.instant_text(t.sent)],
    Field.BEGAN: lambda t: [] if t.began is None else [describing.instant_text(t.began)],
    Field.MESSAGES: lambda t: [f"{len(t.message_ids)} message{'' if len(t.message_ids) == 1 else 's'}"],
    Field.COMPLETENESS: lambda t: ["complete" if t.is_complete else "incomplete: it began before what is listed"],
    Field.STATE: lambda t: _flags(t),
    Field.FOLDERS: lambda t: t.folders,
    Field.ATTACHMENTS: lambda t: ["some"] if t.has_attachments else [],
    Field.SNIPPET: lambda t: _text(t.snippet),
}

SENSITIVE = frozenset(
    {
        *(Field.TITLE, Field.LOCATION, Field.ATTENDEES, Field.ORGANIZER, Field.NOTES, Field.CHANGED),
        *CONTACT_FIELDS.keys() - {Field.GROUPS},
        *(Field.SUBJECT, Field.SENDER, Field.TO, Field.CC, Field.BCC, Field.REPLY_TO, Field.PARTICIPANTS),
        *(Field.FOLDERS, Field.ATTACHMENTS, Field.SNIPPET),
    }
)
"""Fields that say who meets or writes to whom about what, and who somebody is."""


def _flags(mail: Mail) -> Sequence[str]:
    return ["unread" if mail.unread else "read", *(["starred"] if mail.starred else [])]


def _attachment(file: Attachment) -> str:
    name = file.name or file.content_type or "a file without a name"
    return name if file.size is None else f"{name}, {describing.size_text(file.size)}"


def _text(text: str) -> Sequence[str]:
    return [text] if text else []


def _occurrence(series: ScheduleItem, number: int) -> str:
    changed = series.exceptions[number]
    at = describing.moment_text(changed.original_start, series.when)
    title = f"{changed.item.title}, " if changed.item.title != series.title else ""
    return f"{at} → {title}{describing.when_text(changed.item.when)}"


def _labelled(entry: Labelled) -> str:
    return f"{entry.value} ({entry.type})" if entry.type else entry.value


def _address(address: PostalAddress) -> str:
    town = " ".join(part for part in (address.postal_code, address.city) if part)
    lines = [*address.street.split("\n"), town, address.state, address.country]
    return f"{', '.join(line for line in lines if line)} ({address.type})"
