"""Bind a run to the plan that an operator was shown: what moved since then is not touched.

Pure, like the planner: a fresh plan and the stored one in, the actions that may be carried out and the stale ones out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import Action, ActionKind, Reason

Key = tuple[ItemId | None, ItemId | None]
"""The two items of an action: at the source and at the destination."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A write as the preview showed it: with both fingerprints it was planned on."""

    kind: ActionKind
    source_fingerprint: bytes | None
    expected: bytes | None
    is_excluded: bool = False


class PlanItemState(StrEnum):
    """Whether a shown write still holds."""

    PLANNED = "planned"
    MOVED = "moved"


class Bound(msgspec.Struct, frozen=True):
    """``actions`` to carry out (excluded ones turned into skips) and the keys of shown writes that ``moved`` since."""

    actions: list[Action]
    moved: list[Key]


def bind(
    fresh: Iterable[Action], fingerprints: Mapping[ItemId, bytes], shown: Mapping[Key, Shown], done: frozenset[Key]
) -> Bound:
    """Keep those writes of a fresh plan that were shown exactly so.

    ``fingerprints`` are the source's now; ``done`` names shown writes that this run has carried out before it was
    interrupted. A write nobody was shown is left for the next plan.
    """
    actions: list[Action] = []
    matched: set[Key] = set()
    for action in fresh:
        key = (action.source, action.destination)
        if not action.writes:
            if action.reason is Reason.DELETE_REJECTED:
                matched.add(key)  # an operator's answer, not a change at either side
            if action.reason is not Reason.TOUCHED_SINCE or not _was_shown(action, shown, done):
                actions.append(action)  # else it is among what moved, and counts once
            continue
        seen = shown.get(key)
        if seen is None or not _is_same(action, fingerprints, seen):
            continue
        matched.add(key)
        actions.append(_excluded(action) if seen.is_excluded else action)
    stale = [k for k, s in shown.items() if not s.is_excluded and k not in matched and k not in done]
    return Bound(actions, stale)


def _was_shown(action: Action, shown: Mapping[Key, Shown], done: frozenset[Key]) -> bool:
    """Say whether an item that is left now was shown as a write that is still to be made."""
    keys = {(action.source, action.destination), (action.source, None)}  # a create had no destination yet
    return any(k in shown and not shown[k].is_excluded and k not in done for k in keys)


def _is_same(action: Action, fingerprints: Mapping[ItemId, bytes], seen: Shown) -> bool:
    now = fingerprints.get(action.source) if action.source is not None else None
    return action.kind is seen.kind and now == seen.source_fingerprint and action.expected == seen.expected


def _excluded(action: Action) -> Action:
    return msgspec.structs.replace(action, kind=ActionKind.SKIP, reason=Reason.EXCLUDED, pairs_anew=False)
