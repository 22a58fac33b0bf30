"""An item store in memory: for tests of the services and for trying things out. It ships, so nobody patches."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import count
from threading import Lock

from nylasadmin.domain.fidelity import Fidelity
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import Item, brief, decode_body, fingerprint, kind_of, outline
from nylasadmin.domain.plan import ActionKind, Observed, Reason, Window
from nylasadmin.errors import BadRequest, NylasAdminError
from nylasadmin.services.ports import Outcome, WriteOrder

_BATCH = 200


class MemoryItemStore:
    """Holds one folder's items in a dictionary that the caller may pass, read and change.

    ``blocked`` names items that refuse changes, ``modified`` when they changed (Unix seconds; a write leaves it),
    ``claims`` what their markers say; ``failures`` makes a write of an item (a create: of the item it claims) fail with
    that error. ``written`` lists the orders carried out.
    """

    def __init__(self, items: dict[ItemId, Item] | None = None, *, prefix: str = "item-") -> None:
        self.items = {} if items is None else items
        self.claims: dict[ItemId, ItemId] = {}
        self.blocked: dict[ItemId, Reason] = {}
        self.modified: dict[ItemId, int] = {}
        self.failures: dict[ItemId, NylasAdminError] = {}
        self.written: list[WriteOrder] = []
        self._fresh = (ItemId(f"{prefix}{n}") for n in count(1))
        self._lock = Lock()

    def observe(self, fidelity: Fidelity, window: Window) -> Iterator[list[Observed]]:
        """Yield every item that has a part in the window."""
        with self._lock:
            items = list(self.items.items())
        seen = [self._observed(item_id, item, fidelity) for item_id, item in items]
        seen = [o for o in seen if window.holds(o)]
        yield from (seen[at : at + _BATCH] for at in range(0, len(seen), _BATCH))

    def look_up(self, ids: Sequence[ItemId], fidelity: Fidelity) -> list[Observed]:
        """Read items by id."""
        return [self._observed(item_id, item, fidelity) for item_id, item in self.load(ids).items()]

    def load(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        """Give the items that are there."""
        with self._lock:
            return {item_id: self.items[item_id] for item_id in ids if item_id in self.items}

    def load_brief(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        """Give the items that are there, without long texts."""
        return {item_id: brief(item) for item_id, item in self.load(ids).items()}

    def write(self, orders: Iterable[WriteOrder]) -> Iterator[Outcome]:
        """Carry out orders one by one."""
        for order in orders:
            with self._lock:
                outcome = self._carry_out(order)
            yield outcome

    def find_claiming(self, claims: ItemId) -> ItemId | None:
        """Give the item whose marker names ``claims``."""
        with self._lock:
            return next((i for i, claimed in self.claims.items() if claimed == claims and i in self.items), None)

    def find_equal(self, wanted: bytes, fidelity: Fidelity, known: Container[ItemId]) -> ItemId | None:
        """Give an item of that fingerprint that is not known, of those that are known by their content."""
        with self._lock:
            seen = [(i, item) for i, item in self.items.items() if i not in known]
        alike = [i for i, item in seen if kind_of(item).is_known_by_content and fingerprint(item, fidelity) == wanted]
        return min(alike, default=None)

    def _carry_out(self, order: WriteOrder) -> Outcome:
        failure = self.failures.get(order.id or order.claims or ItemId(""))
        if failure is not None:
            return Outcome(key=order.key, error=failure)
        if order.kind is ActionKind.CREATE and order.id in self.items:
            return Outcome(key=order.key, has_moved=True)
        if order.kind is ActionKind.CREATE:
            return self._put(order, order.id or self._new_id())
        if order.id is None:
            return Outcome(key=order.key, error=BadRequest("the order has no id"))
        current = self.items.get(order.id)
        if current is None:
            is_delete = order.kind is ActionKind.DELETE
            return Outcome(key=order.key, id=order.id if is_delete else None, has_moved=not is_delete)
        if order.expected is not None and fingerprint(current, order.fidelity) != order.expected:
            return Outcome(key=order.key, has_moved=True)
        return self._remove(order, order.id) if order.kind is ActionKind.DELETE else self._put(order, order.id)

    def _put(self, order: WriteOrder, item_id: ItemId) -> Outcome:
        item = order.item if order.item is not None or order.body is None else decode_body(order.body)
        if item is None:
            return Outcome(key=order.key, error=BadRequest("the order has no item"))
        self.items[item_id] = item
        if order.claims:
            self.claims[item_id] = order.claims
        self.written.append(order)
        return Outcome(key=order.key, id=item_id)

    def _remove(self, order: WriteOrder, item_id: ItemId) -> Outcome:
        del self.items[item_id]
        self.claims.pop(item_id, None)
        self.written.append(order)
        return Outcome(key=order.key, id=item_id)

    def _new_id(self) -> ItemId:
        return next(i for i in self._fresh if i not in self.items)

    def _observed(self, item_id: ItemId, item: Item, fidelity: Fidelity) -> Observed:
        seen = outline(item)
        return Observed(
            id=item_id,
            fingerprint=fingerprint(item, fidelity),
            title=item.title,
            start=seen.start,
            end=seen.end,
            is_recurring=seen.is_recurring,
            uid=seen.uid,
            original_start=seen.original_start,
            claims=self.claims.get(item_id),
            blocked=self.blocked.get(item_id),
            is_known_by_content=kind_of(item).is_known_by_content,
            modified=self.modified.get(item_id),
        )
