"""Destinations: where notifications of which triggers go, and the secret that signs them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from nylasadmin.sandbox.errors import Refusal
from nylasadmin.sandbox.webhooks.health import Health
from nylasadmin.sandbox.webhooks.triggers import TRIGGERS, is_wanted
from nylasadmin.sandbox.wire import Json

_BLOCKED = ("ngrok.io", "ngrok.app", "ngrok.dev", "ngrok-free.app", "ngrok-free.dev")
_INVALID = "70002"
"""The number of refused bodies is not documented; those of unknown ids and failed challenges are."""


@dataclass
class Destination:
    """One webhook. Whoever reads or changes it holds the lock of the webhooks."""

    id: str
    webhook_url: str
    trigger_types: list[str]
    secret: str
    created_at: int
    updated_at: int
    status_updated_at: int
    description: str | None = None
    notification_email_addresses: list[str] = field(default_factory=list)
    compressed_delivery: bool = False
    status: str = "active"
    old_secret: str | None = None
    health: Health = field(default_factory=Health)

    @property
    def is_open(self) -> bool:
        """Tell whether deliveries are made."""
        return self.status in ("active", "failing")

    def wants(self, kind: str) -> bool:
        """Tell whether a type of notification is to be delivered here."""
        return self.is_open and is_wanted(kind, self.trigger_types)

    def turn(self, status: str, now: int) -> None:
        """Change the status."""
        self.status, self.status_updated_at = status, now

    def wire(self, *, with_secret: bool = False) -> Json:
        """Return the destination as the service shows it."""
        shown: Json = {
            "id": self.id,
            "trigger_types": self.trigger_types,
            "webhook_url": self.webhook_url,
            "status": self.status,
            "notification_email_addresses": self.notification_email_addresses,
            "compressed_delivery": self.compressed_delivery,
            "status_updated_at": self.status_updated_at,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
        return (
            shown
            | ({} if self.description is None else {"description": self.description})
            | ({"webhook_secret": self.secret} if with_secret else {})
        )


class DestinationBook:
    """All destinations of the application, in the order of their creation."""

    def __init__(self) -> None:
        self._by_id: dict[str, Destination] = {}

    def __iter__(self) -> Iterator[Destination]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, destination: Destination) -> None:
        """Take in a destination."""
        self._by_id[destination.id] = destination

    def find(self, destination_id: str) -> Destination:
        """Return a destination; the service answers 400 for an unknown one."""
        found = self._by_id.get(destination_id)
        if found is None:
            raise Refusal(400, "70000", "destination.id.not.found : record not found")
        return found

    def remove(self, destination_id: str) -> Destination:
        """Forget a destination and return it."""
        found = self.find(destination_id)
        del self._by_id[found.id]
        return found


def checked_destination(body: Json, *, plain_http: bool) -> Json:
    """Return the writable fields of a body; empty ones are left out, as they change nothing."""
    given = {name: value for name, value in body.items() if name in _FIELDS and value not in (None, "", [])}
    for name, value in given.items():
        if not isinstance(value, _FIELDS[name]):
            raise invalid(f"{name} has the wrong type")
    for name in ("trigger_types", "notification_email_addresses"):
        if not all(isinstance(one, str) for one in given.get(name, ())):
            raise invalid(f"{name} must be a list of text")
    if unknown := [one for one in given.get("trigger_types", ()) if one not in TRIGGERS]:
        raise invalid(f"trigger_types : {unknown[0]} is unknown")
    if given.get("status", "active") not in ("active", "pause"):
        raise invalid("status must be active or pause")
    if "webhook_url" in given:
        check_url(given["webhook_url"], plain_http=plain_http)
    return given


def check_url(url: str, *, plain_http: bool) -> None:
    """Refuse what nothing can be delivered to; without TLS only this machine is accepted."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError as problem:
        raise invalid("webhook_url is not a URL") from problem
    if parts.scheme not in ("http", "https") or not host:
        raise invalid("webhook_url must be an https URL")
    if parts.scheme == "http" and not plain_http and not _is_this_machine(host):
        raise invalid("webhook_url must be https")
    if any(host == one or host.endswith(f".{one}") for one in _BLOCKED):
        raise invalid("webhook_url : ngrok is blocked")


def invalid(problem: str) -> Refusal:
    """Refuse a body."""
    return Refusal(400, _INVALID, f"invalid.request : {problem}")


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_FIELDS: dict[str, type] = {
    "trigger_types": list,
    "webhook_url": str,
    "description": str,
    "notification_email_addresses": list,
    "compressed_delivery": bool,
    "status": str,
}
