"""Snapshots: ask for one and work through its runs here, decide about a held one, cancel one."""

from __future__ import annotations

import argparse
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from nylasadmin.cli.exits import Exit
from nylasadmin.cli.parsing import Verbs, add_installation, add_json, add_noun, add_verb
from nylasadmin.cli.problems import UnusableInput
from nylasadmin.cli.products import opened
from nylasadmin.cli.progress import ProgressBar
from nylasadmin.cli.reports import JSON_SHAPE, as_json, say_snapshot, skipped_line
from nylasadmin.cli.terminals import Terminal, number_of
from nylasadmin.cli.web_servers import calm_collector
from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.errors import Refused
from nylasadmin.services.views import SnapshotState, SnapshotView
from nylasadmin.services.wording import DIRECTIONS

if TYPE_CHECKING:
    from nylasadmin.bootstrap import Product

_LOOK_FIRST_S, _LOOK_LAST_S = 0.02, 0.5
_DRAIN_S = 60.0
_ENDS = {
    SnapshotState.DONE: Exit.DONE,
    SnapshotState.FAILED: Exit.FAILED,
    SnapshotState.CANCELLED: Exit.FAILED,
    SnapshotState.HELD: Exit.HELD,
}


def add_to(nouns: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the noun's commands."""
    verbs = add_noun(nouns, "snapshot", "copy one side over the other")
    for direction, word in ((Direction.GET, "get"), (Direction.SEND, "send")):
        words = DIRECTIONS[direction]
        verb = add_verb(verbs, word, request, f"{words.name}: {words.route}, {words.winner} wins", details=JSON_SHAPE)
        verb.set_defaults(direction=direction)
        _add_options(verb)
    running = add_verb(verbs, "run-plan", run_plan, "carry out exactly what a preview showed", details=JSON_SHAPE)
    running.add_argument("plan", type=int, help="the plan's number, as --preview says it")
    running.add_argument("--deletes", type=int, metavar="N", help="refuse unless the plan deletes exactly N items")
    running.add_argument("--reason", default="", help="free text, kept with the snapshot")
    approving = add_verb(verbs, "approve", approve, "let a held run delete exactly what it was held for")
    approving.add_argument("snapshot", type=int, help="the snapshot's number")
    approving.add_argument("--run", type=int, required=True, help="the held run's number")
    approving.add_argument("--deletes", type=int, required=True, metavar="N", help="how many items will be deleted")
    approving.add_argument("--reason", required=True, help="why that is right; kept in the audit trail")
    cancelling = add_verb(verbs, "cancel", cancel, "cancel what is not over yet")
    cancelling.add_argument("snapshot", type=int, help="the snapshot's number")
    for verb in (running, approving):
        add_json(verb)
    for verb in (running, approving, cancelling):
        add_installation(verb)


def _add_options(verb: argparse.ArgumentParser) -> None:
    scope = verb.add_mutually_exclusive_group(required=True)
    scope.add_argument("--target", metavar="NAME", help="all links of a target")
    scope.add_argument("--link", type=int, metavar="ID", help="one link")
    verb.add_argument(
        "--remove-receiver-only",
        action="store_true",
        help="delete items that exist only at the receiver (kept by default)",
    )
    verb.add_argument("--preview", action="store_true", help="make a plan and count what it would write, per link")
    verb.add_argument("--reason", default="", help="free text, kept with the snapshot")
    add_json(verb)
    add_installation(verb)


def request(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Ask for a snapshot and work through it."""
    with opened(options, runner="threads") as product:
        return _work_through(product, _requested(product, options, terminal), options.json, terminal)


def _requested(product: Product, options: argparse.Namespace, terminal: Terminal) -> SnapshotView:
    services = product.services
    target = services.targets.by_name(options.target) if options.target is not None else None
    try:
        return services.snapshots.request(
            COMMAND_LINE,
            direction=options.direction,
            target_id=target.id if target else None,
            link_id=options.link,
            receiver_only=ReceiverOnly.REMOVE if options.remove_receiver_only else ReceiverOnly.KEEP,
            reason=options.reason,
            is_preview=options.preview,
        )
    except Refused as refusal:
        _note_skipped(refusal, options.direction, terminal)
        raise


def run_plan(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Carry out a plan and work through it: only what it showed is written, and what changed since is left alone."""
    with opened(options, runner="threads") as product:
        plans = product.services.plans
        direction = plans.get(options.plan).preview.direction
        try:
            view = plans.run(COMMAND_LINE, options.plan, typed_deletes=options.deletes, reason=options.reason)
        except Refused as refusal:
            _note_skipped(refusal, direction, terminal)
            raise
        return _work_through(product, view, options.json, terminal)


def _note_skipped(refusal: Refused, direction: Direction, terminal: Terminal) -> None:
    """Say why each link is left out where none is left."""
    skipped = refusal.facts.get("skipped") if refusal.why == "nothing_to_run" else ()
    for link in skipped if isinstance(skipped, tuple) else ():
        terminal.note(skipped_line(link, direction))


def approve(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Approve a held run's deletes and work through what is open."""
    with opened(options, runner="threads") as product:
        view = product.services.console.snapshot(options.snapshot)
        held = product.services.console.runs(view.id, size=1_000_000)
        if options.run not in [run.id for run in held]:
            raise UnusableInput(f"Run {options.run} does not belong to snapshot {view.id}.")
        product.services.snapshots.approve(COMMAND_LINE, options.run, options.deletes, options.reason)
        return _work_through(product, view, options.json, terminal)


def cancel(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Cancel a snapshot."""
    with opened(options, runner="threads") as product:
        runs = product.services.snapshots.cancel(COMMAND_LINE, options.snapshot)
    said = f"Snapshot {options.snapshot}: {number_of(runs, 'run')} cancelled." if runs else "It was over already."
    terminal.say(said)
    return Exit.DONE


def _work_through(product: Product, view: SnapshotView, is_json: bool, terminal: Terminal) -> Exit:
    """Work on a snapshot's runs, wait for those another process has taken, say what it came to."""
    end, is_interrupted = _watched(product, view, ProgressBar(terminal), terminal)
    if is_json:
        terminal.say_json(as_json(product.services, end))
    else:
        say_snapshot(product.services, end, terminal)
    return Exit.INTERRUPTED if is_interrupted else _ENDS[end.state]


def _watched(product: Product, view: SnapshotView, bar: ProgressBar, terminal: Terminal) -> tuple[SnapshotView, bool]:
    from nylasadmin import bootstrap  # late, see products

    calm_collector()
    runner = bootstrap.runner_of(product, view.id)
    is_interrupted = False
    runner.start()
    try:
        _wait(product, view.id, bar)
    except KeyboardInterrupt:
        is_interrupted = True
        _cancel(product, view, bar, terminal)
    finally:
        runner.stop(_DRAIN_S)
        bar.clear()
    return product.services.console.snapshot(view.id), is_interrupted


def _wait(product: Product, snapshot_id: int, bar: ProgressBar) -> None:
    pause_s = _LOOK_FIRST_S
    while (view := product.services.console.snapshot(snapshot_id)).state is SnapshotState.RUNNING:
        bar.show(view)
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, _LOOK_LAST_S)


def _cancel(product: Product, view: SnapshotView, bar: ProgressBar, terminal: Terminal) -> None:
    bar.clear()
    runs = product.services.snapshots.cancel(COMMAND_LINE, view.id)
    what = "preview" if view.is_preview else "snapshot"
    how = f"{number_of(runs, 'run')} {'stops at its' if runs == 1 else 'stop at their'} next item"
    terminal.note(f"Cancelled {what} {view.id}: {how}. What was written stays.")
    product.worker.interrupt()  # this process is about to end: nobody has to find out by looking
    with suppress(KeyboardInterrupt):  # a second Ctrl-C only hurries
        _wait(product, view.id, bar)
