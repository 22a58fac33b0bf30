"""Which provider an address belongs to: known accounts first, then the domains everybody knows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from nylasadmin.sandbox.wire import Json

if TYPE_CHECKING:
    from nylasadmin.sandbox.state import Sandbox

_DOMAINS = {
    "google": ("gmail.com", "googlemail.com"),
    "microsoft": ("outlook.com", "hotmail.com", "live.com", "msn.com"),
    "icloud": ("icloud.com", "me.com", "mac.com"),
    "yahoo": ("yahoo.com", "ymail.com", "rocketmail.com"),
}
_IMAP_TYPES = {
    "aol.com": "aol",
    "fastmail.com": "fastmail",
    "gmx.com": "gmx",
    "gmx.de": "gmx",
    "mail.com": "mail.com",
    "web.de": "web.de",
    "zoho.com": "zoho",
}
_BY_DOMAIN = {domain: provider for provider, domains in _DOMAINS.items() for domain in domains}


def detected(sandbox: Sandbox, email: str, *, all_providers: bool) -> Json:
    """Return what `providers/detect` answers; a provider without connector counts only if all are asked for."""
    provider = provider_of(sandbox, email)
    found: Json = {"email_address": email, "detected": False}
    if provider is None or not (all_providers or sandbox.connectors.has(provider)):
        return found
    kind = _IMAP_TYPES.get(_domain(email), provider) if provider == "imap" else provider
    return found | {"detected": True, "provider": provider, "type": kind}


def provider_of(sandbox: Sandbox, email: str) -> str | None:
    """Return the provider of an address, None if nothing tells."""
    grant = sandbox.grants.get(f"email:{email}")
    if grant is not None:
        return grant.rules.name
    domain = _domain(email)
    known = _BY_DOMAIN.get(domain) or ("imap" if domain in _IMAP_TYPES else None)
    return known or _provider_of_colleagues(sandbox, domain)


def _provider_of_colleagues(sandbox: Sandbox, domain: str) -> str | None:
    colleagues = Counter(one.rules.name for one in sandbox.grants if _domain(one.email) == domain)
    return colleagues.most_common(1)[0][0] if colleagues and domain else None


def _domain(email: str) -> str:
    return email.rpartition("@")[2].casefold() if "@" in email else ""
