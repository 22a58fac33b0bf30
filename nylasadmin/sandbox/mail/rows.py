"""One stored message: its encoded JSON and the few columns that queries look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from nylasadmin.sandbox.events.rows import INDEXED_KEYS
from nylasadmin.sandbox.wire import Json, encoded


class MessageRow(NamedTuple):
    """A message as the mailbox holds it. `date` and `place` order it; `rfc_id` is its Message-ID."""

    id: str
    thread_id: str
    date: int
    place: int
    unread: bool
    starred: bool
    folders: tuple[str, ...]
    has_attachment: bool
    rfc_id: str
    keys: tuple[str | None, ...] | None
    body: bytes

    @property
    def key(self) -> tuple[int, int]:
        """What messages of a mailbox are ordered by."""
        return self.date, self.place


@dataclass(frozen=True, slots=True)
class Extras:
    """What is shown of a message only if asked for, where it cannot be made from the message itself."""

    headers: list[Json] | None = None
    source: bytes | None = None
    """The whole message as it came, compressed."""
    tracking: Json | None = None


def row_of(message: Json, place: int, rfc_id: str) -> MessageRow:
    """Encode a message and lift its columns out."""
    metadata = message.get("metadata")
    return MessageRow(
        id=message["id"],
        thread_id=message["thread_id"],
        date=message["date"],
        place=place,
        unread=message["unread"],
        starred=message["starred"],
        folders=tuple(message["folders"]),
        has_attachment=bool(message.get("attachments")),
        rfc_id=rfc_id,
        keys=tuple(metadata.get(key) for key in INDEXED_KEYS) if metadata else None,
        body=encoded(message),
    )
