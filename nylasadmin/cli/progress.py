"""One line that shows how far a snapshot is, redrawn on a terminal; silent where nobody watches."""

from __future__ import annotations

from nylasadmin.cli.terminals import Terminal
from nylasadmin.services.views import SnapshotView

_WIDTH = 24
_SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"))


class ProgressBar:
    """Draws on standard error."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._is_drawn = False
        self._noted = ""

    def show(self, view: SnapshotView) -> None:
        """Draw the present state; where nobody watches, say only what it waits for."""
        if not self._terminal.is_interactive and view.note not in ("", self._noted):
            self._terminal.note(view.note)
            self._noted = view.note
        if self._terminal.is_interactive:
            self._terminal.redraw(line(view))
            self._is_drawn = True

    def clear(self) -> None:
        """Leave an empty line for what comes next."""
        if self._is_drawn:
            self._terminal.redraw("")
            self._is_drawn = False


def line(view: SnapshotView) -> str:
    """Say how far a snapshot is: bar, percent, links or items, what was done, rate, time left."""
    progress, counters = view.progress, view.counters
    share = progress.share or 0.0
    unit = "links" if progress.total == view.links else "items"
    parts = [
        f"[{'#' * int(share * _WIDTH):-<{_WIDTH}}] {int(share * 100):3} %",
        f"{progress.done:,} of {progress.total or 0:,} {unit}",
        f"{counters.read:,} read, {counters.written:,} written",
    ]
    if counters.failed:
        parts.append(f"{counters.failed:,} failed")
    if progress.rate_per_s:
        parts.append(f"{progress.rate_per_s:,.1f} {unit}/s")
    if progress.left_s is not None:
        parts.append(f"{duration(progress.left_s)} left")
    if view.note:
        parts.append(view.note)
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """Say a span in its largest unit: 45 s, 3 min, 2 h, 5 d."""
    for size, unit in _SPANS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"
