"""What became of remote writes whose end was never recorded, because their worker or their answer was lost.

A write that was only announced never left. An update or delete is simply planned again. A create is looked up by its
marker; one that cannot be found may still be on its way through the service, so it counts as unsent only after the time
in which its answer would have come.
"""

from __future__ import annotations

import time

from nylasadmin.domain.plan import ActionKind, Direction
from nylasadmin.domain.runs import Counters, Run
from nylasadmin.services import wording
from nylasadmin.services.leases import Lease
from nylasadmin.services.ports import ItemReader
from nylasadmin.services.rows import IntendedWrite, PairRow
from nylasadmin.services.storage import Clock, Storage

_LOOKS = 8


class Recovery:
    """Resolves the open writes of one run's link. ``quiet_s``: how long a lost request may still have effect."""

    def __init__(self, storage: Storage, clock: Clock, run: Run, lease: Lease, quiet_s: float) -> None:
        self._storage = storage
        self._clock = clock
        self._run = run
        self._lease = lease
        self._quiet_s = quiet_s
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
        told = {w: state for w in open_writes if (state := _told(w)) is not None}
        if told:
            self._end(told)
        asked = [w for w in open_writes if w not in told]
        return [(w.run_id, w.seq) for w in asked if not self._find(w, nylas)]

    def _find(self, write: IntendedWrite, nylas: ItemReader) -> bool:
        """Look a create up; say whether its end is known now."""
        is_late = time.monotonic() >= self._deadline(write)  # asked first: what turns up meanwhile is found
        found = nylas.find_claiming(write.crm_id) if write.crm_id else None
        if found is None or write.crm_id is None:
            if is_late:
                self._end({write: "unsent"})
            return is_late
        with self._storage.write() as tx:
            self._lease.check_in(tx)
            tx.pairs.save(self._run.link_id, [PairRow(write.crm_id, found, b"")])
            tx.writes.settle(write.run_id, [(write.seq, "done", found)])
            if write.run_id == self._run.id:
                tx.runs.add_counts(self._run, Counters(created=1))
        return True

    def _deadline(self, write: IntendedWrite) -> float:
        """Give the moment (monotonic) from which on the write's request can have no effect any more."""
        key = (write.run_id, write.seq)
        if key not in self._deadlines:
            passed = 0.0 if write.run_ended_at is None else self._clock.now() - write.run_ended_at - 1
            self._deadlines[key] = time.monotonic() + self._quiet_s - max(0.0, passed)
        return self._deadlines[key]

    def _end(self, ends: dict[IntendedWrite, str]) -> None:
        with self._storage.write() as tx:
            self._lease.check_in(tx)
            for write, state in ends.items():
                tx.writes.settle(write.run_id, [(write.seq, state, None)])


def _told(write: IntendedWrite) -> str | None:
    """Say how a write ended where that can be told without asking."""
    if not write.was_sent:
        return "unsent"
    return "unknown" if write.kind is not ActionKind.CREATE or write.crm_id is None else None
