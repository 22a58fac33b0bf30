"""Values that go into the console's database and come out of it, as units of work take and give them."""

from __future__ import annotations

import msgspec

from nylasadmin.domain.items import ItemId, ScheduleItem
from nylasadmin.domain.links import Account, CrmUser, Link
from nylasadmin.domain.plan import ActionKind, Reason
from nylasadmin.domain.targets import Target


class NewLink(msgspec.Struct, frozen=True, kw_only=True):
    """A folder found by discovering, to be linked unless it is already."""

    account_id: int
    target_id: int
    user: CrmUser
    folder_id: str
    folder_name: str
    folder_owner: str
    collection: str
    is_primary: bool
    is_read_only: bool
    outbound: bool


class OwnedLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link with the account and the target above it."""

    link: Link
    account: Account
    target: Target


class PairRow(msgspec.Struct, frozen=True):
    crm_id: ItemId
    nylas_id: ItemId
    base: bytes


class ItemScope(msgspec.Struct, frozen=True, kw_only=True):
    """Whose items, and which of them: one CRM collection. ``origin`` names the writer in the change feed."""

    user_id: str
    collection: str
    origin: str = ""


class CrmItem(msgspec.Struct, frozen=True, kw_only=True):
    id: ItemId
    user_id: str
    collection: str
    item: ScheduleItem
    updated_at: int = 0


class WriteRow(msgspec.Struct, frozen=True, kw_only=True):
    """One write of a run, kept with the destination's version before it."""

    seq: int
    kind: ActionKind
    crm_id: ItemId | None
    nylas_id: ItemId | None
    title: str
    before: bytes | None = None


class IntendedWrite(msgspec.Struct, frozen=True, kw_only=True):
    """A remote write that was announced and whose end is not known.

    ``was_sent``: its request may have left. ``run_ended_at``: when its run ended, ``None`` for one under way.
    """

    run_id: int
    seq: int
    kind: ActionKind
    crm_id: ItemId | None
    nylas_id: ItemId | None
    was_sent: bool
    run_ended_at: int | None


class PlanItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a stored plan; ``before`` and ``after`` are encoded items as the destination holds them."""

    seq: int
    kind: ActionKind
    reason: Reason
    source_id: ItemId | None
    destination_id: ItemId | None
    title: str
    is_recurring: bool
    source_fingerprint: bytes | None
    expected: bytes | None
    before: bytes | None
    after: bytes | None


class NewRun(msgspec.Struct, frozen=True, kw_only=True):
    link_id: int
    account_id: int
