"""What a Nylas application tells about itself: the application, its grants and their calendars."""

from __future__ import annotations

import msgspec

_SAME_SIGN_IN_S = 60
"""A grant is brought up to date a moment after it was made."""


class Application(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    region: str = ""
    environment: str = ""
    name: str = ""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """One authorised account. Times are Unix seconds, ``email`` is lower case; all three may be empty.

    ``updated_at``: when its owner last signed in.
    """

    id: str
    provider: str
    email: str = ""
    name: str = ""
    is_valid: bool = True
    created_at: int = 0
    updated_at: int = 0

    @property
    def is_fresh(self) -> bool:
        """Say whether its only sign-in is the one that made it."""
        return self.created_at > 0 and abs(self.updated_at - self.created_at) <= _SAME_SIGN_IN_S


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
