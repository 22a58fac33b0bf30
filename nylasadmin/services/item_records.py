"""What the console's database knows of single items: found by words, and what was written, refused or decided of them.

Queries only; nothing here writes.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import msgspec

from nylasadmin.domain.explaining import Answer, Failing
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import ActionKind, Direction
from nylasadmin.services.rows import ItemScope, PairRow


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """An item by the ids it has, or had, at the two sides."""

    crm_id: ItemId | None = None
    nylas_id: ItemId | None = None
    title: str = ""

    @property
    def ids(self) -> frozenset[ItemId]:
        return frozenset(i for i in (self.crm_id, self.nylas_id) if i is not None)


class ItemWrite(msgspec.Struct, frozen=True, kw_only=True):
    """One write of a snapshot to an item. ``at`` is when its run ended, ``None`` while it is under way.

    ``before`` is the destination's version that gave way, encoded; ``after`` the fingerprint that the write left.
    """

    run_id: int
    seq: int
    snapshot_id: int
    undoes_id: int | None
    direction: Direction
    operator: str
    at: int | None
    kind: ActionKind
    state: str
    crm_id: ItemId | None
    nylas_id: ItemId | None
    title: str
    before: bytes | None
    after: bytes | None


class ItemRecords(Protocol):
    """Asks about few items of one link; ``ids`` may be of either side."""

    def by_words(self, scope: ItemScope, words: str, limit: int) -> list[ItemId]:
        """Give the CRM's items whose title contains the words, in any case, the latest first."""
        ...

    def by_uid(self, scope: ItemScope, uids: Collection[str]) -> list[ItemId]:
        """Give the CRM's items with one of these UIDs."""
        ...

    def recorded(self, link_id: int, words: str, limit: int) -> list[Named]:
        """Give items that snapshots wrote, or failed to write, under a title that contains the words."""
        ...

    def recorded_as(self, link_id: int, item_id: ItemId) -> Named | None:
        """Give an item that snapshots wrote, or failed to write, by its id at either side."""
        ...

    def pairs(self, link_id: int, ids: Collection[ItemId]) -> list[PairRow]: ...

    def writes(self, link_id: int, ids: Collection[ItemId], limit: int) -> list[ItemWrite]:
        """Give what snapshots wrote to an item, the newest first."""
        ...

    def failures(self, link_id: int, ids: Collection[ItemId]) -> dict[Direction, Failing]: ...

    def rejections(self, link_id: int, ids: Collection[ItemId]) -> dict[Direction, Answer]: ...

    def left_out(self, link_id: int, ids: Collection[ItemId]) -> dict[Direction, Answer]:
        """Give by direction who left an item out of the last snapshot that was carried out on its link."""
        ...

    def held(self, link_id: int, ids: Collection[ItemId]) -> dict[Direction, int]:
        """Give by direction the held snapshot that would delete the item."""
        ...
