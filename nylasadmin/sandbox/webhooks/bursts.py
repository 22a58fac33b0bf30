"""Debouncing: changes of one object that follow each other quickly become one notification."""

from __future__ import annotations

from collections.abc import Hashable

from nylasadmin.sandbox.webhooks.missed import Change

_LISTS = ("occurrences", "cancelled_occurrences")


class Bursts:
    """Changes that wait for the end of their window, per object."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, Change] = {}

    def begins(self, change: Change) -> bool:
        """Take in a change; tell whether it is the first of a burst."""
        key = key_of(change)
        before = self._waiting.get(key)
        self._waiting[key] = change if before is None else _merged(before, change)
        return before is None

    def end(self, key: Hashable) -> Change:
        """Return what became of a burst, and forget it."""
        return self._waiting.pop(key)


def key_of(change: Change) -> Hashable:
    """Return what tells bursts apart: the account, the kind of object and the object."""
    return (
        change.grant.id if change.grant else None,
        change.trigger.partition(".")[0],
        change.object.get("id") or change.object.get("message_id"),
    )


def _merged(before: Change, after: Change) -> Change:
    """Return one change for two: the latest state under the first number; a creation stays one."""
    created = before.trigger.endswith(".created") and after.trigger.endswith(".updated")
    lists = {
        name: list(dict.fromkeys([*before.object.get(name, ()), *after.object.get(name, ())]))
        for name in _LISTS
        if name in before.object or name in after.object
    }
    trigger = before.trigger if created else after.trigger
    return after._replace(number=before.number, trigger=trigger, object=after.object | lists)
