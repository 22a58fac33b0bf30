"""Grants: the authorised accounts of an application, and the four ways a path may name one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from nylasadmin.sandbox.calendars import Calendar
from nylasadmin.sandbox.errors import bad_request, not_found, unauthorized
from nylasadmin.sandbox.pending import Pending
from nylasadmin.sandbox.providers import ProviderRules
from nylasadmin.sandbox.wire import Json


@dataclass
class Grant:
    """One account and its calendars."""

    id: str
    email: str
    name: str
    rules: ProviderRules
    created_at: int
    updated_at: int
    is_valid: bool = True
    state: str | None = None
    settings: Json = field(default_factory=dict)
    scope: list[str] | None = None
    more: Json = field(default_factory=dict)
    """What only some ways of signing in tell: `ip`, `user_agent`, `credential_id`, `workspace_id`, ..."""
    opening: Pending | None = None
    """What adds calendars, when they are first asked for."""
    _calendars: dict[str, Calendar] = field(default_factory=dict)

    def wire(self) -> Json:
        """Return the grant as the service shows it."""
        shown: Json = {
            "id": self.id,
            "provider": self.rules.name,
            "grant_status": "valid" if self.is_valid else "invalid",
            "email": self.email,
            "name": self.name,
            "scope": self.scopes,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "blocked": False,
        }
        return (
            shown
            | self.more
            | ({"settings": self.settings} if self.settings else {})
            | ({"state": self.state} if self.state else {})
        )

    @property
    def calendars(self) -> dict[str, Calendar]:
        """The calendars by id, made now if they were put off."""
        if self.opening is not None and not self.opening.is_done:
            self.opening.settle()
        return self._calendars

    @calendars.setter
    def calendars(self, calendars: dict[str, Calendar]) -> None:
        self.opening, self._calendars = None, calendars

    @property
    def scopes(self) -> list[str]:
        """What the account's owner agreed to."""
        return list(self.rules.scopes) if self.scope is None else self.scope

    @property
    def aliases(self) -> list[str] | None:
        """Other addresses of the account: the name without its dots; None where the provider tells none."""
        local, _, domain = self.email.partition("@")
        plain = f"{local.replace('.', '')}@{domain}"
        return ([plain] if plain != self.email else []) if self.rules.has_aliases else None

    @property
    def primary(self) -> Calendar | None:
        """The primary calendar, if the account has one."""
        return next((one for one in self.calendars.values() if one.is_primary), None)

    def calendar(self, calendar_id: str) -> Calendar:
        """Return the calendar of an id or of `primary`; 404 if there is none."""
        found = self.calendars.get(calendar_id)
        if found is None and calendar_id == "primary" and self.rules.primary_alias:
            found = self.primary
        if found is None:
            raise not_found("The calendar was not found")
        return found

    def calendar_of_event(self, calendar_id: str, event_id: str) -> Calendar:
        """Return where an event is looked for; some providers do not check the calendar that is named."""
        if self.rules.checks_calendar:
            return self.calendar(calendar_id)
        for one in self.calendars.values():
            if one.events.get(event_id) is not None:
                return one
        return self._series_calendar(event_id) or self.calendar(calendar_id)

    def _series_calendar(self, event_id: str) -> Calendar | None:
        master_id = event_id.rpartition("_")[0]
        return next((one for one in self.calendars.values() if one.events.get(master_id) is not None), None)

    def require_valid(self) -> None:
        """Refuse data calls of an expired account."""
        if not self.is_valid:
            raise unauthorized("The grant has expired and needs to be authenticated again")

    def require_data(self) -> None:
        """Refuse data calls of an expired account, and calendar calls of a provider without calendars."""
        self.require_valid()
        if not self.rules.has_calendars:
            raise bad_request(f"calendars are not supported for {self.rules.name}")


class GrantBook:
    """All grants of the application, by id and by address."""

    def __init__(self) -> None:
        self._by_id: dict[str, Grant] = {}
        self._by_address: dict[str, Grant] = {}
        self._gone: set[str] = set()
        self._by_creation: list[Grant] | None = None

    def __iter__(self) -> Iterator[Grant]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, grant: Grant) -> None:
        """Take in a grant; one address has one grant."""
        if grant.email.casefold() in self._by_address:
            raise bad_request("a grant with this address exists", email="is taken")
        self._by_id[grant.id] = self._by_address[grant.email.casefold()] = grant
        self._by_creation = None

    def remove(self, grant: Grant) -> None:
        """Forget a grant and all it holds; its id never comes back."""
        self._gone.add(grant.id)
        self._by_creation = None
        del self._by_id[grant.id]
        del self._by_address[grant.email.casefold()]

    def by_creation(self) -> list[Grant]:
        """Return all grants, oldest first; sorted once, because clients page through a hundred thousand."""
        if self._by_creation is None:
            self._by_creation = sorted(self._by_id.values(), key=lambda one: (one.created_at, one.id))
        return self._by_creation

    def was_used(self, grant_id: str) -> bool:
        """Tell whether an id belongs or belonged to a grant."""
        return grant_id in self._by_id or grant_id in self._gone

    def get(self, name: str) -> Grant | None:
        """Find a grant by id, `grant:<id>`, address or `email:<address>`."""
        kind, colon, rest = name.partition(":")
        if colon and kind == "grant":
            return self._by_id.get(rest)
        if colon and kind == "email":
            return self._by_address.get(rest.casefold())
        return self._by_id.get(name) or self._by_address.get(name.casefold())

    def find(self, name: str) -> Grant:
        """Find a grant as `get` does; 404 if there is none, 401 for `me`, which needs an access token."""
        if name == "me":
            raise unauthorized("me needs an access token")
        grant = self.get(name)
        if grant is None:
            raise not_found("No Grant found with this ID")
        return grant
