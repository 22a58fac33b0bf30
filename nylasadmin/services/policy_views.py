"""What the console and the command line show of policies: what accounts have frozen, and what other settings change."""

from __future__ import annotations

import msgspec

from nylasadmin.domain.items import ItemType
from nylasadmin.domain.policies import FrozenPolicy
from nylasadmin.services.wording import Wording


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """How many accounts of a target have frozen the same settings; disconnected ones do not count."""

    sync_days: int
    webhook_days: int
    zone: str
    notifies_of_all: bool
    accounts: int


class AccountChange(msgspec.Struct, frozen=True, kw_only=True):
    """What other settings would change for one account, in items.

    ``more`` and ``fewer`` take part; ``more_notify`` and ``fewer_notify`` cause notifications. ``is_at_least``: the
    provider tells of recent mail only, so there may be more. ``problem``: why nothing could be counted.
    """

    user_name: str
    email: str
    more: int = 0
    fewer: int = 0
    more_notify: int = 0
    fewer_notify: int = 0
    is_at_least: bool = False
    problem: Wording | None = None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What other settings would change, by account. ``left_out``: accounts beyond those that are counted at once;
    ``untouched``: those whose policy would stay as it is.
    """

    accounts: tuple[AccountChange, ...]
    left_out: int = 0
    untouched: int = 0

    @property
    def failed(self) -> int:
        return sum(1 for account in self.accounts if account.problem is not None)


class Sighting(msgspec.Struct, frozen=True):
    """Where an item of the CRM lies: ``[start, end)`` in Unix seconds."""

    start: int
    end: int
    is_recurring: bool


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What a link's items look like in time, beside the policy of its account. ``seen`` is a sample of ``items``."""

    policy: FrozenPolicy
    connected_at: int
    item_type: ItemType
    items: int
    seen: tuple[Sighting, ...]
