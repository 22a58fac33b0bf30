"""What the end of a run means for its link and its account."""

from __future__ import annotations

import logging

import msgspec

from nylasadmin.domain.links import Account, AccountState
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.privileges import ENGINE
from nylasadmin.domain.runs import Run, RunState
from nylasadmin.services.audit import record
from nylasadmin.services.observing import Subject, scope_of
from nylasadmin.services.storage import UnitOfWork

log = logging.getLogger(__name__)


def finish(tx: UnitOfWork, run: Run, subject: Subject) -> RunState | None:
    """End a run that has done all it could, and note what that says of its link; ``None`` if it was not ours."""
    counters = tx.runs.counters(run.id)
    if not tx.runs.finish(run, RunState.DONE):
        tx.runs.let_go(run)
        return None
    items = tx.items.count(scope_of(subject, run))
    is_failing = counters.failed > 0 or tx.failed.has_open(run.link_id)
    tx.links.finished(run.link_id, run.direction, items=items, is_failing=is_failing, is_copy=_copies_the_link(run))
    if run.direction is Direction.GET and tx.accounts.note_synced(subject.account.id):
        log.info("account %s: first synchronization done", subject.account.email)
    log.info("run %s done: %s", run.id, msgspec.structs.asdict(counters))
    return RunState.DONE


def _copies_the_link(run: Run) -> bool:
    is_part = run.filter is not None and run.filter.is_partial
    return run.undoes_id is None and not is_part and not run.is_narrow


def needs_sign_in(tx: UnitOfWork, account: Account) -> None:
    """Note that an account has to sign in again; one that is disconnected stays so."""
    if account.state is AccountState.CONNECTED:
        tx.accounts.set_state(account.id, AccountState.NEEDS_SIGN_IN)
        record(tx, ENGINE, "account.needs_sign_in", f"account {account.email}", old=account.state)
