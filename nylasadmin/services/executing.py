"""Carry out a plan, item by item, and remember what was done.

Two ways, by where the destination is. *Local*: the embedded CRM shares our transaction, so items, pairs, change feed
and counters are committed together. *Remote*: each write is announced before it is sent, marked when it is about to
leave, and its end is recorded afterwards; a write that has left and has no end is resolved before anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice

from nylasadmin.domain.arrivals import Holding
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import Item
from nylasadmin.domain.plan import BOOKKEEPING, Action, ActionKind
from nylasadmin.errors import ConnectionRefused, HostUnknown, NylasAdminError, NylasError, TlsFailed, Unauthorized
from nylasadmin.services.given import take_over
from nylasadmin.services.leases import LeaseLost
from nylasadmin.services.lost import as_made, find_made
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
    waiting = iter([a for a in actions if a.writes])
    while batch := list(islice(waiting, _REMOTE_BATCH)):
        _with_news(work, store, batch, partial(_send_batch, work, store))


def _remember_only(work: Work, batch: Holding, looks_left: int) -> None:
    with work.storage.write() as tx:
        work.lease.check_in(tx)
        record = Record(work, 0)
        record.remember(without_news(tx, work, batch, looks_left).actions)
        record.commit(tx)


def _send_batch(work: Work, store: ItemStore, batch: Holding, looks_left: int) -> None:
    before = store.load([a.destination for a in batch.actions if a.destination])
    with work.storage.write() as tx:
        work.lease.check_in(tx)
        record = Record(work, tx.writes.next_seq(work.run.id))
        actions = _holding(work, tx, record, without_news(tx, work, batch, looks_left))
        bodies = work.source_in(tx, [a.source for a in actions if a.source and a.kind in WITH_BODY])
        orders = [o for o in (record.order(a, bodies, before) for a in actions) if o is not None]
        tx.writes.intend(work.run.id, work.run.link_id, record.announced())
        record.commit(tx)
    sending = _Sending(work, record, orders)
    try:
        for outcome in store.write(sending.orders()):
            settled = _settled(work, store, outcome, record)
            if settled.id is not None and settled.error is not None:
                record.half_done(settled.key, _left(work, store, settled.id))
            sending.take(settled)
    finally:
        sending.close()
    sending.raise_reason()


def _settled(work: Work, store: ItemStore, outcome: Outcome, record: Record) -> Outcome:
    """Look up a write whose answer was lost; what is not to be seen may still come, and stays open."""
    if not outcome.is_uncertain:
        return outcome
    action = record.actions[outcome.key]
    try:
        return _made(work, store, outcome, record) if action.kind is ActionKind.CREATE else outcome
    except NylasError:
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
            may_leave = self._mark(order.key)
            if self._reason is not None:
                return
            if may_leave:
                yield order

    def _mark(self, seq: int) -> bool:
        """Mark an order as sent and say so, unless the run is over or its item was edited since it was read."""
        try:
            with self._work.storage.write() as tx:
                self._write_down(tx)
                self._ask()
                if self._reason is not None:
                    return False
                self._unsent.discard(seq)
                if is_as_read(tx, self._work, self._record.actions[seq]):
                    tx.writes.sent(self._work.run.id, seq)
                    return True
        except LeaseLost as lost:
            self._reason = lost
            return False
        self.take(Outcome(key=seq, has_moved=True))
        return False

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
        take_over(tx, self._work.scope, self._record.made(ended))
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
