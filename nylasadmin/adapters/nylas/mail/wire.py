"""Messages, threads and mail folders as Nylas sends them: any field may be missing or null, any list too."""

from __future__ import annotations

import msgspec

from nylasadmin.adapters.nylas.objects import Objects
from nylasadmin.adapters.nylas.wire import WirePerson, read

WirePeople = list[WirePerson | None] | None


class WireAttachment(msgspec.Struct, gc=False):
    filename: str | None = None
    content_type: str | None = None
    size: int | None = None
    is_inline: bool | None = None


class WireMessage(msgspec.Struct, gc=False):
    id: str
    object: str | None = None
    thread_id: str | None = None
    subject: str | None = None
    sender: WirePeople = msgspec.field(name="from", default=None)
    to: WirePeople = None
    cc: WirePeople = None
    bcc: WirePeople = None
    reply_to: WirePeople = None
    date: int | None = None
    unread: bool | None = None
    starred: bool | None = None
    snippet: str | None = None
    body: str | None = None
    folders: list[str | None] | None = None
    attachments: list[WireAttachment | None] | None = None


class WireLatest(msgspec.Struct, gc=False):
    """The newest message of a thread, of which only the date is of use."""

    date: int | None = None


class WireThread(msgspec.Struct, gc=False):
    id: str
    subject: str | None = None
    participants: WirePeople = None
    message_ids: list[str | None] | None = None
    folders: list[str | None] | None = None
    snippet: str | None = None
    unread: bool | None = None
    starred: bool | None = None
    has_attachments: bool | None = None
    earliest_message_date: int | None = None
    latest_message_received_date: int | None = None
    latest_message_sent_date: int | None = None
    latest_draft_or_message: WireLatest | None = None


def subject_of(fields: dict[str, object]) -> str:
    """Name mail that cannot be understood by its subject as it came."""
    subject = fields.get("subject")
    return subject if isinstance(subject, str) else ""


class WireFolder(msgspec.Struct, gc=False):
    id: str
    name: str | None = None


class FolderPage(msgspec.Struct):
    data: list[WireFolder]
    next_cursor: str | None = None


MESSAGE_OBJECTS = Objects(WireMessage, subject_of)
THREAD_OBJECTS = Objects(WireThread, subject_of, inside="threads")
_folders = msgspec.json.Decoder(FolderPage)


def read_folders(body: bytes) -> FolderPage:
    """Decode a page of mail folders. Raises ``BadAnswer``."""
    return read(_folders, body)
