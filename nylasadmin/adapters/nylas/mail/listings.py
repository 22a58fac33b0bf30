"""Listing one account's messages or threads: pages followed to the last one, smaller ones where large ones fail.

Cursors live in local variables only. The service lists all mail when no date is named, so no window is made up here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic

from nylasadmin.adapters.nylas.http import NylasHttp
from nylasadmin.adapters.nylas.listings import CursorLost
from nylasadmin.adapters.nylas.mail.kinds import MailKind, Piece
from nylasadmin.adapters.nylas.mail.wire import read_folders
from nylasadmin.adapters.nylas.objects import ObjectPage
from nylasadmin.domain.plan import Window
from nylasadmin.domain.recurrence import FOREVER
from nylasadmin.errors import (
    AccessDenied,
    BadAnswer,
    BadRequest,
    CursorExpired,
    NotThere,
    NylasError,
    RateLimited,
    ServiceFailed,
    TimedOut,
)

_REFUSALS = (AccessDenied, BadRequest, CursorExpired, NotThere)
_FOLDERS_PER_PAGE = 200
_GATEWAY_TIMEOUT = 504

Query = dict[str, str | int]


class MailListings(Generic[Piece]):
    """All ways to list one kind of mail of one account. May be used by several threads."""

    def __init__(self, http: NylasHttp, grant_id: str, kind: MailKind[Piece]) -> None:
        self._http = http
        self._kind = kind
        self._path = ("v3", "grants", grant_id, kind.path)
        self._folders_path = ("v3", "grants", grant_id, "folders")
        self._size = kind.page_sizes[0]

    def pages(self, window: Window, fields: Sequence[str]) -> Iterator[ObjectPage[Piece]]:
        """Yield the pages of what lies in a window.

        Raises :class:`CursorLost` when a page after the first is refused, else :class:`NylasError`.
        """
        yield from self._followed(self._bounds(window) | {"select": ",".join(fields)})

    def matching(self, words: Query, fields: Sequence[str]) -> Iterator[ObjectPage[Piece]]:
        """Yield the pages of what answers to the service's filters, whenever it came. Raises as :meth:`pages` does."""
        yield from self._followed(words | {"select": ",".join(fields)})

    def _followed(self, query: Query) -> Iterator[ObjectPage[Piece]]:
        cursor: str | None = None
        while True:
            page = self._page(query, cursor)
            yield page
            if not page.next_cursor:
                return
            if page.next_cursor == cursor:
                raise BadAnswer("a cursor that leads to itself", status=200)
            cursor = page.next_cursor

    def folder_names(self) -> dict[str, str]:
        """Give the names of all folders by id."""
        names: dict[str, str] = {}
        cursor: str | None = None
        while True:
            query: Query = {"limit": _FOLDERS_PER_PAGE} | ({"page_token": cursor} if cursor else {})
            page = read_folders(self._http.get(self._folders_path, query))
            names.update((folder.id, folder.name or folder.id) for folder in page.data)
            if not page.next_cursor or page.next_cursor == cursor:
                return names
            cursor = page.next_cursor

    def expect_mailbox(self) -> None:
        """Raise :class:`NotThere` when the account itself is gone: then nothing is known about its mail."""
        self._http.get(self._folders_path, {"limit": 1})

    def _bounds(self, window: Window) -> Query:
        bounds: Query = {}
        if window.start > 0:
            bounds[self._kind.after] = window.start - 1
        if window.end < FOREVER:
            bounds[self._kind.before] = window.end
        return bounds

    def _page(self, query: Query, cursor: str | None) -> ObjectPage[Piece]:
        """Read a page; where it is too much for the provider, a smaller one from the same place."""
        while True:
            size = self._size
            token: Query = {"page_token": cursor} if cursor else {}
            try:
                return self._kind.objects.page(self._http.get(self._path, query | {"limit": size} | token))
            except _REFUSALS as error:
                if cursor is None:
                    raise
                raise CursorLost(error) from error
            except NylasError as error:
                if not _is_too_much(error) or not self._shrink(size):
                    raise

    def _shrink(self, size: int) -> bool:
        smaller = [s for s in self._kind.page_sizes if s < size]
        self._size = max(smaller, default=size)
        return bool(smaller)


def _is_too_much(error: NylasError) -> bool:
    """Say whether less at a time may help, as the service advises for mail; a wait it asks for is not cut short."""
    if isinstance(error, RateLimited):
        return error.retry_after_s is None
    is_late = isinstance(error, ServiceFailed) and error.status == _GATEWAY_TIMEOUT
    return is_late or (isinstance(error, TimedOut) and error.may_have_happened)
