"""Accounts in a table: users' connections to targets, with the policies they froze."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, insert, select, update

from nylasadmin.adapters.storage.tables import accounts, links
from nylasadmin.domain.links import Account, AccountState
from nylasadmin.domain.policies import FrozenPolicy
from nylasadmin.errors import NotFound


class SqlAccounts:
    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._db = connection
        self._now = now

    def get(self, account_id: int) -> Account:
        row = self._db.execute(select(accounts).where(accounts.c.id == account_id)).one_or_none()
        if row is None:
            raise NotFound("account", account_id)
        return account_of(row)

    def of_target(self, target_id: int) -> list[Account]:
        found = select(accounts).where(accounts.c.target_id == target_id).order_by(accounts.c.id)
        return [account_of(row) for row in self._db.execute(found)]

    def by_address(self, target_id: int, email: str) -> Account | None:
        found = select(accounts).where(accounts.c.target_id == target_id, accounts.c.email == email)
        row = self._db.execute(found).one_or_none()
        return account_of(row) if row else None

    def of_user(self, target_id: int, user_id: str) -> list[Account]:
        its = (accounts.c.target_id == target_id) & (accounts.c.user_id == user_id)
        return [account_of(row) for row in self._db.execute(select(accounts).where(its).order_by(accounts.c.id))]

    def holds_grant(self, grant_id: str) -> bool:
        """Say whether a grant belongs to an account of any target that is not disconnected."""
        is_ours = (accounts.c.grant_id == grant_id) & (accounts.c.state != str(AccountState.DISCONNECTED))
        return self._db.execute(select(accounts.c.id).where(is_ours).limit(1)).first() is not None

    def set_first_snapshot(self, account_id: int, snapshot_id: int) -> None:
        values = {"first_snapshot_id": snapshot_id}
        self._db.execute(update(accounts).where(accounts.c.id == account_id).values(**values))

    def save(self, account: Account) -> int:
        """Insert, or bring the row of the same target and address up to date; give its id.

        An account that is there keeps the policy it has frozen, unless it had been disconnected.
        """
        known = self.by_address(account.target_id, account.email)
        values = {
            "user_id": account.user_id,
            "provider": account.provider,
            "grant_id": account.grant_id,
            "state": str(account.state),
        }
        if known is None:
            key = {"target_id": account.target_id, "email": account.email}
            made: Any = self._db.execute(insert(accounts).values(**key, **values, **_connection(account)))
            return int(made.inserted_primary_key[0])
        if known.state is AccountState.DISCONNECTED:
            values |= _connection(account)
        elif known.state is not account.state:
            values |= {"state_at": self._now()}  # type: ignore[dict-item]
        self._db.execute(update(accounts).where(accounts.c.id == known.id).values(**values))
        return known.id

    def set_state(self, account_id: int, state: AccountState) -> None:
        values = {"state": str(state), "state_at": self._now()}
        self._db.execute(update(accounts).where(accounts.c.id == account_id).values(**values))

    def note_synced(self, account_id: int) -> bool:
        """Note that the first synchronization is done once every link that is on has been copied since connecting."""
        is_waiting = links.select().where(
            links.c.account_id == account_id,
            links.c.removed_at.is_(None),
            links.c.inbound,
            (links.c.last_get_at.is_(None)) | (links.c.last_get_at < accounts.c.connected_at),
        )
        done = (
            update(accounts)
            .where(accounts.c.id == account_id, accounts.c.synced_at.is_(None), ~is_waiting.exists())
            .values(synced_at=self._now())
        )
        return self._db.execute(done).rowcount == 1


def _connection(account: Account) -> dict[str, Any]:
    """Give what an account has from connecting."""
    policy = account.policy
    return {
        "connected_at": account.connected_at,
        "state_at": account.state_at,
        "sync_days": policy.sync_days,
        "webhook_days": policy.webhook_days,
        "zone": policy.zone,
        "is_legacy": policy.is_legacy,
        "sync_from": policy.sync_from,
        "webhook_from": policy.webhook_from,
        "frozen_at": account.frozen_at,
        "first_snapshot_id": account.first_snapshot_id,
        "synced_at": account.synced_at,
        "revoke_due_at": account.revoke_due_at,
    }


def account_of(row: Any) -> Account:
    """Read an account from a row, or from anything that has its columns as attributes."""
    return Account(
        id=row.id,
        target_id=row.target_id,
        user_id=row.user_id,
        email=row.email,
        provider=row.provider,
        grant_id=row.grant_id,
        state=AccountState(row.state),
        connected_at=row.connected_at,
        state_at=row.state_at,
        policy=FrozenPolicy(
            sync_days=row.sync_days,
            webhook_days=row.webhook_days,
            zone=row.zone,
            is_legacy=row.is_legacy,
            sync_from=row.sync_from,
            webhook_from=row.webhook_from,
        ),
        frozen_at=row.frozen_at,
        first_snapshot_id=row.first_snapshot_id,
        synced_at=row.synced_at,
        revoke_due_at=row.revoke_due_at,
    )
