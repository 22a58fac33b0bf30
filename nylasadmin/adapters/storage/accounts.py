"""Accounts in a table: users' connections to targets, with the policies they froze."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, func, insert, select, text, update

from nylasadmin.adapters.storage.bulk import storable
from nylasadmin.adapters.storage.tables import accounts, links
from nylasadmin.domain.links import Account, AccountState
from nylasadmin.domain.policies import FrozenPolicy
from nylasadmin.errors import NotFound
from nylasadmin.services.policy_views import Frozen


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

    def frozen(self, target_id: int) -> list[Frozen]:
        """Give the settings that the accounts of a target have frozen, what most of them have first."""
        notifies_of_all = accounts.c.webhook_from.is_(None)
        settings = (accounts.c.sync_days, accounts.c.webhook_days, accounts.c.zone, notifies_of_all)
        counted = (
            select(*settings, func.count())
            .where(accounts.c.target_id == target_id, accounts.c.state != str(AccountState.DISCONNECTED))
            .group_by(*settings)
            .order_by(func.count().desc(), *settings)
        )
        return [
            Frozen(sync_days=sync, webhook_days=webhook, zone=zone, notifies_of_all=bool(of_all), accounts=count)
            for sync, webhook, zone, of_all, count in self._db.execute(counted)
        ]

    def by_grant(self, target_id: int, grant_id: str) -> Account | None:
        """Give the account of a grant: the latest, should an address have come back under another one's grant."""
        found = select(accounts).where(accounts.c.grant_id == grant_id, accounts.c.target_id == target_id)
        row = self._db.execute(found.order_by(accounts.c.state_at.desc(), accounts.c.id.desc()).limit(1)).one_or_none()
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
        self._change(account_id, state=str(state), state_at=self._now())

    def signed_in(self, account_id: int, grant_id: str, provider: str) -> None:
        """Connect an account that had to sign in again; policy and time of connecting stay."""
        values = {"grant_id": grant_id, "provider": provider}
        self._change(account_id, state=str(AccountState.CONNECTED), state_at=self._now(), **values)

    def rename(self, account_id: int, email: str) -> None:
        """Give an account another address; the former one stays known."""
        account = self.get(account_id)
        former = [*(known for known in account.former_emails if known not in (email, account.email)), account.email]
        self._change(account_id, email=email, former_emails=msgspec.json.encode(former).decode())
        moved = and_(links.c.account_id == account_id, links.c.folder_owner == account.email)
        self._db.execute(update(links).where(moved).values(folder_owner=email))

    def disconnect(self, account_id: int) -> None:
        """End the connection; its grant is due to be revoked from now on."""
        now = self._now()
        due = {"revoke_due_at": now, "revoke_next_at": now, "revoke_tries": 0, "revoke_problem": None}
        self._change(account_id, state=str(AccountState.DISCONNECTED), state_at=now, **due)

    def to_revoke(self, now: float, limit: int) -> list[int]:
        """Give accounts whose grant is to be revoked now, the longest waiting first."""
        due = and_(text("revoke_next_at IS NOT NULL"), accounts.c.revoke_next_at <= now)
        found = select(accounts.c.id).where(due).order_by(accounts.c.revoke_next_at).limit(limit)
        return list(self._db.execute(found).scalars())

    def claim_revoke(self, account_id: int, now: float, wait_s: Callable[[int], int]) -> bool:
        """Take the next try to revoke a grant, and set when the one after it is; false where none is due now."""
        due = and_(accounts.c.id == account_id, accounts.c.revoke_next_at <= now)
        tries = self._db.execute(select(accounts.c.revoke_tries).where(due)).scalar_one_or_none()
        if tries is None:
            return False
        values = {"revoke_tries": tries + 1, "revoke_next_at": int(now) + wait_s(tries + 1)}
        claimed = update(accounts).where(due, accounts.c.revoke_tries == tries).values(**values)
        return self._db.execute(claimed).rowcount == 1

    def revoked(self, account_id: int, grant_id: str) -> bool:
        """Note that a grant is revoked, unless its account was connected again meanwhile."""
        which = and_(
            accounts.c.id == account_id, accounts.c.grant_id == grant_id, accounts.c.revoke_due_at.is_not(None)
        )
        done = {"revoke_due_at": None, "revoke_next_at": None, "revoke_problem": None}
        return self._db.execute(update(accounts).where(which).values(**done)).rowcount == 1

    def not_revoked(self, account_id: int, problem: str) -> None:
        """Note why a grant could not be revoked."""
        self._change(account_id, revoke_problem=storable(problem))

    def count_to_revoke(self, target_id: int) -> int:
        due = select(func.count()).where(accounts.c.target_id == target_id, text("revoke_next_at IS NOT NULL"))
        return int(self._db.execute(due.select_from(accounts)).scalar_one())

    def _change(self, account_id: int, **values: Any) -> None:
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
        "revoke_next_at": account.revoke_due_at,
        "revoke_tries": 0,
        "revoke_problem": None,
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
        revoke_problem=row.revoke_problem or "",
        former_emails=tuple(msgspec.json.decode(row.former_emails, type=list[str])),
    )
