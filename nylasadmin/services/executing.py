"""Carry out a plan, item by item, and remember what was done.

Two ways, by where the destination is. *Local*: the embedded CRM shares our transaction, so items, pairs, change feed
and counters are committed together. *Remote*: each write is announced before it is sent, marked when it is about to
leave, and its end is recorded afterwards; a write that has left and has no end is resolved before anything else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice

from nylasadmin.domain.arrivals import Holding
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import Item
from nylasadmin.domain.plan import BOOKKEEPING, Action, ActionKind
from nylasadmin.errors import ConnectionRefused, HostUnknown, NylasAdminError, NylasError, TlsFailed, Unauthorized
from nylasadmin.services.given import take_over
from nylasadmin.services.lost import as_made, find_made, has_happened
from nylasadmin.services.ports import Bodies, ItemReader, ItemStore, Outcome, Recognizing, WriteOrder
from nylasadmin.services.recording import WITH_BODY, Record, Work
from nylasadmin.services.storage import UnitOfWork
from nylasadmin.services.watermarks import Arrived, as_of_now, is_as_read, refresh, still_planned, without_news

_Begin = Callable[[Holding, int], None]
"""Carries a batch out. With looks left it raises :class:`Arrived` before anything is written, where something did."""

_LOCAL_BATCH = 1000  # some hundredths of a second: nobody waits long for it, and most calendars need one
_REMOTE_BATCH = 100
_MOST_LOOKS = 5
_MOST_FAILURES_IN_A_ROW = 5
_HOPELESS = (Unauthorized, HostUnknown, ConnectionRefused, TlsFailed)


class GivenUp(NylasAdminError):
    """The other side is in such trouble that going on item by item makes no sense."""

    def __init__(self, cause: NylasAdminError) -> None:
        super().__init__(cause)
        self.cause = cause


def execute_local(work: Work, actions: Sequence[Action], *, nylas: ItemReader, source: Bodies) -> None:
    """Write into the CRM what ``source`` holds, a batch per transaction.

    Raises :class:`Cancelled` or ``LeaseLost`` between batches.
    """
    waiting = iter([a for a in actions if a.writes or a.kind in BOOKKEEPING])
    while batch := list(islice(waiting, _LOCAL_BATCH)):
        _with_news(work, nylas, batch, partial(_write_locally, work, source))


def _with_news(work: Work, nylas: ItemReader, batch: list[Action], begin: _Begin) -> None:
    """Begin a batch; where something arrived since the last look, read that again and begin anew.

    What goes on arriving is not waited for: in the end it is left for the next run.
    """
    for looks_left in reversed(range(_MOST_LOOKS)):
        try:
            begin(still_planned(work, batch), looks_left)
        except Arrived as news:
            work.lease.check()
            refresh(work, nylas, news.ids)
        else:
            return


def _write_locally(work: Work, source: Bodies, batch: Holding, looks_left: int) -> None:
    encoded = _encoded_creates(source, batch.actions)
    sources = [a.source for a in batch.actions if a.source and a.kind in WITH_BODY and a.source not in encoded]
    bodies = source.load(sources)
    with work.storage.write() as tx:
        work.lease.check_in(tx)
        _write_batch(work, tx, without_news(tx, work, batch, looks_left), bodies, encoded)


def _encoded_creates(source: Bodies, batch: list[Action]) -> dict[ItemId, bytes]:
    """Give bodies that are stored as they were read: nothing is merged into what is new."""
    if not isinstance(source, Recognizing):
        return {}
    return source.encoded([a.source for a in batch if a.source and a.kind is ActionKind.CREATE])


def _write_batch(
    work: Work, tx: UnitOfWork, batch: Holding, bodies: dict[ItemId, Item], encoded: dict[ItemId, bytes]
) -> None:
    store = tx.items.store(work.scope)
    record = Record(work, tx.writes.next_seq(work.run.id))
    actions = _holding(work, tx, record, batch)
    before = store.load([a.destination for a in actions if a.writes and a.destination])
    made = (record.order(a, bodies, before, encoded.get(a.source) if a.source else None) for a in actions if a.writes)
    orders = [o for o in made if o is not None]
    ends = list(store.write(orders))
    for outcome in ends:
        record.note(outcome)
    record.remember([a for a in actions if a.kind in BOOKKEEPING])
    done = {o.key for o in ends if o.id is not None}
    tx.writes.record(work.run.id, work.run.link_id, [r for r in record.rows(ends) if r.seq in done])
    record.commit(tx)


def _holding(work: Work, tx: UnitOfWork, record: Record, batch: Holding) -> list[Action]:
    """Give the actions of a batch that may be carried out, as of this very transaction; note the others."""
    in_crm = as_of_now(tx, work, batch.actions)
    record.leave(batch.overtaken + in_crm.overtaken)
    return in_crm.actions


def execute_remote(work: Work, actions: Sequence[Action], *, store: ItemStore) -> None:
    """Write to Nylas, announced in batches. Raises :class:`Cancelled`, ``LeaseLost`` or :class:`GivenUp`."""
    if remembered := [a for a in actions if a.kind in BOOKKEEPING]:
        _with_news(work, store, remembered, partial(_remember_only, work))
    sending = _Sending(work, store, [a for a in actions if a.writes])
    try:
        for outcome in store.write(sending.orders()):
            sending.take(outcome)
    finally:
        sending.close()
    sending.raise_reason()


def _remember_only(work: Work, batch: Holding, looks_left: int) -> None:
    with work.storage.write() as tx:
        work.lease.check_in(tx)
        record = Record(work, 0)
        record.remember(without_news(tx, work, batch, looks_left).actions)
        record.commit(tx)


def _settled(work: Work, store: ItemStore, outcome: Outcome, record: Record) -> Outcome:
    """Look up a write whose answer was lost; what is not to be seen may still come, and stays open."""
    if not outcome.is_uncertain:
        return outcome
    is_create = record.actions[outcome.key].kind is ActionKind.CREATE
    try:
        return _made(work, store, outcome, record) if is_create else _changed(work, store, outcome, record)
    except NylasError:
        return outcome


def _changed(work: Work, store: ItemStore, outcome: Outcome, record: Record) -> Outcome:
    action = record.actions[outcome.key]
    item_id, wanted = action.destination, record.after(action)
    if item_id is not None and has_happened(store, action.kind, item_id, wanted, work.facts.fidelity):
        return Outcome(key=outcome.key, id=item_id)
    return outcome


def _made(work: Work, store: ItemStore, outcome: Outcome, record: Record) -> Outcome:
    action = record.actions[outcome.key]
    if action.source is None:
        return outcome
    with work.storage.read() as tx:
        known = work.facts.destination.keys() | {nylas_id for _, nylas_id in tx.pairs.of_link(work.run.link_id)}
    found = find_made(store, action.source, record.after(action), work.facts.fidelity, known)
    if found is None:
        return outcome
    made, seen = as_made(store, outcome.key, found, work.facts.fidelity)
    if seen is not None and seen.fingerprint != record.after(action):
        record.half_done(outcome.key, seen.fingerprint)
    return made


def _left(work: Work, store: ItemStore, item_id: ItemId) -> bytes | None:
    """Look at an item that was written in part, so that an undo knows it again."""
    try:
        seen = store.look_up([item_id], work.facts.fidelity)
    except NylasError:
        return None
    return seen[0].fingerprint if seen else None


class _Sending:
    """Feeds orders one by one, until the run is over or hopeless, and records what comes back.

    A store takes orders from threads of its own, as soon as one is free, while the caller records: these take turns.
    Batches only say how many orders are made at once; none waits for the one before to come back.
    """

    def __init__(self, work: Work, store: ItemStore, actions: Sequence[Action]) -> None:
        self._work = work
        self._store = store
        self._waiting = iter(actions)
        with work.storage.read() as tx:
            self._record = Record(work, tx.writes.next_seq(work.run.id))
        self._turn = threading.Lock()
        self._begun: list[WriteOrder] = []
        self._unsent: set[int] = set()
        self._reason: GivenUp | None = None
        self._in_a_row = 0

    def orders(self) -> Iterator[WriteOrder]:
        """Give orders that are to leave at once. Raises as a lease does, and ``NylasError``."""
        while batch := list(islice(self._waiting, _REMOTE_BATCH)):
            with self._turn:
                _with_news(self._work, self._store, batch, self._begin)
            for order in self._begun:
                if self._reason is not None:
                    return
                if self._may_leave(order.key):
                    yield order

    def _begin(self, batch: Holding, looks_left: int) -> None:
        """Make the orders of a batch and announce them."""
        work, record = self._work, self._record
        before = self._store.load([a.destination for a in batch.actions if a.destination])
        with work.storage.write() as tx:
            work.lease.check_in(tx)
            actions = _holding(work, tx, record, without_news(tx, work, batch, looks_left))
            bodies = work.source_in(tx, [a.source for a in actions if a.source and a.kind in WITH_BODY])
            made = (record.order(a, bodies, before) for a in actions)
            self._begun = [order for order in made if order is not None]
            tx.writes.intend(work.run.id, work.run.link_id, record.announced())
            record.commit(tx)
        self._unsent |= {order.key for order in self._begun}

    def _may_leave(self, seq: int) -> bool:
        """Mark an order as sent, unless its item was edited since it was read; raise if the run is not to go on."""
        with self._turn, self._work.storage.write() as tx:
            self._work.lease.check_in(tx)
            is_as_announced = is_as_read(tx, self._work, self._record.actions[seq])
            if is_as_announced:
                tx.writes.sent(self._work.run.id, seq)
            else:
                self._write_down(tx, Outcome(key=seq, has_moved=True))
            self._unsent.discard(seq)
        return is_as_announced

    def take(self, outcome: Outcome) -> None:
        """Record what became of an order."""
        settled = _settled(self._work, self._store, outcome, self._record)
        if settled.id is not None and settled.error is not None:
            self._record.half_done(settled.key, _left(self._work, self._store, settled.id))
        self._consider(settled)
        with self._turn, self._work.storage.write() as tx:
            self._work.lease.renew_in(tx)
            self._write_down(tx, settled)

    def _write_down(self, tx: UnitOfWork, outcome: Outcome) -> None:
        self._record.note(outcome)
        take_over(tx, self._work.scope, self._record.made([outcome]))
        end = self._record.end(outcome)
        tx.writes.settle(self._work.run.id, [end] if end is not None else [])
        self._record.commit(tx)

    def _consider(self, outcome: Outcome) -> None:
        self._in_a_row = 0 if outcome.error is None else self._in_a_row + 1
        if outcome.error is None or self._reason is not None:
            return
        if _is_hopeless(outcome.error) or (self._in_a_row >= _MOST_FAILURES_IN_A_ROW and _is_transient(outcome.error)):
            self._reason = GivenUp(outcome.error)

    def close(self) -> None:
        """Say of what was announced and never sent that it was not. Raises ``LeaseLost``."""
        if self._unsent:
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
