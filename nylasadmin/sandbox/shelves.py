"""What accounts own beside calendars, made when first asked for, so that a hundred thousand accounts cost nothing.

Whatever nobody has changed can be made again, the same; so the shelf forgets the least used of it when it gets full.
What was changed stays, also when the grant is deleted: it is at its provider's, and there at the next sign-in.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from nylasadmin.sandbox.grants import Grant

_KEPT = 1000


class Ownable(Protocol):
    """Something an account owns, which knows whether it was changed after it was made."""

    is_changed: bool

    def move_to(self, grant: Grant) -> None:
        """Belong to a new grant of the same account; what Nylas itself kept is gone."""


Owned = TypeVar("Owned", bound=Ownable)


class Shelf(Generic[Owned]):
    """The address books, or the mailboxes, of all accounts. Used with the sandbox's lock held."""

    def __init__(self, make: Callable[[Grant], Owned], kept: int = _KEPT) -> None:
        self._make = make
        self._kept = kept
        self._fillers: list[Callable[[Grant, Owned], None]] = []
        self._untouched: OrderedDict[str, tuple[Grant, Owned]] = OrderedDict()
        self._changed: dict[str, tuple[Grant, Owned]] = {}

    def fill_with(self, filler: Callable[[Grant, Owned], None]) -> None:
        """Let `filler(grant, owned)` put in what an account has from the start; it must do the same every time."""
        self._fillers.append(filler)

    def of(self, grant: Grant) -> Owned:
        """Return what this account owns."""
        address = grant.email.casefold()
        found = self._changed.get(address) or self._untouched.get(address)
        if found is None or found[0].rules is not grant.rules:
            return self._used(grant, self._made(grant))
        if found[0] is not grant:
            return self._used(grant, self._returned(grant, found[1]))
        return self._used(grant, found[1])

    def _returned(self, grant: Grant, owned: Owned) -> Owned:
        """Give a new grant what its account had; what lived at Nylas altogether is gone with the old grant."""
        if not owned.is_changed or not grant.rules.is_hosted:
            self._changed.pop(grant.email.casefold(), None)
            return self._made(grant)
        owned.move_to(grant)
        return owned

    def _made(self, grant: Grant) -> Owned:
        owned = self._make(grant)
        for filler in self._fillers:
            filler(grant, owned)
        owned.is_changed = False
        return owned

    def _used(self, grant: Grant, owned: Owned) -> Owned:
        address = grant.email.casefold()
        if address in self._changed:
            self._changed[address] = grant, owned
            return owned
        self._untouched[address] = grant, owned
        self._untouched.move_to_end(address)
        if len(self._untouched) > self._kept:
            self._let_go()
        return owned

    def _let_go(self) -> None:
        """Keep what was changed for good, and forget the least used of the rest."""
        address, (grant, owned) = self._untouched.popitem(last=False)
        if owned.is_changed:
            self._changed[address] = grant, owned
