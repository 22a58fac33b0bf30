"""Plots as values: lines, grid and labels in the units of a drawing, for a template to write as SVG. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import ceil, log10

import msgspec

from nylasadmin.services.views import Sample, SnapshotView
from nylasadmin.web.format import duration

LEFT, RIGHT, TOP, BOTTOM = 52, 14, 12, 26
_SPANS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_MOST_ROWS = 12


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One series: its CSS class, its word, its last value, and its path."""

    css: str
    word: str
    value: int
    path: str


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the grid, with its label."""

    at: float
    label: str


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """One drawing. All positions are in units of its view box; ``area`` fills what is below what was written."""

    width: int
    height: int
    left: int
    right: int
    bottom: int
    rows: tuple[Mark, ...]
    columns: tuple[Mark, ...]
    lines: tuple[Line, ...]
    area: str


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A plot in a wide and a narrow drawing, and the same as a sentence and as a table for those who cannot see it."""

    wide: Plot
    narrow: Plot
    words: str
    table: tuple[Sample, ...]
    began_at: int


def figure(snapshot: SnapshotView, samples: Sequence[Sample], now: int) -> Figure | None:
    """Draw items over time; ``None`` while there is nothing to draw."""
    points = _points(snapshot, samples, now)
    if len(points) < 3 or points[-1].at <= points[0].at:
        return None
    last, took = points[-1], duration(points[-1].at - points[0].at)
    words = f"After {took}: {last.read:,} items read, {last.written:,} written, {last.failed:,} failed."
    wide, narrow = _drawn(points, 960, 210, 8), _drawn(points, 340, 190, 4)
    return Figure(wide=wide, narrow=narrow, words=words, table=_few(points), began_at=points[0].at)


def _points(snapshot: SnapshotView, samples: Sequence[Sample], now: int) -> list[Sample]:
    """Begin with nothing at the time it was asked for; end, while it runs, with what is so now."""
    points = [Sample(at=snapshot.requested_at, read=0, written=0, failed=0)]
    points += [s for s in samples if s.at > snapshot.requested_at]
    counters = snapshot.counters
    if samples and snapshot.is_live and now > points[-1].at:
        present = Sample(at=now, read=counters.read, written=counters.written, failed=counters.failed)
        points.append(present)
    return points


def _few(points: Sequence[Sample]) -> tuple[Sample, ...]:
    """Choose a few points for the table, the last one among them."""
    step = ceil(len(points) / _MOST_ROWS)
    return tuple(points[-1 - n] for n in range(0, len(points), step))[::-1]


def _drawn(points: Sequence[Sample], width: int, height: int, most_columns: int) -> Plot:
    bottom, right = height - BOTTOM, width - RIGHT
    top = max(1, *(max(p.read, p.written, p.failed) for p in points))
    step = _step(top)
    highest = ceil(top / step) * step
    began, span = points[0].at, points[-1].at - points[0].at

    def x(at: int) -> float:
        return round(LEFT + (right - LEFT) * (at - began) / span, 1)

    def y(value: int) -> float:
        return round(bottom - (bottom - TOP) * value / highest, 1)

    last = points[-1]
    lines = [
        Line(css="read", word="read", value=last.read, path=_path(points, x, y, "read")),
        Line(css="written", word="written", value=last.written, path=_path(points, x, y, "written")),
    ]
    if last.failed:
        lines.append(Line(css="failed", word="failed", value=last.failed, path=_path(points, x, y, "failed")))
    return Plot(
        width=width,
        height=height,
        left=LEFT,
        right=right,
        bottom=bottom,
        rows=tuple(Mark(at=y(v), label=f"{v:,}") for v in range(0, highest + 1, step)),
        columns=_columns(began, span, x, most_columns),
        lines=tuple(lines),
        area=f"{_path(points, x, y, 'written')}L{x(last.at)} {bottom}L{LEFT} {bottom}Z",
    )


def _path(points: Sequence[Sample], x: Callable[[int], float], y: Callable[[int], float], name: str) -> str:
    return "M" + "L".join(f"{x(p.at):g} {y(getattr(p, name)):g}" for p in points)


def _step(top: int) -> int:
    """Give a round distance of grid lines, so that four or five fit."""
    magnitude = int(10 ** int(log10(max(1, top / 4))))
    return max(1, next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude * 4 >= top))


def _columns(began: int, span: int, x: Callable[[int], float], most: int) -> tuple[Mark, ...]:
    """Mark the time that has passed since the beginning, at round distances."""
    step = next((s for s in _SPANS_S if span / s <= most), ceil(span / most / 86_400) * 86_400)
    return tuple(
        Mark(at=x(began + s), label=_passed(s, step) if s else _clock(began)) for s in range(0, span + 1, step)
    )


def _passed(seconds: int, step: int) -> str:
    """Say a time in the unit of its step, so that no two labels are the same: 60 s, 90 s, 120 s."""
    size, unit = next((size, unit) for size, unit in _UNITS if step >= size)
    return f"{seconds // size} {unit}"


def _clock(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M}"
