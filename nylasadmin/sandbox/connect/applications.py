"""The application itself: its branding, its settings and the addresses a sign-in may return to."""

from __future__ import annotations

from dataclasses import dataclass, field

from nylasadmin.sandbox.connect.checks import choice_of, invalid, object_of, required_text, text_of
from nylasadmin.sandbox.errors import not_found
from nylasadmin.sandbox.identifiers import Identifiers
from nylasadmin.sandbox.wire import Json

PLATFORMS = ("web", "desktop", "js", "ios", "android")


@dataclass
class RedirectUri:
    """One address a sign-in may return to."""

    id: str
    url: str
    platform: str = "web"
    settings: Json | None = None

    def wire(self) -> Json:
        """Return the address as the service shows it."""
        shown: Json = {"id": self.id, "url": self.url, "platform": self.platform}
        return shown if self.settings is None else shown | {"settings": self.settings}


@dataclass
class Application:
    """One Nylas application. Whoever reads or changes it holds the sandbox's lock."""

    identifiers: Identifiers
    application_id: str
    organization_id: str
    created_at: int
    updated_at: int
    branding: Json = field(default_factory=lambda: {"name": "Nylas sandbox"})
    hosted_authentication: Json | None = None
    idp_settings: Json | None = None
    domain: str | None = None
    additional_settings: Json = field(default_factory=dict)
    """Write-only at the service: never shown."""
    redirect_uris: dict[str, RedirectUri] = field(default_factory=dict)

    def wire(self) -> Json:
        """Return the application as the service shows it."""
        shown: Json = {
            "application_id": self.application_id,
            "organization_id": self.organization_id,
            "region": "us",
            "environment": "staging",
            "branding": self.branding,
            "callback_uris": [one.wire() for one in self.redirect_uris.values()],
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "blocked": False,
        }
        for name in ("hosted_authentication", "idp_settings", "domain"):
            if (value := getattr(self, name)) is not None:
                shown[name] = value
        return shown

    def change(self, body: Json, now: int) -> None:
        """Take over the fields a body names, each nested object replaced as a whole; only the name stays."""
        branding = object_of(body, "branding")
        hosted, idp, additional = (
            object_of(body, name) for name in ("hosted_authentication", "idp_settings", "additional_settings")
        )
        domain = text_of(body, "domain")
        uris = self._replaced_uris(body["callback_uris"]) if body.get("callback_uris") is not None else None
        if branding is not None:
            self.branding = {"name": self.branding["name"]} | _stripped(branding)
        self.hosted_authentication = self.hosted_authentication if hosted is None else hosted
        self.idp_settings = self.idp_settings if idp is None else idp
        self.additional_settings = self.additional_settings if additional is None else additional
        self.domain = self.domain if domain is None else domain
        self.redirect_uris = self.redirect_uris if uris is None else uris
        self.updated_at = now

    def allows(self, url: str) -> bool:
        """Tell whether a sign-in may return to an address: it must be registered, letter for letter."""
        known = {one.url for one in self.redirect_uris.values()}
        if self.additional_settings.get("allow_query_param_in_redirect_uri") is True:
            return url in known or url.partition("?")[0] in known
        return url in known

    def find_uri(self, uri_id: str) -> RedirectUri:
        """Return a registered address by its id; 404 if there is none."""
        if uri_id not in self.redirect_uris:
            raise not_found("The redirect URI was not found")
        return self.redirect_uris[uri_id]

    def add_uri(self, body: Json) -> RedirectUri:
        """Register an address."""
        made = self._made(body, self.redirect_uris)
        self.redirect_uris[made.id] = made
        return made

    def change_uri(self, uri_id: str, body: Json) -> RedirectUri:
        """Take over the fields a body names."""
        old = self.find_uri(uri_id)
        others = {key: one for key, one in self.redirect_uris.items() if key != uri_id}
        new = self._made(old.wire() | _stripped(body), others, uri_id)
        self.redirect_uris[uri_id] = new
        return new

    def remove_uri(self, uri_id: str) -> None:
        """Forget an address."""
        del self.redirect_uris[self.find_uri(uri_id).id]

    def _replaced_uris(self, wanted: object) -> dict[str, RedirectUri]:
        if not isinstance(wanted, list) or not all(isinstance(one, dict) for one in wanted):
            raise invalid("callback_uris", "must be a list of objects")
        kept: dict[str, RedirectUri] = {}
        for one in wanted:
            uri_id = text_of(one, "id")
            made = self._made(one, kept, None if uri_id is None else self.find_uri(uri_id).id)
            kept[made.id] = made
        return kept

    def _made(self, body: Json, others: dict[str, RedirectUri], uri_id: str | None = None) -> RedirectUri:
        url = required_text(body, "url")
        if "://" not in url or "#" in url:
            raise invalid("url", "must be an address without a fragment")
        if any(one.url == url for one in others.values()):
            raise invalid("url", "is registered already")
        platform = choice_of(body, "platform", PLATFORMS) or "web"
        return RedirectUri(uri_id or self.identifiers.fresh("uuid"), url, platform, object_of(body, "settings"))


def _stripped(body: Json) -> Json:
    return {name: value for name, value in body.items() if value is not None}
