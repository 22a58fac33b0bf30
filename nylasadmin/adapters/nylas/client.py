"""Nylas as the rest of the program sees it: the directory of an application, and folders to read or write.

One :class:`NylasHttpSide` per process: it owns the sessions and how fast each account may be asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import msgspec
from requests.adapters import BaseAdapter

from nylasadmin.adapters.nylas.contacts import ContactReader, ContactWriter
from nylasadmin.adapters.nylas.hosted_auth import NylasHostedAuth
from nylasadmin.adapters.nylas.http import IMPATIENT, NylasHttp, Patience, Query, Sessions
from nylasadmin.adapters.nylas.listings import Horizon
from nylasadmin.adapters.nylas.mail import MailReader
from nylasadmin.adapters.nylas.mail.kinds import MESSAGES, THREADS, MailKind, Piece
from nylasadmin.adapters.nylas.pacing import Paces, Sleep
from nylasadmin.adapters.nylas.reading import NylasReader
from nylasadmin.adapters.nylas.store import NylasFolder
from nylasadmin.adapters.nylas.wire import (
    ApplicationAnswer,
    CalendarPage,
    GrantAnswer,
    GrantPage,
    WireCalendar,
    WireGrant,
    read,
)
from nylasadmin.adapters.nylas.writing import Writer
from nylasadmin.domain.directory import Application, Calendar, Grant
from nylasadmin.domain.items import ItemType
from nylasadmin.errors import AccessDenied, BadRequest, GrantGone, NotThere
from nylasadmin.services.ports import FolderRef, ItemReader, ItemStore, SenderSettings

_PAGE = 200

_application = msgspec.json.Decoder(ApplicationAnswer)
_grant_answer = msgspec.json.Decoder(GrantAnswer)
_grants = msgspec.json.Decoder(GrantPage)
_calendars = msgspec.json.Decoder(CalendarPage)


class NylasHttpSide:
    """Opens directories and folders at any Nylas application.

    ``proxy`` and ``ca_bundle`` come from the settings; the environment is not consulted. ``horizon`` says how far
    calendars are listed whose provider limits windows. ``transport`` carries requests in place of the network, for
    tests that live in one process.
    """

    def __init__(
        self,
        *,
        proxy: str | None = None,
        ca_bundle: str | None = None,
        patience: Patience | None = None,
        horizon: Horizon | None = None,
        sleep: Sleep = time.sleep,
        now: Callable[[], float] = time.time,
        transport: BaseAdapter | None = None,
    ) -> None:
        self._sessions = Sessions(proxy=proxy, ca_bundle=ca_bundle, transport=transport)
        self._paces = Paces(sleep=sleep)
        self._patience = patience or Patience()
        self._horizon = horizon
        self._sleep = sleep
        self._now = now
        self._readers: dict[ItemType, Callable[[SenderSettings, FolderRef], ItemReader]] = {
            ItemType.EVENT: self._events,
            ItemType.CONTACT: self._contacts,
            ItemType.MESSAGE: lambda sender, folder: self._mail(sender, folder, MESSAGES),
            ItemType.THREAD: lambda sender, folder: self._mail(sender, folder, THREADS),
        }
        self._stores: dict[ItemType, Callable[[SenderSettings, FolderRef], ItemStore]] = {
            ItemType.EVENT: self._event_store,
            ItemType.CONTACT: self._contact_store,
        }

    def directory(self, sender: SenderSettings) -> NylasDirectory:
        """Open an application's directory."""
        return NylasDirectory(lambda grant_id, patience: self._http(sender, grant_id, patience))

    def hosted_auth(self, sender: SenderSettings, application_id: str) -> NylasHostedAuth:
        """Open an application's sign-in pages."""
        return NylasHostedAuth(self._http(sender, ""), sender, application_id)

    def reader(self, sender: SenderSettings, folder: FolderRef) -> ItemReader:
        """Open a folder that can only be read. Raises ``KeyError`` for a type that cannot be copied."""
        return self._readers[folder.item_type](sender, folder)

    def store(self, sender: SenderSettings, folder: FolderRef) -> ItemStore:
        """Open a folder that can be read and written. Raises ``KeyError`` for a type that cannot be written."""
        return self._stores[folder.item_type](sender, folder)

    def _events(self, sender: SenderSettings, folder: FolderRef) -> NylasReader:
        http = self._http(sender, folder.grant_id)
        return NylasReader(http, folder, concurrency=sender.concurrency, now=self._now, horizon=self._horizon)

    def _contacts(self, sender: SenderSettings, folder: FolderRef) -> ContactReader:
        return ContactReader(self._http(sender, folder.grant_id), folder, concurrency=sender.concurrency)

    def _mail(self, sender: SenderSettings, folder: FolderRef, kind: MailKind[Piece]) -> MailReader[Piece]:
        return MailReader(self._http(sender, folder.grant_id), folder, kind, concurrency=sender.concurrency)

    def _event_store(self, sender: SenderSettings, folder: FolderRef) -> NylasFolder:
        reader = self._events(sender, folder)
        return NylasFolder(reader, Writer(reader).carry_out, sender.concurrency)

    def _contact_store(self, sender: SenderSettings, folder: FolderRef) -> NylasFolder:
        reader = self._contacts(sender, folder)
        return NylasFolder(reader, ContactWriter(reader).carry_out, sender.concurrency)

    def close(self) -> None:
        """Close idle connections."""
        self._sessions.close()

    def _http(self, sender: SenderSettings, grant_id: str, patience: Patience | None = None) -> NylasHttp:
        pace = self._paces.of(sender.base_url, grant_id, sender.concurrency, sender.requests_per_s)
        usual = IMPATIENT if sender.is_waited_for else self._patience
        return NylasHttp(sender, self._sessions, pace, patience=patience or usual, sleep=self._sleep)


class NylasDirectory:
    """A Nylas application as its API key shows it."""

    def __init__(self, http_for: Callable[[str, Patience | None], NylasHttp]) -> None:
        self._http_for = http_for

    def application(self) -> Application:
        """Read the application: the cheapest check of an API key, so the first failure is the answer."""
        found = read(_application, self._http_for("", IMPATIENT).get(("v3", "applications"), {})).data
        return Application(
            id=found.application_id,
            region=found.region or "",
            environment=found.environment or "",
            name=(found.branding.name if found.branding else None) or "",
        )

    def grants(self) -> list[Grant]:
        """Read all grants. They come by offset; a short page, or one without anything new, is the last."""
        http = self._http_for("", None)
        grants: dict[str, Grant] = {}
        while True:
            page = read(_grants, http.get(("v3", "grants"), {"limit": _PAGE, "offset": len(grants)})).data
            known = len(grants)
            grants.update((g.id, _grant(g)) for g in page)
            if len(page) < _PAGE or len(grants) == known:
                return list(grants.values())

    def grant(self, grant_id: str) -> Grant:
        """Read one grant."""
        return _grant(read(_grant_answer, self._http_for("", None).get(("v3", "grants", grant_id), {})).data)

    def has_address_book(self, grant_id: str) -> bool:
        """Say whether a grant's contacts can be read: some providers have none, and some users allow it not."""
        return self._can_list(grant_id, "contacts")

    def has_mailbox(self, grant_id: str) -> bool:
        """Say whether a grant's mail can be read: some providers have none, and some users allow it not."""
        return self._can_list(grant_id, "messages")

    def _can_list(self, grant_id: str, collection: str) -> bool:
        query: Query = {"limit": 1, "select": "id"}
        try:
            self._http_for(grant_id, None).get(("v3", "grants", grant_id, collection), query)
        except (AccessDenied, BadRequest, NotThere):
            return False
        return True

    def revoke(self, grant_id: str) -> None:
        """Delete a grant; one that is gone already is done. The caller tries again, so the first failure counts."""
        with suppress(GrantGone, NotThere):
            self._http_for(grant_id, IMPATIENT).delete(("v3", "grants", grant_id), {})

    def calendars(self, grant_id: str) -> list[Calendar]:
        """Read all calendars of a grant."""
        http = self._http_for(grant_id, None)
        calendars: dict[str, Calendar] = {}
        cursor: str | None = None
        while True:
            query: dict[str, str | int] = {"limit": _PAGE} | ({"page_token": cursor} if cursor else {})
            page = read(_calendars, http.get(("v3", "grants", grant_id, "calendars"), query))
            calendars.update((c.id, _calendar(c)) for c in page.data)
            if not page.next_cursor or page.next_cursor == cursor:
                return list(calendars.values())
            cursor = page.next_cursor


def _grant(grant: WireGrant) -> Grant:
    return Grant(
        id=grant.id,
        provider=grant.provider,
        email=(grant.email or "").strip().lower(),
        name=grant.name or "",
        is_valid=grant.grant_status != "invalid",
        created_at=grant.created_at or 0,
        updated_at=grant.updated_at or 0,
    )


def _calendar(calendar: WireCalendar) -> Calendar:
    return Calendar(
        id=calendar.id,
        name=calendar.name or calendar.id,
        is_primary=bool(calendar.is_primary),
        is_read_only=bool(calendar.read_only),
        is_own=calendar.is_owned_by_user is not False,
        owner=(calendar.owner_email or "").strip().lower(),
        zone=calendar.timezone or None,
    )
