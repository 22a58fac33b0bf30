"""Invitations: signed links that let a CRM user connect, and what such a link is good for now."""

from __future__ import annotations

import msgspec

from nylasadmin.domain.links import Account, AccountState, CrmUser
from nylasadmin.domain.privileges import Actor
from nylasadmin.domain.sign_ins import DEFAULT_HOURS, HOUR_S, MOST_HOURS, Invitation
from nylasadmin.domain.targets import Target
from nylasadmin.errors import InvalidInput, NotFound, Refused
from nylasadmin.services.audit import record
from nylasadmin.services.refusals import noting_refusals
from nylasadmin.services.storage import Clock, Invitations, Storage, UnitOfWork


class Invited(msgspec.Struct, frozen=True, kw_only=True):
    """Who may connect where. ``account`` is what is to be signed in again, or what the user has connected already."""

    target: Target
    user: CrmUser
    until: int
    account: Account | None = None
    is_again: bool = False

    @property
    def email(self) -> str:
        """Give the address to begin with."""
        return self.account.email if self.account else self.user.email

    @property
    def actor_name(self) -> str:
        return f"user:{self.user.email}"


class Inviting:
    def __init__(self, storage: Storage, invitations: Invitations, clock: Clock) -> None:
        self._storage = storage
        self._invitations = invitations
        self._clock = clock

    def user(self, wanted: str) -> CrmUser:
        """Give a CRM user by id or e-mail address. Raises :class:`NotFound`."""
        with self._storage.read() as tx:
            return _user(tx, wanted.strip())

    def account(self, target_id: int, user_id: str) -> Account:
        """Give what a CRM user has connected at a target. Raises :class:`NotFound`."""
        with self._storage.read() as tx:
            invited = invited_by(tx, Invitation(target=target_id, user=user_id, until=0))
        if invited.account is None:
            raise NotFound("account", f"of {invited.user.email}")
        return invited.account

    @noting_refusals("account.invite", "CRM user {user_id} at target {target_id}")
    def invite(
        self,
        actor: Actor,
        target_id: int,
        user_id: str,
        *,
        account_id: int | None = None,
        lives_s: int = DEFAULT_HOURS * HOUR_S,
    ) -> str:
        """Give the path of a signed link with which a CRM user connects; with ``account_id``, signs in again.

        ``user_id`` may be the user's e-mail address. Raises :class:`NotFound` for what is not there, and
        :class:`InvalidInput` for a life (``hours``) that is too short or too long.
        """
        if not 0 < lives_s <= MOST_HOURS * HOUR_S:
            raise InvalidInput({"hours": f"Enter a number of hours from 1 to {MOST_HOURS}."})
        until = int(self._clock.now()) + lives_s
        with self._storage.write() as tx:
            user = _user(tx, user_id)
            invitation = Invitation(target=target_id, user=user.id, until=until, account=account_id)
            invited = invited_by(tx, invitation)
            facts = {"target": invited.target.name, "hours": lives_s / HOUR_S, "again": invited.is_again}
            record(tx, actor, "account.invite", f"account {invited.email}", new=facts)
        return f"/connect/{self._invitations.sign(invitation)}"

    def key(self, actor: Actor) -> str:
        """Give the key with which a CRM signs invitations."""
        with self._storage.write() as tx:
            record(tx, actor, "account.invite_key", "invitation key", new="shown")
        return self._invitations.key()

    def suggested(self, target_id: int, most: int) -> list[CrmUser]:
        """Give CRM users that have nothing connected at a target, up to a number."""
        with self._storage.read() as tx:
            accounts = tx.accounts.of_target(target_id)
            connected = {a.user_id for a in accounts if a.state is not AccountState.DISCONNECTED}
            return [user for user in tx.users.all() if user.id not in connected][:most]

    def look(self, token: str) -> Invited:
        """Say what a link is good for now.

        Raises :class:`Refused`: ``invitation_unreadable``, ``invitation_expired``, ``invitation_long`` for one of a
        CRM that would work too long, ``invitation_gone`` where target, user or account is not there any more.
        """
        invitation = self._invitations.read(token)
        left_s = invitation.until - self._clock.now()
        if left_s <= 0:
            raise Refused("invitation_expired")
        if left_s > MOST_HOURS * HOUR_S:
            raise Refused("invitation_long", days=MOST_HOURS // 24)
        with self._storage.read() as tx:
            try:
                return invited_by(tx, invitation)
            except NotFound as error:
                raise Refused("invitation_gone") from error


def invited_by(tx: UnitOfWork, invitation: Invitation) -> Invited:
    """Find what an invitation names. Raises :class:`NotFound`."""
    target = _target(tx, invitation.target)
    user = _user(tx, invitation.user)
    its = tx.accounts.of_user(target.id, user.id)
    if invitation.account is not None:
        account = next((a for a in its if a.id == invitation.account), None)
        if account is None:
            raise NotFound("account", invitation.account)
    else:
        account = next((a for a in its if a.state is not AccountState.DISCONNECTED), None)
    is_again = invitation.account is not None
    return Invited(target=target, user=user, until=invitation.until, account=account, is_again=is_again)


def _target(tx: UnitOfWork, wanted: int | str) -> Target:
    if isinstance(wanted, int):
        return tx.targets.get(wanted)
    target = tx.targets.by_name(wanted)
    if target is None:
        raise NotFound("target", wanted)
    return target


def _user(tx: UnitOfWork, wanted: str) -> CrmUser:
    user = tx.users.get(wanted) or tx.users.by_email(wanted.lower())
    if user is None:
        raise NotFound("user", wanted)
    return user
