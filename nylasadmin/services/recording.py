"""What a batch of actions comes to: its orders, and then pairs, counters, failures and the record of writes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from nylasadmin.domain.fidelity import merged
from nylasadmin.domain.items import ItemId, ScheduleItem, encode_item
from nylasadmin.domain.plan import Action, ActionKind, Direction
from nylasadmin.domain.runs import Counters, Failure, Run
from nylasadmin.errors import NylasAdminError
from nylasadmin.services import wording
from nylasadmin.services.leases import Lease
from nylasadmin.services.observing import Facts
from nylasadmin.services.ports import Outcome, WriteOrder
from nylasadmin.services.rows import ItemScope, PairRow, WriteRow
from nylasadmin.services.storage import Storage, UnitOfWork

WITH_BODY = frozenset({ActionKind.CREATE, ActionKind.UPDATE})
_DONE = {ActionKind.CREATE: "created", ActionKind.UPDATE: "updated", ActionKind.DELETE: "deleted"}


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One run's facts and the tools to carry out its plan."""

    run: Run
    facts: Facts
    scope: ItemScope
    storage: Storage
    lease: Lease


class Record:
    """What a batch of actions came to: pairs, counters, failures, and the rows of the record of writes."""

    def __init__(self, work: Work, first_seq: int) -> None:
        self._work = work
        self._next = first_seq
        self.actions: dict[int, Action] = {}
        self._before: dict[int, bytes | None] = {}
        self._is_send = work.facts.direction is Direction.SEND
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
        body = bodies.get(action.source) if action.source and action.kind in WITH_BODY else None
        old = before.get(action.destination) if action.destination else None
        if (body is None and action.kind in WITH_BODY) or (old is None and action.destination):
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
            seen=self._work.facts.source.get(action.source) if action.source and old is None else None,
            expected=action.expected,
            claims=action.source if self._is_send else None,
        )

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

    def made(self, outcomes: Sequence[Outcome]) -> dict[ItemId, Outcome]:
        """Name the sources of what was created, with what the destination made of them."""
        created = ((self.actions[o.key], o) for o in outcomes if o.id is not None)
        return {a.source: o for a, o in created if a.kind is ActionKind.CREATE and a.source is not None}

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
