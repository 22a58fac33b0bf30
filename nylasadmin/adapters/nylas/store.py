"""One folder that can be written: a reader and what carries out an order, side by side."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence

from nylasadmin.adapters.lanes import in_lanes
from nylasadmin.domain.fidelity import Fidelity
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import Item
from nylasadmin.domain.plan import Observed, Window
from nylasadmin.services.ports import ItemReader, Outcome, WriteOrder


class NylasFolder:
    """Reads and writes one folder at Nylas, whatever it holds."""

    def __init__(self, reader: ItemReader, carry_out: Callable[[WriteOrder], Outcome], concurrency: int) -> None:
        self._reader = reader
        self._carry_out = carry_out
        self._concurrency = max(1, concurrency)

    def observe(self, fidelity: Fidelity, window: Window) -> Iterator[list[Observed]]:
        """Yield every item with a part in the window; see :class:`ItemReader`."""
        return self._reader.observe(fidelity, window)

    def look_up(self, ids: Sequence[ItemId], fidelity: Fidelity) -> list[Observed]:
        """Read items by id; see :class:`ItemReader`."""
        return self._reader.look_up(ids, fidelity)

    def load(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        """Give bodies; see :class:`ItemReader`."""
        return self._reader.load(ids)

    def load_brief(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        """Give bodies as a plan shows them; see :class:`ItemReader`."""
        return self._reader.load_brief(ids)

    def write(self, orders: Iterable[WriteOrder]) -> Iterator[Outcome]:
        """Carry out orders a few at a time, taking the next one only when there is room for it."""
        return in_lanes(self._concurrency, self._carry_out, orders)

    def find_claiming(self, claims: ItemId) -> ItemId | None:
        """Find the item with our marker; see :class:`ItemReader`."""
        return self._reader.find_claiming(claims)

    def find_equal(self, wanted: bytes, fidelity: Fidelity, known: Container[ItemId]) -> ItemId | None:
        """Find what an unanswered create has made; see :class:`ItemReader`."""
        return self._reader.find_equal(wanted, fidelity, known)
