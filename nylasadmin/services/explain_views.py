"""What is said of one item: frozen values for the page and the command."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from nylasadmin.domain.differences import Difference, Versions
from nylasadmin.domain.explaining import Explanation, ItemFacts
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import ActionKind, Direction
from nylasadmin.services.item_records import Named
from nylasadmin.services.views import LinkDetails


class Subject(StrEnum):
    """What is looked at, in the order in which it is told."""

    NYLAS = "Nylas"
    CRM = "CRM"
    PAIR = "Pair"
    SYNC_POLICY = "Sync policy"
    WEBHOOK_POLICY = "Webhook policy"
    INBOUND = "Inbound"
    OUTBOUND = "Outbound"
    ACCOUNT = "Account"
    WORK = "Runs on this link"
    WRITING = "Can be written"
    DELETION = "Deletions"
    FAILURES = "Failures"
    LEFT_OUT = "Left out"


class Weight(StrEnum):
    """What a check comes to: nothing in the way, the reason, another one, a side without the item, or nobody looked."""

    OK = "ok"
    REASON = "this is why"
    ALSO = "also"
    MISSING = "missing"
    NOT_ASKED = "not asked"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table of checks. ``snapshot_id`` is one to look at."""

    subject: Subject
    weight: Weight
    text: str
    snapshot_id: int | None = None


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """An item that may be meant. ``key`` names it exactly; ``when`` is its start in Unix seconds, if it is there."""

    key: str
    title: str
    when: int | None
    is_recurring: bool
    in_crm: bool
    at_nylas: bool


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What one snapshot wrote to the item. ``at`` is ``None`` for a run under way.

    ``differences`` are empty where the version before is not kept any more (``is_kept``); ``new_is_known``: what was
    written can still be said, because nobody has changed it since or the next write kept it.
    """

    run_id: int
    snapshot_id: int
    undoes_id: int | None
    direction: Direction
    operator: str
    at: int | None
    kind: ActionKind
    is_kept: bool
    new_is_known: bool
    differences: tuple[Difference, ...]


class Doing(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot of a direction would do with the item now; ``kind`` is ``None`` where it would not see it."""

    direction: Direction
    kind: ActionKind | None
    title: str
    advice: str


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """The answer about one item, or the items that may be meant (``candidates``).

    ``nylas_error``: why Nylas could not be asked, empty if it could. ``searches_titles``: titles were searched, too.
    """

    link: LinkDetails
    wanted: str
    is_masked: bool
    searches_titles: bool
    nylas_error: str = ""
    candidates: tuple[Candidate, ...] = ()
    item: Named | None = None
    item_title: str = ""
    facts: ItemFacts = ItemFacts()
    explanation: Explanation | None = None
    headline: str = ""
    advice: str = ""
    checks: tuple[Check, ...] = ()
    doings: tuple[Doing, ...] = ()
    versions: tuple[Versions, ...] = ()
    history: tuple[Change, ...] = ()
    has_more_history: bool = False

    @property
    def crm_id(self) -> ItemId | None:
        return self.item.crm_id if self.item else None

    @property
    def nylas_id(self) -> ItemId | None:
        return self.item.nylas_id if self.item else None
