"""What happened at accounts that need a new sign-in: kept back, and told later if they come back in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nylasadmin.sandbox.wire import Json

if TYPE_CHECKING:
    from nylasadmin.sandbox.grants import Grant

_KEPT_S = 72 * 3600


class Change(NamedTuple):
    """One announced change, with the number that its notification's id is made of."""

    number: int
    trigger: str
    grant: Grant | None
    object: Json
    time: int


class MissedChanges:
    """Changes of invalid grants, per grant, since the grant was last good."""

    def __init__(self) -> None:
        self._since: dict[str, int] = {}
        self._changes: dict[str, list[Change]] = {}

    def expired(self, grant: Grant, now: int) -> None:
        """Note when a grant stopped to be good."""
        self._since.setdefault(grant.id, now)

    def keep(self, grant: Grant, change: Change) -> None:
        """Keep a change of a grant that is not good."""
        self.expired(grant, change.time)
        self._changes.setdefault(grant.id, []).append(change)

    def released(self, grant: Grant, now: int) -> list[Change]:
        """Return what a grant that is good again has missed: nothing after more than 72 hours."""
        if grant.id not in self._since:
            return []
        since, changes = self._since.pop(grant.id), self._changes.pop(grant.id, [])
        return changes if now - since <= _KEPT_S else []

    def forget(self, grant: Grant) -> None:
        """Forget a grant that is gone."""
        self._since.pop(grant.id, None)
        self._changes.pop(grant.id, None)
