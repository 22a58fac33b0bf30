"""The record of every write a run makes, each with the destination's version before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, select, update

from nylasadmin.adapters.storage.bulk import insert_rows, storable
from nylasadmin.adapters.storage.conditions import is_open
from nylasadmin.adapters.storage.images import KeptWrites, count_images
from nylasadmin.adapters.storage.tables import runs, writes
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import ActionKind
from nylasadmin.services.rows import IntendedWrite, WriteRow

_WRITE_COLUMNS = (
    "run_id",
    "seq",
    "link_id",
    "kind",
    "state",
    "crm_id",
    "nylas_id",
    "title",
    "before",
    "after",
    "restores",
)

_HIGHEST_SEQ = select(func.max(writes.c.seq)).where(writes.c.run_id == bindparam("the_run"))
_UNSETTLED = (
    select(writes, runs.c.finished_at)
    .join(runs, writes.c.run_id == runs.c.id)
    .where(writes.c.link_id == bindparam("the_link"), is_open(writes))
    .order_by(writes.c.run_id, writes.c.seq)
)


class SqlWrites(KeptWrites):
    """What runs wrote, each with the destination's version before it; remote writes are announced first."""

    def next_seq(self, run_id: int) -> int:
        highest = self._db.execute(_HIGHEST_SEQ, {"the_run": run_id}).scalar()
        return 0 if highest is None else int(highest) + 1

    def intend(self, run_id: int, link_id: int, rows: Sequence[WriteRow]) -> None:
        self._insert(run_id, link_id, rows, "intended")

    def record(self, run_id: int, link_id: int, rows: Sequence[WriteRow]) -> None:
        self._insert(run_id, link_id, rows, "done")

    def _insert(self, run_id: int, link_id: int, rows: Sequence[WriteRow], state: str) -> None:
        values = [
            (
                run_id,
                row.seq,
                link_id,
                str(row.kind),
                state,
                row.crm_id,
                row.nylas_id,
                storable(row.title),
                row.before,
                row.after,
                row.restores,
            )
            for row in rows
        ]
        insert_rows(self._db, writes, _WRITE_COLUMNS, values)
        count_images(self._db, run_id, [row.before for row in rows if row.before is not None])

    def settle(self, run_id: int, ends: Sequence[tuple[int, str, ItemId | None]]) -> None:
        """Note how announced writes ended: ``(seq, state, the id at Nylas or None to keep it)``."""
        rows = [{"the_seq": seq, "ended": state, "the_id": nylas_id} for seq, state, nylas_id in ends]
        if rows:
            self._db.execute(
                update(writes)
                .where(writes.c.run_id == run_id, writes.c.seq == bindparam("the_seq"))
                .values(state=bindparam("ended"), nylas_id=func.coalesce(bindparam("the_id"), writes.c.nylas_id)),
                rows,
            )

    def sent(self, run_id: int, seq: int) -> None:
        """Note that an announced write is about to leave."""
        this = and_(writes.c.run_id == run_id, writes.c.seq == seq)
        self._db.execute(update(writes).where(this).values(state="sent"))

    def unsettled(self, link_id: int) -> list[IntendedWrite]:
        return [_intended(row) for row in self._db.execute(_UNSETTLED, {"the_link": link_id})]


def _intended(row: Row[Any]) -> IntendedWrite:
    return IntendedWrite(
        run_id=row.run_id,
        seq=row.seq,
        kind=ActionKind(row.kind),
        crm_id=ItemId(row.crm_id) if row.crm_id else None,
        nylas_id=ItemId(row.nylas_id) if row.nylas_id else None,
        was_sent=row.state == "sent",
        run_ended_at=row.finished_at,
        after=bytes(row.after) if row.after is not None else None,
        claims=ItemId(row.restores or row.crm_id) if row.restores or row.crm_id else None,
    )
