"""What a Nylas application tells about itself: the application, its grants and their calendars."""

from __future__ import annotations

import msgspec


class Application(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    region: str = ""
    environment: str = ""
    name: str = ""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """One authorised account. ``created_at`` is Unix seconds; ``email`` is lower case and may be empty."""

    id: str
    provider: str
    email: str = ""
    name: str = ""
    is_valid: bool = True
    created_at: int = 0


class Folders(msgspec.Struct, frozen=True, kw_only=True):
    """What of a grant can be linked."""

    calendars: tuple[Calendar, ...] = ()
    has_address_book: bool = False
    has_mailbox: bool = False


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """One calendar of a grant. ``owner`` is the owner's address where the provider tells it."""

    id: str
    name: str
    is_primary: bool = False
    is_read_only: bool = False
    is_own: bool = True
    owner: str = ""
    zone: str | None = None
