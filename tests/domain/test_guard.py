"""The deletion guard: which plans must wait for an operator."""

from __future__ import annotations

import pytest

from nylasadmin.domain.guard import Limit, Limits, Tally, check, tally, together
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import Action, ActionKind, Reason

DEFAULT = Limits()


def _counted(deletes: int, destination: int = 1000, now: int = 1000, before: int | None = 1000) -> Tally:
    return Tally(deletes=deletes, destination_items=destination, source_items=now, source_before=before)


@pytest.mark.parametrize(
    ("counted", "limit"),
    [
        pytest.param(_counted(0), None, id="nothing deleted"),
        pytest.param(_counted(50), None, id="exactly the count"),
        pytest.param(_counted(51), Limit.DELETES, id="one above the count"),
        pytest.param(_counted(5, destination=25), None, id="exactly the share"),
        pytest.param(_counted(6, destination=25), Limit.SHARE, id="above the share"),
        pytest.param(_counted(5, destination=20), Limit.SHARE, id="the share counts from 20 items on"),
        pytest.param(_counted(19, destination=19), None, id="below 20 items the share does not count"),
        pytest.param(_counted(1, now=0), Limit.SOURCE_EMPTY, id="source empty"),
        pytest.param(_counted(1, destination=1, now=0, before=1), Limit.SOURCE_EMPTY, id="its only item is gone"),
        pytest.param(_counted(1, now=0, before=0), None, id="source always was empty"),
        pytest.param(_counted(1, now=0, before=None), None, id="source empty at the first run"),
        pytest.param(_counted(1, now=500, before=1000), None, id="shrank by exactly half"),
        pytest.param(_counted(1, now=499, before=1000), Limit.SOURCE_SHRANK, id="shrank by more than half"),
        pytest.param(_counted(1, now=3000, before=1000), None, id="source grew"),
        pytest.param(_counted(0, now=0), None, id="source empty and nothing to delete"),
        pytest.param(_counted(900, now=0), Limit.SOURCE_EMPTY, id="the most alarming limit is named"),
        pytest.param(_counted(5, destination=0), None, id="destination not counted"),
    ],
)
def test_a_plan_is_held_by_the_first_limit_it_passes(counted: Tally, limit: Limit | None) -> None:
    hold = check(counted, DEFAULT)

    assert (hold.limit if hold else None) == limit


def test_a_hold_names_how_many_of_how_many_and_both_source_counts() -> None:
    hold = check(_counted(60, destination=248, now=190, before=250), DEFAULT)

    assert hold is not None
    assert (hold.deletes, hold.destination_items) == (60, 248)
    assert (hold.source_items, hold.source_before) == (190, 250)


def test_a_target_may_have_its_own_limits() -> None:
    strict = Limits(max_deletes=0, max_share=0.0, share_from=1)

    assert check(_counted(1), strict) is not None
    assert check(_counted(60, destination=1000), Limits(max_deletes=100)) is None


@pytest.mark.parametrize("percent", range(1, 100))
def test_a_share_of_exactly_the_limit_is_let_through_whatever_it_is(percent: int) -> None:
    assert check(_counted(percent, destination=100), Limits(max_deletes=1000, max_share=percent / 100)) is None


def test_only_deletes_count() -> None:
    actions = [
        Action(kind=kind, reason=Reason.DIFFERS, destination=ItemId(f"{kind}{n}"))
        for kind in ActionKind
        for n in range(3)
    ]

    counted = tally(actions, destination_items=40, source_items=30, source_before=31)

    assert counted == Tally(deletes=3, destination_items=40, source_items=30, source_before=31)


def test_a_snapshot_is_judged_by_the_sum_of_its_links() -> None:
    links = [_counted(30, destination=500, now=10, before=10), _counted(30, destination=500, now=20, before=None)]

    total = together(links)

    assert total == Tally(deletes=60, destination_items=1000, source_items=30, source_before=30)
    assert [check(link, DEFAULT) for link in links] == [None, None]
    assert check(total, DEFAULT) is not None


def test_a_snapshot_of_links_that_never_ran_has_no_earlier_count() -> None:
    assert together([_counted(1, before=None)]).source_before is None
    assert together([]) == Tally(deletes=0, destination_items=0, source_items=0)
