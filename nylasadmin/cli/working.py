"""Work through a snapshot's runs in this process, show how far it is, and say what it came to."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from nylasadmin.cli.exits import Exit
from nylasadmin.cli.progress import ProgressBar
from nylasadmin.cli.reports import as_json, say_snapshot
from nylasadmin.cli.terminals import Terminal, number_of
from nylasadmin.cli.web_servers import calm_collector
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.services.views import SnapshotState, SnapshotView

if TYPE_CHECKING:
    from nylasadmin.bootstrap import Product

_LOOK_FIRST_S, _LOOK_LAST_S = 0.02, 0.5
_DRAIN_S = 60.0
_ENDS = {
    SnapshotState.DONE: Exit.DONE,
    SnapshotState.FAILED: Exit.FAILED,
    SnapshotState.CANCELLED: Exit.FAILED,
    SnapshotState.HELD: Exit.HELD,
    SnapshotState.PAUSED: Exit.HELD,
}


def work_through(product: Product, view: SnapshotView, is_json: bool | None, terminal: Terminal) -> Exit:
    """Work on a snapshot's runs, wait for those another process has taken, say what it came to; ``None``: silently."""
    end, is_interrupted = watched(product, view, terminal)
    return report(product, end, is_interrupted, is_json, terminal)


def report(product: Product, end: SnapshotView, is_interrupted: bool, is_json: bool | None, terminal: Terminal) -> Exit:
    """Say what a snapshot came to; ``None``: silently."""
    if is_json:
        terminal.say_json(as_json(product.services, end))
    elif is_json is not None:
        say_snapshot(product.services, end, terminal)
    return Exit.INTERRUPTED if is_interrupted else _ENDS[end.state]


def watched(product: Product, view: SnapshotView, terminal: Terminal) -> tuple[SnapshotView, bool]:
    """Work on a snapshot's runs until it is over; say whether somebody interrupted that."""
    from nylasadmin import bootstrap  # late, see products

    calm_collector()
    bar = ProgressBar(terminal)
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
