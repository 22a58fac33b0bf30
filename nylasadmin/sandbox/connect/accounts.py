"""Accounts that bring their own authentication: what each provider asks for, and whose account it is then.

The sandbox has no provider to ask whose refresh token it was given. A token that contains an address is of that
account; any other token is always of the same made-up account. `email` in the settings decides where it is given.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from nylasadmin.sandbox.connect.checks import invalid, object_of, required_text, text_of, texts_of
from nylasadmin.sandbox.connect.connectors import Connector
from nylasadmin.sandbox.wire import Json

MAX_STATE = 256
_ADDRESS = re.compile(r"[^\s@/]+@[^\s@/]+")
_BULK_TYPES = {"google": "serviceaccount", "microsoft": "adminconsent"}
_APP_PASSWORD = re.compile(r"(?=.*[A-Z])(?=.*[a-z])(?=.*\d)[!-~]{18,40}")


@dataclass(frozen=True)
class Account:
    """An account whose owner has agreed: everything a grant is made of."""

    email: str
    provider: str
    name: str | None = None
    scope: list[str] | None = None
    state: str | None = None
    settings: Json = field(default_factory=dict)
    more: Json = field(default_factory=dict)


def custom_account(body: Json, connector: Connector) -> Account:
    """Return the account that a body of `connect/custom` speaks of."""
    settings = object_of(body, "settings")
    if settings is None:
        raise invalid("settings", "is required")
    state = text_of(body, "state")
    if state is not None and len(state) > MAX_STATE:
        raise invalid("state", f"must not be longer than {MAX_STATE} characters")
    more = {name: text for name in ("credential_id",) if (text := text_of(settings, name))}
    more |= {name: text for name in ("workspace_id",) if (text := text_of(body, name))}
    return Account(
        email=_READERS[connector.provider](settings, connector).strip(),
        provider=connector.provider,
        name=text_of(body, "name"),
        scope=texts_of(body, "scope") or texts_of(settings, "scopes"),
        state=state,
        settings={name: value for name, value in settings.items() if not name.endswith("password")},
        more=more,
    )


def name_of(email: str) -> str:
    """Return a name for an address nobody has told the name of."""
    return " ".join(part.capitalize() for part in re.split(r"[._\s]+", email.partition("@")[0]) if part) or email


def _oauth(settings: Json, connector: Connector) -> str:
    credential_id = text_of(settings, "credential_id")
    if credential_id and credential_id not in connector.credentials:
        raise invalid("settings.credential_id", "is no credential of the connector")
    if not text_of(settings, "refresh_token"):
        return _bulk(settings, connector, credential_id)
    token = required_text(settings, "refresh_token")
    if (told := text_of(settings, "email") or text_of(settings, "email_address")) is not None:
        return _address(told, "settings.email")
    found = _ADDRESS.search(token)
    made_up = hashlib.sha256(token.encode(errors="replace")).hexdigest()[:8]
    return found.group() if found else f"user-{made_up}@{connector.provider}.example"


def _bulk(settings: Json, connector: Connector, credential_id: str | None) -> str:
    """Read the settings of an administrator who signs in for everybody, where the provider has that."""
    kind = _BULK_TYPES.get(connector.provider)
    if kind is None or "email_address" not in settings:
        raise invalid("settings.refresh_token", "is required")
    if not credential_id or connector.credentials[credential_id].kind != kind:
        raise invalid("settings.credential_id", f"must be a credential of the type {kind}")
    return _address(required_text(settings, "email_address"), "settings.email_address")


def _imap(settings: Json, _connector: Connector) -> str:
    username, _password = (_setting(settings, name) for name in ("imap_username", "imap_password"))
    host = text_of(settings, "imap_host") or "imap.example"
    return username if "@" in username else f"{username}@{host.removeprefix('imap.')}"


def _icloud(settings: Json, _connector: Connector) -> str:
    username, _password = (_setting(settings, name) for name in ("username", "password"))
    return username if "@" in username else f"{username}@icloud.com"


def _ews(settings: Json, _connector: Connector) -> str:
    username, _password = (_setting(settings, name) for name in ("ews_username", "ews_password"))
    return _address(text_of(settings, "email") or username, "settings.email")


def _virtual(settings: Json, _connector: Connector) -> str:
    return _setting(settings, "email")


def _agent(settings: Json, _connector: Connector) -> str:
    password = text_of(settings, "app_password")
    if password is not None and not _APP_PASSWORD.fullmatch(password):
        raise invalid("settings.app_password", "must have 18 to 40 characters, upper and lower case and a digit")
    return _address(_setting(settings, "email"), "settings.email")


def _setting(settings: Json, name: str) -> str:
    value = settings.get(name)
    if not isinstance(value, str) or not value.strip():
        raise invalid(f"settings.{name}", "is required")
    return value


def _address(text: str, name: str) -> str:
    if not _ADDRESS.fullmatch(text.strip()):
        raise invalid(name, "must be an e-mail address")
    return text


_READERS: dict[str, Callable[[Json, Connector], str]] = {
    "google": _oauth,
    "microsoft": _oauth,
    "yahoo": _oauth,
    "zoom": _oauth,
    "imap": _imap,
    "icloud": _icloud,
    "ews": _ews,
    "virtual-calendar": _virtual,
    "nylas": _agent,
}
