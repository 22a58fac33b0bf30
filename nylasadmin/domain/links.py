"""Accounts and links, and which direction of a link is really on."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from nylasadmin.domain.items import ItemType
from nylasadmin.domain.kinds import is_inbound_only, supported
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.policies import FrozenPolicy
from nylasadmin.domain.targets import Target

PRIMARY = "primary"
"""The CRM collection that a user's primary calendar is tied to; items made in the CRM without one belong here."""

CONTACTS = "contacts"
"""The CRM collection that a user's address book is tied to."""

ADDRESS_BOOK = "address_book"
"""The folder of an account's contacts: the service has one address book each, and it has no id of its own."""

MAIL = "mail"
"""The CRM collection of a user's messages."""

THREADS = "threads"
"""The CRM collection of a user's threads."""

MAILBOX = "mailbox"
"""The folder of an account's mail: all of it, whatever labels or folders it lies in there."""


class CrmUser(msgspec.Struct, frozen=True, kw_only=True):
    """A person in the CRM. ``email`` is lower case."""

    id: str
    name: str
    email: str


FIRST_SYNC_S = 24 * 3600
"""How long the first synchronization of an account may take."""


class AccountState(StrEnum):
    CONNECTED = "connected"
    NEEDS_SIGN_IN = "needs_sign_in"
    DISCONNECTED = "disconnected"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One CRM user's connection to one target. Times are Unix seconds.

    ``policy`` was frozen at ``connected_at``. ``synced_at``: when every link had been copied once since then; until
    ``first_snapshot_id`` has done that, the account is syncing. ``state_at``: since when it is in its state.
    ``frozen_at``: when the policy was frozen; what was copied before that followed another one.
    ``revoke_due_at``: since when its grant is to be revoked at Nylas, ``None`` when nothing is due; ``revoke_problem``:
    why the last try failed. ``former_emails``: addresses it had before, the latest last.
    """

    id: int
    target_id: int
    user_id: str
    email: str
    provider: str
    grant_id: str
    state: AccountState = AccountState.CONNECTED
    connected_at: int = 0
    state_at: int = 0
    policy: FrozenPolicy = FrozenPolicy()
    frozen_at: int = 0
    first_snapshot_id: int | None = None
    synced_at: int | None = None
    revoke_due_at: int | None = None
    revoke_problem: str = ""
    former_emails: tuple[str, ...] = ()

    @property
    def is_syncing(self) -> bool:
        """Say whether the first synchronization is under way."""
        return self.state is AccountState.CONNECTED and self.first_snapshot_id is not None and self.synced_at is None

    def is_overdue(self, now: float) -> bool:
        """Say whether the first synchronization takes longer than it may."""
        return self.is_syncing and now - self.connected_at > FIRST_SYNC_S


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Ties one folder to the CRM user's items of its type. ``collection`` names those items in the CRM."""

    id: int
    target_id: int
    account_id: int
    user_id: str
    item_type: ItemType = ItemType.EVENT
    folder_id: str
    folder_name: str
    folder_owner: str = ""
    collection: str = PRIMARY
    is_primary: bool = False
    is_read_only: bool = False
    inbound: bool = True
    outbound: bool = True
    version: int = 1


class OffReason(StrEnum):
    """What switches a direction of a link off: a closed set."""

    TARGET_DISABLED = "target disabled"
    TARGET_SWITCH = "direction off at target"
    LINK_SWITCH = "direction off at link"
    NEEDS_SIGN_IN = "account needs sign-in"
    DISCONNECTED = "account disconnected"
    TYPE_NOT_SUPPORTED = "item type not supported"
    TYPE_NOT_ASKED_FOR = "item type not asked for"  # of one snapshot only, never a state of the link
    NOT_COMPARED = "not compared by the plan"  # of one snapshot only, too
    REMOVED = "link removed"
    INBOUND_ONLY = "mail is only copied from Nylas"


def off_reasons(direction: Direction, link: Link, target: Target, account: Account) -> tuple[OffReason, ...]:
    """Name everything that keeps a link from being copied in a direction; empty when it is effectively on.

    Where the direction does not exist at all, no switch is worth naming.
    """
    is_inbound = direction is Direction.GET
    if not is_inbound and is_inbound_only(link.item_type):
        return (OffReason.INBOUND_ONLY,)
    checks = (
        (OffReason.TARGET_DISABLED, target.is_disabled),
        (OffReason.TARGET_SWITCH, not (target.inbound if is_inbound else target.outbound)),
        (OffReason.LINK_SWITCH, not (link.inbound if is_inbound else link.outbound)),
        (OffReason.NEEDS_SIGN_IN, account.state is AccountState.NEEDS_SIGN_IN),
        (OffReason.DISCONNECTED, account.state is AccountState.DISCONNECTED),
        (OffReason.TYPE_NOT_SUPPORTED, not supported(link.item_type)),
    )
    return tuple(reason for reason, applies in checks if applies)
