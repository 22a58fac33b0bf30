"""Wire messages and threads to items. Pure; what cannot be an item raises ``ValueError`` with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from nylasadmin.adapters.nylas.mail.wire import WireAttachment, WireMessage, WirePeople, WireThread
from nylasadmin.domain.defects import LONGEST_UID, is_in_calendars
from nylasadmin.domain.items import Person
from nylasadmin.domain.mail import (
    LONGEST_BODY,
    Attachment,
    Message,
    Thread,
    began_in_sight,
    normalized_message,
    normalized_thread,
    person,
)

_FLAGS = frozenset({"UNREAD", "STARRED"})
"""Labels of Google that only repeat what the flags say."""


class Sight(msgspec.Struct, frozen=True):
    """What one listing can see: folders' names by id, since when, and whether older mail is not even mentioned."""

    folders: Mapping[str, str]
    since: int = 0
    is_cached: bool = False


def message_of(wire: WireMessage, sight: Sight) -> Message:
    """Make a message."""
    body = wire.body
    is_cut = body is not None and len(body) > LONGEST_BODY
    made = Message(
        uid=_uid(wire.id),
        received=_moment(wire.date),
        subject=wire.subject or "",
        sender=_people(wire.sender),
        to=_people(wire.to),
        cc=_people(wire.cc),
        bcc=_people(wire.bcc),
        reply_to=_people(wire.reply_to),
        unread=bool(wire.unread),
        starred=bool(wire.starred),
        folders=_folders(wire.folders, sight),
        snippet=wire.snippet or "",
        attachments=tuple(_attachment(one) for one in wire.attachments or () if one is not None),
        thread_id=wire.thread_id or "",
        body=body[:LONGEST_BODY] if is_cut and body is not None else body,
        is_body_cut=is_cut,
    )
    return normalized_message(made)


def thread_of(wire: WireThread, sight: Sight) -> Thread:
    """Make a thread. One that only the account itself has written to counts from its last message."""
    made = Thread(
        uid=_uid(wire.id),
        received=_moment(thread_moment(wire)),
        subject=wire.subject or "",
        participants=_people(wire.participants),
        message_ids=tuple(one for one in wire.message_ids or () if one),
        began=wire.earliest_message_date,
        sent=wire.latest_message_sent_date,
        unread=bool(wire.unread),
        starred=bool(wire.starred),
        has_attachments=bool(wire.has_attachments),
        folders=_folders(wire.folders, sight),
        snippet=wire.snippet or "",
    )
    is_complete = began_in_sight(made, sight.since, is_cached=sight.is_cached)
    return normalized_thread(msgspec.structs.replace(made, is_complete=is_complete))


def thread_moment(wire: WireThread) -> int | None:
    """Give the date that decides about a thread: its most recently received message, else the best that is told."""
    latest = wire.latest_draft_or_message.date if wire.latest_draft_or_message else None
    told = (wire.latest_message_received_date, wire.latest_message_sent_date, latest)
    return next((date for date in told if date is not None), None)


def _uid(item_id: str) -> str | None:
    """Give what finds mail again after its pair is lost; an id that is too long to be stored beside it does not."""
    return item_id if len(item_id) <= LONGEST_UID else None


def _moment(date: int | None) -> int:
    if date is None:
        raise ValueError("without a date")
    if not is_in_calendars(date):
        raise ValueError("no calendar has this time")
    return date


def _people(people: WirePeople) -> tuple[Person, ...]:
    return tuple(person(one.email, one.name) for one in people or () if one is not None and (one.email or one.name))


def _folders(ids: Iterable[str | None] | None, sight: Sight) -> tuple[str, ...]:
    return tuple(sight.folders.get(one, one) for one in ids or () if one and one not in _FLAGS)


def _attachment(wire: WireAttachment) -> Attachment:
    return Attachment(
        name=wire.filename or "",
        content_type=wire.content_type or "",
        size=wire.size,
        is_inline=bool(wire.is_inline),
    )
