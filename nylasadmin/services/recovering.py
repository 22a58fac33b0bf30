"""What became of remote writes whose end was never recorded, because their worker or their answer was lost.

A write that was only announced never left. An update or delete is looked up by its item: it counts as done where that
is as it was to be, and is planned again where it is not. A create is looked up by its marker, or its content; one that
cannot be found may still be on its way through the service, so it counts as unsent only after the time in which its
answer would have come.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from nylasadmin.domain.fidelity import Fidelity
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import ActionKind, Direction
from nylasadmin.domain.runs import Counters, Run
from nylasadmin.services import wording
from nylasadmin.services.given import take_over
from nylasadmin.services.leases import Lease
from nylasadmin.services.lost import as_made, find_made, has_happened
from nylasadmin.services.ports import ItemReader
from nylasadmin.services.recording import COUNTED_AS
from nylasadmin.services.rows import IntendedWrite, ItemScope, PairRow
from nylasadmin.services.storage import Clock, Storage, UnitOfWork

_LOOKS = 8


class Recovery:
    """Resolves the open writes of one run's link, whose items are in ``scope``.

    ``quiet_s``: how long a lost request may still have effect. ``fidelity``: that of a Send, which they all came from.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        run: Run,
        lease: Lease,
        *,
        quiet_s: float,
        fidelity: Fidelity,
        scope: ItemScope,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._run = run
        self._lease = lease
        self._quiet_s = quiet_s
        self._fidelity = fidelity
        self._scope = scope
        self._deadlines: dict[tuple[int, int], float] = {}
        self._said = ""

    def resolve(self, nylas: ItemReader) -> None:
        """Settle what can be told; before a Send, wait for the rest. Raises ``NylasError``, and as a lease does."""
        try:
            while doubtful := self._settle(nylas):
                if self._run.direction is Direction.GET:
                    return  # what turns up later bears our marker, and is adopted by it
                left = max(self._deadlines[key] for key in doubtful) - time.monotonic()
                self._say(wording.waiting_until(self._clock.now() + left))
                self._lease.wait(min(left, self._quiet_s / _LOOKS))
        finally:
            self._say("")

    def _say(self, note: str) -> None:
        """Tell whoever looks at the run what it waits for."""
        if note == self._said:
            return
        with self._storage.write() as tx:
            tx.runs.note(self._run, note)
        self._said = note

    def _settle(self, nylas: ItemReader) -> list[tuple[int, int]]:
        """Look once; give the creates nobody can tell about yet."""
        with self._storage.read() as tx:
            open_writes = tx.writes.unsettled(self._run.link_id)
        if unsent := [w for w in open_writes if not w.was_sent]:
            self._end(unsent, "unsent")
        return [(w.run_id, w.seq) for w in open_writes if w.was_sent and not self._find(w, nylas)]

    def _find(self, write: IntendedWrite, nylas: ItemReader) -> bool:
        """Look a write up that has left; say whether its end is known now, or need not be."""
        if write.kind is not ActionKind.CREATE:
            self._find_changed(write, nylas)
            return True
        if write.claims is None:
            self._end([write], "unknown")
            return True
        return self._find_created(write, write.claims, nylas)

    def _find_changed(self, write: IntendedWrite, nylas: ItemReader) -> None:
        item_id = write.nylas_id
        if item_id is None or not has_happened(nylas, write.kind, item_id, write.after, self._fidelity):
            self._end([write], "unknown")
            return
        with self._storage.write() as tx:
            self._lease.check_in(tx)
            if write.kind is ActionKind.DELETE and write.crm_id is not None:
                tx.pairs.forget(self._run.link_id, [(write.crm_id, item_id)])
            self._done(tx, write, item_id)

    def _find_created(self, write: IntendedWrite, claims: ItemId, nylas: ItemReader) -> bool:
        is_late = time.monotonic() >= self._deadline(write)  # asked first: what turns up meanwhile is found
        found = self._made(claims, write, nylas)
        if found is None:
            if is_late:
                self._end([write], "unsent")
            return is_late
        made, seen = as_made(nylas, write.seq, found, self._fidelity)
        with self._storage.write() as tx:
            self._lease.check_in(tx)
            if write.crm_id is not None:  # an undo may bring back what the CRM has no item of
                tx.pairs.save(self._run.link_id, [PairRow(write.crm_id, found, write.after or b"")])
                tx.rejections.paired(self._run.link_id, [write.crm_id], [found])
            take_over(tx, self._scope, {claims: made})
            if seen is not None and seen.fingerprint != write.after:
                tx.writes.left(write.run_id, {write.seq: seen.fingerprint})
            self._done(tx, write, found)
        return True

    def _done(self, tx: UnitOfWork, write: IntendedWrite, item_id: ItemId) -> None:
        """Note that a write has happened; the run that goes on after its worker's death counts it."""
        tx.writes.settle(write.run_id, [(write.seq, "done", item_id)])
        if write.run_id == self._run.id:
            tx.runs.add_counts(self._run, Counters(**{COUNTED_AS[write.kind]: 1}))

    def _made(self, claims: ItemId, write: IntendedWrite, nylas: ItemReader) -> ItemId | None:
        with self._storage.read() as tx:
            known = {nylas_id for _, nylas_id in tx.pairs.of_link(self._run.link_id)}
        return find_made(nylas, claims, write.after, self._fidelity, known)

    def _deadline(self, write: IntendedWrite) -> float:
        """Give the moment (monotonic) from which on the write's request can have no effect any more."""
        key = (write.run_id, write.seq)
        if key not in self._deadlines:
            passed = 0.0 if write.run_ended_at is None else self._clock.now() - write.run_ended_at - 1
            self._deadlines[key] = time.monotonic() + self._quiet_s - max(0.0, passed)
        return self._deadlines[key]

    def _end(self, ended: Sequence[IntendedWrite], state: str) -> None:
        with self._storage.write() as tx:
            self._lease.check_in(tx)
            for write in ended:
                tx.writes.settle(write.run_id, [(write.seq, state, None)])
