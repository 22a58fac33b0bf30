"""Time lines: dates in their order with room for their labels, items as dots, whatever the span."""

from __future__ import annotations

from itertools import pairwise

import pytest

from nylasadmin.domain.items import ItemType
from nylasadmin.domain.kinds import Outline
from nylasadmin.domain.recurrence import FOREVER
from nylasadmin.domain.verdicts import Dated, dated_span
from nylasadmin.web.timelines import WIDTH, draw
from tests.domain.policies import at, frozen

CONNECTED = "2026-03-03T14:20"
NOW = at("2026-11-22T12:00")


def item(day: str) -> Dated:
    lies = Outline(start=at(f"{day}T09:00"), end=at(f"{day}T10:00"))
    return dated_span(ItemType.EVENT, lies, is_recurring=False)


@pytest.mark.parametrize("days", [(0, 0), (1, 0), (1, 1), (30, 10), (30, 30), (90, 1), (36_500, 36_499)])
@pytest.mark.parametrize("now", [at(CONNECTED), at(CONNECTED) + 86_400, NOW, NOW + 20 * 365 * 86_400])
def test_dates_stand_in_their_order_and_never_on_each_other(days: tuple[int, int], now: int) -> None:
    line = draw(frozen(CONNECTED, *days), at(CONNECTED), now)

    assert 0 < line.cut <= line.told <= line.connected < WIDTH
    assert all(later.x - earlier.x >= 60 for earlier, later in pairwise(line.marks))
    assert (line.told == line.connected) is (days[1] == 0)


def test_an_account_that_connects_today_has_no_mark_for_today() -> None:
    assert [m.text for m in draw(frozen(CONNECTED), at(CONNECTED), at(CONNECTED)).marks] == ["1 Feb 2026"]
    assert [m.text for m in draw(frozen(CONNECTED, 30, 10), at(CONNECTED), NOW).marks] == [
        "1 Feb 2026", "21 Feb 2026", "today",
    ]  # fmt: skip


def test_items_lie_on_their_side_of_the_cut_offs() -> None:
    days = ("1999-05-01", "2026-01-20", "2026-02-01", "2026-02-21", "2026-12-24", "2050-01-01")
    items = [item(day) for day in days]
    line = draw(frozen(CONNECTED, 30, 10), at(CONNECTED), NOW, items)

    assert [dot.css for dot in line.dots] == ["outside", "outside", "taken", "told", "told", "told"]
    assert [dot.x for dot in line.dots] == sorted(dot.x for dot in line.dots)
    for dot in line.dots:
        assert dot.x < line.cut if dot.css == "outside" else line.cut <= dot.x < WIDTH
    assert (line.inside, line.outside, line.undated) == (4, 2, 0)


def test_what_never_ends_has_no_place_and_takes_part() -> None:
    endless = dated_span(ItemType.EVENT, Outline(start=0, end=FOREVER), is_recurring=True)
    line = draw(frozen(CONNECTED), at(CONNECTED), NOW, [endless, item("2026-05-01")])

    assert (len(line.dots), line.inside, line.undated) == (1, 2, 1)
