"""The deletion guard: which plans must wait for an operator."""

from __future__ import annotations

import pytest

from nylasadmin.domain.guard import (
    HoldScope,
    Limit,
    Tally,
    check,
    deletes_of,
    digest,
    held_with,
    spare,
    together,
    without,
)
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import Action, ActionKind, Reason
from nylasadmin.domain.targets import GuardLimits

DEFAULT = GuardLimits()


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
    strict = GuardLimits(deletes=0, share_percent=0, share_from=1)

    assert check(_counted(1), strict) is not None
    assert check(_counted(60, destination=1000), GuardLimits(deletes=100)) is None


@pytest.mark.parametrize(
    ("counted", "limits", "limit"),
    [
        pytest.param(
            _counted(30, destination=99), GuardLimits(share_from=100), None, id="below the items of the share"
        ),
        pytest.param(_counted(30, destination=100), GuardLimits(share_from=100), Limit.SHARE, id="from its items on"),
        pytest.param(_counted(1, now=700), GuardLimits(shrink_percent=30), None, id="shrank by exactly the limit"),
        pytest.param(_counted(1, now=699), GuardLimits(shrink_percent=30), Limit.SOURCE_SHRANK, id="shrank by more"),
        pytest.param(_counted(1, now=1), GuardLimits(shrink_percent=100), None, id="any shrinking is allowed"),
        pytest.param(_counted(1, now=0), GuardLimits(shrink_percent=100), Limit.SOURCE_EMPTY, id="but not to nothing"),
    ],
)
def test_every_limit_is_the_targets_own(counted: Tally, limits: GuardLimits, limit: Limit | None) -> None:
    hold = check(counted, limits)

    assert (hold.limit if hold else None) == limit


@pytest.mark.parametrize(
    ("counted", "allowed"),
    [(_counted(51), 50), (_counted(9, destination=30), 20), (_counted(1, now=10), 50), (_counted(1, now=0), 0)],
)
def test_a_hold_remembers_the_value_of_the_limit(counted: Tally, allowed: int) -> None:
    hold = check(counted, DEFAULT)

    assert hold is not None
    assert (hold.allowed, hold.scope, hold.judged) == (allowed, HoldScope.LINK, counted)


def test_a_link_held_for_its_snapshot_keeps_its_own_counts_and_names_those_of_the_snapshot() -> None:
    links = [_counted(30, destination=500), _counted(25, destination=700)]
    snapshot = check(together(links), DEFAULT)
    assert snapshot is not None

    hold = held_with(snapshot, links[1])

    assert (hold.limit, hold.allowed, hold.scope) == (Limit.DELETES, 50, HoldScope.SNAPSHOT)
    assert (hold.deletes, hold.destination_items) == (25, 700)
    assert (hold.judged.deletes, hold.judged.destination_items) == (55, 1200)


def test_what_an_operator_left_out_does_not_count() -> None:
    assert check(without(_counted(51), 1), DEFAULT) is None
    assert without(_counted(1), 2).deletes == 0


def test_an_approval_is_bound_to_a_set_of_items_whatever_their_order() -> None:
    some, others = [ItemId("a"), ItemId("b")], [ItemId("a"), ItemId("c")]

    assert digest(some) == digest(reversed(some))
    assert len({digest(some), digest(others), digest([]), digest(some[:1])}) == 4


@pytest.mark.parametrize("percent", range(1, 100))
def test_a_share_of_exactly_the_limit_is_let_through_whatever_it_is(percent: int) -> None:
    assert check(_counted(percent, destination=100), GuardLimits(deletes=1000, share_percent=percent)) is None


def test_only_deletes_count() -> None:
    actions = [
        Action(kind=kind, reason=Reason.DIFFERS, destination=ItemId(f"{kind}{n}"))
        for kind in ActionKind
        for n in range(3)
    ]

    assert deletes_of(actions) == {"delete0", "delete1", "delete2"}


def test_writes_to_spared_items_are_skipped_and_nothing_else_changes() -> None:
    delete, update, create, other = (
        Action(kind=kind, reason=Reason.DIFFERS, source=source, destination=destination, pairs_anew=True)
        for kind, source, destination in (
            (ActionKind.DELETE, None, ItemId("one")),
            (ActionKind.UPDATE, ItemId("a"), ItemId("one")),
            (ActionKind.CREATE, ItemId("new"), None),
            (ActionKind.DELETE, None, ItemId("two")),
        )
    )

    spared = spare([delete, update, create, other], frozenset({ItemId("one"), ItemId("new")}))

    left_out = (ActionKind.SKIP, Reason.EXCLUDED, False)
    assert [(a.kind, a.reason, a.pairs_anew) for a in spared] == [left_out] * 3 + [
        (ActionKind.DELETE, Reason.DIFFERS, True)
    ]


def test_a_snapshot_is_judged_by_the_sum_of_its_links() -> None:
    links = [_counted(30, destination=500, now=10, before=10), _counted(30, destination=500, now=20, before=None)]

    total = together(links)

    assert total == Tally(deletes=60, destination_items=1000, source_items=30, source_before=30)
    assert [check(link, DEFAULT) for link in links] == [None, None]
    assert check(total, DEFAULT) is not None


def test_a_snapshot_of_links_that_never_ran_has_no_earlier_count() -> None:
    assert together([_counted(1, before=None)]).source_before is None
    assert together([]) == Tally(deletes=0, destination_items=0, source_items=0)
