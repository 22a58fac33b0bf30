"""Answers to held runs: approve exactly their deletes, leave some out, or keep the items and remember that."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from nylasadmin.cli.exits import Exit
from nylasadmin.cli.parsing import Verbs, add_installation, add_json, add_verb, row
from nylasadmin.cli.problems import UnusableInput
from nylasadmin.cli.products import opened
from nylasadmin.cli.terminals import Terminal, number_of
from nylasadmin.cli.working import work_through
from nylasadmin.domain.plan import OPPOSITE
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.services.due import CREATE_AGAIN
from nylasadmin.services.hold_wording import after_rejecting
from nylasadmin.services.rows import HeldRun
from nylasadmin.services.views import SnapshotQuery, SnapshotView

if TYPE_CHECKING:
    from nylasadmin.bootstrap import Product


def add_to(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the verbs of the noun "snapshot" that decide about held runs."""
    approving = add_verb(verbs, "approve", approve, "let held runs delete exactly what they were held for")
    approving.add_argument("--deletes", type=row, required=True, metavar="N", help="how many items will be deleted")
    approving.add_argument("--reason", required=True, help="why that is right; kept in the audit trail")
    rejecting = add_verb(verbs, "reject", reject, "keep what held runs would delete, and remember that")
    rejecting.add_argument("--reason", default="", help="why; kept with the answer and in the audit trail")
    narrowing = add_verb(verbs, "narrow", narrow, "leave items out of what a held run would delete")
    narrowing.add_argument(
        "--item", type=row, action="append", required=True, metavar="N", help="the item's number; may be repeated"
    )
    narrowing.add_argument("--again", action="store_true", help="take these items in again instead")
    for verb in (approving, rejecting, narrowing):
        verb.add_argument("snapshot", type=row, help="the snapshot's number")
        verb.add_argument("--run", type=row, metavar="ID", help="only this run (default: all held runs)")
        add_installation(verb)
    for verb in (approving, rejecting):
        add_json(verb)


def approve(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Approve deletes and work through what is open."""
    with opened(options, runner="threads") as product:
        answers, about = product.services.answers, (options.deletes, options.reason)
        if options.run is None:
            answers.approve_all(COMMAND_LINE, options.snapshot, *about)
        else:
            answers.approve(COMMAND_LINE, options.run, *about, snapshot_id=options.snapshot)
        view = product.services.console.snapshot(options.snapshot)
        return work_through(product, view, options.json, terminal)


def reject(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Keep items, work through what is open, and through the snapshot that creates copies at the source again."""
    with opened(options, runner="threads") as product:
        answers = product.services.answers
        if options.run is None:
            outcome = answers.reject_all(COMMAND_LINE, options.snapshot, options.reason)
        else:
            outcome = answers.reject(COMMAND_LINE, options.run, options.reason, snapshot_id=options.snapshot)
        view = product.services.console.snapshot(options.snapshot)
        then = after_rejecting(view.direction, outcome.items, outcome.copies, outcome.off)
        terminal.note(f"{number_of(outcome.items, 'item')} will not be deleted. {then}")
        end = work_through(product, view, options.json, terminal)
        for again in _asked_again(product, view) if end is Exit.DONE else ():
            end = max(end, work_through(product, again, None if options.json else False, terminal))
        return end


def _asked_again(product: Product, view: SnapshotView) -> list[SnapshotView]:
    """Give the snapshots that create again what was not deleted, as far as they have been asked for."""
    product.worker.claimable(0)  # whoever looks for work asks for what is due
    query = SnapshotQuery(target_id=view.target_id, direction=OPPOSITE[view.direction])
    newest = product.services.console.snapshots(query)
    return [s for s in newest if s.id > view.id and s.reason == CREATE_AGAIN and s.is_live]


def narrow(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Leave items out, or take them in again; nothing is decided by that."""
    with opened(options) as product:
        answers = product.services.answers
        run_id = options.run if options.run is not None else _only_run(answers.held(options.snapshot))
        items = [(run_id, number) for number in options.item]
        changed = answers.narrow(COMMAND_LINE, options.snapshot, items, is_left_out=not options.again)
        rest = sum(h.rest for h in answers.held(options.snapshot) if h.run_id == run_id)
    done = "taken in again" if options.again else "left out"
    terminal.say(f"{number_of(changed, 'item')} {done}; approving run {run_id} would delete {rest:,}.")
    return Exit.DONE if changed == len(set(options.item)) else Exit.FAILED


def _only_run(runs: list[HeldRun]) -> int:
    if len(runs) > 1:
        raise UnusableInput(f"{len(runs)} runs of this snapshot are held: say which one with --run.")
    return runs[0].run_id if runs else 0


def check_place(product: Product, snapshot_id: int, run_id: int) -> None:
    """See that a run belongs to a snapshot. Raises :class:`UnusableInput`."""
    if product.services.console.snapshot_of(run_id) != snapshot_id:
        raise UnusableInput(f"Run {run_id} does not belong to snapshot {snapshot_id}.")
