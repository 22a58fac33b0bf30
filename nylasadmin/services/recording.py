"""What a batch of actions comes to: its orders, and then pairs, counters, failures and the record of writes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from nylasadmin.domain.binding import PlanItemState
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import Item, brief, encode_body, merged
from nylasadmin.domain.plan import Action, ActionKind, Direction, Reason
from nylasadmin.domain.runs import Counters, Failure, Run
from nylasadmin.errors import NylasAdminError, NylasError, Unauthorized
from nylasadmin.services import wording
from nylasadmin.services.leases import Lease
from nylasadmin.services.observing import Facts
from nylasadmin.services.ports import Outcome, WriteOrder
from nylasadmin.services.recognizing import seen
from nylasadmin.services.rows import ItemScope, PairRow, PlanItem, WriteRow
from nylasadmin.services.sampling import Sampler
from nylasadmin.services.storage import Storage, UnitOfWork

WITH_BODY = frozenset({ActionKind.CREATE, ActionKind.UPDATE})
COUNTED_AS = {ActionKind.CREATE: "created", ActionKind.UPDATE: "updated", ActionKind.DELETE: "deleted"}


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One run's facts and the tools to carry out its plan."""

    run: Run
    facts: Facts
    scope: ItemScope
    storage: Storage
    lease: Lease
    sampler: Sampler

    @property
    def is_undo(self) -> bool:
        return self.run.undoes_id is not None

    def source_in(self, tx: UnitOfWork, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        """Give bodies of a source that is in our own database: the CRM's items, or the before-images of an undo."""
        if self.is_undo:
            return tx.writes.images(ids)
        return tx.items.store(self.scope).load(ids)


def _image(action: Action, old: Item) -> Item:
    """Give what is kept of an item before a write: of one that stays, what overwriting cannot change is left out."""
    return brief(old) if action.kind is ActionKind.UPDATE else old


class Record:
    """What a batch of actions came to: pairs, counters, failures, and the rows of the record of writes."""

    def __init__(self, work: Work, first_seq: int) -> None:
        self._work = work
        self._next = first_seq
        self.actions: dict[int, Action] = {}
        self._before: dict[int, bytes | None] = {}
        self._is_send = work.facts.direction is Direction.SEND
        self._is_undo = work.is_undo
        self._left: dict[int, bytes | None] = {}
        self._clear()

    def _clear(self) -> None:
        self._pairs: list[PairRow] = []
        self._forgotten: list[tuple[ItemId, ItemId]] = []
        self._failures: list[Failure] = []
        self._counts: dict[str, int] = {}
        self._overtaken: list[Action] = []

    def order(
        self,
        action: Action,
        bodies: dict[ItemId, Item],
        before: dict[ItemId, Item],
        encoded: bytes | None = None,
    ) -> WriteOrder | None:
        """Make the write of an action; ``None`` when an item vanished since it was planned (counted as moved)."""
        body = bodies.get(action.source) if action.source and action.kind in WITH_BODY else None
        old = before.get(action.destination) if action.destination else None
        if (body is None and encoded is None and action.kind in WITH_BODY) or (old is None and action.destination):
            self.leave([action])
            return None
        if body is not None and old is not None:
            body = merged(body, old, self._work.facts.fidelity)
        seq = self._next
        self._next += 1
        self.actions[seq] = action
        self._before[seq] = encode_body(_image(action, old)) if old is not None else None
        return WriteOrder(
            key=seq,
            kind=action.kind,
            fidelity=self._work.facts.fidelity,
            id=action.destination or action.revives,
            item=body,
            body=encoded,
            before=old,
            seen=self._work.facts.source.get(action.source) if action.source and old is None else None,
            expected=action.expected,
            claims=self._claims(action),
        )

    def _claims(self, action: Action) -> ItemId | None:
        """Give what the marker of the item says; an undo marks only what it creates, others keep theirs."""
        is_marked = self._is_send and (not self._is_undo or action.kind is ActionKind.CREATE)
        return action.source if is_marked else None

    def announced(self) -> list[WriteRow]:
        """Give the rows of the orders that were made since this was asked last."""
        fresh = [self._row(seq, self.actions[seq], self.actions[seq].destination) for seq in self._before]
        self._before.clear()  # whole items: kept in the record of writes from now on
        return fresh

    def rows(self, outcomes: list[Outcome]) -> list[WriteRow]:
        made = {o.key: o.id for o in outcomes}
        return [self._row(seq, action, made.get(seq)) for seq, action in self.actions.items()]

    def _row(self, seq: int, action: Action, destination: ItemId | None) -> WriteRow:
        crm, nylas = self._sides(action, destination)
        return WriteRow(
            seq=seq,
            kind=action.kind,
            crm_id=crm,
            nylas_id=nylas,
            title=action.title,
            before=self._before[seq],
            after=self.after(action),
            restores=action.source if self._is_undo else None,
        )

    def after(self, action: Action) -> bytes | None:
        """Give the fingerprint that a write leaves: merged or not, what is written equals its source."""
        seen = self._work.facts.source.get(action.source) if action.source and action.kind in WITH_BODY else None
        return seen.fingerprint if seen is not None else None

    def _sides(self, action: Action, destination: ItemId | None) -> tuple[ItemId | None, ItemId | None]:
        """Give (CRM id, Nylas id) of an action's item at the source and of one at the destination."""
        other = action.partner if self._is_undo else action.source
        return (other, destination) if self._is_send else (destination, other)

    def note(self, outcome: Outcome) -> None:
        action = self.actions[outcome.key]
        if outcome.id is not None:
            self._pair_up(action, outcome.id)
        if isinstance(outcome.error, Unauthorized):
            return  # nothing is wrong with the item; the run parks, or fails, with that cause
        if outcome.error is not None:
            self._fail(action, outcome.error)
        elif outcome.has_moved:
            self.leave([action])
        else:
            self._add(COUNTED_AS[action.kind])

    def half_done(self, seq: int, left: bytes | None) -> None:
        """Note what a write has left that was carried out in part; ``None`` where nobody can tell."""
        self._left[seq] = left

    def made(self, outcomes: Sequence[Outcome]) -> dict[ItemId, Outcome]:
        """Name the sources of what was created, with what the destination made of them."""
        created = ((self.actions[o.key], o) for o in outcomes if o.id is not None)
        return {a.source: o for a, o in created if a.kind is ActionKind.CREATE and a.source is not None}

    def _pair_up(self, action: Action, destination: ItemId) -> None:
        crm, nylas = self._sides(action, destination)
        if action.kind is ActionKind.DELETE:
            self._forget(action)
        elif action.pairs_anew and crm is not None and nylas is not None and action.source is not None:
            item = self._work.facts.source[action.source]
            self._pairs.append(PairRow(crm, nylas, item.fingerprint, None if self._is_send else seen(item)))

    def _forget(self, action: Action) -> None:
        crm, nylas = self._sides(action, action.destination)
        if crm is not None and nylas is not None:
            self._forgotten.append((crm, nylas))

    def _fail(self, action: Action, error: NylasAdminError) -> None:
        crm, nylas = self._sides(action, action.destination)
        self._add("failed")
        self._failures.append(
            Failure(
                title=action.title,
                action=str(action.kind),
                cause=wording.sentence(error),
                detail=wording.raw(error),
                crm_id=crm,
                nylas_id=nylas,
                is_transient=isinstance(error, NylasError) and error.is_transient,
            )
        )

    def leave(self, overtaken: Sequence[Action]) -> None:
        """Note planned writes that are left, because a side was changed since; bookkeeping needs no note."""
        for action in overtaken:
            if action.writes:
                self._add("moved")
                self._overtaken.append(action)

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
        if self._work.facts.rejections and self._pairs:
            tx.rejections.paired(link_id, [p.crm_id for p in self._pairs], [p.nylas_id for p in self._pairs])
        tx.runs.add_failures(self._work.run, self._failures)
        tx.failed.note(self._work.run, self._failures)
        tx.runs.add_counts(self._work.run, Counters(**self._counts))
        if self._overtaken:
            _keep_overtaken(self._work.run, tx, self._overtaken)
        self._work.sampler.take(tx, self._work.run.snapshot_id)
        left = dict(self._left)  # a copy: another thread may just be noting one
        tx.writes.left(self._work.run.id, left)
        for seq in left:
            del self._left[seq]
        self._clear()


def _keep_overtaken(run: Run, tx: UnitOfWork, overtaken: list[Action]) -> None:
    """List writes that were left among what was not written, and on the page of the plan the run is bound to."""
    first = tx.plans.next_seq(run.id)
    tx.plans.add(run.snapshot_id, run.id, [_left(seq, action) for seq, action in enumerate(overtaken, first)])
    if run.plan_id is not None:
        tx.plans.mark(run.plan_id, run.link_id, [(a.source, a.destination) for a in overtaken], PlanItemState.MOVED)


def _left(seq: int, action: Action) -> PlanItem:
    return PlanItem(
        seq=seq,
        kind=ActionKind.SKIP,
        reason=Reason.ARRIVED_MEANWHILE,
        source_id=action.source,
        destination_id=action.destination,
        title=action.title,
        is_recurring=action.is_recurring,
        source_fingerprint=None,
        expected=action.expected,
        before=None,
        after=None,
    )
