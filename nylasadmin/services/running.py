"""One run from claim to end: gather, plan, guard, execute. Safe to call twice, by anyone, at any time.

All state is in the run's row. A worker that dies leaves a lease that ends; the next one resolves what was announced
and not recorded, and plans again from what both sides hold now.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import msgspec

from nylasadmin.domain.guard import Hold
from nylasadmin.domain.links import AccountState, OffReason, off_reasons
from nylasadmin.domain.plan import ALWAYS, BOOKKEEPING, Action, Direction, plan
from nylasadmin.domain.privileges import ENGINE
from nylasadmin.domain.runs import Counters, Run, RunState, count
from nylasadmin.errors import NylasAdminError, NylasError, Unauthorized
from nylasadmin.services import wording
from nylasadmin.services.audit import record
from nylasadmin.services.executing import GivenUp, execute_local, execute_remote
from nylasadmin.services.guarding import digest_of_deletes, hold_of
from nylasadmin.services.leases import LEASE_S, Cancelled, Interrupted, Keeper, Lease, LeaseLost, SwitchedOff
from nylasadmin.services.observing import Facts, Subject, fidelity_of, gather, options_for
from nylasadmin.services.planning import UNWRITABLE, VICTIMS, bound_to_plan, keep_plan, keep_some
from nylasadmin.services.ports import FolderRef, ItemReader, Nylas
from nylasadmin.services.recording import Work
from nylasadmin.services.recovering import Recovery
from nylasadmin.services.rows import ItemScope
from nylasadmin.services.senders import sender_of
from nylasadmin.services.storage import Clock, Secrets, Storage, UnitOfWork, Workers

_CarryOut = Callable[[Work, list[Action]], None]
_MOST_STARTS = 20
_PLANS_KEPT_S = 7 * 86_400
_REASONS_KEPT_S = 30 * 86_400
_SIGN_IN = frozenset({OffReason.NEEDS_SIGN_IN, OffReason.DISCONNECTED})

log = logging.getLogger(__name__)


class Worker:
    """Carries out runs by their ids. One per process; may be used by many threads."""

    def __init__(
        self, storage: Storage, nylas: Nylas, secrets: Secrets, clock: Clock, workers: Workers, installation: str
    ) -> None:
        self._storage = storage
        self._nylas = nylas
        self._secrets = secrets
        self._clock = clock
        self._workers = workers
        self._installation = installation
        self._keeper = Keeper()
        self._is_stopping = threading.Event()

    def interrupt(self) -> None:
        """Give all runs back at their next item: this process is about to end, another one goes on with them."""
        self._is_stopping.set()

    def claimable(self, limit: int, snapshot_id: int | None = None) -> list[int]:
        """Give runs that may be taken now, those of processes of this machine that have ended among them."""
        if self._is_stopping.is_set():
            return []
        now = self._clock.now()
        with self._storage.read() as tx:
            gone = [name for name in tx.runs.holders(now) if self._workers.is_gone(name)]
            if not gone:
                return tx.runs.claimable(now, snapshot_id, limit)
        with self._storage.write() as tx:
            for name in gone:
                log.warning("process %s has ended; its runs go on here", name)
                tx.runs.end_leases(name)
            return tx.runs.claimable(now, snapshot_id, limit)

    def run_link(self, run_id: int) -> RunState | None:
        """Do one run to its end; ``None`` if it was not to be had, was lost on the way or given back."""
        with self._storage.write() as tx:
            run = tx.runs.claim(run_id, self._workers.name(), self._clock.now(), LEASE_S)
            if run is None:
                return None
            tx.runs.clear_failures(run.id)
        if run.fence > _MOST_STARTS:  # every worker that took it has died: it must not be tried for ever
            return self._end(run, RunState.FAILED, cause=wording.STARTED_TOO_OFTEN)
        with Lease(self._storage, self._clock, run, self._is_stopping, self._keeper) as lease:
            return self._guarded(run, lease)

    def _guarded(self, run: Run, lease: Lease) -> RunState | None:
        try:
            return self._work(run, lease)
        except LeaseLost:
            log.warning("run %s: lease lost, left to its new worker", run.id)
            return None
        except Cancelled:
            return self._let_go(run)
        except SwitchedOff as off:
            return self._switched_off(run, off.reasons)
        except Interrupted:
            self._give_back(run)
            return None
        except (KeyboardInterrupt, SystemExit):
            self._give_back(run)
            raise
        except Exception as error:  # noqa: BLE001 - one bad link must not stop the others; logged below
            return self._broken_off(run, error)

    def _broken_off(self, run: Run, error: Exception) -> RunState | None:
        if isinstance(error, GivenUp):
            return self._failed(run, error.cause)
        if not isinstance(error, NylasAdminError):
            log.error("run %s failed", run.id, exc_info=error)
        return self._failed(run, error)

    def _let_go(self, run: Run) -> RunState:
        with self._storage.write() as tx:
            tx.runs.let_go(run)
        return RunState.CANCELLED

    def _give_back(self, run: Run) -> None:
        log.info("run %s given back", run.id)
        with self._storage.write() as tx:
            tx.runs.release(run)  # unless it is over: cancelled a moment ago
            tx.runs.let_go(run)

    def _switched_off(self, run: Run, reasons: tuple[OffReason, ...]) -> RunState | None:
        """Stop where the run is: a switch is an operator's wish, a lost sign-in is a failure."""
        state = RunState.FAILED if _SIGN_IN & set(reasons) else RunState.CANCELLED
        return self._end(run, state, cause=wording.switched_off(run.direction, reasons))

    def _work(self, run: Run, lease: Lease) -> RunState | None:
        subject = self._subject(run)
        off = off_reasons(run.direction, subject.link, subject.target, subject.account)
        if off:
            return self._switched_off(run, off)
        reader = self._nylas.reader(subject.sender, subject.folder)
        if run.is_preview:
            return self._preview(run, lease, subject, reader)
        Recovery(self._storage, self._clock, run, lease, subject.sender.read_timeout_s).resolve(reader)
        if run.direction is Direction.GET:
            facts, actions = self._plan(run, lease, subject, reader)
            return self._execute(run, lease, subject, facts, actions, reader, lambda w, a: execute_local(w, reader, a))
        store = self._nylas.store(subject.sender, subject.folder)
        facts, actions = self._plan(run, lease, subject, store)
        return self._execute(run, lease, subject, facts, actions, store, lambda w, a: execute_remote(w, store, a))

    def _preview(self, run: Run, lease: Lease, subject: Subject, reader: ItemReader) -> RunState | None:
        """Keep what a run would do. Works on a reader, which has no way to write."""
        facts, actions = self._plan(run, lease, subject, reader)
        keep_plan(self._work_of(run, lease, subject, facts), reader, actions)
        with self._storage.write() as tx:
            lease.check_in(tx)
            now = int(self._clock.now())
            tx.plans.prune(now - _PLANS_KEPT_S, now - _REASONS_KEPT_S)
            tx.runs.planned(run, count(actions, len(facts.source)), RunState.RUNNING)
        return self._end(run, RunState.DONE)

    def _subject(self, run: Run) -> Subject:
        with self._storage.read() as tx:
            owned = tx.links.with_owners(run.link_id)
            sealed_key = tx.targets.sealed_key(owned.target.id)
        link, account, target = owned.link, owned.account, owned.target
        sender = sender_of(target, sealed_key, self._secrets)
        folder = FolderRef(
            grant_id=account.grant_id,
            provider=account.provider,
            folder_id=link.folder_id,
            account_email=account.email,
            installation=self._installation,
        )
        return Subject(link=link, account=account, target=target, sender=sender, folder=folder)

    def _gather(self, run: Run, subject: Subject, nylas: ItemReader, lease: Lease) -> Facts:
        fidelity = fidelity_of(run.direction, subject.account.provider)
        with self._storage.read() as tx:
            crm = [o for batch in tx.items.store(_scope(subject, run)).observe(fidelity, ALWAYS) for o in batch]
            pairs = tx.pairs.of_link(run.link_id)
            read_before = tx.runs.last_read(run.link_id, run.direction)
        facts = gather(run.direction, fidelity, nylas=nylas, crm=crm, pairs=pairs, still_wanted=lease.check)
        facts.read_before = read_before
        return facts

    def _plan(self, run: Run, lease: Lease, subject: Subject, nylas: ItemReader) -> tuple[Facts, list[Action]]:
        facts = self._gather(run, subject, nylas, lease)
        options = options_for(run.direction, subject.link, run.receiver_only)
        return facts, plan(facts.source.values(), facts.destination.values(), facts.pairs, options)

    def _execute(
        self,
        run: Run,
        lease: Lease,
        subject: Subject,
        facts: Facts,
        actions: list[Action],
        nylas: ItemReader,
        carry_out: _CarryOut,
    ) -> RunState | None:
        work = self._work_of(run, lease, subject, facts)
        bound = bound_to_plan(work, actions)
        counters = count(bound.actions, len(facts.source))
        if hold := hold_of(run, subject.target, facts, bound.actions):
            keep_some(work, nylas, bound.actions, VICTIMS)
            return self._held(run, lease, counters, hold, digest_of_deletes(bound.actions))
        keep_some(work, nylas, bound.actions, UNWRITABLE)
        with self._storage.write() as tx:
            lease.check_in(tx)
            tx.runs.planned(run, _with_done(counters, tx.runs.counters(run.id)), RunState.RUNNING)
            tx.runs.add_counts(run, Counters(moved=bound.moved))
            if not any(a.writes or a.kind in BOOKKEEPING for a in bound.actions):
                return _finished(tx, run, subject)  # nothing to do: one transaction is enough
        carry_out(work, bound.actions)
        with self._storage.write() as tx:
            return _finished(tx, run, subject)

    def _work_of(self, run: Run, lease: Lease, subject: Subject, facts: Facts) -> Work:
        return Work(run=run, facts=facts, scope=_scope(subject, run), storage=self._storage, lease=lease)

    def _held(self, run: Run, lease: Lease, counters: Counters, hold: Hold, victims: bytes) -> RunState | None:
        """Stop the run before its first write."""
        with self._storage.write() as tx:
            lease.check_in(tx)
            tx.runs.planned(run, _with_done(counters, tx.runs.counters(run.id)), RunState.PLANNING)
            return RunState.HELD if tx.runs.hold(run, hold, victims) else None

    def _failed(self, run: Run, error: Exception) -> RunState | None:
        needs_sign_in = isinstance(error, Unauthorized) and self._is_grant_expired(run)
        cause = wording.NEEDS_SIGN_IN if needs_sign_in else wording.sentence(error)
        return self._end(run, RunState.FAILED, cause, wording.raw(error), needs_sign_in=needs_sign_in)

    def _is_grant_expired(self, run: Run) -> bool:
        """Tell an expired grant from a wrong API key: the key still opens the application."""
        subject = self._subject(run)
        try:
            self._nylas.directory(subject.sender).application()
        except NylasError:
            return False
        return True

    def _end(
        self, run: Run, state: RunState, cause: str = "", detail: str = "", *, needs_sign_in: bool = False
    ) -> RunState | None:
        with self._storage.write() as tx:
            if not tx.runs.finish(run, state, cause, detail):
                tx.runs.let_go(run)
                return None
            if needs_sign_in:
                _park_account(tx, run)
            if state is RunState.FAILED and not run.is_preview:
                tx.links.finished(run.link_id, run.direction, items=None, is_failing=True)
        log.info("run %s %s", run.id, state)
        return state


def _finished(tx: UnitOfWork, run: Run, subject: Subject) -> RunState | None:
    counters = tx.runs.counters(run.id)
    if not tx.runs.finish(run, RunState.DONE):
        tx.runs.let_go(run)
        return None
    items = tx.items.count(_scope(subject, run))
    tx.links.finished(run.link_id, run.direction, items=items, is_failing=counters.failed > 0)
    log.info("run %s done: %s", run.id, msgspec.structs.asdict(counters))
    return RunState.DONE


def _park_account(tx: UnitOfWork, run: Run) -> None:
    account = tx.accounts.get(tx.links.get(run.link_id).account_id)
    if account.state is AccountState.CONNECTED:
        tx.accounts.set_state(account.id, AccountState.NEEDS_SIGN_IN)
        record(tx, ENGINE, "account.needs_sign_in", f"account {account.email}", old=account.state)


def _with_done(counters: Counters, done: Counters) -> Counters:
    """Add what an earlier worker of the same run had done already, so that a continued run counts like one run."""
    return msgspec.structs.replace(
        counters,
        to_create=counters.to_create + done.created,
        to_update=counters.to_update + done.updated,
        to_delete=counters.to_delete + done.deleted,
        unchanged=max(0, counters.unchanged - done.created - done.updated),
    )


def _scope(subject: Subject, run: Run) -> ItemScope:
    return ItemScope(user_id=subject.link.user_id, collection=subject.link.collection, origin=f"run {run.id}")
