"""The door for news of single items at Nylas: whoever hears of a change notes it here, before anything else.

A run that lists or writes meanwhile asks for what arrived and never writes an older version over it.
"""

from __future__ import annotations

from nylasadmin.domain.items import ItemId
from nylasadmin.services.storage import Clock, Storage

KEPT_S = 7 * 86_400
"""How long a change stays noted: longer than any run lasts."""

_PRUNED_EVERY = 256
_PRUNED_AT_ONCE = 2 * _PRUNED_EVERY


class Arrivals:
    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    def accept(self, link_id: int, item_id: str) -> int:
        """Note that an item of a link's folder was made, changed or deleted at Nylas, and give the change's number.

        ``item_id`` is the id at Nylas of the whole item: of the series, where one of its occurrences changed. The note
        is committed when this returns. Raises :class:`~nylasadmin.errors.NotFound` for a link nobody knows.
        """
        with self._storage.write() as tx:
            tx.links.get(link_id)
            seq = tx.arrivals.note(link_id, ItemId(item_id))
            if seq % _PRUNED_EVERY == 0:
                tx.arrivals.prune(int(self._clock.now()) - KEPT_S, _PRUNED_AT_ONCE)
        return seq
