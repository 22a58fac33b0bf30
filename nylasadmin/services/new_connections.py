"""What becomes of a grant that a CRM user has just made: account, links, first synchronization. In one transaction."""

from __future__ import annotations

import msgspec

from nylasadmin.domain.directory import Folders, Grant
from nylasadmin.domain.links import Account, AccountState, CrmUser
from nylasadmin.domain.policies import freeze
from nylasadmin.domain.sign_ins import SignIn, SignInProblem
from nylasadmin.domain.targets import Target
from nylasadmin.services.accounts_resume import continue_after_sign_in, get_of_account
from nylasadmin.services.discovering import links_to, offered
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


def store(tx: UnitOfWork, target: Target, user: CrmUser, grant: Grant, folders: Folders, now: int) -> Stored:
    """Store a grant's account and links, and ask for what is to be copied now.

    A new connection freezes the policies and starts with the primary calendar and the address book; links that were
    there before come back as they were. An account that only signs in again keeps its policy, and catches up.
    """
    known = tx.accounts.by_address(target.id, grant.email)
    is_new = known is None or known.state is AccountState.DISCONNECTED
    account_id = tx.accounts.save(
        Account(
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
    )
    made = [tx.links.save(link) for link in offered(links_to(folders, target.id, account_id, grant, user))]
    account = tx.accounts.get(account_id)
    return Stored(account=account, is_new=is_new, links=len(made), snapshot_id=_first_get(tx, account, is_new))


def _first_get(tx: UnitOfWork, account: Account, is_new: bool) -> int | None:
    if not is_new and account.synced_at is not None:
        return continue_after_sign_in(tx, account)
    snapshot_id = get_of_account(tx, account, f"first synchronization of {account.email}")
    if snapshot_id is not None:
        tx.accounts.set_first_snapshot(account.id, snapshot_id)
    return snapshot_id
