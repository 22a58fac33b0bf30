"""Carry out a plan, item by item, and remember what was done.

Two ways, by where the destination is. *Local*: the embedded CRM shares our transaction, so items, pairs, change feed
and counters are committed together. *Remote*: each write is announced in a transaction of its own before it is sent,
and its end is recorded afterwards; an announced write without an end is resolved by its marker before anything else.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec

from nylasadmin.domain.fidelity import merged
from nylasadmin.domain.items import ItemId, ScheduleItem, encode_item
from nylasadmin.domain.plan import BOOKKEEPING, Action, ActionKind, Direction
from nylasadmin.domain.runs import Counters, Failure, Run
from nylasadmin.errors import ConnectionRefused, HostUnknown, NylasAdminError, NylasError, TlsFailed, Unauthorized
from nylasadmin.services import wording
from nylasadmin.services.leases import Lease
from nylasadmin.services.observing import Facts
from nylasadmin.services.ports import ItemReader, ItemStore, Outcome, WriteOrder
from nylasadmin.services.storage import ItemScope, PairRow, Storage, UnitOfWork, WriteRow

_LOCAL_BATCH = 500
_REMOTE_BATCH = 100
_RECORD_EVERY = 20
_RECORD_AFTER_S = 1.0
_MOST_FAILURES_IN_A_ROW = 5
_HOPELESS = (Unauthorized, HostUnknown, ConnectionRefused, TlsFailed)

_DONE = {ActionKind.CREATE: "created", ActionKind.UPDATE: "updated", ActionKind.DELETE: "deleted"}


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One run's facts and the tools to carry out its plan."""

    run: Run
    facts: Facts
    scope: ItemScope
    storage: Storage
    lease: Lease


class GivenUp(NylasAdminError):
    """The other side is in such trouble that going on item by item makes no sense."""

    def __init__(self, cause: NylasAdminError) -> None:
        super().__init__(cause)
        self.cause = cause


def execute_local(work: Work, source: ItemReader, actions: Sequence[Action]) -> None:
    """Write into the CRM, a batch per transaction. Raises :class:`Cancelled` or ``LeaseLost`` between batches."""
    waiting = iter([a for a in actions if a.writes or a.kind in BOOKKEEPING])
    while batch := list(islice(waiting, _LOCAL_BATCH)):
        bodies = source.load([a.source for a in batch if a.source and a.kind in _WITH_BODY])
        with work.storage.write() as tx:
            work.lease.check_in(tx)
            _write_batch(work, tx, batch, bodies)


_WITH_BODY = frozenset({ActionKind.CREATE, ActionKind.UPDATE})


def _write_batch(work: Work, tx: UnitOfWork, batch: list[Action], bodies: dict[ItemId, ScheduleItem]) -> None:
    store = tx.items.store(work.scope)
    before = store.load([a.destination for a in batch if a.writes and a.destination])
    record = _Record(work, tx.writes.next_seq(work.run.id))
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
        record = _Record(work, 0)
        record.remember(actions)
        record.commit(tx)


def _send_batch(work: Work, store: ItemStore, batch: list[Action]) -> None:
    before = store.load([a.destination for a in batch if a.destination])
    with work.storage.write() as tx:
        work.lease.check_in(tx)
        bodies = tx.items.store(work.scope).load([a.source for a in batch if a.source])
        record = _Record(work, tx.writes.next_seq(work.run.id))
        orders = [o for o in (record.order(a, bodies, before) for a in batch) if o is not None]
        tx.writes.intend(work.run.id, work.run.link_id, record.announced())
        record.commit(tx)
    stop = _Stop(work.lease)
    try:
        for outcomes in _grouped(store.write(stop.until_stopped(orders))):
            settled = [_settled(store, o, record) for o in outcomes]
            _record_outcomes(work, record, settled, stop)
    finally:
        _settle_unsent(work, record, stop)
    stop.raise_reason()


def _settled(store: ItemStore, outcome: Outcome, record: _Record) -> Outcome:
    """Look up by its marker a create whose answer was lost."""
    action = record.actions[outcome.key]
    if not outcome.is_uncertain or action.kind is not ActionKind.CREATE or action.source is None:
        return outcome
    try:
        found = store.find_claiming(action.source)
    except NylasError:
        return outcome  # stays announced; resolved when the link runs again
    return Outcome(key=outcome.key, id=found) if found else msgspec.structs.replace(outcome, is_uncertain=False)


def _record_outcomes(work: Work, record: _Record, outcomes: list[Outcome], stop: _Stop) -> None:
    with work.storage.write() as tx:
        work.lease.renew_in(tx)
        for outcome in outcomes:
            record.note(outcome)
            stop.consider(outcome)
        tx.writes.settle(work.run.id, [e for e in map(record.end, outcomes) if e is not None])
        record.commit(tx)


def _settle_unsent(work: Work, record: _Record, stop: _Stop) -> None:
    unsent = sorted(set(record.actions) - stop.sent)
    if unsent:
        with work.storage.write() as tx:
            tx.writes.settle(work.run.id, [(seq, "unsent", None) for seq in unsent])


class _Stop:
    """Feeds orders one by one and stops feeding when the run is cancelled, lost or hopeless."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._reason: NylasAdminError | None = None
        self._in_a_row = 0
        self.sent: set[int] = set()

    def until_stopped(self, orders: list[WriteOrder]) -> Iterator[WriteOrder]:
        for order in orders:
            try:
                self._lease.check()
            except NylasAdminError as reason:
                self._reason = self._reason or reason
            if self._reason is not None:
                return
            self.sent.add(order.key)
            yield order

    def consider(self, outcome: Outcome) -> None:
        self._in_a_row = 0 if outcome.error is None else self._in_a_row + 1
        if outcome.error is None:
            return
        if isinstance(outcome.error, _HOPELESS) or (
            self._in_a_row >= _MOST_FAILURES_IN_A_ROW and _is_transient(outcome)
        ):
            self._reason = self._reason or GivenUp(outcome.error)

    def raise_reason(self) -> None:
        if self._reason is not None:
            raise self._reason


def _is_transient(outcome: Outcome) -> bool:
    return isinstance(outcome.error, NylasError) and outcome.error.is_transient


def _grouped(outcomes: Iterator[Outcome]) -> Iterator[list[Outcome]]:
    """Gather outcomes so that progress is recorded every second or every few items."""
    group: list[Outcome] = []
    began = time.monotonic()
    for outcome in outcomes:
        group.append(outcome)
        if len(group) >= _RECORD_EVERY or time.monotonic() - began >= _RECORD_AFTER_S:
            yield group
            group, began = [], time.monotonic()
    if group:
        yield group


class _Record:
    """What a batch of actions came to: pairs, counters, failures, and the rows of the record of writes."""

    def __init__(self, work: Work, first_seq: int) -> None:
        self._work = work
        self._next = first_seq
        self.actions: dict[int, Action] = {}
        self._before: dict[int, bytes | None] = {}
        self._clear()

    def _clear(self) -> None:
        self._pairs: list[PairRow] = []
        self._forgotten: list[tuple[ItemId, ItemId]] = []
        self._failures: list[Failure] = []
        self._counts: dict[str, int] = {}

    def order(
        self, action: Action, bodies: dict[ItemId, ScheduleItem], before: dict[ItemId, ScheduleItem]
    ) -> WriteOrder | None:
        """Make the write of an action; ``None`` when an item vanished since it was planned (counted as moved)."""
        body = bodies.get(action.source) if action.source and action.kind in _WITH_BODY else None
        old = before.get(action.destination) if action.destination else None
        if (body is None and action.kind in _WITH_BODY) or (old is None and action.destination):
            self._add("moved")
            return None
        if body is not None and old is not None:
            body = merged(body, old, self._work.facts.fidelity)
        seq = self._next
        self._next += 1
        self.actions[seq] = action
        self._before[seq] = encode_item(old) if old is not None else None
        return WriteOrder(
            key=seq,
            kind=action.kind,
            fidelity=self._work.facts.fidelity,
            id=action.destination,
            item=body,
            before=old,
            expected=action.expected,
            claims=action.source if self._is_send else None,
        )

    @property
    def _is_send(self) -> bool:
        return self._work.facts.direction is Direction.SEND

    def announced(self) -> list[WriteRow]:
        return [self._row(seq, action, action.destination) for seq, action in self.actions.items()]

    def rows(self, outcomes: list[Outcome]) -> list[WriteRow]:
        made = {o.key: o.id for o in outcomes}
        return [self._row(seq, action, made.get(seq)) for seq, action in self.actions.items()]

    def _row(self, seq: int, action: Action, destination: ItemId | None) -> WriteRow:
        crm, nylas = self._sides(action.source, destination)
        return WriteRow(
            seq=seq, kind=action.kind, crm_id=crm, nylas_id=nylas, title=action.title, before=self._before[seq]
        )

    def _sides(self, source: ItemId | None, destination: ItemId | None) -> tuple[ItemId | None, ItemId | None]:
        """Give (CRM id, Nylas id) of (source, destination)."""
        return (source, destination) if self._is_send else (destination, source)

    def note(self, outcome: Outcome) -> None:
        action = self.actions[outcome.key]
        if outcome.id is not None:
            self._pair_up(action, outcome.id)
        if outcome.error is not None:
            self._fail(action, outcome.error)
        elif outcome.has_moved:
            self._add("moved")
        else:
            self._add(_DONE[action.kind])

    def _pair_up(self, action: Action, destination: ItemId) -> None:
        crm, nylas = self._sides(action.source, destination)
        if action.kind is ActionKind.DELETE:
            self._forget(action)
        elif crm is not None and nylas is not None and action.source is not None:
            self._pairs.append(PairRow(crm, nylas, self._work.facts.source[action.source].fingerprint))

    def _forget(self, action: Action) -> None:
        crm, nylas = self._sides(action.source, action.destination)
        if crm is not None and nylas is not None:
            self._forgotten.append((crm, nylas))

    def _fail(self, action: Action, error: NylasAdminError) -> None:
        crm, nylas = self._sides(action.source, action.destination)
        self._add("failed")
        self._failures.append(
            Failure(
                title=action.title,
                action=str(action.kind),
                cause=wording.sentence(error),
                detail=wording.raw(error),
                crm_id=crm,
                nylas_id=nylas,
            )
        )

    def _add(self, counter: str) -> None:
        self._counts[counter] = self._counts.get(counter, 0) + 1

    def remember(self, actions: list[Action]) -> None:
        """Note adopted pairs and forgotten ones."""
        for action in actions:
            if action.kind is ActionKind.FORGET:
                self._forget(action)
            elif action.destination is not None:
                self._pair_up(action, action.destination)

    def end(self, outcome: Outcome) -> tuple[int, str, ItemId | None] | None:
        """Say how an announced write ended; ``None`` while nobody knows."""
        if outcome.is_uncertain and outcome.id is None:
            return None
        if outcome.id is not None:
            return outcome.key, "done", outcome.id
        return outcome.key, "moved" if outcome.has_moved else "failed", None

    def commit(self, tx: UnitOfWork) -> None:
        """Bring what was noted into the transaction and start afresh."""
        link_id = self._work.run.link_id
        tx.pairs.forget(link_id, self._forgotten)
        tx.pairs.save(link_id, self._pairs)
        tx.runs.add_failures(self._work.run, self._failures)
        tx.runs.add_counts(self._work.run, Counters(**self._counts))
        self._clear()
