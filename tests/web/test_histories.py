"""The history's filters: they narrow the list, stay in the address, and bad input is said and kept."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from nylasadmin.adapters.clocks import FixedClock
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.services.views import SnapshotQuery, SnapshotState
from nylasadmin.web import format
from tests.web.stage import Stage
from tests.web.test_snapshots import waiting
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]
DAY = 86_400


@pytest.fixture
def history(stage: Stage, clock: FixedClock) -> Stage:
    """Four snapshots, a day apart: 1 done, 2 failed, 3 cancelled, 4 paused."""
    link, services = stage.link, stage.product.services
    stage.get(link.id)
    clock.move(DAY)
    stage.box.sandbox.faults.add({"kind": "status", "status": 500, "path_contains": "/events", "count": None})
    stage.get(link.id)
    stage.box.sandbox.faults.clear()
    clock.move(DAY)
    services.snapshots.cancel(COMMAND_LINE, waiting(stage))
    clock.move(DAY)
    services.pauses.pause(COMMAND_LINE, waiting(stage))
    return stage


def listed(visit: Visit, query: str) -> list[int]:
    page = visit("vera").get(f"/snapshots?{query}")
    assert page.status_code == 200
    return sorted(int(n) for n in re.findall(r'<tr id="snapshot-(\d+)"', page.text))


def day(clock: FixedClock, ago: int) -> str:
    return format.iso(int(clock.now()) - ago * DAY)[:10]


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("done", [1]),
        ("failed", [2]),
        ("cancelled", [3]),
        ("paused", [4]),
        ("running", []),
        ("nonsense", [1, 2, 3, 4]),
    ],
)
def test_the_history_is_filtered_by_state(visit: Visit, history: Stage, state: str, found: list[int]) -> None:
    assert listed(visit, f"state={state}") == found


def test_a_state_of_the_list_is_the_state_of_the_page(history: Stage) -> None:
    console = history.product.services.console
    for state in SnapshotState:
        assert {row.state for row in console.snapshots(SnapshotQuery(state=state))} <= {state}


def test_the_history_is_filtered_by_operator_and_direction_and_target(visit: Visit, history: Stage) -> None:
    assert listed(visit, "operator=OLG") == [3, 4]
    assert listed(visit, "operator=%25") == []
    assert listed(visit, "direction=send") == []
    assert listed(visit, f"direction=get&target_id={history.target.id}&operator=olga&state=paused") == [4]


def test_the_history_is_filtered_by_days(visit: Visit, history: Stage, clock: FixedClock) -> None:
    assert listed(visit, f"since={day(clock, 1)}") == [3, 4]
    assert listed(visit, f"until={day(clock, 2)}") == [1, 2]
    assert listed(visit, f"since={day(clock, 2)}&until={day(clock, 1)}") == [2, 3]
    assert listed(visit, "until=9999-12-31") == [1, 2, 3, 4]


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "30.02.2026", "<b>"])
def test_a_date_that_is_none_is_said_and_kept_and_not_used(visit: Visit, history: Stage, text: str) -> None:
    page = visit("vera").get("/snapshots", query_string={"since": text, "state": "paused"})

    assert (page.status_code, "Write a date as year-month-day" in page.text) == (200, True)
    assert f'value="{text.replace("<", "&lt;").replace(">", "&gt;")}"' in page.text
    assert re.findall(r'<tr id="snapshot-(\d+)"', page.text) == ["4"]


def test_days_in_the_wrong_order_are_said(visit: Visit, history: Stage) -> None:
    page = visit("vera").get("/snapshots?since=2026-03-02&until=2026-03-01").text
    assert "The last day lies before the first" in page


def test_the_filters_stay_in_the_address_of_the_panel_and_the_page(visit: Visit, history: Stage) -> None:
    panel = visit("vera").ask(
        "/panels/snapshots?state=paused&operator=ol&page=1", source="form#f", target="section#snapshots"
    )
    assert panel.headers["HX-Replace-Url"] == "/snapshots?state=paused&operator=ol"
    assert 'hx-get="/panels/snapshots?state=paused&amp;operator=ol"' in panel.text


def test_nothing_that_matches_leads_back_to_all(visit: Visit, history: Stage) -> None:
    page = visit("vera").get("/snapshots?operator=nobody").text
    assert ("No snapshot matches" in page, 'href="/snapshots">Show all' in page) == (True, True)
