"""What is kept of writes for undo: before-images, what was left, how much room that takes, and its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    exists,
    func,
    select,
    update,
)

from nylasadmin.adapters.storage.links import chunks
from nylasadmin.adapters.storage.tables import links, runs, snapshots, targets, writes
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import Item, decode_body
from nylasadmin.domain.plan import ActionKind, Direction
from nylasadmin.domain.runs import LIVE
from nylasadmin.domain.undoing import Restored, image_key
from nylasadmin.services.rows import RecordedWrite
from nylasadmin.services.views import KeptVersions

_HAPPENED = writes.c.state.in_(["done", "unknown", "sent"])
"""States of writes that have happened, or may have: what is there now tells."""

_REPLACED = writes.c.kind.in_([str(ActionKind.UPDATE), str(ActionKind.DELETE)])
_DAY_S = 86_400
_GRACE_DAYS = 2
"""Before-images outlive the days of undo by this much: a plan that was made on the last one can be carried out."""


def count_images(db: Connection, run_id: int, images: Sequence[bytes]) -> None:
    """Add to what a run's before-images take."""
    if images:
        size = sum(map(len, images))
        values = {"images": runs.c.images + len(images), "image_bytes": runs.c.image_bytes + size}
        db.execute(update(runs).where(runs.c.id == run_id).values(**values))


class KeptWrites:
    """The part of the record of writes that undo reads, and that ends with its days."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def left(self, run_id: int, fingerprints: Mapping[int, bytes | None]) -> None:
        """Correct what writes have left, by their numbers."""
        rows = [{"the_seq": seq, "the_after": after} for seq, after in fingerprints.items()]
        if rows:
            this = and_(writes.c.run_id == run_id, writes.c.seq == bindparam("the_seq"))
            self._db.execute(update(writes).where(this).values(after=bindparam("the_after")), rows)

    def of_snapshot(self, snapshot_id: int, link_id: int) -> Iterator[RecordedWrite]:
        """Yield what a snapshot wrote to a link's items, or may have written, in the order of writing."""
        for run_id in self._runs_of(link_id, [snapshot_id]):
            found = select(writes).where(writes.c.run_id == run_id, _HAPPENED).order_by(writes.c.seq)
            for row in self._db.execute(found.execution_options(yield_per=500)):
                yield _recorded(row)

    def _runs_of(self, link_id: int, snapshot_ids: Sequence[int]) -> list[int]:
        """Give the runs of a link in some snapshots: a link has few runs, a snapshot may have many."""
        found = select(runs.c.id, runs.c.snapshot_id).where(runs.c.link_id == link_id).order_by(runs.c.id)
        return [row.id for row in self._db.execute(found) if row.snapshot_id in snapshot_ids]

    def links_of(self, snapshot_id: int) -> list[int]:
        """Give the links to whose items a snapshot wrote."""
        has_written = exists().where(writes.c.run_id == runs.c.id, _HAPPENED)
        found = select(runs.c.link_id).where(runs.c.snapshot_id == snapshot_id, has_written)
        return list(self._db.execute(found.order_by(runs.c.ordinal)).scalars())

    def lacks_images(self, snapshot_id: int) -> bool:
        """Say whether before-images of a snapshot are gone; those of a run's first writes go first."""
        first = select(writes.c.before.is_(None)).where(writes.c.run_id == runs.c.id, _HAPPENED, _REPLACED)
        is_gone = first.order_by(writes.c.seq).limit(1).scalar_subquery()
        found = select(runs.c.id).where(runs.c.snapshot_id == snapshot_id, is_gone.is_(True)).limit(1)
        return self._db.execute(found).first() is not None

    def restored(self, snapshot_id: int, link_id: int) -> list[Restored]:
        """Give what earlier undos of a snapshot have brought back or back to an earlier version."""
        undos = list(self._db.execute(select(snapshots.c.id).where(snapshots.c.undoes_id == snapshot_id)).scalars())
        written = writes.join(runs, writes.c.run_id == runs.c.id)
        found: list[Restored] = []
        for run_id in self._runs_of(link_id, undos):
            rows = (
                select(writes, runs.c.direction)
                .select_from(written)
                .where(writes.c.run_id == run_id, writes.c.state == "done", writes.c.kind != str(ActionKind.DELETE))
                .order_by(writes.c.seq)
            )
            found += [r for row in self._db.execute(rows) if (r := _restored(row)) is not None]
        return found

    def images(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        """Give before-images; what is not kept any more is left out."""
        by_run: dict[int, dict[int, ItemId]] = {}
        for image in ids:
            if key := image_key(image):
                by_run.setdefault(key[0], {})[key[1]] = image
        found: dict[ItemId, Item] = {}
        for run_id, names in by_run.items():
            for numbers in chunks(sorted(names)):
                kept = and_(writes.c.run_id == run_id, writes.c.seq.in_(numbers), writes.c.before.is_not(None))
                rows = self._db.execute(select(writes.c.seq, writes.c.before).where(kept))
                found |= {names[row.seq]: decode_body(bytes(row.before)) for row in rows}
        return found

    def kept(self, target_id: int) -> KeptVersions:
        """Count a target's before-images: one short index row per run, never the images themselves."""
        sums = select(func.coalesce(func.sum(runs.c.images), 0), func.coalesce(func.sum(runs.c.image_bytes), 0))
        mine = sums.select_from(runs.join(links, runs.c.link_id == links.c.id)).where(
            links.c.target_id == target_id, runs.c.images > 0
        )
        versions, size = self._db.execute(mine).one()
        return KeptVersions(versions=int(versions), size_bytes=int(size))

    def over(self, now: int, limit: int) -> list[int]:
        """Give runs whose before-images are over their days, the oldest first."""
        return list(self._db.execute(_over(now).limit(limit)).scalars())

    def drop(self, run_ids: Sequence[int], most: int) -> int:
        """Drop up to ``most`` before-images of runs; give how many. The record of the writes stays."""
        dropped = 0
        for run_id in run_ids:
            if dropped < most:
                dropped += self._drop(run_id, most - dropped)
        return dropped

    def _drop(self, run_id: int, most: int) -> int:
        """Drop images of a run from its first write on."""
        kept = and_(writes.c.run_id == run_id, writes.c.before.is_not(None))
        oldest = select(writes.c.seq, func.length(writes.c.before)).where(kept).order_by(writes.c.seq).limit(most)
        rows = self._db.execute(oldest).all()
        if rows:
            self._db.execute(update(writes).where(kept, writes.c.seq <= rows[-1][0]).values(before=None))
        is_all = len(rows) < most
        left = {
            "images": 0 if is_all else runs.c.images - len(rows),
            "image_bytes": 0 if is_all else runs.c.image_bytes - sum(row[1] for row in rows),
        }
        self._db.execute(update(runs).where(runs.c.id == run_id).values(**left))
        return len(rows)


def _over(now: int) -> Select[Any]:
    """Select runs that have had before-images longer than their days, and that nobody is taking back.

    The fewest days of any target bound what has to be looked at.
    """
    joined = runs.join(snapshots, runs.c.snapshot_id == snapshots.c.id)
    joined = joined.join(targets, snapshots.c.target_id == targets.c.id)
    fewest = select(func.coalesce(func.min(targets.c.undo_days), 0)).scalar_subquery()
    return (
        select(runs.c.id)
        .select_from(joined)
        .where(
            runs.c.images > 0,
            runs.c.finished_at < now - (fewest + _GRACE_DAYS) * _DAY_S,
            runs.c.finished_at < now - (targets.c.undo_days + _GRACE_DAYS) * _DAY_S,
            ~_being_undone(),
        )
        .order_by(runs.c.finished_at)
    )


def _being_undone() -> ColumnElement[bool]:
    undoing, undo = runs.alias("undoing"), snapshots.alias("undo")
    live: ScalarSelect[Any] = (
        select(func.count())
        .select_from(undo.join(undoing, undoing.c.snapshot_id == undo.c.id))
        .where(undo.c.undoes_id == snapshots.c.id, undoing.c.state.in_(sorted(LIVE)))
        .correlate(snapshots)
        .scalar_subquery()
    )
    return live > 0


def _recorded(row: Row[Any]) -> RecordedWrite:
    return RecordedWrite(
        run_id=row.run_id,
        seq=row.seq,
        kind=ActionKind(row.kind),
        crm_id=ItemId(row.crm_id) if row.crm_id else None,
        nylas_id=ItemId(row.nylas_id) if row.nylas_id else None,
        title=row.title,
        before=_bytes(row.before),
        after=_bytes(row.after),
        restores=ItemId(row.restores) if row.restores else None,
    )


def _restored(row: Row[Any]) -> Restored | None:
    written = row.crm_id if row.direction == str(Direction.GET) else row.nylas_id
    if not row.restores or not written:
        return None
    return Restored(image=ItemId(row.restores), destination=ItemId(written), after=_bytes(row.after))


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
