"""One run from claim to end: gather, plan, guard, execute. Safe to call twice, by anyone, at any time.

All state is in the run's row. A worker that dies leaves a lease that ends; the next one resolves what was announced
and not recorded, and plans again from what both sides hold now.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import threading
from collections.abc import Callable

import msgspec

from nylasadmin.domain.guard import Limits, check, tally
from nylasadmin.domain.links import AccountState, off_reasons
from nylasadmin.domain.plan import ALWAYS, Action, ActionKind, Direction, plan
from nylasadmin.domain.runs import Counters, Run, RunState, count
from nylasadmin.domain.targets import Target
from nylasadmin.errors import NylasAdminError, NylasError, Unauthorized
from nylasadmin.services import wording
from nylasadmin.services.executing import GivenUp, Work, execute_local, execute_remote
from nylasadmin.services.leases import LEASE_S, Cancelled, Lease, LeaseLost
from nylasadmin.services.observing import Facts, Subject, fidelity_of, gather, options_for
from nylasadmin.services.ports import FolderRef, ItemReader, Nylas
from nylasadmin.services.senders import sender_of
from nylasadmin.services.storage import Clock, IntendedWrite, ItemScope, PairRow, Secrets, Storage

_CarryOut = Callable[[Work, list[Action]], None]

log = logging.getLogger(__name__)


class Worker:
    """Carries out runs by their ids. One per process; may be used by many threads."""

    def __init__(self, storage: Storage, nylas: Nylas, secrets: Secrets, clock: Clock, installation: str) -> None:
        self._storage = storage
        self._nylas = nylas
        self._secrets = secrets
        self._clock = clock
        self._installation = installation

    def run_link(self, run_id: int) -> RunState | None:
        """Do one run to its end; ``None`` if it was not to be had or was lost on the way."""
        worker = f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
        with self._storage.write() as tx:
            run = tx.runs.claim(run_id, worker, self._clock.now(), LEASE_S)
            if run is None:
                return None
            tx.runs.clear_failures(run.id)
        with Lease(self._storage, self._clock, run) as lease:
            return self._guarded(run, lease)

    def _guarded(self, run: Run, lease: Lease) -> RunState | None:
        try:
            return self._work(run, lease)
        except LeaseLost:
            log.warning("run %s: lease lost, left to its new worker", run.id)
            return None
        except Cancelled:
            return RunState.CANCELLED
        except GivenUp as given_up:
            return self._failed(run, given_up.cause)
        except NylasAdminError as error:
            return self._failed(run, error)
        except Exception as error:
            log.exception("run %s failed", run.id)
            return self._failed(run, error)

    def _work(self, run: Run, lease: Lease) -> RunState | None:
        subject = self._subject(run)
        off = off_reasons(run.direction, subject.link, subject.target, subject.account)
        if off:
            return self._end(run, RunState.FAILED, cause=wording.switched_off(run.direction, off))
        reader = self._nylas.reader(subject.sender, subject.folder)
        if run.is_preview:
            return self._preview(run, lease, subject, reader)
        self._resolve_announced(run, reader)
        if run.direction is Direction.GET:
            facts, actions = self._plan(run, lease, subject, reader)
            return self._execute(run, lease, subject, facts, actions, lambda w, a: execute_local(w, reader, a))
        store = self._nylas.store(subject.sender, subject.folder)
        facts, actions = self._plan(run, lease, subject, store)
        return self._execute(run, lease, subject, facts, actions, lambda w, a: execute_remote(w, store, a))

    def _preview(self, run: Run, lease: Lease, subject: Subject, reader: ItemReader) -> RunState | None:
        """Count what a run would do. Works on a reader, which has no way to write."""
        facts, actions = self._plan(run, lease, subject, reader)
        with self._storage.write() as tx:
            lease.check_in(tx)
            tx.runs.planned(run, count(actions, len(facts.source)), RunState.RUNNING)
        return self._end(run, RunState.DONE)

    def _subject(self, run: Run) -> Subject:
        with self._storage.read() as tx:
            link = tx.links.get(run.link_id)
            account, target = tx.accounts.get(link.account_id), tx.targets.get(link.target_id)
            sender = sender_of(target, tx.targets.sealed_key(target.id), self._secrets)
        folder = FolderRef(
            grant_id=account.grant_id,
            provider=account.provider,
            folder_id=link.folder_id,
            account_email=account.email,
            installation=self._installation,
        )
        return Subject(link=link, account=account, target=target, sender=sender, folder=folder)

    def _resolve_announced(self, run: Run, nylas: ItemReader) -> None:
        """Find out what became of remote writes whose end was never recorded.

        A create is looked up by its marker and its pair remembered; updates and deletes are simply planned again.
        """
        with self._storage.read() as tx:
            announced = tx.writes.unsettled(run.link_id)
        for intended in announced:
            is_create = intended.kind is ActionKind.CREATE and intended.crm_id is not None
            found = nylas.find_claiming(intended.crm_id) if is_create and intended.crm_id else None
            with self._storage.write() as tx:
                if found is not None and intended.crm_id is not None:
                    tx.pairs.save(run.link_id, [PairRow(intended.crm_id, found, b"")])
                tx.writes.settle(intended.run_id, [(intended.seq, _resolved(intended, found is not None), found)])
                if found is not None and intended.run_id == run.id:
                    tx.runs.add_counts(run, Counters(created=1))

    def _gather(self, run: Run, subject: Subject, nylas: ItemReader, lease: Lease) -> Facts:
        fidelity = fidelity_of(run.direction, subject.account.provider)
        with self._storage.read() as tx:
            crm = [o for batch in tx.items.store(_scope(subject, run)).observe(fidelity, ALWAYS) for o in batch]
            pairs = tx.pairs.of_link(run.link_id)
        return gather(run.direction, fidelity, nylas=nylas, crm=crm, pairs=pairs, still_wanted=lease.check)

    def _plan(self, run: Run, lease: Lease, subject: Subject, nylas: ItemReader) -> tuple[Facts, list[Action]]:
        facts = self._gather(run, subject, nylas, lease)
        options = options_for(run.direction, subject.link, run.receiver_only)
        return facts, plan(facts.source.values(), facts.destination.values(), facts.pairs, options)

    def _execute(
        self, run: Run, lease: Lease, subject: Subject, facts: Facts, actions: list[Action], carry_out: _CarryOut
    ) -> RunState | None:
        counters = count(actions, len(facts.source))
        if self._is_held(run, lease, subject, facts, actions, counters):
            return RunState.HELD
        with self._storage.write() as tx:
            lease.check_in(tx)
            tx.runs.planned(run, _with_done(counters, tx.runs.counters(run.id)), RunState.RUNNING)
        carry_out(Work(run=run, facts=facts, scope=_scope(subject, run), storage=self._storage, lease=lease), actions)
        return self._done(run, subject)

    def _is_held(
        self, run: Run, lease: Lease, subject: Subject, facts: Facts, actions: list[Action], counters: Counters
    ) -> bool:
        """Stop the run before its first write if the guard says so and nobody approved exactly these deletes."""
        with self._storage.read() as tx:
            read_before = tx.runs.last_read(run.link_id, run.direction)
        counted = tally(
            actions,
            destination_items=len(facts.destination),
            source_items=len(facts.source),
            source_before=read_before,
        )
        hold, victims = check(counted, _limits(subject.target)), digest_of_deletes(actions)
        if hold is None or run.approved == victims:
            return False
        with self._storage.write() as tx:
            lease.check_in(tx)
            tx.runs.planned(run, _with_done(counters, tx.runs.counters(run.id)), RunState.PLANNING)
            return tx.runs.hold(run, hold, victims)

    def _done(self, run: Run, subject: Subject) -> RunState | None:
        with self._storage.write() as tx:
            counters = tx.runs.counters(run.id)
            if not tx.runs.finish(run, RunState.DONE):
                return None
            items = tx.items.count(_scope(subject, run))
            is_failing = counters.failed > 0
            tx.links.finished(run.link_id, run.direction, items=items, is_failing=is_failing)
        log.info("run %s done: %s", run.id, msgspec.structs.asdict(counters))
        return RunState.DONE

    def _failed(self, run: Run, error: Exception) -> RunState | None:
        needs_sign_in = isinstance(error, Unauthorized) and self._is_grant_expired(run)
        cause = wording.NEEDS_SIGN_IN if needs_sign_in else wording.sentence(error)
        if needs_sign_in:
            with self._storage.write() as tx:
                tx.accounts.set_state(tx.links.get(run.link_id).account_id, AccountState.NEEDS_SIGN_IN)
        return self._end(run, RunState.FAILED, cause=cause, detail=wording.raw(error))

    def _is_grant_expired(self, run: Run) -> bool:
        """Tell an expired grant from a wrong API key: the key still opens the application."""
        subject = self._subject(run)
        try:
            self._nylas.directory(subject.sender).application()
        except NylasError:
            return False
        return True

    def _end(self, run: Run, state: RunState, cause: str = "", detail: str = "") -> RunState | None:
        with self._storage.write() as tx:
            if not tx.runs.finish(run, state, cause, detail):
                return None
            if not run.is_preview:
                tx.links.finished(run.link_id, run.direction, items=None, is_failing=state is RunState.FAILED)
        log.info("run %s %s", run.id, state)
        return state


def digest_of_deletes(actions: list[Action]) -> bytes:
    """Hash the set of deletes of a plan: an approval holds for exactly these."""
    deletes = sorted(a.destination or "" for a in actions if a.kind is ActionKind.DELETE)
    return hashlib.sha256("\n".join(deletes).encode()).digest()


def _with_done(counters: Counters, done: Counters) -> Counters:
    """Add what an earlier worker of the same run had done already, so that a continued run counts like one run."""
    return msgspec.structs.replace(
        counters,
        to_create=counters.to_create + done.created,
        to_update=counters.to_update + done.updated,
        to_delete=counters.to_delete + done.deleted,
        unchanged=max(0, counters.unchanged - done.created - done.updated),
    )


def _limits(target: Target) -> Limits:
    return Limits(max_deletes=target.guard.deletes, max_share=target.guard.share_percent / 100)


def _resolved(intended: IntendedWrite, is_found: bool) -> str:
    if is_found:
        return "done"
    return "unsent" if intended.kind is ActionKind.CREATE else "unknown"


def _scope(subject: Subject, run: Run) -> ItemScope:
    return ItemScope(user_id=subject.link.user_id, collection=subject.link.collection, origin=f"run {run.id}")
