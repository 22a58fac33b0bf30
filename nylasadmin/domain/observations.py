"""What the planner is told: items as seen at one side, pairs we know, the window, and the words for why.

Only values; nothing here decides.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from nylasadmin.domain.items import ItemId, Moment
from nylasadmin.domain.recurrence import FOREVER

_DAY_S = 86_400


class Reason(StrEnum):
    """Why an action is taken or not taken: a closed set. Explanations only read it."""

    CREATED_AT_SOURCE = "created at source"
    TWIN_FOUND = "twin found"
    TWIN_DIFFERS = "twin found and differs"
    EQUAL = "equal"
    DIFFERS = "differs"
    DELETED_AT_DESTINATION = "deleted at destination"
    DELETED_AT_SOURCE = "deleted at source"
    RECEIVER_ONLY_KEPT = "receiver-only kept"
    RECEIVER_ONLY_REMOVED = "receiver-only removed"
    GONE_FROM_BOTH = "gone from both sides"
    PAIR_CONTRADICTED = "another pair holds the item"
    EXCLUDED = "excluded by operator"
    OUTSIDE_WINDOW = "outside window"
    FOLDER_READ_ONLY = "read-only folder"
    ITEM_READ_ONLY = "read-only item"
    ORGANIZED_BY_OTHER = "organizer is somebody else"
    UNREADABLE = "cannot be read"
    TOO_MANY_EXCEPTIONS = "too many customized occurrences"
    OUTSIDE_FILTER = "outside filter"
    NOT_ASKED_FOR = "not asked for"
    ARCHIVED = "protected by its age"
    DELETE_REJECTED = "delete rejected by operator"
    ARRIVED_MEANWHILE = "changed while the run was working"
    UNDO_CREATE = "was created by the snapshot"
    UNDO_UPDATE = "was overwritten by the snapshot"
    UNDO_DELETE = "was deleted by the snapshot"
    TOUCHED_SINCE = "changed since the snapshot"


class Observed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One item as one side has it now: enough to plan with, without its body.

    ``fingerprint`` is taken under the fidelity of the planned direction; ``claims`` is the other side's id that our
    marker on this item names; ``blocked`` says why this side would refuse a change of this item.
    ``is_whole``: the item loses nothing under that fidelity. ``digest`` stands for what the side sent, byte for byte,
    and for how it was understood; only an item that came in one piece has one.
    ``start`` and ``end`` span the whole item in Unix seconds; ``exceptions`` counts a series' changed occurrences.
    ``is_known_by_content``: it has no UID, so of two sides' items without a pair the equal ones are the same.
    ``modified`` is when this side last changed it, in Unix seconds; ``None``: nobody knows.
    """

    id: ItemId
    fingerprint: bytes
    title: str = ""
    start: int = 0
    end: int = FOREVER
    is_recurring: bool = False
    exceptions: int = 0
    uid: str | None = None
    original_start: Moment | None = None
    claims: ItemId | None = None
    blocked: Reason | None = None
    is_known_by_content: bool = False
    modified: int | None = None
    is_whole: bool = False
    digest: bytes | None = None


class Spanning(Protocol):
    """What lies somewhere in time: ``[start, end)`` in Unix seconds; without length where both are the same."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


class Window(msgspec.Struct, frozen=True):
    """The time that takes part, ``[start, end)`` in Unix seconds. An item takes part if any of it lies inside.

    ``first_day``: 00:00 UTC of the first day that takes part, for what lasts whole days; ``None``: that begins with
    ``start`` as well.
    """

    start: int = -FOREVER
    end: int = FOREVER
    first_day: int | None = None

    def meet(self, other: Window) -> Window:
        """Give the time that lies in both."""
        days = [w.start if w.first_day is None else w.first_day for w in (self, other)]
        first_day = None if self.first_day is None and other.first_day is None else max(days)
        return Window(max(self.start, other.start), min(self.end, other.end), first_day)

    def holds(self, item: Spanning) -> bool:
        """Say whether any part of the item lies inside. An item without length counts at its start."""
        if item.start >= self.end:
            return False
        reaches_in = item.end > self.start or item.start >= self.start
        if self.first_day is None:
            return reaches_in
        reaches_day = item.end > self.first_day or item.start >= self.first_day
        return reaches_day if reaches_day is not reaches_in and lasts_whole_days(item) else reaches_in


def lasts_whole_days(item: Spanning) -> bool:
    """Say whether an item lasts from midnight to midnight UTC: both sides report an all-day item so."""
    ends_at_midnight = item.end % _DAY_S == 0 or item.end == FOREVER
    return item.start % _DAY_S == 0 and item.end > item.start and ends_at_midnight


ALWAYS = Window()


class Pair(msgspec.Struct, frozen=True, gc=False):
    """Two items we know to be the same one, by their ids at source and destination. No item belongs to two pairs."""

    source: ItemId
    destination: ItemId
