"""The items that a narrow snapshot is restricted to, and those that an operator has left out of a run."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, bindparam, func, select, update

from nylasadmin.adapters.storage.bulk import insert_rows
from nylasadmin.adapters.storage.tables import plan_items, runs, snapshot_items, snapshots
from nylasadmin.domain.items import ItemId
from nylasadmin.services.rows import ChosenItem

_COLUMNS = ("snapshot_id", "seq", "link_id", "crm_id", "nylas_id")
_IS_NARROW = select(snapshots.c.is_narrow).where(snapshots.c.id == bindparam("the_snapshot"))


class ChosenItems:
    """What ``SqlRuns`` knows about narrow snapshots."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def narrow(self, snapshot_id: int, rows: Sequence[ChosenItem]) -> None:
        """Restrict a snapshot to these items, and to those it was restricted to before. No item: nothing takes part."""
        self._db.execute(update(snapshots).where(snapshots.c.id == snapshot_id).values(is_narrow=True))
        highest = select(func.max(snapshot_items.c.seq)).where(snapshot_items.c.snapshot_id == snapshot_id)
        first = (self._db.execute(highest).scalar_one() or 0) + 1
        values = [(snapshot_id, seq, r.link_id, r.crm_id, r.nylas_id) for seq, r in enumerate(rows, first)]
        insert_rows(self._db, snapshot_items, _COLUMNS, values)

    def is_narrow(self, snapshot_id: int) -> bool:
        """Say whether a snapshot is restricted to some items."""
        return bool(self._db.execute(_IS_NARROW, {"the_snapshot": snapshot_id}).scalar_one())

    def only(self, snapshot_id: int, link_id: int) -> frozenset[ItemId] | None:
        """Give the ids, of either side, that take part in a link's run; ``None``: all do."""
        if not self.is_narrow(snapshot_id):
            return None
        ids = select(snapshot_items.c.crm_id, snapshot_items.c.nylas_id)
        rows = self._db.execute(
            ids.where(snapshot_items.c.snapshot_id == snapshot_id, snapshot_items.c.link_id == link_id)
        )
        return frozenset(ItemId(i) for row in rows for i in row if i is not None)

    def chosen(self, snapshot_id: int) -> list[ChosenItem] | None:
        """Give the items that a snapshot is restricted to; ``None``: it is not."""
        if not self.is_narrow(snapshot_id):
            return None
        found = select(snapshot_items).where(snapshot_items.c.snapshot_id == snapshot_id)
        rows = self._db.execute(found.order_by(snapshot_items.c.seq))
        return [ChosenItem(link_id=row.link_id, crm_id=row.crm_id, nylas_id=row.nylas_id) for row in rows]

    # --- left out

    def spare_excluded(self, snapshot_id: int, plan_id: int) -> None:
        """Note at a snapshot's runs what was left out of the plan they carry out; plans are dropped before runs are."""
        found = select(runs.c.link_id, plan_items.c.source_id, plan_items.c.destination_id).join(
            runs, plan_items.c.run_id == runs.c.id
        )
        spared: dict[int, set[str]] = {}
        for row in self._db.execute(found.where(plan_items.c.plan_id == plan_id, plan_items.c.excluded_by != "")):
            ids = {i for i in (row.source_id, row.destination_id) if i is not None}
            spared.setdefault(row.link_id, set()).update(ids)
        for link_id, ids in spared.items():
            self._spare(snapshot_id, link_id, msgspec.json.encode(sorted(ids)).decode())

    def spare_as(self, snapshot_id: int, before_id: int) -> None:
        """Leave the same items out of a snapshot's runs as were left out of an earlier one's."""
        found = select(runs.c.link_id, runs.c.spared)
        for row in self._db.execute(found.where(runs.c.snapshot_id == before_id, runs.c.spared.is_not(None))):
            self._spare(snapshot_id, row.link_id, row.spared)

    def _spare(self, snapshot_id: int, link_id: int, ids: str) -> None:
        of_link = (runs.c.snapshot_id == snapshot_id, runs.c.link_id == link_id)
        self._db.execute(update(runs).where(*of_link).values(spared=ids))
