"""Which item of the source is which item of the destination: by pairs we know, else by our marker, else by UID,
and by its content where there is no UID.

Every item is matched once at most, whatever the pairs say: two writes to one item, or two copies of one, cannot follow.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping

import msgspec

from nylasadmin.domain.items import ItemId, Moment
from nylasadmin.domain.observations import Observed, Pair, Window

_Key = Callable[[Observed], Hashable]
"""Items are alike when their keys are equal; ``None`` is like nothing."""


class Matches(msgspec.Struct, frozen=True):
    """``partners`` maps source to destination ids, of pairs that stand; an item of a pair may be gone.

    ``twins`` are items found to be the same without a pair, or with one that has lost its other half.
    ``contradicted`` are pairs that cannot stand because another one holds the same item.
    """

    partners: dict[ItemId, ItemId]
    twins: dict[ItemId, Observed]
    contradicted: list[Pair]


def match(
    source: Mapping[ItemId, Observed], destination: Mapping[ItemId, Observed], pairs: Iterable[Pair], window: Window
) -> Matches:
    """Match two sides. The order of pairs does not matter."""
    partners, contradicted = _one_to_one(pairs, source, destination)
    holders = {d: s for s, d in partners.items()}
    loose = _by_id(o for i, o in source.items() if partners.get(i) not in destination)
    free = _by_id(o for i, o in destination.items() if i not in holders)
    left_behind = _by_id(o for i, o in destination.items() if i in holders and holders[i] not in source)
    return Matches(partners, _twins(loose, free + left_behind, window), contradicted)


def _by_id(items: Iterable[Observed]) -> list[Observed]:
    return sorted(items, key=lambda item: item.id)


# --- pairs -------------------------------------------------------------------------------------------------------


def _one_to_one(
    pairs: Iterable[Pair], source: Mapping[ItemId, Observed], destination: Mapping[ItemId, Observed]
) -> tuple[dict[ItemId, ItemId], list[Pair]]:
    given = list(pairs)
    partners = {p.source: p.destination for p in given}
    if len(given) == len(partners) == len(set(partners.values())):
        return partners, []
    every = set(given)
    partners.clear()
    held: set[ItemId] = set()
    contradicted: list[Pair] = []
    for pair in sorted(every, key=lambda p: _rank(p, source.get(p.source), destination.get(p.destination))):
        if pair.source in partners or pair.destination in held:
            contradicted.append(pair)
        else:
            partners[pair.source] = pair.destination
            held.add(pair.destination)
    return partners, contradicted


def _rank(pair: Pair, item: Observed | None, other: Observed | None) -> tuple[bool, bool, bool, bool, str, str]:
    """Order pairs by how much speaks for them: whole ones first, marked ones, equal ones, then by id."""
    is_whole = item is not None and other is not None
    is_claimed = (item is not None and item.claims == pair.destination) or (
        other is not None and other.claims == pair.source
    )
    is_equal = item is not None and other is not None and item.fingerprint == other.fingerprint
    return (not is_whole, item is None, not is_claimed, not is_equal, pair.source, pair.destination)


# --- twins -------------------------------------------------------------------------------------------------------


def _twins(loose: list[Observed], free: list[Observed], window: Window) -> dict[ItemId, Observed]:
    """Match items without a living partner; of several candidates the earlier one in ``free`` is taken.

    A series may take a single item's place, never the other way round: an item that lost its series' identity (one
    occurrence somebody was invited to) must not overwrite the whole series.
    """
    found = _Found(loose, free)
    found.match(lambda item: item.id, lambda other: other.claims)
    found.match(lambda item: item.claims, lambda other: other.id)
    found.match(_content, _content)
    for takes_part in (window.holds, _anywhere):
        found.match_by_uid(takes_part, _fingerprint, _fingerprint)
        found.match_by_uid(takes_part, _is_recurring, _is_recurring)
        found.match_by_uid(takes_part, _is_recurring, _could_become_a_series)
    return found.twins


def _anywhere(_: Observed) -> bool:
    return True


def _fingerprint(item: Observed) -> Hashable:
    return item.fingerprint


def _content(item: Observed) -> Hashable:
    return item.fingerprint if item.is_known_by_content else None


def _is_recurring(item: Observed) -> Hashable:
    return item.is_recurring


def _could_become_a_series(item: Observed) -> Hashable:
    return None if item.is_recurring else True


class _Found:
    """Twins found so far, and what is still without one."""

    def __init__(self, loose: list[Observed], free: list[Observed]) -> None:
        self.loose = loose
        self.free = free
        self.twins: dict[ItemId, Observed] = {}

    def match(self, source_key: _Key, destination_key: _Key) -> None:
        """Match each loose item with the first free one that has the same key."""
        candidates: dict[Hashable, list[Observed]] = {}
        for other in reversed(self.free):
            if (key := destination_key(other)) is not None:
                candidates.setdefault(key, []).append(other)
        if not candidates:
            return
        for item in self.loose:
            key = source_key(item)
            if key is not None and (alike := candidates.get(key)):
                self.twins[item.id] = alike.pop()
        used = {twin.id for twin in self.twins.values()}
        self.loose = [o for o in self.loose if o.id not in self.twins]
        self.free = [o for o in self.free if o.id not in used]

    def match_by_uid(self, takes_part: Callable[[Observed], bool], source_key: _Key, destination_key: _Key) -> None:
        """Match loose with free items of the same UID and original start, if both take part and are alike."""
        self.match(_with_uid(takes_part, source_key), _with_uid(takes_part, destination_key))


def _with_uid(takes_part: Callable[[Observed], bool], likeness: _Key) -> _Key:
    def key(item: Observed) -> tuple[str, Moment | None, Hashable] | None:
        alike = likeness(item) if item.uid and takes_part(item) else None
        return None if alike is None or not item.uid else (item.uid, item.original_start, alike)

    return key
