"""One calendar that can be written: a reader and a writer side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from nylasadmin.adapters.lanes import in_lanes
from nylasadmin.adapters.nylas.reading import NylasReader
from nylasadmin.adapters.nylas.writing import Writer
from nylasadmin.domain.fidelity import Fidelity
from nylasadmin.domain.items import ItemId, ScheduleItem
from nylasadmin.domain.plan import Observed, Window
from nylasadmin.services.ports import Outcome, WriteOrder


class NylasFolder:
    """Reads and writes one folder at Nylas."""

    def __init__(self, reader: NylasReader, concurrency: int) -> None:
        self._reader = reader
        self._writer = Writer(reader)
        self._concurrency = max(1, concurrency)

    def observe(self, fidelity: Fidelity, window: Window) -> Iterator[list[Observed]]:
        """Yield every item with a part in the window; see :class:`NylasReader`."""
        return self._reader.observe(fidelity, window)

    def look_up(self, ids: Sequence[ItemId], fidelity: Fidelity) -> list[Observed]:
        """Read items by id; see :class:`NylasReader`."""
        return self._reader.look_up(ids, fidelity)

    def load(self, ids: Sequence[ItemId]) -> dict[ItemId, ScheduleItem]:
        """Give bodies; see :class:`NylasReader`."""
        return self._reader.load(ids)

    def write(self, orders: Iterable[WriteOrder]) -> Iterator[Outcome]:
        """Carry out orders a few at a time, taking the next one only when there is room for it."""
        return in_lanes(self._concurrency, self._writer.carry_out, orders)

    def find_claiming(self, claims: ItemId) -> ItemId | None:
        """Find the event with our marker; see :class:`NylasReader`."""
        return self._reader.find_claiming(claims)
