"""What the page of failed items shows and what is done about them: frozen values, made by queries."""

from __future__ import annotations

import msgspec

from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.services.views import SkippedLink


class FailedQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which failed items are meant. ``page`` counts from 1; ``ids``: only these of them.

    ``dismissed``: those that were dismissed, instead of the open ones. ``hides_titles``: a search does not look there.
    """

    target_id: int | None = None
    link_id: int | None = None
    snapshot_id: int | None = None
    cause: str = ""
    search: str = ""
    dismissed: bool = False
    hides_titles: bool = False
    ids: tuple[int, ...] | None = None
    page: int = 1
    size: int = 50


class FailedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One item that could not be written. ``next_try_at`` is ``None`` when nothing more happens by itself."""

    id: int
    target_id: int
    target_name: str
    link_id: int
    user_name: str
    folder_name: str
    item_type: str
    direction: Direction
    title: str
    action: str
    cause: str
    detail: str
    run_id: int
    snapshot_id: int
    first_at: int
    last_at: int
    attempts: int
    next_try_at: int | None
    dismissed_at: int | None
    dismissed_by: str
    dismissed_reason: str


class FailedPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of failed items, with how many have each cause under the same filters, the most frequent first."""

    rows: tuple[FailedRow, ...]
    matching: int
    causes: tuple[tuple[str, int], ...]
    query: FailedQuery
    is_masked: bool

    @property
    def pages(self) -> int:
        return max(1, -(-self.matching // self.query.size))


class FailedItem(msgspec.Struct, frozen=True, kw_only=True):
    """A failed item as it is tried again: where it belongs, its ids, and what its last run was to do."""

    id: int
    target_id: int
    link_id: int
    direction: Direction
    receiver_only: ReceiverOnly
    crm_id: ItemId | None
    nylas_id: ItemId | None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Tries that were asked for: the snapshots, how many items they try, and the links that cannot be tried now."""

    snapshots: tuple[int, ...] = ()
    items: int = 0
    left_out: tuple[SkippedLink, ...] = ()
