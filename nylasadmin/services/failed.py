"""Failed items: look at them, try them again, put them aside.

An item fails until a run writes it or finds that there is nothing left to write; its row says since when, how often it
was tried, and when it is tried again by itself. A try is a snapshot that is restricted to the failed items.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from nylasadmin.domain import limits
from nylasadmin.domain.differences import MASK
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.links import Link
from nylasadmin.domain.plan import Action, ActionKind, Direction, ReceiverOnly
from nylasadmin.domain.privileges import Actor
from nylasadmin.domain.runs import Run
from nylasadmin.errors import InvalidInput, Refused
from nylasadmin.services.audit import record
from nylasadmin.services.failed_views import Asked, FailedItem, FailedPage, FailedQuery, FailedRow
from nylasadmin.services.refusals import noting_refusals
from nylasadmin.services.rows import ChosenItem
from nylasadmin.services.snapshots import Wish, add_over
from nylasadmin.services.storage import Storage, UnitOfWork
from nylasadmin.services.views import SkippedLink

_MOST_CAUSES = 12
_FEW_LINKS = 50
MOST_COUNTED = 1000
_Way = tuple[int, Direction, ReceiverOnly]


class Failed:
    """``wake`` tells the runner that there is work."""

    def __init__(self, storage: Storage, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._wake = wake

    def page(self, query: FailedQuery, *, is_masked: bool) -> FailedPage:
        """Give one page, the last failure first; masked rows do not say what the item is about.

        A page behind the last one is the last one.
        """
        found = msgspec.structs.replace(query, hides_titles=is_masked)
        with self._storage.read() as tx:
            causes = tx.failed.causes(msgspec.structs.replace(found, cause=""))
            matching = sum(count for cause, count in causes if found.cause in ("", cause))
            last = max(1, -(-matching // found.size))
            found = msgspec.structs.replace(found, page=min(found.page, last))
            rows = tuple(_masked(row) if is_masked else row for row in tx.failed.rows(found)) if matching else ()
        shown = tuple(causes[:_MOST_CAUSES])
        return FailedPage(rows=rows, matching=matching, causes=shown, query=found, is_masked=is_masked)

    def count_open(self) -> int:
        """Count the open items of all targets, up to :data:`MOST_COUNTED`."""
        with self._storage.read() as tx:
            return tx.failed.count_open(MOST_COUNTED)

    @noting_refusals("failed.retry", "failed items")
    def retry(self, actor: Actor, query: FailedQuery) -> Asked:
        """Try all items again that a query matches, whatever its page; also those that are tried no more by themselves.

        Items of links that are busy, held, paused or off are left out. Raises :class:`Refused`: ``no_failed_item``
        when no item matches, ``nothing_to_try`` when none of their links can be copied now.
        """
        with (
            self._storage.read() as tx
        ):  # apart: many rows take a while, and an item that is done meanwhile does no harm
            items = tx.failed.chosen(query)
        if not items:
            raise Refused("no_failed_item")
        with self._storage.write() as tx:
            asked = ask_again(tx, actor, items, "again for failed items")
            if not asked.snapshots:
                raise Refused("nothing_to_try", skipped=asked.left_out, links=len(asked.left_out))
            facts = {"items": asked.items, "snapshots": asked.snapshots, "links_left_out": len(asked.left_out)}
            record(tx, actor, "failed.retry", "failed items", new=facts)
        self._wake()
        return asked

    @noting_refusals("failed.dismiss", "failed items")
    def dismiss(self, actor: Actor, query: FailedQuery, reason: str) -> int:
        """Put all items aside that a query matches; give how many. The next failure of an item brings it back.

        Raises :class:`InvalidInput` without a reason, :class:`Refused` (``no_failed_item``) when no item matches that
        was not put aside already.
        """
        text = reason.strip()
        wrong = {} if text else {"reason": "Say why these items need no more care; it is kept in the audit trail."}
        wrong |= limits.problems({"reason": (text, limits.REASON)})
        if wrong:
            raise InvalidInput(wrong)
        with self._storage.write() as tx:
            count = tx.failed.dismiss(query, actor.name, text)
            if not count:
                raise Refused("no_failed_item")
            record(tx, actor, "failed.dismiss", "failed items", new={"items": count, "reason": text})
            return count


def ask_again(tx: UnitOfWork, actor: Actor, items: Sequence[FailedItem], reason: str) -> Asked:
    """Ask for snapshots that try these items: one per target, direction and what is done with receiver-only items."""
    ways: dict[_Way, list[FailedItem]] = {}
    for item in items:
        ways.setdefault((item.target_id, item.direction, item.receiver_only), []).append(item)
    asked = [_ask_one(tx, actor, way, of_way, reason) for way, of_way in ways.items()]
    return Asked(
        snapshots=tuple(s for a in asked for s in a.snapshots),
        items=sum(a.items for a in asked),
        left_out=tuple(link for a in asked for link in a.left_out),
    )


def _ask_one(tx: UnitOfWork, actor: Actor, way: _Way, items: Sequence[FailedItem], reason: str) -> Asked:
    target_id, direction, receiver_only = way
    links = _links(tx, target_id, {item.link_id for item in items})
    wish = Wish(
        direction=direction,
        target_id=target_id,
        link_id=links[0].id if len(links) == 1 else None,
        receiver_only=receiver_only,
        reason=reason,
    )
    try:
        snapshot_id, _ = add_over(tx, actor, wish, links)
    except Refused as refusal:
        return Asked(left_out=_skipped(refusal))
    left_out = tx.console.snapshot(snapshot_id).skipped
    busy = {link.link_id for link in left_out}
    tried = [item for item in items if item.link_id not in busy]
    rows = [ChosenItem(link_id=i.link_id, crm_id=i.crm_id, nylas_id=i.nylas_id) for i in tried]
    tx.runs.narrow(snapshot_id, rows)
    return Asked(snapshots=(snapshot_id,), items=len(tried), left_out=left_out)


def _links(tx: UnitOfWork, target_id: int, ids: set[int]) -> list[Link]:
    """Give those of some links that are still there: a few one by one, many out of all of their target."""
    if len(ids) <= _FEW_LINKS:
        return [tx.links.get(link_id) for link_id in tx.links.present(sorted(ids))]
    return [link for link in tx.links.of_target(target_id) if link.id in ids]


def _skipped(refusal: Refused) -> tuple[SkippedLink, ...]:
    skipped = refusal.facts.get("skipped", ())
    return skipped if isinstance(skipped, tuple) else ()


def clear_settled(tx: UnitOfWork, run: Run, planned: Sequence[Action], carried_out: Sequence[Action]) -> None:
    """Forget the failures of items that a finished run has written, or found equal, unwritable or gone.

    ``planned`` is all that was found out about the link; ``carried_out`` is what was left of it by the operator's plan.
    Costs one query when nothing had failed before.
    """
    before = tx.failed.not_failed_by(run)
    if not before:
        return
    untouched = _untouched(planned, carried_out)
    tx.failed.clear([row for row, ids in before.items() if untouched.isdisjoint(i for i in ids if i is not None)])


def _untouched(planned: Sequence[Action], carried_out: Sequence[Action]) -> set[ItemId]:
    """Name the items that took no part: outside the window or filter, not chosen, excluded, moved since a preview."""
    acted = {(a.kind, a.source, a.destination) for a in carried_out if a.kind is not ActionKind.OUTSIDE}
    apart = [a for a in planned if (a.kind, a.source, a.destination) not in acted]
    return {i for a in apart for i in (a.source, a.destination) if i is not None}


def _masked(row: FailedRow) -> FailedRow:
    return msgspec.structs.replace(row, title=MASK, detail="")
