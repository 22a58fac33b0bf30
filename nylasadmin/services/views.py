"""What the console and the command line show: frozen values, made by queries, without behaviour that writes.

All times are Unix seconds (UTC); ``None`` means "never".
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from nylasadmin.domain.filters import Filter
from nylasadmin.domain.guard import Hold
from nylasadmin.domain.links import Account, CrmUser, Link, OffReason
from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.domain.privileges import Privilege
from nylasadmin.domain.progress import Progress
from nylasadmin.domain.runs import PAUSABLE, Counters, RunState
from nylasadmin.domain.targets import Target


class TargetRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the targets panel. ``percent`` is set while a snapshot runs."""

    id: int
    name: str
    host: str
    inbound: bool
    outbound: bool
    is_disabled: bool
    links: int
    need_sign_in: int
    failing: int
    held: int
    last_activity: int | None
    percent: int | None


class LinkState(StrEnum):
    """The one word about a link, the most urgent first."""

    RUNNING = "running"
    HELD = "held"
    PAUSED = "paused"
    NEEDS_SIGN_IN = "needs_sign_in"
    FAILING = "failing"
    OFF = "off"
    NEW = "new"
    HEALTHY = "healthy"


class LinkSort(StrEnum):
    NAME = "name"
    OWNER = "owner"
    ITEMS = "items"
    LAST_SYNC = "last_sync"


class LinkQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which links to show. ``page`` counts from 1."""

    target_id: int
    search: str = ""
    state: LinkState | None = None
    item_type: str = ""
    sort: LinkSort = LinkSort.NAME
    descending: bool = False
    page: int = 1
    size: int = 50


class LinkRow(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    user_name: str
    folder_name: str
    item_type: str
    folder_owner: str
    inbound: bool
    outbound: bool
    items: int
    last_get_at: int | None
    last_send_at: int | None
    state: LinkState


class LinkPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of links, with how many there are in each state under the same search and type."""

    rows: tuple[LinkRow, ...]
    total: int
    by_state: dict[LinkState, int]
    query: LinkQuery

    @property
    def matching(self) -> int:
        return self.total if self.query.state is None else self.by_state.get(self.query.state, 0)

    @property
    def pages(self) -> int:
        return max(1, -(-self.matching // self.query.size))


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run in a list. ``cause`` says in words why it failed; ``hold`` why it is held."""

    id: int
    snapshot_id: int
    link_id: int
    user_name: str
    folder_name: str
    direction: Direction
    state: RunState
    counters: Counters
    requested_at: int
    started_at: int | None
    finished_at: int | None
    operator: str
    cause: str = ""
    detail: str = ""
    hold: Hold | None = None
    undoes_id: int | None = None


class FailureRow(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    run_id: int
    link_id: int
    user_name: str
    folder_name: str
    title: str
    action: str
    cause: str
    detail: str
    at: int


class LinkDetails(msgspec.Struct, frozen=True, kw_only=True):
    link: Link
    target: Target
    account: Account
    user: CrmUser
    state: LinkState
    items: int
    last_get_at: int | None
    last_send_at: int | None
    inbound_off: tuple[OffReason, ...]
    outbound_off: tuple[OffReason, ...]
    runs: tuple[RunRow, ...]
    failures: tuple[FailureRow, ...]


class SnapshotState(StrEnum):
    """Derived from the snapshot's runs."""

    RUNNING = "running"
    HELD = "held"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class SkippedLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link a snapshot leaves out, with why: a direction that is off, or the run that occupies it, maybe held or
    paused."""

    link_id: int
    user_name: str
    folder_name: str
    off: tuple[OffReason, ...] = ()
    busy_run_id: int | None = None
    busy_snapshot_id: int | None = None
    is_held: bool = False
    is_paused: bool = False

    @property
    def why_busy(self) -> str:
        """Name the sentence of the wording table about the run that occupies it."""
        if self.is_held:
            return "link_held"
        return "link_paused" if self.is_paused else "link_busy"


class SnapshotView(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot (or a preview: the same without writing) with the sum over its runs.

    ``plan_id`` is the preview that a snapshot carries out; ``note`` says what its runs wait for; ``is_narrow``: only
    chosen items take part.
    ``plan_id`` is the preview that a snapshot carries out; ``note`` says what its runs wait for. ``undoes_id`` is the
    snapshot that this one takes back, ``undone_by`` are those that take it back, without those that were taken back
    themselves; until ``undo_until`` one may be asked
    for (``None``: nothing was written).
    """

    id: int
    target_id: int
    target_name: str
    link_id: int | None
    link_name: str
    direction: Direction
    receiver_only: ReceiverOnly
    is_preview: bool
    reason: str
    operator: str
    requested_at: int
    finished_at: int | None
    state: SnapshotState
    links: int
    links_by_state: dict[RunState, int]
    counters: Counters
    skipped: tuple[SkippedLink, ...]
    progress: Progress
    plan_id: int | None = None
    filter: Filter | None = None
    note: str = ""
    is_narrow: bool = False
    undoes_id: int | None = None
    undone_by: tuple[int, ...] = ()
    undo_until: int | None = None

    @property
    def links_ended(self) -> int:
        ended = (RunState.DONE, RunState.FAILED, RunState.CANCELLED)
        return sum(self.links_by_state.get(s, 0) for s in ended)

    @property
    def is_live(self) -> bool:
        return self.state in (SnapshotState.RUNNING, SnapshotState.HELD, SnapshotState.PAUSED)

    @property
    def pausable(self) -> int:
        """How many runs can be paused."""
        return sum(self.links_by_state.get(s, 0) for s in PAUSABLE)

    @property
    def name(self) -> str:
        """Name it as the audit trail does."""
        link = "" if self.link_id is None else f" link {self.link_id}"
        return f"snapshot {self.id} of {self.target_name}{link}"


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """How far a snapshot was at a moment, in items over all its links."""

    at: int
    read: int
    written: int
    failed: int


class RunSort(StrEnum):
    """How the runs of a snapshot are listed; ``STATE``: those first that need somebody, then those at work."""

    NEWEST = "newest"
    STATE = "state"
    LINK = "link"
    WRITTEN = "written"
    FAILED = "failed"


class SnapshotQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which snapshots to list. ``open_plans``: previews that were not carried out, instead of snapshots.

    ``operator``: part of the name of who asked. ``since`` (included) and ``until`` (not included): when that was.
    """

    open_plans: bool = False
    target_id: int | None = None
    link_id: int | None = None
    direction: Direction | None = None
    state: SnapshotState | None = None
    operator: str = ""
    since: int | None = None
    until: int | None = None
    page: int = 1
    size: int = 25


class KeptVersions(msgspec.Struct, frozen=True, kw_only=True):
    """How many earlier versions of items are kept for undo, and what they take."""

    versions: int = 0
    size_bytes: int = 0


class OperatorRow(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    username: str
    privileges: tuple[Privilege, ...]
    is_disabled: bool
    last_sign_in_at: int | None


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the audit trail. ``old`` and ``new`` are JSON text, secrets left out."""

    id: int
    at: int
    actor: str
    address: str
    action: str
    subject: str
    old: str
    new: str
    outcome: str
    hash: str


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a connection test: ``problem`` is empty when all is well."""

    took_ms: int
    application_name: str = ""
    application_id: str = ""
    region: str = ""
    problem: str = ""
    advice: str = ""
    is_slow: bool = False


class Discovery(msgspec.Struct, frozen=True, kw_only=True):
    """What discovering found and made. ``unmatched`` are grants whose address no CRM user has."""

    grants: int
    accounts_made: int
    links_made: int
    links_kept: int
    unmatched: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
