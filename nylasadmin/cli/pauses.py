"""Verbs of snapshots that are there already: pause, resume, cancel, try again."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from nylasadmin.cli.exits import Exit
from nylasadmin.cli.parsing import Verbs, add_installation, add_json, add_verb, row
from nylasadmin.cli.problems import UnusableInput
from nylasadmin.cli.products import opened
from nylasadmin.cli.terminals import Terminal, number_of
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.services.failed_views import FailedQuery
from nylasadmin.services.views import SnapshotView

if TYPE_CHECKING:
    from nylasadmin.bootstrap import Product

WorkThrough = Callable[["Product", SnapshotView, bool, Terminal], Exit]


def add_to(verbs: Verbs[argparse.ArgumentParser], work_through: WorkThrough) -> None:
    """Declare the verbs; ``work_through`` works on a snapshot and says what it came to."""
    pausing = add_verb(verbs, "pause", pause, "stop at the next item, to go on later; what was written stays")
    resuming = add_verb(verbs, "resume", resume, "let a paused snapshot go on, and work through it")
    cancelling = add_verb(verbs, "cancel", cancel, "cancel what is not over yet")
    retrying = add_verb(verbs, "retry", retry, "ask again for what failed: links, one link, or single items")
    for verb in (pausing, resuming, cancelling, retrying):
        verb.add_argument("snapshot", type=row, help="the snapshot's number")
    for verb in (pausing, resuming, cancelling):
        verb.add_argument("--run", type=row, metavar="N", help="one of its runs only")
    some = retrying.add_mutually_exclusive_group()
    some.add_argument("--run", type=row, metavar="N", help="the link of one of its runs only")
    some.add_argument(
        "--item", type=row, action="append", metavar="N", help="a failed item, as `failed list` numbers it; repeatable"
    )
    due = add_verb(verbs, "retry-due", retry_due, "try failed items whose time has come, once; for cron")
    for verb in (resuming, retrying, due):
        add_json(verb)
        verb.set_defaults(work_through=work_through)
    for verb in (pausing, resuming, cancelling, retrying, due):
        add_installation(verb)


def pause(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Pause a snapshot or one of its runs."""
    with opened(options, runner="threads") as product:
        _belongs(product, options)
        pauses = product.services.pauses
        runs = (
            pauses.pause(COMMAND_LINE, options.snapshot)
            if options.run is None
            else pauses.pause_run(COMMAND_LINE, options.run)
        )
    said = f"Snapshot {options.snapshot}: {number_of(runs, 'run')} paused."
    terminal.say(said if runs else "Nothing to pause: it is held, paused or over.")
    return Exit.DONE


def resume(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Resume a snapshot or one of its runs, and work through what is open."""
    with opened(options, runner="threads") as product:
        _belongs(product, options)
        pauses = product.services.pauses
        runs = (
            pauses.resume(COMMAND_LINE, options.snapshot)
            if options.run is None
            else pauses.resume_run(COMMAND_LINE, options.run)
        )
        if not runs:
            terminal.say("Nothing is paused there.")
            return Exit.DONE
        view = product.services.console.snapshot(options.snapshot)
        code: Exit = options.work_through(product, view, options.json, terminal)
        return code


def cancel(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Cancel a snapshot or one of its runs."""
    with opened(options, runner="threads") as product:
        _belongs(product, options)
        snapshots = product.services.snapshots
        runs = (
            snapshots.cancel(COMMAND_LINE, options.snapshot)
            if options.run is None
            else snapshots.cancel_run(COMMAND_LINE, options.run)
        )
    said = f"Snapshot {options.snapshot}: {number_of(runs, 'run')} cancelled." if runs else "It was over already."
    terminal.say(said)
    return Exit.DONE


def retry(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Ask again for what failed in a snapshot, and work through that."""
    with opened(options, runner="threads") as product:
        _belongs(product, options)
        services = product.services
        if options.item:
            query = FailedQuery(ids=tuple(options.item), snapshot_id=options.snapshot)
            return work_on(product, services.failed.retry(COMMAND_LINE, query).snapshots, options, terminal)
        again = (
            services.snapshots.retry(COMMAND_LINE, options.snapshot)
            if options.run is None
            else services.snapshots.retry_run(COMMAND_LINE, options.run)
        )
        code: Exit = options.work_through(product, again, options.json, terminal)
        return code


def retry_due(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Try the failed items whose next try has come, and work through that."""
    with opened(options, runner="threads") as product:
        asked = product.retrying.ask()
        if not asked.snapshots:
            terminal.note("No failed item is due.")
            return Exit.DONE
        return work_on(product, asked.snapshots, options, terminal)


def work_on(product: Product, snapshots: tuple[int, ...], options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Work through several snapshots; the worst end counts."""
    views = [product.services.console.snapshot(snapshot_id) for snapshot_id in snapshots]
    return Exit(max(options.work_through(product, view, options.json, terminal) for view in views))


def _belongs(product: Product, options: argparse.Namespace) -> None:
    """Refuse a run of another snapshot. Raises ``NotFound`` for a snapshot that is not there."""
    view = product.services.console.snapshot(options.snapshot)
    if options.run is None:
        return
    if options.run not in [run.id for run in product.services.console.runs(view.id, size=1_000_000)]:
        raise UnusableInput(f"Run {options.run} does not belong to snapshot {view.id}.")
