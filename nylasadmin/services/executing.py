"""Carry out a plan, item by item, and remember what was done.

Two ways, by where the destination is. *Local*: the embedded CRM shares our transaction, so items, pairs, change feed
and counters are committed together. *Remote*: each write is announced before it is sent, marked when it is about to
leave, and its end is recorded afterwards; a write that has left and has no end is resolved before anything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from nylasadmin.domain.items import ItemId, ScheduleItem
from nylasadmin.domain.plan import BOOKKEEPING, Action, ActionKind
from nylasadmin.errors import ConnectionRefused, HostUnknown, NylasAdminError, NylasError, TlsFailed, Unauthorized
from nylasadmin.services.given import take_over
from nylasadmin.services.leases import LeaseLost
from nylasadmin.services.ports import ItemReader, ItemStore, Outcome, WriteOrder
from nylasadmin.services.recording import WITH_BODY, Record, Work
from nylasadmin.services.storage import UnitOfWork

_LOCAL_BATCH = 500
_REMOTE_BATCH = 100
_MOST_FAILURES_IN_A_ROW = 5
_HOPELESS = (Unauthorized, HostUnknown, ConnectionRefused, TlsFailed)


class GivenUp(NylasAdminError):
    """The other side is in such trouble that going on item by item makes no sense."""

    def __init__(self, cause: NylasAdminError) -> None:
        super().__init__(cause)
        self.cause = cause


def execute_local(work: Work, source: ItemReader, actions: Sequence[Action]) -> None:
    """Write into the CRM, a batch per transaction. Raises :class:`Cancelled` or ``LeaseLost`` between batches."""
    waiting = iter([a for a in actions if a.writes or a.kind in BOOKKEEPING])
    while batch := list(islice(waiting, _LOCAL_BATCH)):
        bodies = source.load([a.source for a in batch if a.source and a.kind in WITH_BODY])
        with work.storage.write() as tx:
            work.lease.check_in(tx)
            _write_batch(work, tx, batch, bodies)


def _write_batch(work: Work, tx: UnitOfWork, batch: list[Action], bodies: dict[ItemId, ScheduleItem]) -> None:
    store = tx.items.store(work.scope)
    before = store.load([a.destination for a in batch if a.writes and a.destination])
    record = Record(work, tx.writes.next_seq(work.run.id))
    orders = [o for o in (record.order(a, bodies, before) for a in batch if a.writes) if o is not None]
    ends = list(store.write(orders))
    for outcome in ends:
        record.note(outcome)
    record.remember([a for a in batch if a.kind in BOOKKEEPING])
    done = {o.key for o in ends if o.id is not None}
    tx.writes.record(work.run.id, work.run.link_id, [r for r in record.rows(ends) if r.seq in done])
    record.commit(tx)


def execute_remote(work: Work, store: ItemStore, actions: Sequence[Action]) -> None:
    """Write to Nylas, announced in batches. Raises :class:`Cancelled`, ``LeaseLost`` or :class:`GivenUp`."""
    _remember_only(work, [a for a in actions if a.kind in BOOKKEEPING])
    waiting = iter([a for a in actions if a.writes])
    while batch := list(islice(waiting, _REMOTE_BATCH)):
        _send_batch(work, store, batch)


def _remember_only(work: Work, actions: list[Action]) -> None:
    if not actions:
        return
    with work.storage.write() as tx:
        work.lease.check_in(tx)
        record = Record(work, 0)
        record.remember(actions)
        record.commit(tx)


def _send_batch(work: Work, store: ItemStore, batch: list[Action]) -> None:
    before = store.load([a.destination for a in batch if a.destination])
    with work.storage.write() as tx:
        work.lease.check_in(tx)
        bodies = tx.items.store(work.scope).load([a.source for a in batch if a.source])
        record = Record(work, tx.writes.next_seq(work.run.id))
        orders = [o for o in (record.order(a, bodies, before) for a in batch) if o is not None]
        tx.writes.intend(work.run.id, work.run.link_id, record.announced())
        record.commit(tx)
    sending = _Sending(work, record, orders)
    try:
        for outcome in store.write(sending.orders()):
            sending.take(_settled(store, outcome, record))
    finally:
        sending.close()
    sending.raise_reason()


def _settled(store: ItemStore, outcome: Outcome, record: Record) -> Outcome:
    """Look up by its marker a create whose answer was lost; one that is not there may still come, and stays open."""
    action = record.actions[outcome.key]
    if not outcome.is_uncertain or action.kind is not ActionKind.CREATE or action.source is None:
        return outcome
    try:
        found = store.find_claiming(action.source)
    except NylasError:
        return outcome
    return Outcome(key=outcome.key, id=found) if found else outcome


class _Sending:
    """Feeds a batch's orders one by one, until the run is over or hopeless.

    An order is marked as sent in the transaction that records what came back before it: one per item.
    """

    def __init__(self, work: Work, record: Record, orders: list[WriteOrder]) -> None:
        self._work = work
        self._record = record
        self._waiting = orders
        self._unsent = set(record.actions)
        self._came_back: list[Outcome] = []
        self._reason: NylasAdminError | None = None
        self._in_a_row = 0

    def orders(self) -> Iterator[WriteOrder]:
        for order in self._waiting:
            self._mark(order.key)
            if self._reason is not None:
                return
            yield order

    def _mark(self, seq: int) -> None:
        try:
            with self._work.storage.write() as tx:
                self._write_down(tx)
                self._ask()
                if self._reason is None:
                    tx.writes.sent(self._work.run.id, seq)
                    self._unsent.discard(seq)
        except LeaseLost as lost:
            self._reason = lost

    def _ask(self) -> None:
        """See whether to go on; the lease was looked at in this very transaction."""
        try:
            self._work.lease.check()
        except NylasAdminError as reason:
            self._reason = self._reason or reason

    def take(self, outcome: Outcome) -> None:
        """Note what became of an order; it is written down with the next one, or now if none will follow."""
        self._came_back.append(outcome)
        self._consider(outcome)
        if self._reason is not None or not self._unsent:
            self._flush()

    def _flush(self) -> None:
        with self._work.storage.write() as tx:
            self._write_down(tx)

    def _write_down(self, tx: UnitOfWork) -> None:
        self._work.lease.renew_in(tx)
        ended, self._came_back = self._came_back, []
        for outcome in ended:
            self._record.note(outcome)
        take_over(self._work, tx, self._record.made(ended))
        tx.writes.settle(self._work.run.id, [e for e in map(self._record.end, ended) if e is not None])
        self._record.commit(tx)

    def _consider(self, outcome: Outcome) -> None:
        self._in_a_row = 0 if outcome.error is None else self._in_a_row + 1
        if outcome.error is None or self._reason is not None:
            return
        if _is_hopeless(outcome.error) or (self._in_a_row >= _MOST_FAILURES_IN_A_ROW and _is_transient(outcome.error)):
            self._reason = GivenUp(outcome.error)

    def close(self) -> None:
        """Say of what was announced and never sent that it was not."""
        if self._unsent and not isinstance(self._reason, LeaseLost):
            with self._work.storage.write() as tx:
                self._work.lease.renew_in(tx)
                tx.writes.settle(self._work.run.id, [(seq, "unsent", None) for seq in sorted(self._unsent)])

    def raise_reason(self) -> None:
        if self._reason is not None:
            raise self._reason


def _is_hopeless(error: NylasAdminError) -> bool:
    """Say whether the next item would fare no better; a connection that broke in the middle says nothing of it."""
    return isinstance(error, _HOPELESS) and not error.may_have_happened


def _is_transient(error: NylasAdminError) -> bool:
    return isinstance(error, NylasError) and error.is_transient
