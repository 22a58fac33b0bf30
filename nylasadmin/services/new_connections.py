"""What becomes of a grant that a CRM user has just made: account, links, first synchronization. In one transaction."""

from __future__ import annotations

import msgspec

from nylasadmin.domain.directory import Folders, Grant
from nylasadmin.domain.links import Account, AccountState, CrmUser
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.policies import freeze
from nylasadmin.domain.privileges import ENGINE, Actor
from nylasadmin.domain.sign_ins import SignIn, SignInProblem
from nylasadmin.domain.targets import Target
from nylasadmin.errors import Refused
from nylasadmin.services.accounts import signed_in_again
from nylasadmin.services.audit import record
from nylasadmin.services.discovering import links_to, offered
from nylasadmin.services.snapshots import Wish, add_over
from nylasadmin.services.storage import UnitOfWork


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What was stored. ``is_new``: the policies were frozen now; ``snapshot_id``: the Get that was asked for."""

    account: Account
    is_new: bool
    links: int
    snapshot_id: int | None


def conflict_of(tx: UnitOfWork, target_id: int, user: CrmUser, email: str) -> SignInProblem | None:
    """Say why a user may not connect an address: it is somebody else's, or the user has another one connected."""
    known = tx.accounts.by_address(target_id, email)
    owner = tx.users.by_email(email)
    if (known is not None and known.user_id != user.id) or (owner is not None and owner.id != user.id):
        return SignInProblem.TAKEN
    if other_of(tx, target_id, user, email) is not None:
        return SignInProblem.HAS_ANOTHER
    return None


def other_of(tx: UnitOfWork, target_id: int, user: CrmUser, email: str) -> Account | None:
    """Give the account that a user has connected with another address."""
    its = tx.accounts.of_user(target_id, user.id)
    return next((a for a in its if a.email != email and a.state is not AccountState.DISCONNECTED), None)


def is_expected(sign_in: SignIn, known: Account | None, grant: Grant) -> bool:
    """Say whether a person has signed in as whom the attempt was for: by the address, or by the account's own grant."""
    return grant.email == sign_in.email or (known is not None and known.grant_id == grant.id)


def store(
    tx: UnitOfWork, actor: Actor, target: Target, user: CrmUser, grant: Grant, folders: Folders, now: int
) -> Stored:
    """Store a grant's account and links, and see to it that what is to be copied now is. The caller wakes the runner.

    A new connection freezes the policies and starts with the primary calendar and the address book; links that were
    there before come back as they were. An account that only signs in again keeps its policy, and catches up.
    """
    known = tx.accounts.by_address(target.id, grant.email)
    if known is not None and known.state is not AccountState.DISCONNECTED:
        signed_in_again(tx, known.id, grant, actor)
        account, is_new = known, False
    else:
        account, is_new = _connected(tx, target, user, grant, now), True
    made = [tx.links.save(link) for link in offered(links_to(folders, target.id, account.id, grant, user))]
    snapshot_id = _first_get(tx, account) if account.synced_at is None and account.first_snapshot_id is None else None
    return Stored(account=tx.accounts.get(account.id), is_new=is_new, links=len(made), snapshot_id=snapshot_id)


def _connected(tx: UnitOfWork, target: Target, user: CrmUser, grant: Grant, now: int) -> Account:
    account = Account(
        id=0,
        target_id=target.id,
        user_id=user.id,
        email=grant.email,
        provider=grant.provider,
        grant_id=grant.id,
        connected_at=now,
        frozen_at=now,
        state_at=now,
        policy=freeze(target.policies, now),
    )
    return tx.accounts.get(tx.accounts.save(account))


def _first_get(tx: UnitOfWork, account: Account) -> int | None:
    """Ask for the first synchronization: a Get over the links that are on; ``None`` where there is none to copy."""
    links = [link for link in tx.links.of_account(account.id) if link.inbound]
    reason = f"first synchronization of {account.email}"
    wish = Wish(direction=Direction.GET, target_id=account.target_id, reason=reason)
    try:
        snapshot_id, runs = add_over(tx, ENGINE, wish, links)
    except Refused:  # no link is on, all are busy, or the target is off: whoever changes that asks for one
        return None
    facts = {"direction": wish.direction, "links": runs, "reason": reason}
    record(tx, ENGINE, "snapshot.request", tx.console.snapshot(snapshot_id).name, new=facts)
    tx.accounts.set_first_snapshot(account.id, snapshot_id)
    return snapshot_id
