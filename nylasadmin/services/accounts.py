"""Accounts: look at them, disconnect them, change their address, and go on after a new sign-in."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from nylasadmin.domain import limits
from nylasadmin.domain.directory import Grant
from nylasadmin.domain.links import Account, AccountState
from nylasadmin.domain.privileges import ENGINE, Actor
from nylasadmin.errors import InvalidInput, Refused
from nylasadmin.services.account_views import AccountPage, AccountQuery, AccountRow
from nylasadmin.services.audit import record
from nylasadmin.services.refusals import noting_refusals
from nylasadmin.services.revoking import Revoking
from nylasadmin.services.storage import Clock, Storage, UnitOfWork

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_LONGEST_ADDRESS = 320


class Accounts:
    """``wake`` tells the runner that there is work."""

    def __init__(self, storage: Storage, clock: Clock, revoking: Revoking, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._clock = clock
        self._revoking = revoking
        self._wake = wake

    def rows(self, query: AccountQuery) -> AccountPage:
        """Give one page, by address. A page behind the last one is the last one."""
        with self._storage.read() as tx:
            found = tx.console.accounts(query, self._clock.now())
            if found.rows or query.page <= found.pages:
                return found
            return tx.console.accounts(msgspec.structs.replace(query, page=found.pages), self._clock.now())

    def get(self, account_id: int) -> AccountRow:
        """Give an account. Raises ``NotFound``."""
        with self._storage.read() as tx:
            return tx.console.account(account_id, self._clock.now())

    @noting_refusals("account.disconnect", "account {account_id}")
    def disconnect(self, actor: Actor, account_id: int, *, typed: str | None = None) -> AccountRow:
        """End a connection: remove its links, end their runs, and revoke the grant at Nylas, now or as soon as it can.

        The pairs stay, so that connecting again doubles nothing. Doing it twice does nothing twice. ``typed``: the
        address as somebody typed it to confirm; raises :class:`InvalidInput` for another one.
        """
        with self._storage.write() as tx:
            account = tx.accounts.get(account_id)
            if typed is not None and typed.strip().lower() != account.email:
                raise InvalidInput({"typed": f"Type {account.email} to confirm."})
            _end_connection(tx, actor, account)
        self._revoking.try_now(account_id)
        self._wake()  # other links of a snapshot may have waited for the runs that were ended
        return self.get(account_id)

    @noting_refusals("account.rename", "account {account_id}")
    def rename(self, actor: Actor, account_id: int, email: str) -> AccountRow:
        """Give an account another address; its links and pairs stay. Raises :class:`InvalidInput`."""
        email = email.strip().lower()
        with self._storage.write() as tx:
            account = tx.accounts.get(account_id)
            if problem := _address_problem(tx, account, email):
                raise InvalidInput({"email": problem})
            change_address(tx, actor, account, email)
        return self.get(account_id)


def _end_connection(tx: UnitOfWork, actor: Actor, account: Account) -> None:
    if account.state is AccountState.DISCONNECTED:
        record(tx, actor, "account.disconnect", f"account {account.email}", old=account.state)
        return
    links = [link.id for link in tx.links.of_account(account.id)]
    ended = tx.runs.cancel_of_links(links)
    removed = tx.links.remove_all(account.id)
    tx.accounts.disconnect(account.id)
    facts = {"links": removed, "runs_cancelled": len(ended), "grant": account.grant_id}
    record(tx, actor, "account.disconnect", f"account {account.email}", old=account.state, new=facts)


def _address_problem(tx: UnitOfWork, account: Account, email: str) -> str:
    """Say why an account cannot have an address; nothing if it can."""
    if long := limits.too_long(email, _LONGEST_ADDRESS):
        return long
    if not _ADDRESS.fullmatch(email):
        return "Enter an e-mail address, for example anna@example.com."
    if email == account.email:
        return "That is its address already."
    other = tx.accounts.by_address(account.target_id, email)
    if other is None:
        return ""
    user = tx.users.get(other.user_id)
    whose = f"{user.name if user else other.user_id}, {other.state.replace('_', ' ')}"
    return f"Another account of this target has that address already ({whose}); an address has one account."


def change_address(tx: UnitOfWork, actor: Actor, account: Account, email: str) -> None:
    """Give an account an address that no other account of its target has."""
    tx.accounts.rename(account.id, email)
    record(tx, actor, "account.rename", f"account {email}", old={"email": account.email}, new={"email": email})


def signed_in_again(tx: UnitOfWork, account_id: int, grant: Grant, actor: Actor = ENGINE) -> bool:
    """Let an account go on with a valid grant; say whether there is work by that, so that the runner is to be woken.

    Policy and time of connecting stay. What was missed meanwhile is copied by a Get snapshot that falls due for every
    inbound link as soon as nothing else works on it. Raises :class:`Refused` for an account that was disconnected: it
    connects anew instead.
    """
    account = tx.accounts.get(account_id)
    if account.state is AccountState.DISCONNECTED:
        raise Refused("account_disconnected", email=account.email)
    if account.state is AccountState.CONNECTED and account.grant_id == grant.id:
        return False
    tx.accounts.signed_in(account.id, grant.id, grant.provider)
    resumed = tx.runs.resume_parked(account.id)
    facts = {"runs_resumed": len(resumed), "links_to_catch_up": tx.links.fall_behind(account.id)}
    if account.grant_id != grant.id:
        facts |= {"grant": grant.id}  # type: ignore[dict-item]
    record(tx, actor, "account.signed_in", f"account {account.email}", old=account.state, new=facts)
    return True
