"""What became of an attempt to sign in, as its person is told."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from nylasadmin.domain.links import Account, CrmUser
from nylasadmin.domain.privileges import ENGINE
from nylasadmin.domain.sign_ins import SignIn, SignInProblem, SignInState
from nylasadmin.domain.targets import Target
from nylasadmin.errors import Refused
from nylasadmin.services.audit import record
from nylasadmin.services.storage import Clock, Storage, UnitOfWork, Workers
from nylasadmin.services.views import RunRow, SnapshotView

_LOST_S = 300
"""A process of another machine that has not gone on for so long has ended."""
_MOST_LINKS = 200


class Step(StrEnum):
    """The one word about an attempt."""

    WAITING = "waiting"
    EXCHANGING = "exchanging"
    READING = "reading"
    SYNCING = "syncing"
    DONE = "done"
    FAILED = "failed"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt with what it led to. ``snapshot`` is the first synchronization, or what catches up after a sign-in."""

    sign_in: SignIn
    target: Target
    user: CrmUser
    step: Step
    account: Account | None = None
    snapshot: SnapshotView | None = None
    runs: tuple[RunRow, ...] = ()
    offered: tuple[str, ...] = ()
    is_overdue: bool = False

    @property
    def is_again(self) -> bool:
        """Say whether the account was connected before and has only signed in again."""
        return self.account is not None and self.account.connected_at < self.sign_in.created_at

    @property
    def is_live(self) -> bool:
        """Say whether it goes on by itself."""
        if self.step is Step.SYNCING:
            return self.snapshot is not None and self.snapshot.is_live
        return self.step in (Step.EXCHANGING, Step.READING)


class Outcomes:
    def __init__(self, storage: Storage, clock: Clock, workers: Workers) -> None:
        self._storage = storage
        self._clock = clock
        self._workers = workers

    def of(self, nonce: str) -> Outcome:
        """Say how far an attempt is. Raises :class:`Refused` (``sign_in_unknown``)."""
        with self._storage.read() as tx:
            sign_in = _found(tx, nonce)
            if not self._is_lost(sign_in):
                return self._outcome(tx, sign_in)
        with self._storage.write() as tx:
            if tx.sign_ins.failed(sign_in.id, SignInProblem.INTERRUPTED):
                why = {"why": SignInProblem.INTERRUPTED, "was": sign_in.state}
                record(tx, ENGINE, "account.connect", f"account {sign_in.email}", new=why, outcome="failed")
            return self._outcome(tx, _found(tx, nonce))

    def _is_lost(self, sign_in: SignIn) -> bool:
        """Say whether the process that went on with an attempt has ended."""
        if sign_in.returned_at is None or sign_in.state.is_over:
            return False
        return self._workers.is_gone(sign_in.worker) or self._clock.now() - sign_in.returned_at > _LOST_S

    def _outcome(self, tx: UnitOfWork, sign_in: SignIn) -> Outcome:
        user = tx.users.get(sign_in.user_id)
        if user is None:
            raise Refused("sign_in_unknown")
        outcome = Outcome(
            sign_in=sign_in, target=tx.targets.get(sign_in.target_id), user=user, step=Step(_STEPS[sign_in.state])
        )
        if sign_in.state is not SignInState.CONNECTED or sign_in.account_id is None:
            return outcome
        account = tx.accounts.get(sign_in.account_id)
        snapshot = tx.console.snapshot(account.first_snapshot_id) if account.first_snapshot_id else None
        links = tx.links.of_account(account.id)
        return msgspec.structs.replace(
            outcome,
            account=account,
            step=Step.SYNCING if account.is_syncing else Step.DONE,
            snapshot=snapshot,
            runs=tuple(tx.console.runs(snapshot.id, (), 0, _MOST_LINKS)) if snapshot else (),
            offered=tuple(link.folder_name for link in links if not link.inbound and not link.outbound),
            is_overdue=account.is_overdue(self._clock.now()),
        )


def _found(tx: UnitOfWork, nonce: str) -> SignIn:
    sign_in = tx.sign_ins.by_nonce(nonce)
    if sign_in is None:
        raise Refused("sign_in_unknown")
    return sign_in


_STEPS = {
    SignInState.WAITING: Step.WAITING,
    SignInState.EXCHANGING: Step.EXCHANGING,
    SignInState.READING: Step.READING,
    SignInState.CONNECTED: Step.DONE,
    SignInState.FAILED: Step.FAILED,
}
