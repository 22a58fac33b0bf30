"""The names of triggers, and the suffixes that notifications carry beyond them."""

from __future__ import annotations

from collections.abc import Collection

_NAMES = {
    "calendar": ("created", "updated", "deleted"),
    "event": ("created", "updated", "deleted"),
    "contact": ("updated", "deleted"),
    "grant": ("created", "updated", "deleted", "expired", "imap_sync_completed"),
    "folder": ("created", "updated", "deleted"),
    "message": (
        *("created", "created.cleaned", "updated", "deleted", "send_success", "send_failed", "bounce_detected"),
        *("opened", "opened.legacy", "link_clicked", "link_clicked.legacy"),
        *("bounced", "complaint", "delivered", "rejected"),
        *("transactional.bounced", "transactional.complaint", "transactional.delivered", "transactional.rejected"),
        *("intelligence.order", "intelligence.tracking", "intelligence.return"),
    ),
    "thread": ("replied", "replied.legacy"),
    "booking": ("created", "pending", "rescheduled", "cancelled", "reminder"),
    "notetaker": ("created", "updated", "deleted", "meeting_state", "media"),
}

TRIGGERS = frozenset(f"{product}.{change}" for product, changes in _NAMES.items() for change in changes)
WITH_LEGACY_FORM = frozenset({"message.opened", "message.link_clicked", "thread.replied"})

_SUFFIXES = (".truncated", ".transformed", ".metadata", ".legacy")


def base(kind: str) -> str:
    """Return the trigger behind the type of a notification: without suffixes that need no subscription."""
    while kind.endswith(_SUFFIXES):
        kind = kind.rpartition(".")[0]
    return kind


def is_wanted(kind: str, subscribed: Collection[str]) -> bool:
    """Tell whether a subscription covers a type of notification."""
    return kind in subscribed or base(kind) in subscribed
