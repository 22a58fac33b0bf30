"""What the page of accounts shows: frozen values, made by queries. Times are Unix seconds, ``None`` means never."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from nylasadmin.domain.links import Account


class AccountStatus(StrEnum):
    """The one word about an account, the most urgent first."""

    NEEDS_SIGN_IN = "needs_sign_in"
    OVERDUE = "overdue"
    SYNCING = "syncing"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"


class AccountQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which accounts to show. ``search``: words in the user's name and the addresses. ``page`` counts from 1."""

    target_id: int | None = None
    status: AccountStatus | None = None
    provider: str = ""
    search: str = ""
    page: int = 1
    size: int = 50


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """One account. ``links_synced``: how many of ``links_inbound`` were copied since it connected; ``parked``: how many
    runs wait for its sign-in.
    """

    account: Account
    status: AccountStatus
    user_name: str
    target_name: str
    links: int = 0
    links_inbound: int = 0
    links_synced: int = 0
    items: int = 0
    parked: int = 0
    last_success_at: int | None = None


class AccountPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of accounts, by address.

    ``by_status`` counts under the same filters without the status, ``by_provider`` under those without the provider.
    """

    rows: tuple[AccountRow, ...]
    by_status: dict[AccountStatus, int]
    by_provider: dict[str, int]
    query: AccountQuery

    @property
    def total(self) -> int:
        return sum(self.by_status.values())

    @property
    def matching(self) -> int:
        return self.total if self.query.status is None else self.by_status.get(self.query.status, 0)

    @property
    def pages(self) -> int:
        return max(1, -(-self.matching // self.query.size))
