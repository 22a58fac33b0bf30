"""What a plan's page shows: frozen values, made by queries."""

from __future__ import annotations

import msgspec

from nylasadmin.domain.binding import PlanItemState
from nylasadmin.domain.differences import Difference
from nylasadmin.domain.guard import Hold
from nylasadmin.domain.plan import ActionKind, Reason
from nylasadmin.domain.runs import Counters, RunState
from nylasadmin.services.views import SnapshotView


class PlanQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which items of a plan to show. ``page`` counts from 1. ``hides_titles``: a search does not look into them."""

    plan_id: int
    kind: ActionKind | None = None
    reason: Reason | None = None
    state: PlanItemState | None = None
    only_excluded: bool = False
    only_held: bool = False
    link_id: int | None = None
    search: str = ""
    hides_titles: bool = False
    page: int = 1
    size: int = 50


class PlanTotal(msgspec.Struct, frozen=True, kw_only=True):
    """How many items a plan has of one kind, reason and state."""

    kind: ActionKind
    reason: Reason
    state: PlanItemState
    is_excluded: bool
    items: int


class PlanLink(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan would do to one link. ``cause`` says why it could not be planned."""

    link_id: int
    user_name: str
    folder_name: str
    state: RunState
    cause: str
    counters: Counters


class PlanItemRow(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a plan as it is stored; bodies are encoded items, before and after at the destination."""

    run_id: int
    seq: int
    kind: ActionKind
    reason: Reason
    state: PlanItemState
    title: str
    is_recurring: bool
    link_id: int
    user_name: str
    folder_name: str
    provider: str
    excluded_by: str
    before: bytes | None
    after: bytes | None


class PlanItemView(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a plan as people read it, with what would change field by field."""

    run_id: int
    seq: int
    kind: ActionKind
    reason: Reason
    state: PlanItemState
    title: str
    is_recurring: bool
    link_id: int
    user_name: str
    folder_name: str
    excluded_by: str
    differences: tuple[Difference, ...]


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    """A preview with its items counted. ``age_s`` since it was asked for; ``executed_by`` is the snapshot that ran it.

    ``to_write`` counts writes that are not excluded. ``has_expired``: it is too old to be run; plan again.
    """

    preview: SnapshotView
    totals: tuple[PlanTotal, ...]
    age_s: int
    expires_in_s: int
    has_expired: bool
    executed_by: int | None
    to_write: int
    to_delete: int
    excluded: int
    moved: int

    @property
    def is_planning(self) -> bool:
        return self.preview.links_ended < self.preview.links

    @property
    def is_forgotten(self) -> bool:
        """Say whether its items were dropped for their age; the counts of the preview stay."""
        return not self.totals and not self.is_planning and self.preview.counters.to_write > 0

    @property
    def can_run(self) -> bool:
        """Say whether :meth:`Plans.run` would carry it out, as far as the plan itself is concerned."""
        is_ready = not self.is_planning and bool(self.preview.links_by_state.get(RunState.DONE))
        return is_ready and self.executed_by is None and not self.has_expired and self.to_write > 0

    def items(self, kind: ActionKind) -> int:
        """Count the items of a kind, excluded ones among them."""
        return sum(t.items for t in self.totals if t.kind is kind)


class HeldLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link of a plan that the deletion guard would hold."""

    link_id: int
    user_name: str
    folder_name: str
    hold: Hold


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What the deletion guard would hold if a plan were carried out now; ``snapshot``: all links together."""

    links: tuple[HeldLink, ...] = ()
    snapshot: Hold | None = None

    @property
    def holds_anything(self) -> bool:
        return bool(self.links) or self.snapshot is not None

    def of(self, link_id: int) -> Hold | None:
        return next((held.hold for held in self.links if held.link_id == link_id), None)


class PlanPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a plan's items. ``is_masked``: titles and people are hidden."""

    rows: tuple[PlanItemView, ...]
    matching: int
    query: PlanQuery
    is_masked: bool

    @property
    def pages(self) -> int:
        return max(1, -(-self.matching // self.query.size))
