"""Snapshots: ask for one and work through its runs here, decide about a held one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from nylasadmin.cli import held, pauses
from nylasadmin.cli.exits import Exit
from nylasadmin.cli.filters import add_filter, filter_of
from nylasadmin.cli.parsing import Verbs, add_installation, add_json, add_noun, add_verb, row
from nylasadmin.cli.products import opened
from nylasadmin.cli.reports import JSON_SHAPE, skipped_line
from nylasadmin.cli.terminals import Terminal
from nylasadmin.cli.working import report, watched, work_through
from nylasadmin.domain.filters import Filter
from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.errors import Refused
from nylasadmin.services.views import SnapshotState, SnapshotView
from nylasadmin.services.wording import DIRECTIONS

if TYPE_CHECKING:
    from nylasadmin.bootstrap import Product


def add_to(nouns: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the noun's commands."""
    verbs = add_noun(nouns, "snapshot", "copy one side over the other")
    for direction, word in ((Direction.GET, "get"), (Direction.SEND, "send")):
        words = DIRECTIONS[direction]
        verb = add_verb(verbs, word, request, f"{words.name}: {words.route}, {words.winner} wins", details=JSON_SHAPE)
        verb.set_defaults(direction=direction)
        _add_options(verb)
    running = add_verb(verbs, "run-plan", run_plan, "carry out exactly what a preview showed", details=JSON_SHAPE)
    running.add_argument("plan", type=row, help="the plan's number, as --preview says it")
    undoing = add_verb(verbs, "undo", undo, "take back what a snapshot wrote", details=JSON_SHAPE)
    undoing.add_argument("snapshot", type=row, help="the snapshot's number")
    undoing.add_argument("--preview", action="store_true", help="make a plan and count what it would write, per link")
    for verb in (running, undoing):
        verb.add_argument("--deletes", type=row, metavar="N", help="refuse unless the plan deletes exactly N items")
        verb.add_argument("--reason", default="", help="free text, kept with the snapshot")
        add_json(verb)
        add_installation(verb)
    held.add_to(verbs)
    pauses.add_to(verbs, work_through)


def _add_options(verb: argparse.ArgumentParser) -> None:
    scope = verb.add_mutually_exclusive_group(required=True)
    scope.add_argument("--target", metavar="NAME", help="all links of a target")
    scope.add_argument("--link", type=row, metavar="ID", help="one link")
    verb.add_argument(
        "--remove-receiver-only",
        action="store_true",
        help="delete items that exist only at the receiver, those inside the filter (kept untouched by default)",
    )
    verb.add_argument("--preview", action="store_true", help="make a plan and count what it would write, per link")
    verb.add_argument("--reason", default="", help="free text, kept with the snapshot")
    add_json(verb)
    add_installation(verb)
    add_filter(verb)


def request(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Ask for a snapshot and work through it."""
    asked = filter_of(options)
    with opened(options, runner="threads") as product:
        return work_through(product, _requested(product, options, asked, terminal), options.json, terminal)


def _requested(product: Product, options: argparse.Namespace, asked: Filter | None, terminal: Terminal) -> SnapshotView:
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
            filter=asked,
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
        return work_through(product, view, options.json, terminal)


def undo(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Plan how to take a snapshot back; unless only that is asked for, carry the plan out."""
    with opened(options, runner="threads") as product:
        direction = product.services.console.snapshot(options.snapshot).direction
        try:
            preview = product.services.undo.plan(COMMAND_LINE, options.snapshot)
            if options.preview:
                return work_through(product, preview, options.json, terminal)
            planned, is_interrupted = watched(product, preview, terminal)
            if is_interrupted or planned.state is not SnapshotState.DONE:
                return report(product, planned, is_interrupted, options.json, terminal)
            view = product.services.plans.run(
                COMMAND_LINE, planned.id, typed_deletes=options.deletes, reason=options.reason
            )
        except Refused as refusal:
            _note_skipped(refusal, direction, terminal)
            raise
        return work_through(product, view, options.json, terminal)


def _note_skipped(refusal: Refused, direction: Direction, terminal: Terminal) -> None:
    """Say why each link is left out where none is left."""
    skipped = refusal.facts.get("skipped") if refusal.why == "nothing_to_run" else ()
    for link in skipped if isinstance(skipped, tuple) else ():
        terminal.note(skipped_line(link, direction))
