"""An operator's answers to held runs: approve exactly these deletes, leave some out, reject; and what is remembered.

A run that is held has written nothing. Each answer lets it go on at most once: whoever comes second is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from nylasadmin.domain import limits
from nylasadmin.domain.guard import digest
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.links import OffReason, off_reasons
from nylasadmin.domain.plan import OPPOSITE
from nylasadmin.domain.privileges import Actor, Privilege
from nylasadmin.errors import InvalidInput, NotFound, Refused
from nylasadmin.services.audit import record
from nylasadmin.services.refusals import noting_refusals
from nylasadmin.services.rows import HeldRun, Rejection, Victim
from nylasadmin.services.storage import Storage, UnitOfWork
from nylasadmin.services.views import SnapshotView


class Deciders(msgspec.Struct, frozen=True, kw_only=True):
    """Who may approve a snapshot's deletes. ``limit``: above it, not the one who asked; ``None``: anybody may.

    ``is_barred``: this operator may not approve all of them; ``others`` may.
    """

    limit: int | None
    asked_by: str
    is_barred: bool
    others: tuple[str, ...] = ()


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """What a rejection came to: ``items`` stay, ``copies`` are gone from the source, ``again`` are created there again.

    ``off`` says what keeps the opposite direction from doing so.
    """

    items: int
    copies: int
    again: int
    off: tuple[OffReason, ...] = ()


class RejectionPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the answers remembered for a link."""

    rows: tuple[Rejection, ...]
    count: int
    page: int
    size: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.count // self.size))


class Answers:
    """``wake`` tells the runner that there is work."""

    def __init__(self, storage: Storage, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._wake = wake

    # --- looking

    def held(self, snapshot_id: int) -> list[HeldRun]:
        """Give the held runs of a snapshot, most deletes first."""
        with self._storage.read() as tx:
            return tx.holds.of_snapshot(snapshot_id)

    def deciders(self, actor: Actor, snapshot_id: int, run_id: int | None = None) -> Deciders:
        """Say who may approve what a snapshot, or one run of it, is held for."""
        with self._storage.read() as tx:
            view = tx.console.snapshot(snapshot_id)
            rest = sum(h.rest for h in tx.holds.of_snapshot(snapshot_id) if run_id in (None, h.run_id))
            return _deciders(tx, actor, view, rest)

    def off(self, runs: Sequence[HeldRun]) -> tuple[OffReason, ...]:
        """Name what keeps the opposite direction of held runs' links from being on, each reason once."""
        with self._storage.read() as tx:
            return tuple(dict.fromkeys(reason for held in runs for reason in _off(tx, held)))

    def copies(self, runs: Sequence[HeldRun]) -> int:
        """Count the victims of held runs that were copies of something at the source, left out ones not."""
        with self._storage.read() as tx:
            return sum(_is_meant_copy(v) for held in runs for v in tx.holds.victims(held.run_id))

    # --- approving

    @noting_refusals("run.approve", "run {run_id}")
    def approve(
        self, actor: Actor, run_id: int, typed_deletes: int | None, reason: str, *, snapshot_id: int | None = None
    ) -> None:
        """Let a held run go on with exactly the deletes it was held for, without those that were left out.

        Raises :class:`InvalidInput` for a wrong count or a missing reason, :class:`Refused` if it is not held
        (``not_held``) or this operator may not decide (``four_eyes``), :class:`NotFound` for a run of another one.
        """
        with self._storage.write() as tx:
            view = tx.console.snapshot(tx.runs.snapshot_of(run_id, snapshot_id))
            held = _held(tx, run_id)
            self._approve(tx, actor, view, [held], typed_deletes, reason)
            facts = {"deletes": held.rest, "left_out": held.left_out, "reason": reason.strip()}
            record(tx, actor, "run.approve", f"run {run_id} of snapshot {view.id}", new=facts)
        self._wake()

    @noting_refusals("snapshot.approve", "snapshot {snapshot_id}")
    def approve_all(self, actor: Actor, snapshot_id: int, typed_deletes: int | None, reason: str) -> None:
        """Let all held runs of a snapshot go on. Raises as :meth:`approve`, ``nothing_held`` if none is held."""
        with self._storage.write() as tx:
            view, runs = _all_held(tx, snapshot_id)
            self._approve(tx, actor, view, runs, typed_deletes, reason)
            facts = {"runs": len(runs), "deletes": _rest(runs), "reason": reason.strip()}
            record(tx, actor, "snapshot.approve", _name(view), new=facts)
        self._wake()

    def _approve(
        self,
        tx: UnitOfWork,
        actor: Actor,
        view: SnapshotView,
        runs: Sequence[HeldRun],
        typed_deletes: int | None,
        reason: str,
    ) -> None:
        deletes = _rest(runs)
        _refuse_same_eyes(tx, actor, view, deletes)
        _refuse_mistyped(deletes, typed_deletes, reason)
        for held in runs:
            victims = tx.holds.victims(held.run_id) if held.left_out else []
            approved = digest(_ids(victims, is_left_out=False)) if held.left_out else held.victims
            if not tx.holds.resume(held.run_id, _ids(victims, is_left_out=True), approved, actor.name):
                raise Refused("not_held")

    # --- leaving some out

    @noting_refusals("run.narrow", "snapshot {snapshot_id}")
    def narrow(self, actor: Actor, snapshot_id: int, items: Sequence[tuple[int, int]], *, is_left_out: bool) -> int:
        """Leave victims out of what will be deleted, or take them in again; each is named by ``(run_id, seq)``.

        Give how many. Raises :class:`Refused` unless all of them belong to held runs of the snapshot.
        """
        with self._storage.write() as tx:
            view, runs = _all_held(tx, snapshot_id)
            if not {run_id for run_id, _ in items} <= {held.run_id for held in runs}:
                raise Refused("not_held")
            changed = tx.plans.exclude(snapshot_id, items, actor.name if is_left_out else "")
            record(tx, actor, "run.narrow", _name(view), new={"items": changed, "is_left_out": is_left_out})
            return changed

    # --- rejecting

    @noting_refusals("run.reject", "run {run_id}")
    def reject(self, actor: Actor, run_id: int, reason: str, *, snapshot_id: int | None = None) -> Rejected:
        """Keep what a held run would delete, remember that, and let the run go on without.

        What was left out is not meant: the run spares it, and the next one asks again. Raises :class:`Refused` if it is
        not held, :class:`InvalidInput` for a reason that is too long, :class:`NotFound` for a run of another one.
        """
        with self._storage.write() as tx:
            of = tx.runs.snapshot_of(run_id, snapshot_id)
            outcome = self._reject(tx, actor, [_held(tx, run_id)], reason)
            facts = msgspec.structs.asdict(outcome) | {"reason": reason.strip()}
            record(tx, actor, "run.reject", f"run {run_id} of snapshot {of}", new=facts)
        self._wake()
        return outcome

    @noting_refusals("snapshot.reject", "snapshot {snapshot_id}")
    def reject_all(self, actor: Actor, snapshot_id: int, reason: str) -> Rejected:
        """Reject what all held runs of a snapshot would delete. Raises as :meth:`reject`."""
        with self._storage.write() as tx:
            view, runs = _all_held(tx, snapshot_id)
            outcome = self._reject(tx, actor, runs, reason)
            facts = msgspec.structs.asdict(outcome) | {"runs": len(runs), "reason": reason.strip()}
            record(tx, actor, "snapshot.reject", _name(view), new=facts)
        self._wake()
        return outcome

    def _reject(self, tx: UnitOfWork, actor: Actor, runs: Sequence[HeldRun], reason: str) -> Rejected:
        if wrong := limits.problems({"reason": (reason.strip(), limits.REASON)}):
            raise InvalidInput(wrong)
        items = copies = again = 0
        reasons: dict[OffReason, None] = {}
        for held in runs:
            victims, off = tx.holds.victims(held.run_id), _off(tx, held)
            meant = [v for v in victims if not v.is_left_out]
            tx.rejections.add(held, meant, actor.name, reason.strip(), is_due=not off)
            if not tx.holds.resume(held.run_id, _ids(victims, is_left_out=True)):
                raise Refused("not_held")
            items += len(meant)
            gone = sum(map(_is_meant_copy, victims))
            copies += gone
            again += 0 if off else gone
            reasons |= dict.fromkeys(off) if gone else {}
        return Rejected(items=items, copies=copies, again=again, off=tuple(reasons))

    # --- what is remembered

    def rejections(self, link_id: int, page: int = 1, size: int = 50) -> RejectionPage:
        """Give a page of the answers remembered for a link. Raises :class:`NotFound`."""
        with self._storage.read() as tx:
            tx.links.get(link_id)
            rows, count = tx.rejections.page(link_id, (page - 1) * size, size), tx.rejections.count(link_id)
        return RejectionPage(rows=tuple(rows), count=count, page=page, size=size)

    def remembered(self, link_id: int) -> int:
        """Count the answers remembered for a link."""
        with self._storage.read() as tx:
            return tx.rejections.count(link_id)

    @noting_refusals("rejection.forget", "link {link_id}")
    def forget(self, actor: Actor, link_id: int, rejection_id: int) -> None:
        """Forget one answer: the next snapshot asks again. Raises :class:`NotFound`."""
        with self._storage.write() as tx:
            known = tx.rejections.get(rejection_id)
            if known.link_id != link_id or not tx.rejections.forget(rejection_id):
                raise NotFound("rejection", rejection_id)
            old = {"direction": known.direction, "operator": known.operator, "item": known.destination_id}
            record(tx, actor, "rejection.forget", f"link {link_id}", old=old)


def _held(tx: UnitOfWork, run_id: int) -> HeldRun:
    held = tx.holds.of_run(run_id)
    if held is None:
        raise Refused("not_held")
    return held


def _all_held(tx: UnitOfWork, snapshot_id: int) -> tuple[SnapshotView, list[HeldRun]]:
    view, runs = tx.console.snapshot(snapshot_id), tx.holds.of_snapshot(snapshot_id)
    if not runs:
        raise Refused("nothing_held")
    return view, runs


def _refuse_same_eyes(tx: UnitOfWork, actor: Actor, view: SnapshotView, deletes: int) -> None:
    deciders = _deciders(tx, actor, view, deletes)
    if deciders.is_barred:
        who = " or ".join(deciders.others) or "nobody else: nylas:NylasManage is not assigned to a second operator"
        raise Refused("four_eyes", limit=deciders.limit, who=who)


def _deciders(tx: UnitOfWork, actor: Actor, view: SnapshotView, deletes: int) -> Deciders:
    """Say who may approve that many deletes; those this operator has approved in the same snapshot count too."""
    limit, asked = tx.targets.get(view.target_id).guard.four_eyes_deletes, view.operator
    others = tuple(n for n in tx.operators.holders(Privilege.MANAGE) if n.casefold() != asked.casefold())
    in_all = deletes + tx.holds.approved_deletes(view.id, actor.name)
    is_same = actor.name.casefold() == asked.casefold()
    is_barred = limit is not None and in_all > limit and is_same
    return Deciders(limit=limit, asked_by=asked, is_barred=is_barred, others=others)


def _refuse_mistyped(deletes: int, typed_deletes: int | None, reason: str) -> None:
    problems = {}
    if typed_deletes != deletes:
        problems["typed_deletes"] = f"Type {deletes}, the number of items that will be deleted."
    if not reason.strip():
        problems["reason"] = "Say why these deletes are right; it is kept in the audit trail."
    problems |= limits.problems({"reason": (reason.strip(), limits.REASON)})
    if problems:
        raise InvalidInput(problems)


def _off(tx: UnitOfWork, held: HeldRun) -> tuple[OffReason, ...]:
    owned = tx.links.with_owners(held.link_id)
    return off_reasons(OPPOSITE[held.direction], owned.link, owned.target, owned.account)


def _ids(victims: Iterable[Victim], *, is_left_out: bool) -> list[ItemId]:
    return [v.destination_id for v in victims if v.is_left_out is is_left_out]


def _is_meant_copy(victim: Victim) -> bool:
    return victim.source_id is not None and not victim.is_left_out


def _rest(runs: Sequence[HeldRun]) -> int:
    return sum(held.rest for held in runs)


def _name(view: SnapshotView) -> str:
    return f"snapshot {view.id} of {view.target_name}"
