"""Connectors: one per provider, with its scopes and its credentials.

A sandbox begins with a connector for every provider, so that accounts can be connected at once. Creating a connector
takes the place of the one that came with the sandbox; a second creation is refused, as at the service. A connector
that was deleted is missing: nobody can sign in there until it is created again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from nylasadmin.sandbox.connect.checks import choice_of, invalid, object_of, required_text, text_of, texts_of
from nylasadmin.sandbox.errors import bad_request, not_found
from nylasadmin.sandbox.identifiers import Identifiers
from nylasadmin.sandbox.providers import PROVIDERS
from nylasadmin.sandbox.wire import Json, encoded

CREDENTIAL_TYPES = ("adminconsent", "serviceaccount", "connector")
_NEEDS_CLIENT = ("google", "microsoft", "zoom")
_SECRETS = ("client_secret",)


@dataclass
class Credential:
    """A secret of a connector: what it holds is never shown."""

    id: str
    name: str
    kind: str
    data: Json
    created_at: int
    updated_at: int

    def wire(self) -> Json:
        """Return the credential as the service shows it."""
        return {"id": self.id, "name": self.name, "created_at": self.created_at, "updated_at": self.updated_at}


@dataclass
class Connector:
    """The application's access to one provider."""

    id: str
    provider: str
    name: str
    settings: Json = field(default_factory=dict)
    scope: list[str] = field(default_factory=list)
    active_credential_id: str | None = None
    came_with_sandbox: bool = False
    credentials: dict[str, Credential] = field(default_factory=dict)

    def wire(self) -> Json:
        """Return the connector as the service shows it, without secrets."""
        shown: Json = {"name": self.name, "provider": self.provider, "scope": self.scope}
        shown["settings"] = {name: value for name, value in self.settings.items() if name not in _SECRETS}
        return shown | ({"active_credential_id": self.active_credential_id} if self.active_credential_id else {})

    def credential(self, credential_id: str) -> Credential:
        """Return a credential by its id; 404 if there is none."""
        if credential_id not in self.credentials:
            raise not_found("The credential was not found")
        return self.credentials[credential_id]

    def change(self, body: Json) -> None:
        """Take over the fields a body names."""
        name, settings, scope = text_of(body, "name"), object_of(body, "settings"), texts_of(body, "scope")
        active = text_of(body, "active_credential_id")
        if active:
            self.credential(active)
        self.name = name or self.name
        self.settings = self.settings if settings is None else settings
        self.scope = self.scope if scope is None else scope
        self.active_credential_id = active or self.active_credential_id


class ConnectorBook:
    """All connectors of the application, by provider."""

    def __init__(self, identifiers: Identifiers) -> None:
        self._identifiers = identifiers
        self._connectors = {name: self._connector(name, came_with_sandbox=True) for name in PROVIDERS}

    def all(self) -> list[Connector]:
        """Return the connectors in a fixed order."""
        return list(self._connectors.values())

    def has(self, provider: str) -> bool:
        """Tell whether accounts of a provider can be connected."""
        return provider in self._connectors

    def find(self, provider: str) -> Connector:
        """Return the connector of a provider; 404 if there is none."""
        if provider not in self._connectors:
            raise not_found("The connector was not found")
        return self._connectors[provider]

    def require(self, provider: str) -> Connector:
        """Return the connector of a provider that somebody wants to sign in with; 400 if there is none."""
        if provider not in PROVIDERS:
            raise invalid("provider", f"must be one of {', '.join(PROVIDERS)}")
        if provider not in self._connectors:
            raise bad_request(f"the application has no connector for {provider}", provider="has no connector")
        return self._connectors[provider]

    def create(self, body: Json) -> Connector:
        """Make the connector of a provider."""
        provider = required_text(body, "provider")
        choice_of(body, "provider", tuple(PROVIDERS))
        if provider in self._connectors and not self._connectors[provider].came_with_sandbox:
            raise bad_request(f"a connector for {provider} exists", provider="has a connector")
        if provider in _NEEDS_CLIENT:
            settings = object_of(body, "settings") or {}
            for name in ("client_id", "client_secret"):
                if not text_of(settings, name):
                    raise invalid(f"settings.{name}", "is required")
        made = self._connector(provider)
        made.change(body)
        self._connectors[provider] = made
        return made

    def remove(self, provider: str) -> None:
        """Forget the connector of a provider; grants that exist go on."""
        del self._connectors[self.find(provider).provider]

    def add_credential(self, provider: str, body: Json, now: int) -> Credential:
        """Store a credential; the same one again is the one that exists, as at the service."""
        connector = self.find(provider)
        name, data = required_text(body, "name"), object_of(body, "credential_data")
        kind = choice_of(body, "credential_type", CREDENTIAL_TYPES)
        if kind is None:
            raise invalid("credential_type", "is required")
        if not data:
            raise invalid("credential_data", "is required")
        known = next((one for one in connector.credentials.values() if one.name == name), None)
        if known is not None and (known.kind, encoded(known.data)) == (kind, encoded(data)):
            return known
        _refuse_taken_name(connector, name)
        made = Credential(self._identifiers.fresh("uuid"), name, kind, data, now, now)
        connector.credentials[made.id] = made
        return made

    def change_credential(self, provider: str, credential_id: str, body: Json, now: int) -> Credential:
        """Take over the name or the data a body names."""
        connector = self.find(provider)
        credential = connector.credential(credential_id)
        name, data = text_of(body, "name") or credential.name, object_of(body, "credential_data")
        if name != credential.name:
            _refuse_taken_name(connector, name)
        credential.name, credential.updated_at = name, now
        credential.data = credential.data if data is None else data
        return credential

    def remove_credential(self, provider: str, credential_id: str) -> None:
        """Forget a credential."""
        connector = self.find(provider)
        del connector.credentials[connector.credential(credential_id).id]
        if connector.active_credential_id == credential_id:
            connector.active_credential_id = None

    def _connector(self, provider: str, *, came_with_sandbox: bool = False) -> Connector:
        connector_id = self._identifiers.derived("uuid", f"connector {provider}")
        scope = list(PROVIDERS[provider].scopes)
        return Connector(connector_id, provider, provider, scope=scope, came_with_sandbox=came_with_sandbox)


def _refuse_taken_name(connector: Connector, name: str) -> None:
    if any(one.name == name for one in connector.credentials.values()):
        raise invalid("name", "is taken")
