"""The facts and the plan of a run that takes a snapshot back. Holds readers only, so nothing here can write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from nylasadmin.domain.fidelity import Fidelity
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import Item, decode_body
from nylasadmin.domain.plan import ALWAYS, Action, ActionKind, Direction, Observed, Options, Pair
from nylasadmin.domain.runs import Run
from nylasadmin.domain.undoing import Now, Restored, Written, image, image_id, own_fields, undo
from nylasadmin.services.observing import Facts, Subject, fidelity_of, listed, refusal_for
from nylasadmin.services.ports import ItemReader
from nylasadmin.services.rows import ItemScope, RecordedWrite
from nylasadmin.services.storage import Storage, UnitOfWork

_BATCH = 500
_NOTHING_OF_ITS_OWN = (None, "", ())


class Images:
    """The before-images of writes, as a source of bodies."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def load(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        """Give before-images by their ids; what is not kept any more is left out."""
        with self._storage.read() as tx:
            return tx.writes.images(ids)


class _Kept(msgspec.Struct, kw_only=True):
    """What our own database knows about the snapshot that is taken back, and of the CRM's side."""

    written: list[Written]
    restored: list[Restored]
    pairs: list[Pair]
    at_crm: dict[ItemId, Observed]
    annotated: set[ItemId]


def plan_undo(
    storage: Storage,
    run: Run,
    subject: Subject,
    scope: ItemScope,
    nylas: ItemReader,
    still_wanted: Callable[[], None],
) -> tuple[Facts, list[Action]]:
    """Plan how to take back what a snapshot wrote to a link's items. Raises as :func:`listed` does."""
    fidelity = fidelity_of(run.direction, subject.account.provider)
    with storage.read() as tx:
        kept = _read(tx, run, scope, fidelity)
        only = tx.runs.only(run.snapshot_id, run.link_id)
    if run.direction is Direction.GET:
        destination, sources = kept.at_crm, _partners_at_nylas(kept.written, nylas, fidelity, still_wanted)
    else:
        known = [w.destination for w in kept.written] + [r.destination for r in kept.restored]
        known += [p.destination for p in kept.pairs]
        destination, sources = listed(nylas, fidelity, known, still_wanted), set(kept.at_crm)
    now = Now(
        destination=destination,
        sources=sources,
        pairs=kept.pairs,
        annotated=kept.annotated,
        restored=kept.restored,
    )
    images = {w.image: w.before for w in kept.written if w.before is not None}
    facts = Facts(
        direction=run.direction, fidelity=fidelity, source=images, destination=destination, pairs=list(kept.pairs)
    )
    return facts, undo(kept.written, now, Options(refusal=refusal_for(run.direction, subject.link), only=only))


def _read(tx: UnitOfWork, run: Run, scope: ItemScope, fidelity: Fidelity) -> _Kept:
    if run.undoes_id is None:
        raise ValueError("the run takes nothing back")
    is_get = run.direction is Direction.GET
    rows = [_bare(row, is_get, fidelity) for row in tx.writes.of_snapshot(run.undoes_id, run.link_id)]
    written = [write for write, _ in rows if write is not None]
    pairs = [Pair(n, c) if is_get else Pair(c, n) for c, n in tx.pairs.of_link(run.link_id)]
    at_crm = (o for batch in tx.items.store(scope).observe(fidelity, ALWAYS) for o in batch)
    made = {w.destination: restores for w, restores in rows if w is not None and w.kind is ActionKind.CREATE}
    return _Kept(
        written=written,
        restored=tx.writes.restored(run.undoes_id, run.link_id),
        pairs=pairs,
        at_crm={o.id: o for o in at_crm},
        annotated=_annotated(tx, scope, made) if is_get else set(),
    )


def _bare(row: RecordedWrite, is_get: bool, fidelity: Fidelity) -> tuple[Written | None, ItemId | None]:
    """Reduce a recorded write to what planning needs, and name the before-image that it was made from itself."""
    source, destination = (row.nylas_id, row.crm_id) if is_get else (row.crm_id, row.nylas_id)
    if destination is None:
        return None, None  # a create nobody knows the end of: it is looked up before anything is written
    name = image_id(row.run_id, row.seq)
    write = Written(
        image=name,
        kind=row.kind,
        destination=destination,
        source=source,
        title=row.title,
        before=image(name, decode_body(row.before), fidelity) if row.before is not None else None,
        after=row.after,
    )
    return write, row.restores


def _annotated(tx: UnitOfWork, scope: ItemScope, made: dict[ItemId, ItemId | None]) -> set[ItemId]:
    """Find those of the created items that hold other private things by now than they were created with."""
    store, found = tx.items.store(scope), set[ItemId]()
    for ids in _batches(list(made)):
        images = tx.writes.images([i for item_id in ids if (i := made[item_id]) is not None])
        for item_id, item in store.load(ids).items():
            was = images.get(made[item_id] or item_id)
            if own_fields(item) != (own_fields(was) if was is not None else _NOTHING_OF_ITS_OWN):
                found.add(item_id)
    return found


def _batches(ids: Sequence[ItemId]) -> Iterable[Sequence[ItemId]]:
    return (ids[begin : begin + _BATCH] for begin in range(0, len(ids), _BATCH))


def _partners_at_nylas(
    written: list[Written], nylas: ItemReader, fidelity: Fidelity, still_wanted: Callable[[], None]
) -> set[ItemId]:
    """Find which items at Nylas those belong to that come back; where none comes back nobody need ask."""
    wanted = [w.source for w in written if w.kind is ActionKind.DELETE and w.source is not None]
    return set(listed(nylas, fidelity, wanted, still_wanted)) if wanted else set()
