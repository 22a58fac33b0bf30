"""Which planned actions still hold when items have changed since they were listed. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import Action, ActionKind, Direction, Observed, Options, Pair, plan

Changes = dict[ItemId, Observed | None]
"""Items that are not as they were listed, by their id at one side: as they are now, ``None`` for gone or unknown."""


class Listed(Protocol):
    """Both sides as they are known now."""

    direction: Direction
    source: dict[ItemId, Observed]
    destination: dict[ItemId, Observed]
    pairs: list[Pair]


class Holding(NamedTuple):
    """``actions`` that may be carried out, and those that were ``overtaken``."""

    actions: list[Action]
    overtaken: list[Action]


class Touches:
    """Finds the actions that changed items have to do with: by id, by pair, by marker, by UID."""

    def __init__(self, changed: Changes, listed: Listed) -> None:
        self.changed = changed
        self.listed = listed
        living = [seen for seen in changed.values() if seen is not None]
        self._claimed = {seen.claims for seen in living if seen.claims}
        self._uids = {seen.uid for seen in living if seen.uid}
        sources = {p.source for p in listed.pairs if p.destination in changed}
        self._paired = sources | {p.destination for p in listed.pairs if p.source in changed}

    def holding(self, actions: Iterable[Action], options: Options | None) -> Holding:
        """Part actions into those that hold and those that changes have overtaken.

        With ``options`` an action whose source changed is planned again with that one item, and holds if the same write
        comes out; what it writes is then the newer version. Without, every action that a change touches is overtaken.
        """
        result = Holding([], [])
        for action in actions:
            holds = not self._touch(action) or (options is not None and self._comes_out_again(action, options))
            (result.actions if holds else result.overtaken).append(action)
        return result

    def _touch(self, action: Action) -> bool:
        ids = {i for i in (action.source, action.destination) if i is not None}
        if not ids.isdisjoint(self.changed) or ids & self._paired or ids & self._claimed:
            return True
        return len(ids) == 1 and bool(self._uids & self._uids_of(ids))

    def _uids_of(self, ids: Iterable[ItemId]) -> set[str]:
        """Give the UIDs of what has no partner yet: a twin of it may have come."""
        sides = (self.listed.source, self.listed.destination)
        return {seen.uid for i in ids for side in sides if (seen := side.get(i)) is not None and seen.uid}

    def _comes_out_again(self, action: Action, options: Options) -> bool:
        if action.source is None or self.changed.get(action.source) is None:
            return False
        if action.kind not in (ActionKind.CREATE, ActionKind.UPDATE):
            return False
        other = self.listed.destination.get(action.destination) if action.destination is not None else None
        pairs = [p for p in self.listed.pairs if p.source == action.source]
        again = plan([self.listed.source[action.source]], [other] if other is not None else [], pairs, options)
        return any(_is_same_write(action, now) for now in again)


def _is_same_write(planned: Action, now: Action) -> bool:
    return (planned.kind, planned.destination, planned.expected) == (now.kind, now.destination, now.expected)
