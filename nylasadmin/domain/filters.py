"""Which items a snapshot is about: a range of days on start or last modified, recurring or single, and item types.

Pure. What is outside is never written; whether an item exists at all is never judged by a filter.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import StrEnum

import msgspec

from nylasadmin.domain.items import ItemType, midnight_utc
from nylasadmin.domain.observations import Observed, Window, lasts_whole_days
from nylasadmin.domain.recurrence import FOREVER
from nylasadmin.domain.zones import zone_or_utc


class By(StrEnum):
    """Which date of an item a range is about."""

    START = "start"
    MODIFIED = "modified"


class Kinds(StrEnum):
    BOTH = "both"
    SINGLE = "single"
    RECURRING = "recurring"


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator asks for. ``since`` and ``until`` are days of ``zone``, both included; ``None``: no limit.

    ``item_types`` chooses links; empty: all of them.
    """

    by: By = By.START
    since: date | None = None
    until: date | None = None
    zone: str = "UTC"
    kinds: Kinds = Kinds.BOTH
    item_types: tuple[ItemType, ...] = ()

    @property
    def has_range(self) -> bool:
        return self.since is not None or self.until is not None

    @property
    def is_partial(self) -> bool:
        """Say whether items of a link that takes part may be left out."""
        return self.has_range or self.kinds is not Kinds.BOTH

    def asks_for(self, item_type: ItemType) -> bool:
        """Say whether links of a type take part."""
        return not self.item_types or item_type in self.item_types

    def holds(self, item: Observed) -> bool:
        """Say whether an item takes part; see :class:`Sieve`, which is faster for many."""
        return sieve(self).holds(item)


class Sieve(msgspec.Struct, frozen=True, kw_only=True):
    """A filter made ready for many items: ``[start, end)`` in Unix seconds, for times and for whole days.

    An all-day item belongs to its dates wherever one is, a timed one to the days of the filter's zone. What lasts from
    midnight to midnight UTC counts as whole days: both sides report an all-day item so.
    """

    by: By
    kinds: Kinds
    times: Window | None
    days: Window

    def holds(self, item: Observed) -> bool:
        """Say whether an item takes part.

        By start: a single item that begins inside, a series any part of which lies inside; what has no time (a contact,
        an item nobody can read) does not. By last modified: what changed inside, and what nobody knows the change of.
        """
        if self.kinds is not Kinds.BOTH and item.is_recurring != (self.kinds is Kinds.RECURRING):
            return False
        if self.times is None:
            return True
        if self.by is By.MODIFIED:
            return item.modified is None or self.times.start <= item.modified < self.times.end
        inside = self.days if lasts_whole_days(item) else self.times
        if item.is_recurring:
            return inside.holds(item)
        return not _is_timeless(item) and inside.start <= item.start < inside.end

    def lets_delete(self, item: Observed) -> bool:
        """Say whether an item may be deleted: it takes part, and not only because nobody knows when it changed."""
        is_unknown = self.times is not None and self.by is By.MODIFIED and item.modified is None
        return not is_unknown and self.holds(item)


def sieve(asked: Filter) -> Sieve:
    """Make a filter ready."""
    first, after = asked.since, asked.until + timedelta(days=1) if asked.until else None
    zone = zone_or_utc(asked.zone)

    def instant(day: date) -> int:
        return int(datetime.combine(day, time(), zone).timestamp())

    return Sieve(
        by=asked.by,
        kinds=asked.kinds,
        times=Window(instant(first) if first else -FOREVER, instant(after) if after else FOREVER)
        if asked.has_range
        else None,
        days=Window(midnight_utc(first) if first else -FOREVER, midnight_utc(after) if after else FOREVER),
    )


def _is_timeless(item: Observed) -> bool:
    return item.start == 0 and item.end == FOREVER


# --- storage -----------------------------------------------------------------------------------------------------

_decoder = msgspec.json.Decoder(Filter)


def encode_filter(asked: Filter | None) -> str | None:
    """Encode for storage as JSON; :func:`decode_filter` is its inverse."""
    return None if asked is None else msgspec.json.encode(asked).decode()


def decode_filter(text: str | None) -> Filter | None:
    """Decode what :func:`encode_filter` made."""
    return None if text is None else _decoder.decode(text)


# --- words -------------------------------------------------------------------------------------------------------

_BY_WORDS = {By.START: "start", By.MODIFIED: "last modified"}
_KINDS_WORDS = {Kinds.SINGLE: "single items only", Kinds.RECURRING: "recurring items only"}


def describe(asked: Filter | None) -> str:
    """Say a filter: "start from 1 Oct 2026 to 31 Oct 2026, single items only"; nothing where all takes part."""
    if asked is None:
        return ""
    types = [f"{item_type}s" for item_type in asked.item_types]
    parts = [
        _range_words(asked),
        _KINDS_WORDS.get(asked.kinds, ""),
        f"{' and '.join([', '.join(types[:-1])] * (len(types) > 1) + types[-1:])} only" if types else "",
    ]
    return ", ".join(part for part in parts if part)


def _range_words(asked: Filter) -> str:
    if not asked.has_range:
        return ""
    zone = f" ({asked.zone.replace('_', ' ')})" if asked.zone != "UTC" else ""
    since = f" from {_day(asked.since)}" if asked.since else ""
    until = f" to {_day(asked.until)}" if asked.until else ""
    return f"{_BY_WORDS[asked.by]}{since}{until}{zone}"


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
