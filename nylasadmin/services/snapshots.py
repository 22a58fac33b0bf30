"""Snapshots: ask for one, cancel it, decide about a held run, try failed links again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nylasadmin.domain.links import Link, off_reasons
from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.domain.privileges import Actor
from nylasadmin.errors import InvalidInput, NotFound, Refused
from nylasadmin.services import wording
from nylasadmin.services.audit import record
from nylasadmin.services.storage import NewRun, Storage, UnitOfWork
from nylasadmin.services.views import SkippedLink, SnapshotView


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
    ) -> SnapshotView:
        """Ask for a snapshot (or a preview) of one link, or of all links of a target.

        Links whose direction is off or that are busy are left out and listed. Raises :class:`Refused` when nothing is
        left to do: ``link_off`` or ``link_busy`` for a single link, ``nothing_to_run`` for a target.
        """
        with self._storage.write() as tx:
            if link_id is not None:
                chosen = [tx.links.get(link_id)]
                target_id = chosen[0].target_id
            else:
                target_id = tx.targets.get(_given(target_id)).id
                chosen = tx.links.of_target(target_id)
            snapshot_id = _add(
                tx, actor, target_id, link_id, chosen, direction, receiver_only, reason.strip(), is_preview
            )
            view = tx.console.snapshot(snapshot_id)
        self._wake()
        return view

    def cancel(self, actor: Actor, snapshot_id: int) -> int:
        """Cancel what is not over yet; give how many runs that were. Cancelled stays cancelled."""
        with self._storage.write() as tx:
            view = tx.console.snapshot(snapshot_id)
            ended = tx.runs.cancel(snapshot_id=snapshot_id)
            if not view.is_preview:
                record(tx, actor, "snapshot.cancel", _name(view), new={"runs": len(ended)})
            return len(ended)

    def cancel_run(self, actor: Actor, run_id: int) -> int:
        """Cancel one run of a snapshot; give 1, or 0 if it was over."""
        with self._storage.write() as tx:
            ended = tx.runs.cancel(run_id=run_id)
            record(tx, actor, "run.cancel", f"run {run_id}", new={"runs": len(ended)})
            return len(ended)

    def approve(self, actor: Actor, run_id: int, typed_deletes: int | None, reason: str) -> None:
        """Let a held run go on with exactly the deletes it was held for.

        Raises :class:`InvalidInput` for a wrong count or a missing reason, :class:`Refused` if it is not held.
        """
        with self._storage.write() as tx:
            hold = tx.runs.approve(run_id)
            if hold is None:
                raise Refused("not_held")
            problems = {}
            if typed_deletes != hold.deletes:
                problems["typed_deletes"] = f"Type {hold.deletes}, the number of items that will be deleted."
            if not reason.strip():
                problems["reason"] = "Say why these deletes are right; it is kept in the audit trail."
            if problems:
                raise InvalidInput(problems)
            record(tx, actor, "run.approve", f"run {run_id}", new={"deletes": hold.deletes, "reason": reason.strip()})
        self._wake()

    def retry(self, actor: Actor, snapshot_id: int) -> SnapshotView:
        """Ask for the same again for the links that failed or had failed items."""
        with self._storage.write() as tx:
            view = tx.console.snapshot(snapshot_id)
            failed = set(tx.runs.failed_links(snapshot_id))
            chosen = [link for link in tx.links.of_target(view.target_id) if link.id in failed]
            if not chosen:
                raise Refused("nothing_failed")
            new_id = _add(
                tx,
                actor,
                view.target_id,
                view.link_id,
                chosen,
                view.direction,
                view.receiver_only,
                f"again for what failed in snapshot {snapshot_id}",
                False,
            )
            again = tx.console.snapshot(new_id)
        self._wake()
        return again


def _given(target_id: int | None) -> int:
    if target_id is None:
        raise NotFound("target", target_id)
    return target_id


def _add(
    tx: UnitOfWork,
    actor: Actor,
    target_id: int,
    link_id: int | None,
    chosen: Sequence[Link],
    direction: Direction,
    receiver_only: ReceiverOnly,
    reason: str,
    is_preview: bool,
) -> int:
    ready, skipped = _sorted_out(tx, target_id, chosen, direction, is_preview)
    if not ready:
        raise _refusal(direction, link_id, skipped)
    snapshot_id = tx.runs.add_snapshot(
        target_id=target_id,
        link_id=link_id,
        direction=direction,
        receiver_only=receiver_only,
        is_preview=is_preview,
        reason=reason,
        operator=actor.name,
        skipped=skipped,
    )
    tx.runs.add_runs(snapshot_id, [NewRun(link_id=link.id, account_id=link.account_id) for link in ready])
    if not is_preview:
        facts = {"direction": direction, "receiver_only": receiver_only, "links": len(ready), "reason": reason}
        record(tx, actor, "snapshot.request", _subject(tx, snapshot_id, target_id, link_id), new=facts)
    return snapshot_id


def _sorted_out(
    tx: UnitOfWork, target_id: int, chosen: Sequence[Link], direction: Direction, is_preview: bool
) -> tuple[list[Link], list[SkippedLink]]:
    """Tell links that can run from those that are left out, with why."""
    target = tx.targets.get(target_id)
    accounts = {a.id: a for a in tx.accounts.of_target(target_id)}
    names = {u.id: u.name for u in tx.users.all()}
    busy = {} if is_preview else tx.runs.live_by_link([link.id for link in chosen])
    ready: list[Link] = []
    skipped: list[SkippedLink] = []
    for link in chosen:
        off = off_reasons(direction, link, target, accounts[link.account_id])
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
                busy_run_id=run[0] if run else None,
            )
        )
    return ready, skipped


def _refusal(direction: Direction, link_id: int | None, skipped: list[SkippedLink]) -> Refused:
    if link_id is None or not skipped:
        return Refused("nothing_to_run", skipped=tuple(skipped))
    only = skipped[0]
    if only.busy_run_id is not None and not only.off:
        return Refused("link_busy", run_id=only.busy_run_id, skipped=tuple(skipped))
    because = " and ".join(wording.off_reason(direction, r) for r in only.off)
    return Refused("link_off", because=because, skipped=tuple(skipped))


def _subject(tx: UnitOfWork, snapshot_id: int, target_id: int, link_id: int | None) -> str:
    name = tx.targets.get(target_id).name
    return f"snapshot {snapshot_id} of {name}" + (f" link {link_id}" if link_id is not None else "")


def _name(view: SnapshotView) -> str:
    return f"snapshot {view.id} of {view.target_name}"
