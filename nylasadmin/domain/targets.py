"""Targets and their channels: one Nylas application that the CRM synchronizes with, and the ways to and from it."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from nylasadmin.domain import limits
from nylasadmin.domain.policies import Policies


class GuardLimits(msgspec.Struct, frozen=True, kw_only=True):
    """When a run stops before its first write: deletes above a count, or above a share of the destination.

    The share counts from ``share_from`` items on. A source that shrank by more than ``shrink_percent`` stops it too.
    Approving more than ``four_eyes_deletes`` takes another operator than the one who asked; ``None``: it never does.
    """

    deletes: int = 50
    share_percent: int = 20
    share_from: int = 20
    shrink_percent: int = 50
    four_eyes_deletes: int | None = None


class SenderChannel(msgspec.Struct, frozen=True, kw_only=True):
    """The authenticated HTTPS way to Nylas, without its key: only the key's last four characters are ever shown."""

    name: str
    base_url: str
    key_tail: str = ""
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 95.0
    concurrency: int = 4
    requests_per_s: float = 10.0


class NotificationChannel(msgspec.Struct, frozen=True, kw_only=True):
    """The webhook way back: the path under this console and whether a secret is stored."""

    name: str = ""
    path: str = ""
    has_secret: bool = False


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One Nylas application at one host. ``version`` rises with every change of the row.

    Inbound deletes of single items older than ``keep_older_days`` are refused; ``None``: none is. Before-images are
    kept for ``undo_days``.
    """

    id: int
    name: str
    host: str
    inbound: bool = True
    outbound: bool = True
    is_disabled: bool = False
    application_id: str = ""
    policies: Policies = Policies()
    guard: GuardLimits = GuardLimits()
    keep_older_days: int | None = None
    undo_days: int = 30
    sender: SenderChannel
    notification: NotificationChannel = NotificationChannel()
    version: int = 1


class TargetForm(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator enters for a target. ``api_key`` and ``notification_secret`` empty: keep what is stored."""

    name: str
    host: str
    inbound: bool = True
    outbound: bool = True
    is_disabled: bool = False
    sender_name: str = ""
    base_url: str = ""
    api_key: str = ""
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 95.0
    concurrency: int = 4
    requests_per_s: float = 10.0
    notification_name: str = ""
    notification_path: str = ""
    notification_secret: str = ""
    guard_deletes: int = 50
    guard_share_percent: int = 20
    guard_share_from: int = 20
    guard_shrink_percent: int = 50
    four_eyes_deletes: int | None = None
    keep_older_days: int | None = None
    undo_days: int = 30


_LEAST_TO_SHOW = 12
"""How long a key must be to show four of its characters."""

_LABEL = re.compile(r"^(?!-)[a-z0-9-]{1,63}(?<!-)$", re.IGNORECASE)


def problems(form: TargetForm, *, is_new: bool) -> dict[str, str]:
    """Name each field that cannot be accepted, with what to enter instead. Empty: all is well."""
    found: dict[str, str] = {}
    if not form.name.strip():
        found["name"] = "Enter a name that operators recognise, for example “Nylas US production”."
    if not is_host(form.host):
        found["host"] = (
            "Enter a fully qualified domain name such as api.us.nylas.com (or an IP address, or localhost), "
            "without https:// or a path."
        )
    if form.base_url and not _is_base_url(form.base_url):
        found["base_url"] = (
            "Enter an address that begins with https:// (http:// only for this machine), without a path."
        )
    if is_new and not form.api_key.strip():
        found["api_key"] = "Enter the API key of the Nylas application; it is stored encrypted and never shown again."
    found |= _number_problems(form) | _length_problems(form)
    if form.notification_path and not re.fullmatch(r"/[A-Za-z0-9/_-]{1,80}", form.notification_path):
        found["notification_path"] = "Begin with / and use letters, digits, - and _ only, for example /hooks/us."
    return found


def _length_problems(form: TargetForm) -> dict[str, str]:
    return limits.problems(
        {
            "name": (form.name, limits.NAME),
            "base_url": (form.base_url, limits.ADDRESS),
            "sender_name": (form.sender_name, limits.NAME),
            "api_key": (form.api_key, limits.SECRET),
            "notification_name": (form.notification_name, limits.NAME),
            "notification_secret": (form.notification_secret, limits.SECRET),
        }
    )


def _number_problems(form: TargetForm) -> dict[str, str]:
    limits = {
        "connect_timeout_s": (form.connect_timeout_s, 0.1, 60, "seconds"),
        "read_timeout_s": (form.read_timeout_s, 0.1, 300, "seconds"),
        "concurrency": (form.concurrency, 1, 4, "requests at a time; providers allow no more than 4 per account"),
        "requests_per_s": (form.requests_per_s, 0.1, 200, "requests per second and account"),
        "guard_deletes": (form.guard_deletes, 1, 1_000_000, "items"),
        "guard_share_percent": (form.guard_share_percent, 1, 100, "percent"),
        "guard_share_from": (form.guard_share_from, 1, 1_000_000, "items"),
        "guard_shrink_percent": (form.guard_shrink_percent, 1, 100, "percent"),
        "four_eyes_deletes": (form.four_eyes_deletes, 1, 1_000_000, "items; leave it empty for never"),
        "keep_older_days": (form.keep_older_days, 1, 36_500, "days; leave it empty for never"),
        "undo_days": (form.undo_days, 1, 3_650, "days"),
    }
    return {
        field: f"Enter a number from {low:,} to {high:,} ({unit})."
        for field, (value, low, high, unit) in limits.items()
        if value is not None and not low <= value <= high
    }


def is_host(host: str) -> bool:
    """Say whether that belongs into a target's host field; a port may follow.

    Either a fully qualified domain name, ``localhost``, or an IP address: four numbers, or eight groups in brackets.
    """
    name, port = split_host(host)
    if port and not (port.isdecimal() and 0 < int(port) < 65536):
        return False
    return name.lower() == "localhost" or _is_address(name) or _is_full_name(name)


def split_host(host: str) -> tuple[str, str]:
    """Part a host from its port; an IPv6 address keeps its brackets."""
    if host.startswith("["):
        name, bracket, rest = host.partition("]")
        return name + bracket + rest.partition(":")[0], rest.partition(":")[2]
    name, _, port = host.partition(":")
    return name, port


def _is_address(name: str) -> bool:
    is_bracketed = name.startswith("[") and name.endswith("]")
    try:
        return ip_address(name[1:-1] if is_bracketed else name).version == (6 if is_bracketed else 4)
    except ValueError:
        return False


def _is_full_name(name: str) -> bool:
    labels = name.split(".")
    is_named = len(labels) > 1 and not labels[-1].isdecimal()
    return is_named and len(name) <= 253 and all(_LABEL.match(label) for label in labels)


def key_tail(api_key: str) -> str:
    """Give what may be shown of an API key: its last four characters, nothing of one that is short."""
    key = api_key.strip()
    return key[-4:] if len(key) >= _LEAST_TO_SHOW else ""


def _is_base_url(url: str) -> bool:
    parts = urlsplit(url)
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        return False
    if parts.scheme == "http":
        return parts.hostname in ("127.0.0.1", "localhost", "::1")
    return parts.scheme == "https" and bool(parts.hostname)
