"""The facts and the plan of one run: both listings, the pairs, what arrived meanwhile, what operators answered.

Holds readers only, so nothing here can write.
"""

from __future__ import annotations

from collections.abc import Callable

from nylasadmin.domain.kinds import is_inbound_only
from nylasadmin.domain.plan import ALWAYS, Action, Direction, Window, plan_by_id
from nylasadmin.domain.providers import known_time
from nylasadmin.domain.runs import Run
from nylasadmin.services import watermarks
from nylasadmin.services.doubts import resolve_doubts
from nylasadmin.services.observing import (
    Facts,
    Subject,
    fidelity_of,
    gather,
    nearest_first,
    newest_first,
    options_for,
    scope_of,
)
from nylasadmin.services.ports import ItemReader, Recognizing
from nylasadmin.services.recognizing import recognizable
from nylasadmin.services.storage import Clock, Storage
from nylasadmin.services.undo_runs import plan_undo


class Planner:
    """Plans runs; one serves them all."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    def plan(
        self, run: Run, subject: Subject, nylas: ItemReader, still_wanted: Callable[[], None]
    ) -> tuple[Facts, list[Action]]:
        """Read both sides and decide what to do with each item. Raises ``NylasError``, and as ``still_wanted`` does."""
        if run.undoes_id is not None:
            return plan_undo(self._storage, run, subject, scope_of(subject, run), nylas, still_wanted)
        facts = self._gather(run, subject, nylas, still_wanted)
        with self._storage.read() as tx:
            only = tx.runs.only(run.snapshot_id, run.link_id) if run.is_narrow else None
            facts.rejections = tx.rejections.of_link(run.link_id)
        rejected = facts.rejections.get(run.direction, frozenset())
        now, window = self._clock.now(), facts.window
        facts.options = options_for(run, subject, now, window=window, only=only, rejected=rejected)
        actions = plan_by_id(facts.source, facts.destination, facts.pairs, facts.options)
        if is_inbound_only(subject.link.item_type):
            return facts, newest_first(facts, actions)
        is_first = run.direction is Direction.GET and subject.account.synced_at is None
        return facts, nearest_first(facts, actions, now) if is_first else actions

    def _gather(self, run: Run, subject: Subject, nylas: ItemReader, still_wanted: Callable[[], None]) -> Facts:
        fidelity = fidelity_of(run.direction, subject.account.provider)
        with self._storage.read() as tx:
            watermark = watermarks.mark(tx, run.link_id)
            crm = [o for batch in tx.items.store(scope_of(subject, run)).observe(fidelity, ALWAYS) for o in batch]
            remembered = tx.pairs.seen_of_link(run.link_id)
            read_before = tx.runs.last_read(run.link_id, run.direction, since=subject.account.frozen_at)
        pairs = [(crm_id, nylas_id) for crm_id, nylas_id, _ in remembered]
        if run.direction is Direction.GET and run.filter is None and isinstance(nylas, Recognizing):
            nylas.recognize(recognizable(crm, remembered))
        window = window_of(subject, int(self._clock.now()))
        facts = gather(
            run.direction, fidelity, nylas=nylas, crm=crm, pairs=pairs, still_wanted=still_wanted, window=window
        )
        facts.read_before, facts.watermark, facts.remembered = read_before, watermark, remembered
        watermarks.catch_up(self._storage, run.link_id, facts, nylas, still_wanted)
        resolve_doubts(self._storage, scope_of(subject, run), facts, nylas)
        return facts


def window_of(subject: Subject, now: int) -> Window:
    """Give the time that takes part: what the account's policy lets in, of what its provider lists at all."""
    known = known_time(subject.link.item_type, subject.account.provider, now)
    return known.meet(subject.account.policy.window)
