"""Connecting: a CRM user signs in at Nylas' pages, comes back with a code, and gets an account with links.

The attempt is a row, so that each step happens once, whatever is clicked twice and whenever the process ends. What
takes long is done later, by an errand; the page of the attempt follows its row.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence

import msgspec

from nylasadmin.domain.directory import Folders, Grant
from nylasadmin.domain.links import CrmUser
from nylasadmin.domain.privileges import Actor
from nylasadmin.domain.sign_ins import SignIn, SignInProblem, SignInState, email_problem
from nylasadmin.domain.targets import Target
from nylasadmin.errors import CodeRefused, InvalidInput, NotFound, NylasError, Refused, ReturnNotAllowed
from nylasadmin.services import wording
from nylasadmin.services.audit import record
from nylasadmin.services.discovering import folders_of
from nylasadmin.services.invitations import Invited, Inviting
from nylasadmin.services.new_connections import Stored, conflict_of, is_expected, other_of, store
from nylasadmin.services.ports import Directory, HostedAuth, Nylas, SenderSettings, SignInWish
from nylasadmin.services.refusals import noting_refusals
from nylasadmin.services.rows import NewSignIn
from nylasadmin.services.senders import sender_of
from nylasadmin.services.storage import Clock, Invitations, Secrets, Storage, UnitOfWork, Workers

log = logging.getLogger(__name__)

SIGN_IN_VERIFIER = "sign_ins.verifier"
_KEPT_S = 90 * 86_400
Errand = Callable[[], None]


class Begun(msgspec.Struct, frozen=True):
    """An attempt, and where the browser goes on."""

    nonce: str
    url: str


class Connecting(Inviting):
    """``later`` does an errand soon, ``wake`` tells the runner that there is work."""

    def __init__(
        self,
        storage: Storage,
        nylas: Nylas,
        secrets: Secrets,
        invitations: Invitations,
        clock: Clock,
        workers: Workers,
        later: Callable[[Errand], None],
        wake: Callable[[], None],
    ) -> None:
        super().__init__(storage, invitations, clock)
        self._nylas = nylas
        self._secrets = secrets
        self._workers = workers
        self._later = later
        self._wake = wake

    # --- there

    def begin(self, address: str, token: str, email: str, redirect_uri: str) -> Begun:
        """Begin an attempt to sign in; give the address at Nylas.

        ``address`` is where the person asks from. Raises what :meth:`look` does, :class:`InvalidInput` for ``email``,
        :class:`Refused` (``connect_taken``, ``connect_other``, ``connect_disabled``, ``return_not_registered``) and
        :class:`NylasError`.
        """
        invited = self.look(token)
        wanted = invited.email if invited.is_again else email.strip().lower()
        return self._begin(Actor(name=invited.actor_name, address=address), invited, wanted, redirect_uri)

    @noting_refusals("account.sign_in", "account {email}")
    def _begin(self, actor: Actor, invited: Invited, email: str, redirect_uri: str) -> Begun:
        problem = email_problem(email)
        if problem:
            raise InvalidInput({"email": problem})
        if invited.target.is_disabled:
            raise Refused("connect_disabled", target=invited.target.name)
        with self._storage.read() as tx:
            _refuse_conflict(tx, invited, email)
            sender = sender_of(invited.target, tx.targets.sealed_key(invited.target.id), self._secrets)
        account = invited.account if invited.account and invited.account.email == email else None
        wish = SignInWish(
            redirect_uri=redirect_uri,
            state=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            login_hint=email,
            provider=account.provider if account else "",
        )
        pages = self._nylas.hosted_auth(sender, self._application_id(invited.target, sender))
        try:
            pages.check(wish)
        except ReturnNotAllowed as error:
            raise Refused("return_not_registered", address=redirect_uri) from error
        with self._storage.write() as tx:
            tx.sign_ins.prune(int(self._clock.now()) - _KEPT_S)
            tx.sign_ins.add(
                NewSignIn(
                    nonce=wish.state,
                    target_id=invited.target.id,
                    user_id=invited.user.id,
                    account_id=account.id if account else None,
                    email=email,
                    redirect_uri=redirect_uri,
                    sealed_verifier=self._secrets.seal(wish.verifier, SIGN_IN_VERIFIER),
                )
            )
            facts = {"target": invited.target.name, "user": invited.user.id, "again": account is not None}
            record(tx, actor, "account.sign_in", f"account {email}", new=facts)
        return Begun(wish.state, pages.authorization_url(wish))

    def _application_id(self, target: Target, sender: SenderSettings) -> str:
        """Give the application whose pages are shown; Nylas is asked for it once per target."""
        if target.application_id:
            return target.application_id
        found = self._nylas.directory(sender).application().id
        with self._storage.write() as tx:
            tx.targets.set_application(target.id, found)
        return found

    # --- and back

    def come_back(self, address: str, nonce: str, *, code: str = "", error: str = "", said: str = "") -> None:
        """Take what a person brings back from Nylas. A second time, nothing happens: the first one counts.

        Raises :class:`Refused` (``sign_in_unknown``).
        """
        with self._storage.write() as tx:
            sign_in = tx.sign_ins.by_nonce(nonce)
            if sign_in is None:
                raise Refused("sign_in_unknown")
            if sign_in.state is not SignInState.WAITING:
                return
            actor = _actor_of(tx, sign_in, address)
            if error or not code:
                problem = SignInProblem.REFUSED if error == "access_denied" else SignInProblem.PROVIDER
                _fail(tx, actor, sign_in, problem, (said or error or "no code came back")[:300])
                return
            if not tx.sign_ins.returned(sign_in.id, self._workers.name()):
                return
        self._later(lambda: self._connect(actor, sign_in, code))

    def _connect(self, actor: Actor, sign_in: SignIn, code: str) -> None:
        """Do all that follows the way back; whatever happens, the attempt comes to an end."""
        try:
            problem, detail = self._connected(actor, sign_in, code)
        except NylasError as error:
            problem, detail = _problem_of(error), wording.sentence(error)
        except NotFound:
            problem, detail = SignInProblem.GONE, ""
        except Exception:  # the person waits for an answer; logged here
            log.exception("connecting failed")
            problem, detail = SignInProblem.FAULT, ""
        if problem is not None:
            with self._storage.write() as tx:
                _fail(tx, actor, sign_in, problem, detail)

    def _connected(self, actor: Actor, sign_in: SignIn, code: str) -> tuple[SignInProblem | None, str]:
        """Exchange the code, read the folders, store; give what is wrong, with the words of it."""
        with self._storage.read() as tx:
            target = tx.targets.get(sign_in.target_id)
            sender = sender_of(target, tx.targets.sealed_key(target.id), self._secrets)
            verifier = self._secrets.unseal(tx.sign_ins.sealed_verifier(sign_in.id), SIGN_IN_VERIFIER)
        directory = self._nylas.directory(sender)
        pages = self._nylas.hosted_auth(sender, self._application_id(target, sender))
        grant = _whole(directory, pages, code, verifier, sign_in)
        with self._storage.write() as tx:
            known = tx.accounts.get(sign_in.account_id) if sign_in.account_id is not None else None
            expected = is_expected(sign_in, known, grant)
            tx.sign_ins.reading(sign_in.id)
        if not expected:
            return SignInProblem.WRONG_ACCOUNT, self._dropped(actor, directory, grant)
        if known is not None:
            grant = msgspec.structs.replace(grant, email=known.email)
        listed = folders_of(directory, [grant])
        if grant.id not in listed.folders:
            return SignInProblem.UNREACHABLE, "; ".join(listed.trouble)
        return self._stored(actor, sign_in, grant, listed.folders[grant.id], listed.trouble)

    def _stored(
        self, actor: Actor, sign_in: SignIn, grant: Grant, folders: Folders, trouble: Sequence[str]
    ) -> tuple[SignInProblem | None, str]:
        now = int(self._clock.now())
        with self._storage.write() as tx:
            target, user = tx.targets.get(sign_in.target_id), _user_of(tx, sign_in)
            conflict = conflict_of(tx, target.id, user, grant.email)
            if conflict is not None:
                return conflict, grant.email
            stored = store(tx, actor, target, user, grant, folders, now)
            if not tx.sign_ins.connected(sign_in.id, stored.account.id, "; ".join(trouble)):
                raise NotFound("sign-in", sign_in.id)  # rolls all of it back
            action = "account.connect" if stored.is_new else "account.sign_in_again"
            record(tx, actor, action, f"account {stored.account.email}", new=_facts(target, user, stored, trouble))
        self._wake()
        return None, ""

    def _dropped(self, actor: Actor, directory: Directory, grant: Grant) -> str:
        """Revoke a grant that nobody wanted and that this sign-in has made; give the address of it.

        One that was there before may be another program's, and one of our accounts' stays.
        """
        with self._storage.read() as tx:
            if tx.accounts.holds_grant(grant.id):
                return grant.email
        why: dict[str, str] = {}
        try:
            if not directory.grant(grant.id).is_fresh:
                return grant.email
            directory.revoke(grant.id)
        except NylasError as error:
            why = {"why": wording.sentence(error)}
        with self._storage.write() as tx:
            outcome = "failed" if why else "done"
            record(tx, actor, "grant.revoke", f"grant {grant.id}", old={"email": grant.email}, new=why, outcome=outcome)
        return grant.email


def _whole(directory: Directory, pages: HostedAuth, code: str, verifier: str, sign_in: SignIn) -> Grant:
    grant = pages.exchange(code, verifier, sign_in.redirect_uri)
    return grant if grant.email and grant.provider else directory.grant(grant.id)


def _refuse_conflict(tx: UnitOfWork, invited: Invited, email: str) -> None:
    conflict = conflict_of(tx, invited.target.id, invited.user, email)
    if conflict is SignInProblem.TAKEN:
        raise Refused("connect_taken", email=email)
    other = other_of(tx, invited.target.id, invited.user, email)
    if other is not None:
        raise Refused("connect_other", email=other.email)


def _problem_of(error: NylasError) -> SignInProblem:
    if isinstance(error, CodeRefused):
        return SignInProblem.CODE_REFUSED
    return SignInProblem.UNREACHABLE if error.is_transient or error.status is None else SignInProblem.NYLAS_REFUSED


def _fail(tx: UnitOfWork, actor: Actor, sign_in: SignIn, problem: SignInProblem, detail: str) -> None:
    if tx.sign_ins.failed(sign_in.id, problem, detail):
        is_fault = problem in (SignInProblem.UNREACHABLE, SignInProblem.FAULT, SignInProblem.INTERRUPTED)
        facts = {"why": problem} | ({"detail": detail} if detail else {})
        outcome = "failed" if is_fault else "refused"
        record(tx, actor, "account.connect", f"account {sign_in.email}", new=facts, outcome=outcome)


def _user_of(tx: UnitOfWork, sign_in: SignIn) -> CrmUser:
    user = tx.users.get(sign_in.user_id)
    if user is None:
        raise NotFound("user", sign_in.user_id)
    return user


def _actor_of(tx: UnitOfWork, sign_in: SignIn, address: str) -> Actor:
    return Actor(name=f"user:{_user_of(tx, sign_in).email}", address=address)


def _facts(target: Target, user: CrmUser, stored: Stored, trouble: Sequence[str]) -> dict[str, object]:
    account = stored.account
    return {
        "target": target.name,
        "user": user.id,
        "provider": account.provider,
        "grant": account.grant_id,
        "links": stored.links,
        "snapshot": stored.snapshot_id,
        "sync_from": account.policy.sync_from,
        **({"problems": list(trouble)} if trouble else {}),
    }
