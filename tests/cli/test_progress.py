"""The progress line."""

from __future__ import annotations

import io

import msgspec

from nylasadmin.cli.progress import ProgressBar, line
from nylasadmin.cli.terminals import Terminal
from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.domain.progress import estimate
from nylasadmin.domain.runs import Counters, RunState
from nylasadmin.services.views import SnapshotState, SnapshotView

VIEW = SnapshotView(
    id=1,
    target_id=1,
    target_name="Box",
    link_id=None,
    link_name="",
    direction=Direction.GET,
    receiver_only=ReceiverOnly.KEEP,
    is_preview=False,
    reason="",
    operator="olga",
    requested_at=0,
    finished_at=None,
    state=SnapshotState.RUNNING,
    links=20,
    links_by_state={RunState.RUNNING: 15, RunState.DONE: 5},
    counters=Counters(read=5000, created=4000),
    skipped=(),
    progress=estimate(5, 20, 0, 10),
)


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_line_tells_share_rate_and_time_left() -> None:
    said = line(VIEW)
    assert (
        said == "[######------------------]  25 % · 5 of 20 links · 5,000 read, 4,000 written · 0.5 links/s · 30 s left"
    )


def test_a_single_link_is_measured_in_items() -> None:
    view = msgspec.structs.replace(VIEW, links=1, progress=estimate(10, 400, 0, 1))
    assert "10 of 400 items" in line(view)


def test_failures_show_while_the_snapshot_goes_on() -> None:
    assert "3 failed" in line(msgspec.structs.replace(VIEW, counters=Counters(failed=3)))


def test_a_terminal_is_redrawn_and_left_clean() -> None:
    screen = Screen()
    bar = ProgressBar(Terminal(io.StringIO(), screen))
    bar.show(VIEW)
    bar.clear()
    assert screen.getvalue().startswith("\r\x1b[2K[")
    assert screen.getvalue().endswith("\r\x1b[2K")


def test_nothing_is_drawn_where_nobody_watches() -> None:
    silent = io.StringIO()
    bar = ProgressBar(Terminal(io.StringIO(), silent))
    bar.show(VIEW)
    bar.clear()
    assert silent.getvalue() == ""


def test_what_a_run_waits_for_is_said_once_where_nobody_watches() -> None:
    screen = io.StringIO()
    bar = ProgressBar(Terminal(err=screen))
    waiting = msgspec.structs.replace(VIEW, note="Waiting until noon.")

    for view in (VIEW, waiting, waiting):
        bar.show(view)

    assert screen.getvalue() == "Waiting until noon.\n"
    assert line(waiting).endswith("· Waiting until noon.")
