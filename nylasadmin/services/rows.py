"""Values that go into the console's database and come out of it, as units of work take and give them."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from nylasadmin.domain.guard import Hold, Tally
from nylasadmin.domain.items import ItemId, ItemType
from nylasadmin.domain.kinds import Item
from nylasadmin.domain.links import Account, CrmUser, Link
from nylasadmin.domain.plan import ActionKind, Direction, Reason
from nylasadmin.domain.runs import RunState
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
    inbound: bool = True
    item_type: ItemType = ItemType.EVENT


class NewSignIn(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt to sign in that begins. ``account_id``: what is to be signed in again."""

    nonce: str
    target_id: int
    user_id: str
    account_id: int | None
    email: str
    redirect_uri: str
    sealed_verifier: bytes


class OwnedLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link with the account and the target above it."""

    link: Link
    account: Account
    target: Target


class PairRow(msgspec.Struct, frozen=True, gc=False):
    """``seen`` is what :func:`nylasadmin.services.recognizing.seen` gives of the item at Nylas."""

    crm_id: ItemId
    nylas_id: ItemId
    base: bytes
    seen: bytes | None = None


class SeenPair(NamedTuple):
    """A pair with what is remembered of the item at Nylas."""

    crm_id: ItemId
    nylas_id: ItemId
    seen: bytes | None


class ItemScope(msgspec.Struct, frozen=True, kw_only=True):
    """Whose items, and which of them: one type in one CRM collection. ``origin`` names the writer in the feed."""

    user_id: str
    collection: str
    item_type: ItemType = ItemType.EVENT
    origin: str = ""


class CrmItem(msgspec.Struct, frozen=True, kw_only=True):
    id: ItemId
    user_id: str
    collection: str
    item: Item
    updated_at: int = 0


class WriteRow(msgspec.Struct, frozen=True, kw_only=True):
    """One write of a run, kept with the destination's version before it.

    ``after`` is the fingerprint that it leaves; ``restores`` names the before-image that an undo goes back to.
    """

    seq: int
    kind: ActionKind
    crm_id: ItemId | None
    nylas_id: ItemId | None
    title: str
    before: bytes | None = None
    after: bytes | None = None
    restores: ItemId | None = None


class RecordedWrite(WriteRow, frozen=True, kw_only=True):
    """A write that has happened, or may have."""

    run_id: int


class IntendedWrite(msgspec.Struct, frozen=True, kw_only=True):
    """A remote write that was announced and whose end is not known.

    ``was_sent``: its request may have left. ``run_ended_at``: when its run ended, ``None`` for one under way.
    ``claims`` is what the marker of a create says.
    """

    run_id: int
    seq: int
    kind: ActionKind
    crm_id: ItemId | None
    nylas_id: ItemId | None
    was_sent: bool
    run_ended_at: int | None
    after: bytes | None = None
    claims: ItemId | None = None


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


class ChosenItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item that a narrow snapshot is restricted to, by the ids it has at either side."""

    link_id: int
    crm_id: ItemId | None = None
    nylas_id: ItemId | None = None


class HeldRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that waits for an operator. ``victims``: a digest of its deletes; ``left_out``: how many are not meant."""

    run_id: int
    snapshot_id: int
    link_id: int
    user_name: str
    folder_name: str
    direction: Direction
    hold: Hold
    victims: bytes
    left_out: int

    @property
    def rest(self) -> int:
        """How many deletes an approval would allow."""
        return self.hold.deletes - self.left_out


class Victim(msgspec.Struct, frozen=True, kw_only=True):
    """One item that a held run would delete; without a source it exists only at the receiver."""

    source_id: ItemId | None
    destination_id: ItemId
    title: str
    is_left_out: bool = False


class PlannedTally(msgspec.Struct, frozen=True, kw_only=True):
    """What the guard counts of one link of a preview; ``left_out`` deletes were taken from the plan since."""

    link_id: int
    user_name: str
    folder_name: str
    tally: Tally
    left_out: int = 0


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's answer: this item of the destination is not to be deleted in that direction."""

    id: int
    link_id: int
    direction: Direction
    source_id: ItemId | None
    destination_id: ItemId
    title: str
    operator: str
    reason: str
    at: int
    is_due: bool = False


class DueRejection(msgspec.Struct, frozen=True, kw_only=True):
    """An answer whose item is to be created at the source again; ``busy``: the state of the run on its link, if any."""

    target_id: int
    rejection: Rejection
    busy: RunState | None = None
