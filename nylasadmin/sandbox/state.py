"""The whole state of one sandbox: the application, its grants, its clock, its faults and what it has seen."""

from __future__ import annotations

import threading

from nylasadmin.sandbox.calendars import Calendar
from nylasadmin.sandbox.changes import Changes
from nylasadmin.sandbox.clocks import Clock, RealClock
from nylasadmin.sandbox.connect.applications import Application
from nylasadmin.sandbox.connect.connectors import ConnectorBook
from nylasadmin.sandbox.connect.departures import Departures
from nylasadmin.sandbox.connect.sign_ins import SignIns
from nylasadmin.sandbox.connect.tokens import TokenBook
from nylasadmin.sandbox.contacts.books import AddressBook, address_book
from nylasadmin.sandbox.faults import FaultList
from nylasadmin.sandbox.grants import Grant, GrantBook
from nylasadmin.sandbox.identifiers import Identifiers
from nylasadmin.sandbox.mail.mailboxes import Mailbox, mailbox
from nylasadmin.sandbox.mailed import Mailed
from nylasadmin.sandbox.panels import Panels
from nylasadmin.sandbox.providers import PROVIDERS
from nylasadmin.sandbox.request_log import RequestLog
from nylasadmin.sandbox.shelves import Shelf
from nylasadmin.sandbox.webhooks.announcements import Webhooks
from nylasadmin.sandbox.wire import Json

_CONNECTED_BEFORE_S = 45 * 86_400


class Sandbox:
    """One Nylas application. Whoever reads or changes its data holds `lock`."""

    def __init__(
        self, *, seed: int = 1, provider: str = "google", api_key: str | None = None, clock: Clock | None = None
    ) -> None:
        self.seed = seed
        self.provider = provider
        self.clock: Clock = clock or RealClock()
        self.identifiers = Identifiers(seed)
        self.api_key = api_key or self.identifiers.derived("secret", "api key")
        self.application_id = self.identifiers.derived("uuid", "application")
        self.organization_id = self.identifiers.derived("uuid", "organization")
        now = self.clock.now()
        self.application = Application(self.identifiers, self.application_id, self.organization_id, now, now)
        self.connectors = ConnectorBook(self.identifiers)
        self.sign_ins = SignIns(seed)
        self.tokens = TokenBook(seed, self.application_id)
        self.lock = threading.RLock()
        self.grants = GrantBook()
        self.contacts: Shelf[AddressBook] = Shelf(address_book)
        self.mail: Shelf[Mailbox] = Shelf(lambda grant: mailbox(grant, self.identifiers))
        self.departures = Departures()
        self.mailed = Mailed()
        self.faults = FaultList()
        self.changes = Changes()
        self.panels = Panels()
        self.webhooks = Webhooks(self.clock, self.identifiers, self.application_id)
        self.changes.listen(self.webhooks.announce)
        self.requests = RequestLog(self.clock)
        self.report: list[Json] = []
        self.closing = threading.Event()

    def add_grant(
        self,
        email: str,
        name: str,
        *,
        provider: str | None = None,
        timezone: str = "UTC",
        connected_at: int | None = None,
    ) -> Grant:
        """Connect an account: with the calendars it had before, else with an empty primary one if there can be any."""
        rules = PROVIDERS[provider or self.provider]
        connected = connected_at or self.clock.now() - _CONNECTED_BEFORE_S + len(self.grants) * 60
        grant_id = self._grant_id(email)
        grant = Grant(grant_id, email, name, rules, created_at=connected, updated_at=connected)
        self.grants.add(grant)
        if rules.has_calendars and not self.departures.return_to(grant):
            self.add_calendar(
                grant, email if rules.primary_id_is_address else "Calendar", primary=True, timezone=timezone
            )
        return grant

    def add_calendar(
        self,
        grant: Grant,
        name: str,
        *,
        calendar_id: str | None = None,
        primary: bool = False,
        read_only: bool = False,
        owned: bool = True,
        timezone: str = "UTC",
    ) -> Calendar:
        """Give an account a calendar; its id depends on the account and the name only, unless given."""
        if calendar_id is None and primary and grant.rules.primary_id_is_address:
            calendar_id = grant.email
        if calendar_id is None:
            calendar_id = self._calendar_id(grant, name)
        calendar = Calendar(calendar_id, grant, name, primary, read_only, owned, timezone)
        grant.calendars[calendar_id] = calendar
        return calendar

    def _grant_id(self, email: str) -> str:
        text = f"grant {email}"
        while self.grants.was_used(found := self.identifiers.derived("uuid", text)):
            text += "+"
        return found

    def _calendar_id(self, grant: Grant, name: str) -> str:
        text = f"calendar {grant.email} {name}"
        while (found := self.identifiers.derived(grant.rules.calendar_id_shape, text)) in grant.calendars:
            text += "+"
        return found

    def directory(self) -> list[Json]:
        """Return all grants with their calendars, as a start line or a person looking in wants them."""
        return [
            {
                "id": grant.id,
                "email": grant.email,
                "name": grant.name,
                "provider": grant.rules.name,
                "calendars": [
                    {"id": one.id, "name": one.name, "is_primary": one.is_primary, "read_only": one.read_only}
                    for one in grant.calendars.values()
                ],
            }
            for grant in self.grants
        ]
