"""Snapshots: ask for one, cancel it, try failed links again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from nylasadmin.domain import limits
from nylasadmin.domain.filter_forms import form_of, problems
from nylasadmin.domain.filters import Filter, describe
from nylasadmin.domain.links import Link, OffReason, off_reasons
from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.domain.privileges import Actor
from nylasadmin.domain.runs import RunState
from nylasadmin.errors import InvalidInput, NotFound, Refused
from nylasadmin.services import wording
from nylasadmin.services.audit import record
from nylasadmin.services.planning import KEPT_DAYS
from nylasadmin.services.refusals import noting_refusals
from nylasadmin.services.rows import ChosenItem, NewRun
from nylasadmin.services.storage import Storage, UnitOfWork
from nylasadmin.services.views import SkippedLink, SnapshotView


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator asks for: one link, or all links of a target. ``left_out``: links that are out of question."""

    direction: Direction
    target_id: int | None = None
    link_id: int | None = None
    receiver_only: ReceiverOnly = ReceiverOnly.KEEP
    reason: str = ""
    is_preview: bool = False
    plan_id: int | None = None
    filter: Filter | None = None
    undoes_id: int | None = None
    left_out: tuple[SkippedLink, ...] = ()


class Snapshots:
    """``wake`` tells the runner that there is work."""

    def __init__(self, storage: Storage, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._wake = wake

    def request(
        self,
        actor: Actor,
        *,
        direction: Direction,
        target_id: int | None = None,
        link_id: int | None = None,
        receiver_only: ReceiverOnly = ReceiverOnly.KEEP,
        reason: str = "",
        is_preview: bool = False,
        filter: Filter | None = None,
    ) -> SnapshotView:
        """Ask for a snapshot (or a preview) of one link, or of all links of a target, or of a part of their items.

        Links whose direction is off, that are busy or of a type the filter leaves out are passed over and listed.
        Raises :class:`Refused` when nothing is left to do: ``link_off``, ``link_busy`` or ``link_held`` for a single
        link, ``nothing_to_run`` or ``no_links`` for a target; :class:`InvalidInput` for a reason that is too long or a
        filter that makes no sense.
        """
        wish = Wish(
            direction=direction,
            target_id=target_id,
            link_id=link_id,
            receiver_only=receiver_only,
            reason=reason.strip(),
            is_preview=is_preview,
            filter=filter,
        )
        view = self._preview(actor, wish) if is_preview else self._snapshot(actor, wish)
        self._wake()
        return view

    @noting_refusals("snapshot.request", "{wish}")
    def _snapshot(self, actor: Actor, wish: Wish) -> SnapshotView:
        with self._storage.write() as tx:
            snapshot_id, links = _add(tx, actor, wish, _chosen(tx, wish))
            view = tx.console.snapshot(snapshot_id)
            facts = {
                "direction": wish.direction,
                "receiver_only": wish.receiver_only,
                "links": links,
                "reason": wish.reason,
                **filter_facts(wish.filter),
            }
            record(tx, actor, "snapshot.request", _name(view), new=facts)
        return view

    def _preview(self, actor: Actor, wish: Wish) -> SnapshotView:
        """Looking ahead changes nothing: no row of the audit trail, not even for a refusal."""
        with self._storage.write() as tx:
            return tx.console.snapshot(_add(tx, actor, wish, _chosen(tx, wish))[0])

    @noting_refusals("snapshot.cancel", "snapshot {snapshot_id}")
    def cancel(self, actor: Actor, snapshot_id: int) -> int:
        """Cancel what is not over yet; give how many runs that were. Cancelled stays cancelled."""
        with self._storage.write() as tx:
            view = tx.console.snapshot(snapshot_id)
            ended = tx.runs.cancel(snapshot_id=snapshot_id)
            if not view.is_preview:
                record(tx, actor, "snapshot.cancel", _name(view), new={"runs": len(ended)})
        return len(ended)

    @noting_refusals("run.cancel", "run {run_id}")
    def cancel_run(self, actor: Actor, run_id: int, *, snapshot_id: int | None = None) -> int:
        """Cancel one run of a snapshot; give 1, or 0 if it was over. Raises :class:`NotFound`."""
        with self._storage.write() as tx:
            view = tx.console.snapshot(tx.runs.snapshot_of(run_id, snapshot_id))
            ended = tx.runs.cancel(run_id=run_id)
            if not view.is_preview:
                record(tx, actor, "run.cancel", f"run {run_id} of {_name(view)}", new={"runs": len(ended)})
        self._wake()  # other links of the snapshot may have waited for this one
        return len(ended)

    @noting_refusals("snapshot.retry", "snapshot {snapshot_id}")
    def retry(self, actor: Actor, snapshot_id: int) -> SnapshotView:
        """Ask for the same again for the links that failed or had failed items; of a preview, for a preview.

        Raises ``NotFound``, and :class:`Refused` as a request does, or ``nothing_failed``, ``plan_forgotten``.
        """
        with self._storage.write() as tx:
            before = tx.console.snapshot(snapshot_id)
            again = _again(tx, actor, before, tx.runs.failed_links(snapshot_id))
            if not again.is_preview:
                facts = {"direction": again.direction, "links": again.links, "reason": again.reason}
                record(tx, actor, "snapshot.retry", _name(again), new=facts | filter_facts(again.filter))
        self._wake()
        return again

    @noting_refusals("run.retry", "run {run_id}")
    def retry_run(self, actor: Actor, run_id: int, *, snapshot_id: int | None = None) -> SnapshotView:
        """Ask for the same again for one link whose run failed, was cancelled or had failed items.

        Raises as :meth:`retry` does.
        """
        with self._storage.write() as tx:
            before = tx.console.snapshot(tx.runs.snapshot_of(run_id, snapshot_id))
            link_id = tx.runs.to_retry(run_id)
            again = _again(tx, actor, before, [] if link_id is None else [link_id], link_id)
            if not again.is_preview:
                facts = {"direction": again.direction, "snapshot": again.id, "reason": again.reason}
                record(tx, actor, "run.retry", f"run {run_id} of {_name(before)}", new=facts)
        self._wake()
        return again


def _again(
    tx: UnitOfWork, actor: Actor, before: SnapshotView, link_ids: Sequence[int], link_id: int | None = None
) -> SnapshotView:
    """Add the same snapshot over some of its links, restricted to the same items if it was, or to those of its plan.

    What an operator left out of it stays left out.
    """
    wanted = set(link_ids)
    chosen = [link for link in tx.links.of_target(before.target_id) if link.id in wanted]
    if not chosen:
        raise Refused("nothing_failed")
    if before.plan_id is not None and _is_forgotten(tx, before.plan_id):
        raise Refused("plan_forgotten", days=KEPT_DAYS)
    wish = msgspec.structs.replace(_wish_again(before), link_id=link_id or before.link_id)
    snapshot_id, _ = _add(tx, actor, wish, chosen)
    items = _items_of_plan(tx, before, chosen) if before.plan_id is not None else tx.runs.chosen(before.id)
    if items is not None:
        tx.runs.narrow(snapshot_id, [item for item in items if item.link_id in wanted])
    tx.runs.spare_as(snapshot_id, before.id)
    return tx.console.snapshot(snapshot_id)


def _is_forgotten(tx: UnitOfWork, plan_id: int) -> bool:
    """Say whether the items of a plan are not kept any more: then nobody can tell what it was about."""
    return not tx.plans.totals(plan_id) and tx.console.snapshot(plan_id).counters.to_write > 0


def _items_of_plan(tx: UnitOfWork, before: SnapshotView, links: Sequence[Link]) -> list[ChosenItem]:
    """Give what the plan of a snapshot showed for some links, without what an operator left out of it."""
    found = []
    for link in links:
        for (source, destination), shown in tx.plans.shown(before.plan_id or 0, link.id).items():
            if not shown.is_excluded:
                ends = (destination, source) if before.direction is Direction.GET else (source, destination)
                found.append(ChosenItem(link_id=link.id, crm_id=ends[0], nylas_id=ends[1]))
    return found


def _wish_again(before: SnapshotView) -> Wish:
    return Wish(
        direction=before.direction,
        target_id=before.target_id,
        link_id=before.link_id,
        receiver_only=before.receiver_only,
        reason=f"again for what failed in snapshot {before.id}",
        is_preview=before.is_preview,
        filter=before.filter,
        undoes_id=before.undoes_id,
    )


def filter_facts(asked: Filter | None) -> dict[str, str]:
    """Give what the audit trail says of a filter: nothing where all takes part."""
    return {"filter": describe(asked)} if asked else {}


def _chosen(tx: UnitOfWork, wish: Wish) -> list[Link]:
    """Give the links that are meant. Raises :class:`NotFound`."""
    if wish.link_id is not None:
        return [tx.links.get(wish.link_id)]
    if wish.target_id is None:
        raise NotFound("target", None)
    return tx.links.of_target(tx.targets.get(wish.target_id).id)


def _add(tx: UnitOfWork, actor: Actor, wish: Wish, chosen: Sequence[Link]) -> tuple[int, int]:
    """Add a snapshot with a run for each link that can run; give its id and their number."""
    wrong = limits.problems({"reason": (wish.reason, limits.REASON)}) | problems(form_of(wish.filter))
    if wrong:
        raise InvalidInput(wrong)
    target_id = chosen[0].target_id if chosen else wish.target_id
    ready, skipped = _sorted_out(tx, wish, chosen)
    skipped += wish.left_out
    if not ready or target_id is None:
        raise _refusal(wish, skipped)
    snapshot_id = tx.runs.add_snapshot(
        target_id=target_id,
        link_id=wish.link_id,
        direction=wish.direction,
        receiver_only=wish.receiver_only,
        is_preview=wish.is_preview,
        reason=wish.reason,
        operator=actor.name,
        skipped=skipped,
        plan_id=wish.plan_id,
        filter=wish.filter,
        undoes_id=wish.undoes_id,
    )
    tx.runs.add_runs(snapshot_id, [NewRun(link_id=link.id, account_id=link.account_id) for link in ready])
    return snapshot_id, len(ready)


def add_runs_for(tx: UnitOfWork, actor: Actor, wish: Wish, link_ids: Sequence[int]) -> tuple[int, int]:
    """Add a snapshot over given links of a target; give its id and the number of its runs. Raises as a request does."""
    wanted = set(link_ids)
    return _add(tx, actor, wish, [link for link in _chosen(tx, wish) if link.id in wanted])


def add_over(tx: UnitOfWork, actor: Actor, wish: Wish, links: Sequence[Link]) -> tuple[int, int]:
    """Add a snapshot over these links of one target; give its id and the number of its runs. Raises as a request."""
    return _add(tx, actor, wish, links)


def _sorted_out(tx: UnitOfWork, wish: Wish, chosen: Sequence[Link]) -> tuple[list[Link], list[SkippedLink]]:
    """Tell links that can run from those that are left out, with why."""
    if not chosen:
        return [], []
    target = tx.targets.get(chosen[0].target_id)
    accounts = {a.id: a for a in tx.accounts.of_target(target.id)}
    names = {u.id: u.name for u in tx.users.all()}
    busy = {} if wish.is_preview else tx.runs.live_by_link([link.id for link in chosen])
    ready: list[Link] = []
    skipped: list[SkippedLink] = []
    for link in chosen:
        off = off_reasons(wish.direction, link, target, accounts[link.account_id])
        if wish.filter and not wish.filter.asks_for(link.item_type):
            off = (*off, OffReason.TYPE_NOT_ASKED_FOR)
        run = busy.get(link.id)
        if not off and run is None:
            ready.append(link)
            continue
        skipped.append(
            SkippedLink(
                link_id=link.id,
                user_name=names.get(link.user_id, link.user_id),
                folder_name=link.folder_name,
                off=off,
                busy_run_id=run.run_id if run else None,
                busy_snapshot_id=run.snapshot_id if run else None,
                is_held=run is not None and run.state is RunState.HELD,
                is_paused=run is not None and run.state is RunState.PAUSED,
            )
        )
    return ready, skipped


def _refusal(wish: Wish, skipped: list[SkippedLink]) -> Refused:
    if not skipped:
        return Refused("no_links")
    if wish.link_id is None:
        return Refused("nothing_to_run", skipped=tuple(skipped))
    only = skipped[0]
    if only.busy_run_id is not None and not only.off:
        return Refused(
            only.why_busy, run_id=only.busy_run_id, snapshot_id=only.busy_snapshot_id, skipped=tuple(skipped)
        )
    return wording.link_off(wish.direction, only.off, skipped=tuple(skipped))


def _name(view: SnapshotView) -> str:
    return view.name
