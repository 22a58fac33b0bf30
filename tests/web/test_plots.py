"""Plots: lines within their drawing, round labels, and the same in words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec.structs import replace

from nylasadmin.services.views import Sample, SnapshotState, SnapshotView
from nylasadmin.web.plots import Figure, Plot, figure
from tests.web.stage import Stage

BEGAN = 1_790_000_000


@pytest.fixture
def ended(stage: Stage) -> SnapshotView:
    return replace(stage.get(stage.link.id), requested_at=BEGAN)


def samples(*points: tuple[int, int, int, int]) -> list[Sample]:
    return [Sample(at=BEGAN + s, read=read, written=written, failed=failed) for s, read, written, failed in points]


def drawn(view: SnapshotView, *points: tuple[int, int, int, int], **more: Any) -> Figure:
    made = figure(view, samples(*points), more.get("now", BEGAN + 999))
    assert made is not None
    return made


def numbers(plot: Plot, css: str) -> list[tuple[float, float]]:
    (line,) = [line for line in plot.lines if line.css == css]
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", line.path)]


def test_a_line_rises_from_nothing_at_the_beginning_to_the_end(ended: SnapshotView) -> None:
    plot = drawn(ended, (10, 200, 0, 0), (20, 200, 100, 0), (40, 200, 200, 0)).wide

    line = numbers(plot, "written")

    assert line[0] == (plot.left, plot.bottom)
    assert (line[-1][0], line[-1][1]) == (plot.right, plot.rows[-1].at)
    assert [x for x, _ in line] == sorted(x for x, _ in line)
    assert all(0 <= y <= plot.bottom for _, y in line)


def test_both_axes_have_round_labels_that_fit(ended: SnapshotView) -> None:
    made = drawn(ended, (60, 1340, 10, 0), (130, 1340, 1340, 0))

    assert [mark.label for mark in made.wide.rows] == ["0", "500", "1,000", "1,500"]
    assert [mark.label for mark in made.wide.columns][1:] == ["30 s", "60 s", "90 s", "120 s"]
    assert len(made.narrow.columns) <= 5


def test_failures_have_a_line_only_where_there_are_any(ended: SnapshotView) -> None:
    well, badly = drawn(ended, (5, 9, 3, 0), (9, 9, 9, 0)), drawn(ended, (5, 9, 3, 0), (9, 9, 8, 1))
    assert [[line.css for line in f.wide.lines] for f in (well, badly)] == [
        ["read", "written"],
        ["read", "written", "failed"],
    ]


def test_who_cannot_see_it_reads_a_sentence_and_a_table(ended: SnapshotView) -> None:
    made = drawn(ended, *((n, 5000, n * 10, 0) for n in range(1, 181)))

    assert made.words == "After 3 min: 5,000 items read, 1,800 written, 0 failed."
    assert (len(made.table) <= 12, made.table[-1].written) == (True, 1800)


def test_a_running_snapshot_is_drawn_up_to_now(ended: SnapshotView) -> None:
    running = replace(ended, state=SnapshotState.RUNNING)
    made = drawn(running, (2, 10, 1, 0), now=BEGAN + 10)
    assert made.table[-1].at == BEGAN + 10


@pytest.mark.parametrize("points", [(), ((0, 5, 5, 0),), ((3, 5, 5, 0),)])
def test_too_few_points_are_not_drawn(ended: SnapshotView, points: tuple[Any, ...]) -> None:
    assert figure(ended, samples(*points), BEGAN + 9) is None


@pytest.mark.parametrize("days", [1, 30, 400])
def test_a_long_time_is_marked_in_few_steps(ended: SnapshotView, days: int) -> None:
    made = drawn(ended, (3600, 1, 1, 0), (86_400 * days, 10**7, 10**7, 0))
    assert 2 <= len(made.wide.columns) <= 9
