"""The watermark of a run: what changed at Nylas since its listing began wins over the listing.

A run remembers the number of its link's newest arrival before it lists. After the listing, and inside the transaction
that begins each batch of writes, it asks for newer ones; they are read again by their ids. A planned action that a
newer version touches is carried out only if it comes out again of the facts of now; else it is left for the next run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nylasadmin.domain.arrivals import Changes, Holding, Touches
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import Action, ActionKind, Direction, Observed, Reason
from nylasadmin.services.observing import Facts
from nylasadmin.services.ports import ItemReader
from nylasadmin.services.recording import Work
from nylasadmin.services.storage import Storage, UnitOfWork

_MOST_ROUNDS = 5


class Arrived(Exception):
    """Something arrived between the last look and the transaction that was to write."""

    def __init__(self, ids: list[ItemId]) -> None:
        super().__init__(ids)
        self.ids = ids


def mark(tx: UnitOfWork, link_id: int) -> int:
    """Give the watermark: the number of the newest arrival. To be called before the listing begins."""
    return tx.arrivals.newest(link_id)


def news(tx: UnitOfWork, link_id: int, facts: Facts) -> list[ItemId]:
    """Give the items that arrived since this was asked last, each once."""
    found = tx.arrivals.since(link_id, facts.watermark)
    if found:
        facts.watermark = found[-1][0]
    return list(dict.fromkeys(item_id for _, item_id in found))


def catch_up(storage: Storage, link_id: int, facts: Facts, nylas: ItemReader, still_wanted: Callable[[], None]) -> None:
    """Bring a finished listing up to date before anything is planned with it."""
    for _ in range(_MOST_ROUNDS):
        with storage.read() as tx:
            arrived = news(tx, link_id, facts)
        if not arrived:
            return
        read_again(facts, nylas, arrived)
        still_wanted()
    # What keeps changing is looked at again before each batch.


def read_again(facts: Facts, nylas: ItemReader, ids: Sequence[ItemId]) -> Changes:
    """Read items at Nylas again and take what they are now into the facts; give those that are not as listed."""
    fresh = {o.id: o for o in nylas.look_up(ids, facts.fidelity)}
    known = facts.at_nylas
    changed = {i: fresh.get(i) for i in ids if not _is_same(known.get(i), fresh.get(i))}
    for item_id, seen in changed.items():
        if seen is None:
            known.pop(item_id, None)
        else:
            known[item_id] = seen
    return changed


def _is_same(listed: Observed | None, now: Observed | None) -> bool:
    if listed is None or now is None:
        return listed is now
    return (listed.fingerprint, listed.blocked) == (now.fingerprint, now.blocked)


def refresh(work: Work, nylas: ItemReader, arrived: Sequence[ItemId]) -> None:
    """Read again what arrived while the run writes, and remember what it touches."""
    facts = work.facts
    if changed := read_again(facts, nylas, arrived):
        _remember(facts, changed)


def _remember(facts: Facts, changed: Changes) -> None:
    before = facts.touches.changed if facts.touches is not None else {}
    facts.touches = Touches(before | changed, facts)


def without_news(tx: UnitOfWork, work: Work, batch: Holding, looks_left: int) -> Holding:
    """Give a batch as it was sorted out, if nothing has arrived since.

    Raises :class:`Arrived` while there are looks left; without any, what arrived is left as it is, unread.
    """
    if work.is_undo:
        return batch  # its source does not change, and what it would overwrite is protected by its fingerprint
    arrived = news(tx, work.run.link_id, work.facts)
    if not arrived:
        return batch
    if looks_left:
        raise Arrived(arrived)
    _remember(work.facts, dict.fromkeys(arrived))
    again = still_planned(work, batch.actions)
    return Holding(again.actions, batch.overtaken + again.overtaken)


def still_planned(work: Work, batch: Sequence[Action]) -> Holding:
    """Part a batch into what may be carried out and what a newer version at Nylas has overtaken."""
    facts = work.facts
    if facts.touches is None:
        return Holding(list(batch), [])
    may_follow = facts.direction is Direction.GET and work.run.plan_id is None
    return facts.touches.holding(batch, facts.options if may_follow else None)


def as_of_now(tx: UnitOfWork, work: Work, batch: Sequence[Action]) -> Holding:
    """Leave what a newer version in the CRM has overtaken, as of this very transaction.

    A Send takes over what its items are now, and leaves a delete whose source is there again; a Get leaves a create
    whose copy, deleted before, is there again. Everything else a Get writes is protected by its fingerprint.
    """
    if work.is_undo:
        return Holding(list(batch), [])
    if work.facts.direction is Direction.SEND:
        return _as_they_are_now(tx, work, batch)
    return _without_copies(tx, work, batch)


def is_as_read(tx: UnitOfWork, work: Work, action: Action) -> bool:
    """Say whether the source of a write is still what its batch was begun with."""
    if action.source is None or work.is_undo:
        return True
    now = tx.items.store(work.scope).look_up([action.source], work.facts.fidelity)
    return _is_same(work.facts.source.get(action.source), now[0] if now else None)


def _as_they_are_now(tx: UnitOfWork, work: Work, batch: Sequence[Action]) -> Holding:
    facts = work.facts
    sources = [a.source for a in batch if a.source is not None]
    fresh = {o.id: o for o in tx.items.store(work.scope).look_up(sources, facts.fidelity)}
    edited = {i: fresh.get(i) for i in sources if not _is_same(facts.source.get(i), fresh.get(i))}
    if not edited:
        return Holding(list(batch), [])
    facts.source |= {i: seen for i, seen in edited.items() if seen is not None}
    return Touches(edited, facts).holding(batch, facts.options if work.run.plan_id is None else None)


def _without_copies(tx: UnitOfWork, work: Work, batch: Sequence[Action]) -> Holding:
    remade = {a.source for a in batch if a.kind is ActionKind.CREATE and a.reason is Reason.DELETED_AT_DESTINATION}
    if not remade:
        return Holding(list(batch), [])
    partners = {p.destination: p.source for p in work.facts.pairs if p.source in remade}
    back = {partners[o.id] for o in tx.items.store(work.scope).look_up(list(partners), work.facts.fidelity)}
    return Holding([a for a in batch if a.source not in back], [a for a in batch if a.source in back])
