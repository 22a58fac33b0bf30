"""One run from claim to end: gather, plan, guard, execute. Safe to call twice, by anyone, at any time.

All state is in the run's row. A worker that dies leaves a lease that ends; the next one resolves what was announced
and not recorded, and plans again from what both sides hold now.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial

import msgspec

from nylasadmin.domain.guard import spare
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.links import AccountState, OffReason, off_reasons
from nylasadmin.domain.plan import BOOKKEEPING, WRITES, Action, Direction
from nylasadmin.domain.runs import Counters, Run, RunState, count
from nylasadmin.errors import NylasAdminError, NylasError, Unauthorized
from nylasadmin.services import wording
from nylasadmin.services.due import do_what_is_due, forget_overtaken, is_something_due
from nylasadmin.services.endings import finish, needs_sign_in
from nylasadmin.services.executing import GivenUp, execute_local, execute_remote
from nylasadmin.services.failed import clear_settled
from nylasadmin.services.guarding import Verdict, judge, tally_of
from nylasadmin.services.leases import LEASE_S, Cancelled, Interrupted, Keeper, Lease, LeaseLost, Paused, SwitchedOff
from nylasadmin.services.observing import Facts, Subject, fidelity_of, scope_of
from nylasadmin.services.planning import KEPT_DAYS, UNWRITABLE, VICTIMS, bound_to_plan, keep_plan, keep_some
from nylasadmin.services.ports import ItemReader, Nylas
from nylasadmin.services.recognizing import to_remember
from nylasadmin.services.recording import Work
from nylasadmin.services.recovering import Recovery
from nylasadmin.services.retention import Retention
from nylasadmin.services.run_plans import Planner
from nylasadmin.services.sampling import Sampler
from nylasadmin.services.senders import folder_of, is_key_good, sender_of
from nylasadmin.services.storage import Clock, Secrets, Storage, UnitOfWork, Workers
from nylasadmin.services.undo_runs import Images

_CarryOut = Callable[[Work, list[Action]], None]
_MOST_STARTS = 20
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
        self._planner = Planner(storage, clock)
        self._keeper = Keeper()
        self._sampler = Sampler()
        self._retention = Retention(storage, clock)
        self._is_stopping = threading.Event()

    def interrupt(self) -> None:
        """Give all runs back at their next item: this process is about to end, another one goes on with them."""
        self._is_stopping.set()

    def claimable(self, limit: int, snapshot_id: int | None = None) -> list[int]:
        """Give runs that may be taken now, those of processes of this machine that have ended among them.

        What waits for a decision that only the database's rows make is decided first: whoever looks for work does it.
        """
        if self._is_stopping.is_set():
            return []
        now = self._clock.now()
        with self._storage.read() as tx:
            gone = [name for name in tx.runs.holders(now) if self._workers.is_gone(name)]
            if not gone and not is_something_due(tx):
                return tx.runs.claimable(now, snapshot_id, limit)
        with self._storage.write() as tx:
            for name in gone:
                log.warning("process %s has ended; its runs go on here", name)
                tx.runs.end_leases(name)
            do_what_is_due(tx)
            return tx.runs.claimable(now, snapshot_id, limit)

    def run_link(self, run_id: int) -> RunState | None:
        """Do one run to its end; ``None`` if it was not to be had, was lost on the way or given back."""
        with self._storage.write() as tx:
            run = tx.runs.claim(run_id, self._workers.name(), self._clock.now(), LEASE_S)
            if run is None:
                return None
            if run.fence > 1:  # an earlier worker may have left some
                tx.runs.clear_failures(run.id)
        if run.fence - run.pauses > _MOST_STARTS:  # every worker that took it has died: it must not be tried for ever
            return self._end(run, RunState.FAILED, cause=wording.STARTED_TOO_OFTEN)
        with Lease(self._storage, self._clock, run, self._is_stopping, self._keeper) as lease:
            state = self._guarded(run, lease)
        self._retention.step()
        return state

    def _guarded(self, run: Run, lease: Lease) -> RunState | None:
        try:
            return self._work(run, lease)
        except LeaseLost:
            log.warning("run %s: lease lost, left to its new worker", run.id)
            return None
        except Cancelled:
            return self._let_go(run, RunState.CANCELLED)
        except Paused:
            return self._let_go(run, RunState.PAUSED)
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

    def _let_go(self, run: Run, state: RunState) -> RunState:
        """Free a run that somebody else has put into ``state``."""
        with self._storage.write() as tx:
            tx.runs.let_go(run)
            if not run.is_preview:
                self._sampler.end(tx, run.snapshot_id)
        return state

    def _give_back(self, run: Run) -> None:
        log.info("run %s given back", run.id)
        with self._storage.write() as tx:
            tx.runs.release(run)  # unless it is over: cancelled a moment ago
            tx.runs.let_go(run)

    def _switched_off(self, run: Run, reasons: tuple[OffReason, ...]) -> RunState | None:
        """Stop where the run is: a switch is somebody's wish and ends it, a lost sign-in parks it.

        A preview has written nothing and ends: its plan says which links it could not compare.
        """
        if set(reasons) == {OffReason.NEEDS_SIGN_IN} and not run.is_preview:
            return self._parked(run)
        state = RunState.FAILED if run.is_preview and _SIGN_IN & set(reasons) else RunState.CANCELLED
        return self._end(run, state, cause=wording.switched_off(run.direction, reasons))

    def _parked(self, run: Run, error: Unauthorized | None = None) -> RunState | None:
        """Stop where the run is until its account has signed in again; without ``error`` it was found signed out.

        Where it has signed in since this worker took the run, the run goes on at once.
        """
        with self._storage.write() as tx:
            account = tx.accounts.get(run.account_id)
            has_signed_in = account.state is AccountState.CONNECTED
            if has_signed_in and (error is None or account.state_at > run.claimed_at):
                tx.runs.release(run)
                tx.runs.let_go(run)
                return None
            if not tx.runs.park(run, wording.PARKED, wording.raw(error) if error else ""):
                tx.runs.let_go(run)
                return None
            needs_sign_in(tx, account)
            self._sampler.end(tx, run.snapshot_id)
        log.info("run %s parked until account %s signs in again", run.id, run.account_id)
        return RunState.PAUSED

    def _work(self, run: Run, lease: Lease) -> RunState | None:
        subject = self._subject(run)
        off = off_reasons(run.direction, subject.link, subject.target, subject.account)
        if off:
            return self._switched_off(run, off)
        reader = self._nylas.reader(subject.sender, subject.folder)
        if run.is_preview:
            return self._preview(run, lease, subject, reader)
        sent = fidelity_of(Direction.SEND, subject.account.provider)
        quiet_s, scope = subject.sender.read_timeout_s, scope_of(subject, run)
        recovery = Recovery(self._storage, self._clock, run, lease, quiet_s=quiet_s, fidelity=sent, scope=scope)
        recovery.resolve(reader)
        if run.direction is Direction.GET:
            facts, actions = self._planner.plan(run, subject, reader, lease.check)
            source = reader if run.undoes_id is None else Images(self._storage)
            write = partial(execute_local, nylas=reader, source=source)
            return self._execute(run, lease, subject, facts, actions, reader, write)
        store = self._nylas.store(subject.sender, subject.folder)
        facts, actions = self._planner.plan(run, subject, store, lease.check)
        return self._execute(run, lease, subject, facts, actions, store, partial(execute_remote, store=store))

    def _preview(self, run: Run, lease: Lease, subject: Subject, reader: ItemReader) -> RunState | None:
        """Keep what a run would do. Works on a reader, which has no way to write."""
        facts, actions = self._planner.plan(run, subject, reader, lease.check)
        keep_plan(self._work_of(run, lease, subject, facts), reader, actions)
        with self._storage.write() as tx:
            lease.check_in(tx)
            now = int(self._clock.now())
            tx.plans.prune(now - KEPT_DAYS * 86_400, now - _REASONS_KEPT_S)
            tx.runs.planned(run, count(actions, len(facts.source)), RunState.RUNNING)
            tx.holds.note(run, tally_of(facts, actions))
        return self._end(run, RunState.DONE)

    def _subject(self, run: Run) -> Subject:
        with self._storage.read() as tx:
            owned = tx.links.with_owners(run.link_id)
            sealed_key = tx.targets.sealed_key(owned.target.id)
        link, account, target = owned.link, owned.account, owned.target
        sender = sender_of(target, sealed_key, self._secrets)
        folder = folder_of(account, link, self._installation)
        return Subject(link=link, account=account, target=target, sender=sender, folder=folder)

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
        kept = spare(bound.actions, run.spared)
        counters = count(kept, len(facts.source))
        verdict = judge(run, subject.target.guard, facts, kept, self._deleted_before(run))
        if verdict.hold or verdict.waits:
            keep_some(work, nylas, kept, VICTIMS)
            return self._stopped(run, lease, counters, verdict)
        keep_some(work, nylas, kept, UNWRITABLE)
        with self._storage.write() as tx:
            lease.check_in(tx)
            done = tx.runs.counters(run.id) if run.fence > 1 else Counters()
            tx.runs.planned(run, _with_done(counters, done), RunState.RUNNING)
            tx.runs.add_counts(run, Counters(moved=bound.moved))
            if run.is_one_of_many:
                tx.holds.note(run, verdict.tally)
            if run.direction is Direction.GET and run.undoes_id is None:
                tx.pairs.remember(run.link_id, to_remember(actions, facts.source, facts.remembered))
            forget_overtaken(tx, run, facts, actions)
            if (WRITES | BOOKKEEPING).isdisjoint(a.kind for a in kept):
                clear_settled(tx, run, actions, kept)
                return self._finished(tx, run, subject)  # nothing to do: one transaction is enough
            self._sampler.take(tx, run.snapshot_id)
        carry_out(work, kept)
        with self._storage.write() as tx:
            clear_settled(tx, run, actions, kept)
            return self._finished(tx, run, subject)

    def _finished(self, tx: UnitOfWork, run: Run, subject: Subject) -> RunState | None:
        state = finish(tx, run, subject)
        self._sampler.end(tx, run.snapshot_id)
        return state

    def _work_of(self, run: Run, lease: Lease, subject: Subject, facts: Facts) -> Work:
        scope = scope_of(subject, run)
        return Work(run=run, facts=facts, scope=scope, storage=self._storage, lease=lease, sampler=self._sampler)

    def _deleted_before(self, run: Run) -> frozenset[ItemId]:
        """Name what an earlier worker of this run has deleted."""
        if run.fence == 1:
            return frozenset()
        with self._storage.read() as tx:
            return tx.holds.deleted_by(run)

    def _stopped(self, run: Run, lease: Lease, counters: Counters, verdict: Verdict) -> RunState | None:
        """Stop the run before its first write: until an operator decides, or every link of its snapshot is planned."""
        with self._storage.write() as tx:
            lease.check_in(tx)
            tx.runs.planned(run, _with_done(counters, tx.runs.counters(run.id)), RunState.PLANNING)
            tx.holds.note(run, verdict.tally)
            if verdict.hold:
                return RunState.HELD if tx.holds.hold(run, verdict.hold, verdict.victims) else None
            return RunState.WAITING if tx.holds.wait(run, verdict.victims) else None

    def _failed(self, run: Run, error: Exception) -> RunState | None:
        detail = wording.raw(error)
        if isinstance(error, Unauthorized) and is_key_good(self._nylas, self._subject(run).sender):
            if run.is_preview:
                return self._end(run, RunState.FAILED, wording.NEEDS_SIGN_IN, detail, is_signed_out=True)
            return self._parked(run, error)
        is_transient = isinstance(error, NylasError) and error.is_transient
        return self._end(run, RunState.FAILED, wording.sentence(error), detail, is_transient=is_transient)

    def _end(
        self,
        run: Run,
        state: RunState,
        cause: str = "",
        detail: str = "",
        *,
        is_signed_out: bool = False,
        is_transient: bool = False,
    ) -> RunState | None:
        with self._storage.write() as tx:
            if not tx.runs.finish(run, state, cause, detail):
                tx.runs.let_go(run)
                return None
            if is_signed_out:
                needs_sign_in(tx, tx.accounts.get(run.account_id))
            if not run.is_preview:
                self._sampler.end(tx, run.snapshot_id)
            if state is RunState.FAILED and not run.is_preview:
                tx.failed.not_reached(run, is_transient=is_transient)
                tx.links.finished(run.link_id, run.direction, items=None, is_failing=True)
        log.info("run %s %s", run.id, state)
        return state


def _with_done(counters: Counters, done: Counters) -> Counters:
    """Add what an earlier worker of the same run had done already, so that a continued run counts like one run."""
    return msgspec.structs.replace(
        counters,
        to_create=counters.to_create + done.created,
        to_update=counters.to_update + done.updated,
        to_delete=counters.to_delete + done.deleted,
        unchanged=max(0, counters.unchanged - done.created - done.updated),
    )
