"""Changes at Nylas in the order in which they were told of, each for one item of one link."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from nylasadmin.adapters.storage.links import chunks
from nylasadmin.adapters.storage.tables import arrivals
from nylasadmin.domain.items import ItemId

_OF_LINK = arrivals.c.link_id == bindparam("the_link")
_NEWEST = select(func.max(arrivals.c.seq)).where(_OF_LINK)
_NEWER = (
    select(arrivals.c.seq, arrivals.c.item_id)
    .where(_OF_LINK, arrivals.c.seq > bindparam("the_seq"))
    .order_by(arrivals.c.seq)
)


class SqlArrivals:
    """Numbers become visible in their order: writers take turns."""

    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._db = connection
        self._now = now

    def note(self, link_id: int, item_id: ItemId) -> int:
        """Number a change and give its number."""
        made = self._db.execute(insert(arrivals).values(link_id=link_id, item_id=item_id, at=self._now()))
        (seq,) = made.inserted_primary_key or (0,)
        return int(seq)

    def newest(self, link_id: int) -> int:
        """Give the number of a link's newest change, 0 for none."""
        return int(self._db.execute(_NEWEST, {"the_link": link_id}).scalar() or 0)

    def since(self, link_id: int, seq: int) -> list[tuple[int, ItemId]]:
        """Give a link's changes after a number, in their order."""
        newer = self._db.execute(_NEWER, {"the_link": link_id, "the_seq": seq})
        return [(row.seq, ItemId(row.item_id)) for row in newer]

    def prune(self, before: int, limit: int) -> int:
        """Drop those of the oldest ``limit`` changes that came before a time (Unix seconds); give how many."""
        oldest = self._db.execute(select(arrivals.c.seq, arrivals.c.at).order_by(arrivals.c.seq).limit(limit))
        old = [row.seq for row in oldest if row.at < before]
        for chunk in chunks(old):
            self._db.execute(delete(arrivals).where(arrivals.c.seq.in_(chunk)))
        return len(old)
