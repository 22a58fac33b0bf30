"""The planner of undo: what a snapshot wrote and what is there now in, actions that take it back out.

Pure, like :mod:`nylasadmin.domain.plan`. The source of an undo are the before-images of a snapshot's writes; each has
an id of its own, which stays the same however often somebody tries. Whatever was changed since is listed and left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from nylasadmin.domain.fidelity import Fidelity
from nylasadmin.domain.items import ItemId, Moment, ScheduleItem
from nylasadmin.domain.kinds import Item, fingerprint, kind_of, outline
from nylasadmin.domain.observations import Observed, Pair, Reason
from nylasadmin.domain.plan import Action, ActionKind, Options, not_asked_for

_PREFIX = "undo"


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One write of a snapshot. ``destination`` is the item that was written, ``source`` the one it was tied to.

    ``before`` is what it replaced (``None`` for a create), ``after`` the fingerprint it left (``None`` for a delete, or
    where that is not known). Both fingerprints are of the same fidelity as what is observed now.
    """

    image: ItemId
    kind: ActionKind
    destination: ItemId
    source: ItemId | None = None
    title: str = ""
    before: Observed | None = None
    after: bytes | None = None


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """An item that an earlier undo has brought back already, and the fingerprint it was left with."""

    image: ItemId
    destination: ItemId
    after: bytes | None = None


class Now(msgspec.Struct, frozen=True, kw_only=True):
    """What is there. ``destination``: that side's complete listing. ``sources``: items of the other side that exist.

    ``annotated``: items that somebody has given something which lives at the destination only, and which a delete would
    lose. ``restored``: what earlier undos have brought back.
    """

    destination: Mapping[ItemId, Observed]
    sources: Collection[ItemId] = frozenset()
    pairs: Iterable[Pair] = ()
    annotated: Collection[ItemId] = frozenset()
    restored: Iterable[Restored] = ()


def image_id(run_id: int, seq: int) -> ItemId:
    """Name the before-image of a write; also what the marker of an item says that it is created from again."""
    return ItemId(f"{_PREFIX}-{run_id}-{seq}")


def image_key(image: ItemId) -> tuple[int, int] | None:
    """Give the run and the number of the write whose before-image that is; ``None`` for any other id."""
    prefix, _, key = image.partition("-")
    run_id, _, seq = key.partition("-")
    return (int(run_id), int(seq)) if prefix == _PREFIX and run_id.isdecimal() and seq.isdecimal() else None


def image(image: ItemId, item: Item, fidelity: Fidelity) -> Observed:
    """Observe a before-image as if it were listed."""
    seen = outline(item)
    return Observed(
        id=image,
        fingerprint=fingerprint(item, fidelity),
        title=item.title,
        start=seen.start,
        end=seen.end,
        is_recurring=seen.is_recurring,
        exceptions=seen.exceptions,
        uid=seen.uid,
        original_start=seen.original_start,
        is_known_by_content=kind_of(item).is_known_by_content,
    )


def own_fields(item: Item) -> tuple[Any, ...]:
    """Give what an item holds that lives at one side only, so that no fingerprint tells of it."""
    if not isinstance(item, ScheduleItem):
        return None, "", ()
    occurrences = ((e.original_start, own_fields(e.item)) for e in item.exceptions)
    return item.priority, item.private_notes, tuple((m, own) for m, own in occurrences if own != (None, "", ()))


def undo(written: Iterable[Written], now: Now, options: Options) -> list[Action]:
    """Decide how each item that a snapshot wrote gets back to what it was, in a stable order.

    ``written`` is in the order of writing; several writes of one item count as one.
    """
    return _Undo(now, options).actions(_folded(written))


class _Fold(msgspec.Struct):
    """All writes of one item: the first one's version before it, every version after, and how it ended."""

    first: Written
    last: Written
    afters: set[bytes]

    def add(self, write: Written) -> None:
        self.last = write
        if write.after is not None:
            self.afters.add(write.after)

    @property
    def was_deleted(self) -> bool:
        return self.last.kind is ActionKind.DELETE


def _folded(written: Iterable[Written]) -> list[_Fold]:
    folds: dict[ItemId, _Fold] = {}
    for write in written:
        if write.destination not in folds:
            folds[write.destination] = _Fold(write, write, set())
        folds[write.destination].add(write)
    return [fold for _, fold in sorted(folds.items())]


_Twin = tuple[str, Moment | None]


class _Undo:
    def __init__(self, now: Now, options: Options) -> None:
        self.now = now
        self.options = options
        self.restored = {r.image: r for r in now.restored}
        self.partners = {p.source: p.destination for p in now.pairs}
        self.by_marker = {o.claims: o for o in now.destination.values() if o.claims is not None}
        self.by_uid: dict[_Twin, Observed] = {}
        self.by_content: dict[bytes, Observed] = {}

    def actions(self, folds: list[_Fold]) -> list[Action]:
        """Decide item by item. What the snapshot wrote, or an undo brought back, is nobody else's twin."""
        ours = {fold.first.destination for fold in folds} | {r.destination for r in self.restored.values()}
        others = [o for i, o in self.now.destination.items() if i not in ours]
        self.by_uid = {(o.uid, o.original_start): o for o in others if o.uid is not None}
        self.by_content = {o.fingerprint: o for o in others if o.is_known_by_content}
        return [self._if_chosen(action) for fold in folds if (action := self._action(fold)) is not None]

    def _if_chosen(self, action: Action) -> Action:
        only = self.options.only
        if only is None or not action.writes or not only.isdisjoint({action.source, action.destination}):
            return action
        return not_asked_for(action)

    def _action(self, fold: _Fold) -> Action | None:
        if fold.first.kind is ActionKind.CREATE:
            return self._of_created(fold)
        before = fold.first.before
        if before is None:
            return None  # its before-image is not kept any more: nobody can tell what to go back to
        present = self.now.destination.get(fold.first.destination)
        if present is not None:
            return self._of_present(fold, before, present, Reason.UNDO_UPDATE)
        return self._of_deleted(fold, before) if fold.was_deleted else _skip(fold, before, None, Reason.TOUCHED_SINCE)

    def _of_created(self, fold: _Fold) -> Action:
        present = self.now.destination.get(fold.first.destination)
        if present is None:
            return _forget(fold)
        if present.fingerprint not in fold.afters or present.id in self.now.annotated:
            return _skip(fold, present, present, Reason.TOUCHED_SINCE)
        refusal = self.options.refusal or present.blocked
        if refusal:
            return _skip(fold, present, present, refusal)
        return _act(ActionKind.DELETE, Reason.UNDO_CREATE, fold, present, present)

    def _of_present(self, fold: _Fold, before: Observed, present: Observed, reason: Reason) -> Action:
        """Bring an item that is there back to what it was, unless it is so or somebody else has changed it."""
        if present.fingerprint == before.fingerprint:
            return _act(ActionKind.UNCHANGED, Reason.EQUAL, fold, before, present)
        if present.fingerprint not in fold.afters:
            return _skip(fold, before, present, Reason.TOUCHED_SINCE)
        refusal = self._refusal(before) or present.blocked
        if refusal:
            return _skip(fold, before, present, refusal)
        return _act(ActionKind.UPDATE, reason, fold, before, present)

    def _of_deleted(self, fold: _Fold, before: Observed) -> Action:
        twin = self._twin(fold, before)
        if twin is not None:
            return self._of_present(fold, before, twin, Reason.UNDO_DELETE)
        if refusal := self._refusal(before):
            return _skip(fold, before, None, refusal)
        other = fold.first.source
        is_there = other is not None and other in self.now.sources
        return Action(
            kind=ActionKind.CREATE,
            reason=Reason.UNDO_DELETE,
            source=fold.first.image,
            title=before.title,
            is_recurring=before.is_recurring,
            pairs_anew=is_there,
            partner=other if is_there else None,
            revives=fold.first.destination,
        )

    def _twin(self, fold: _Fold, before: Observed) -> Observed | None:
        """Find what has taken a deleted item's place: it was brought back already, or somebody else made it anew.

        What an earlier try has left there half done is ours to complete, so its fingerprint joins those we know.
        """
        again = self.restored.get(fold.first.image)
        if again is not None and (back := self.now.destination.get(again.destination)):
            fold.afters |= {again.after} if again.after is not None else set()
            return back
        if marked := self.by_marker.get(fold.first.image):
            return marked
        partner = self.partners.get(fold.first.source) if fold.first.source is not None else None
        if partner is not None and (tied := self.now.destination.get(partner)):
            return tied
        if before.is_known_by_content:
            return self.by_content.get(before.fingerprint)
        return self.by_uid.get((before.uid, before.original_start)) if before.uid else None

    def _refusal(self, before: Observed) -> Reason | None:
        most = self.options.max_exceptions
        too_many = Reason.TOO_MANY_EXCEPTIONS if most is not None and before.exceptions > most else None
        return self.options.refusal or too_many


def _act(kind: ActionKind, reason: Reason, fold: _Fold, seen: Observed, present: Observed) -> Action:
    return Action(
        kind=kind,
        reason=reason,
        source=fold.first.image,
        destination=present.id,
        title=seen.title,
        is_recurring=seen.is_recurring,
        expected=present.fingerprint,
        partner=fold.last.source or fold.first.source,
    )


def _skip(fold: _Fold, seen: Observed, present: Observed | None, reason: Reason) -> Action:
    return Action(
        kind=ActionKind.SKIP,
        reason=reason,
        source=fold.first.image,
        destination=present.id if present is not None else None,
        title=seen.title or fold.first.title,
        is_recurring=seen.is_recurring,
        expected=present.fingerprint if present is not None else None,
    )


def _forget(fold: _Fold) -> Action:
    """What was created is gone already: only the memory of the pair may be left."""
    return Action(
        kind=ActionKind.FORGET,
        reason=Reason.GONE_FROM_BOTH,
        source=fold.first.image,
        destination=fold.first.destination,
        partner=fold.last.source or fold.first.source,
    )
