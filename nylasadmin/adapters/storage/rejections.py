"""Operators' answers "do not delete this", remembered per link, direction and item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)

from nylasadmin.adapters.storage.bulk import storable
from nylasadmin.adapters.storage.links import chunks
from nylasadmin.adapters.storage.tables import links, rejections, runs
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.runs import LIVE, RunState
from nylasadmin.errors import NotFound
from nylasadmin.services.rows import DueRejection, HeldRun, Rejection, Victim

_DUE: ColumnElement[bool] = literal_column("rejections.is_due")  # spelt as in the index, so that it is used
_HAS_DUE = select(rejections.c.id).where(_DUE).limit(1)
_OF_LINK = select(rejections.c.direction, rejections.c.destination_id).where(
    rejections.c.link_id == bindparam("the_link")
)


class SqlRejections:
    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._db = connection
        self._now = now

    def add(self, held: HeldRun, victims: Sequence[Victim], operator: str, reason: str, *, is_due: bool) -> None:
        """Remember an answer about victims of a held run; an older one about the same item gives way.

        ``is_due``: those that were copies are to be created at the source again as soon as the link is free.
        """
        self._drop(held.link_id, held.direction, [v.destination_id for v in victims])
        common = {
            "link_id": held.link_id,
            "direction": str(held.direction),
            "operator": operator,
            "reason": storable(reason),
            "at": self._now(),
        }
        rows = [
            common
            | {
                "source_id": v.source_id,
                "destination_id": v.destination_id,
                "title": v.title,
                "is_due": is_due and v.source_id is not None,
            }
            for v in victims
        ]
        if rows:
            self._db.execute(insert(rejections), rows)

    def of_link(self, link_id: int) -> dict[Direction, frozenset[ItemId]]:
        """Give the items that must not be deleted, by the direction that would; empty where there are none."""
        found: dict[Direction, set[ItemId]] = {}
        for row in self._db.execute(_OF_LINK, {"the_link": link_id}):
            found.setdefault(Direction(row.direction), set()).add(ItemId(row.destination_id))
        return {direction: frozenset(ids) for direction, ids in found.items()}

    def page(self, link_id: int, offset: int, limit: int) -> list[Rejection]:
        """Give remembered answers of a link, newest first."""
        found = select(rejections).where(rejections.c.link_id == link_id).order_by(rejections.c.id.desc())
        return [_rejection(row) for row in self._db.execute(found.offset(offset).limit(limit))]

    def count(self, link_id: int) -> int:
        counted = select(func.count()).select_from(rejections).where(rejections.c.link_id == link_id)
        return int(self._db.execute(counted).scalar_one())

    def get(self, rejection_id: int) -> Rejection:
        """Give one answer. Raises ``NotFound``."""
        row = self._db.execute(select(rejections).where(rejections.c.id == rejection_id)).one_or_none()
        if row is None:
            raise NotFound("rejection", rejection_id)
        return _rejection(row)

    def forget(self, rejection_id: int) -> bool:
        return self._db.execute(delete(rejections).where(rejections.c.id == rejection_id)).rowcount == 1

    def drop(self, link_id: int, direction: Direction, ids: Sequence[ItemId]) -> None:
        """Forget answers about items that are paired again, or gone: a later deletion is asked about anew."""
        self._drop(link_id, direction, ids)

    def paired(self, link_id: int, crm_ids: Sequence[ItemId], nylas_ids: Sequence[ItemId]) -> None:
        """Forget answers about items that belong to a new pair, in either direction."""
        self._drop(link_id, Direction.GET, crm_ids)
        self._drop(link_id, Direction.SEND, nylas_ids)

    def _drop(self, link_id: int, direction: Direction, ids: Sequence[ItemId]) -> None:
        of_link = and_(rejections.c.link_id == link_id, rejections.c.direction == str(direction))
        for chunk in chunks(ids):
            self._db.execute(delete(rejections).where(of_link, rejections.c.destination_id.in_(chunk)))

    def has_due(self) -> bool:
        return self._db.execute(_HAS_DUE).first() is not None

    def due(self) -> list[DueRejection]:
        """Give answers whose items are to be created again, with the state of the run that occupies their link."""
        is_live = and_(runs.c.state.in_(sorted(str(s) for s in LIVE)), runs.c.is_preview.is_(False))
        joined = rejections.join(links, rejections.c.link_id == links.c.id).outerjoin(
            runs, and_(runs.c.link_id == rejections.c.link_id, is_live)
        )
        found = select(rejections, links.c.target_id, runs.c.state.label("busy")).select_from(joined)
        return [
            DueRejection(
                target_id=row.target_id,
                rejection=_rejection(row),
                busy=RunState(row.busy) if row.busy is not None else None,
            )
            for row in self._db.execute(found.where(_DUE).order_by(rejections.c.id))
        ]

    def settle(self, ids: Sequence[int]) -> None:
        """Note that what was due has been asked for, or cannot be."""
        for chunk in chunks(ids):
            self._db.execute(update(rejections).where(rejections.c.id.in_(chunk)).values(is_due=False))


def _rejection(row: Row[Any]) -> Rejection:
    return Rejection(
        id=row.id,
        link_id=row.link_id,
        direction=Direction(row.direction),
        source_id=row.source_id,
        destination_id=row.destination_id,
        title=row.title,
        operator=row.operator,
        reason=row.reason,
        at=row.at,
        is_due=row.is_due,
    )
