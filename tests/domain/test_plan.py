"""The planner, row by row of the table of snapshots, and where the rows meet."""

from __future__ import annotations

from typing import Any

import pytest

from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import (
    Action,
    ActionKind,
    Observed,
    Options,
    Pair,
    Reason,
    ReceiverOnly,
    Window,
    plan,
)

K, R = ActionKind, Reason
REMOVE = Options(receiver_only=ReceiverOnly.REMOVE)
WINDOW = Window(1000, 2000)
INSIDE: dict[str, Any] = {"start": 1100, "end": 1200}
BEFORE: dict[str, Any] = {"start": 100, "end": 200}


def seen(id: str, text: str = "same", **facts: Any) -> Observed:
    return Observed(id=ItemId(id), fingerprint=text.encode(), title=f"title of {id}", **facts)


def pair(source: str, destination: str) -> Pair:
    return Pair(ItemId(source), ItemId(destination))


def short(actions: list[Action]) -> list[tuple[ActionKind, Reason, str | None, str | None]]:
    return [(a.kind, a.reason, a.source, a.destination) for a in actions]


ROWS = [
    pytest.param([seen("s")], [], [], Options(), [(K.CREATE, R.CREATED_AT_SOURCE, "s", None)], id="row 1"),
    pytest.param(
        [seen("s")],
        [seen("d", claims="s")],
        [],
        Options(),
        [(K.ADOPT, R.TWIN_FOUND, "s", "d")],
        id="row 2: equal twin by marker",
    ),
    pytest.param(
        [seen("s", claims="d")],
        [seen("d")],
        [],
        Options(),
        [(K.ADOPT, R.TWIN_FOUND, "s", "d")],
        id="row 2: the marker is on the source's item",
    ),
    pytest.param(
        [seen("s", "new", uid="u")],
        [seen("d", "old", uid="u")],
        [],
        Options(),
        [(K.UPDATE, R.TWIN_DIFFERS, "s", "d")],
        id="row 2: differing twin by UID",
    ),
    pytest.param([seen("s")], [seen("d")], [pair("s", "d")], Options(), [(K.UNCHANGED, R.EQUAL, "s", "d")], id="row 3"),
    pytest.param(
        [seen("s", "new")],
        [seen("d", "old")],
        [pair("s", "d")],
        Options(),
        [(K.UPDATE, R.DIFFERS, "s", "d")],
        id="row 4",
    ),
    pytest.param(
        [seen("s")],
        [],
        [pair("s", "d")],
        Options(),
        [(K.CREATE, R.DELETED_AT_DESTINATION, "s", None)],
        id="row 5",
    ),
    pytest.param([], [seen("d")], [pair("s", "d")], Options(), [(K.DELETE, R.DELETED_AT_SOURCE, "s", "d")], id="row 6"),
    pytest.param([], [seen("d")], [], Options(), [(K.KEEP, R.RECEIVER_ONLY_KEPT, None, "d")], id="row 7: keep"),
    pytest.param([], [seen("d")], [], REMOVE, [(K.DELETE, R.RECEIVER_ONLY_REMOVED, None, "d")], id="row 7: remove"),
    pytest.param([], [], [pair("s", "d")], Options(), [(K.FORGET, R.GONE_FROM_BOTH, "s", "d")], id="row 8"),
    pytest.param(
        [seen("s", **BEFORE)],
        [],
        [],
        Options(window=WINDOW),
        [(K.OUTSIDE, R.OUTSIDE_WINDOW, "s", None)],
        id="row 9",
    ),
    pytest.param(
        [seen("s")],
        [],
        [],
        Options(refusal=R.FOLDER_READ_ONLY),
        [(K.SKIP, R.FOLDER_READ_ONLY, "s", None)],
        id="row 10: read-only folder",
    ),
    pytest.param(
        [seen("s", "new")],
        [seen("d", "old", blocked=R.ORGANIZED_BY_OTHER)],
        [pair("s", "d")],
        Options(),
        [(K.SKIP, R.ORGANIZED_BY_OTHER, "s", "d")],
        id="row 10: organizer is somebody else",
    ),
    pytest.param(
        [seen("s", is_recurring=True, exceptions=26)],
        [],
        [],
        Options(max_exceptions=25),
        [(K.SKIP, R.TOO_MANY_EXCEPTIONS, "s", None)],
        id="row 10: too many customized occurrences",
    ),
]


@pytest.mark.parametrize(("source", "destination", "pairs", "options", "expected"), ROWS)
def test_each_row_of_the_table_gives_its_action_and_reason(
    source: list[Observed], destination: list[Observed], pairs: list[Pair], options: Options, expected: list[Any]
) -> None:
    assert short(plan(source, destination, pairs, options)) == expected


@pytest.mark.parametrize(
    ("nylas", "crm", "get", "send"),
    [
        pytest.param([seen("n")], [], K.CREATE, K.KEEP, id="only at Nylas"),
        pytest.param([], [seen("c")], K.KEEP, K.CREATE, id="only in the CRM"),
        pytest.param([seen("n", "a", uid="u")], [seen("c", "b", uid="u")], K.UPDATE, K.UPDATE, id="twins that differ"),
        pytest.param([seen("n", claims="c")], [seen("c")], K.ADOPT, K.ADOPT, id="marked twins"),
    ],
)
def test_get_and_send_differ_by_the_order_of_arguments_only(
    nylas: list[Observed], crm: list[Observed], get: ActionKind, send: ActionKind
) -> None:
    assert [a.kind for a in plan(nylas, crm, [], Options())] == [get]
    assert [a.kind for a in plan(crm, nylas, [], Options())] == [send]


def test_a_deletion_at_one_side_is_followed_in_one_direction_and_overridden_in_the_other() -> None:
    left, known = [seen("c")], [pair("n", "c")]

    assert [a.kind for a in plan([], left, known, Options())] == [K.DELETE]
    assert [a.kind for a in plan(left, [], [pair("c", "n")], Options())] == [K.CREATE]


def test_an_action_carries_what_its_execution_checks_and_shows() -> None:
    item = seen("s", "new", is_recurring=True)
    [action] = plan([item], [seen("d", "old")], [pair("s", "d")], Options())

    assert action == Action(
        kind=K.UPDATE,
        reason=R.DIFFERS,
        source=item.id,
        destination=ItemId("d"),
        title="title of s",
        is_recurring=True,
        expected=b"old",
        pairs_anew=True,
    )
    assert action.writes


def test_a_delete_shows_the_victim_and_the_version_it_was_planned_on() -> None:
    [action] = plan([], [seen("d", "old", is_recurring=True)], [pair("s", "d")], Options())

    assert (action.title, action.expected, action.is_recurring) == ("title of d", b"old", True)
    assert not action.pairs_anew


def test_every_planned_delete_of_an_unwritable_item_is_skipped() -> None:
    left = [seen("d1", blocked=R.ITEM_READ_ONLY), seen("d2", blocked=R.ITEM_READ_ONLY)]

    actions = plan([], left, [pair("s", "d1")], REMOVE)

    assert short(actions) == [(K.SKIP, R.ITEM_READ_ONLY, "s", "d1"), (K.SKIP, R.ITEM_READ_ONLY, None, "d2")]


@pytest.mark.parametrize("blocked", [None, R.ITEM_READ_ONLY])
def test_what_an_operator_refused_to_delete_is_kept_not_skipped(blocked: Reason | None) -> None:
    options = Options(receiver_only=ReceiverOnly.REMOVE, rejected=frozenset({ItemId("d1"), ItemId("d2")}))

    actions = plan([], [seen("d1", blocked=blocked), seen("d2", blocked=blocked)], [pair("s", "d1")], options)

    assert short(actions) == [(K.KEEP, R.DELETE_REJECTED, "s", "d1"), (K.KEEP, R.DELETE_REJECTED, None, "d2")]


def test_a_read_only_folder_still_learns_pairs_and_counts_what_is_equal() -> None:
    source = [seen("s1"), seen("s2", uid="u"), seen("s3", "new")]
    destination = [seen("d1"), seen("d2", uid="u"), seen("d3", "old")]
    known = [pair("s1", "d1"), pair("s3", "d3"), pair("s4", "d4")]

    actions = plan(source, destination, known, Options(refusal=R.FOLDER_READ_ONLY, receiver_only=ReceiverOnly.REMOVE))

    assert [a.kind for a in actions] == [K.UNCHANGED, K.ADOPT, K.SKIP, K.FORGET]


def test_an_unwritable_item_that_is_equal_is_simply_unchanged() -> None:
    actions = plan([seen("s")], [seen("d", blocked=R.ITEM_READ_ONLY)], [pair("s", "d")], Options())

    assert [a.kind for a in actions] == [K.UNCHANGED]


def test_a_skipped_item_gets_no_pair() -> None:
    [action] = plan([seen("s", "a", uid="u")], [seen("d", "b", uid="u", blocked=R.ITEM_READ_ONLY)], [], Options())

    assert (action.kind, action.pairs_anew) == (K.SKIP, False)


# --- twins -------------------------------------------------------------------------------------------------------


def test_a_marker_is_believed_before_a_uid() -> None:
    destination = [seen("d1", uid="u"), seen("d2", uid="other", claims="s")]

    assert short(plan([seen("s", uid="u")], destination, [], Options())) == [
        (K.ADOPT, R.TWIN_FOUND, "s", "d2"),
        (K.KEEP, R.RECEIVER_ONLY_KEPT, None, "d1"),
    ]


def test_a_marker_naming_an_unknown_item_makes_no_twin() -> None:
    kinds = [a.kind for a in plan([seen("s", claims="gone")], [seen("d", claims="unknown")], [], Options())]

    assert kinds == [K.CREATE, K.KEEP]


def test_of_two_items_with_our_marker_one_is_adopted_and_the_other_is_the_receivers() -> None:
    destination = [seen("d1", "other", claims="s"), seen("d2", claims="s")]

    assert short(plan([seen("s")], destination, [], Options())) == [
        (K.UPDATE, R.TWIN_DIFFERS, "s", "d1"),
        (K.KEEP, R.RECEIVER_ONLY_KEPT, None, "d2"),
    ]


def test_an_item_whose_marked_twin_is_taken_finds_the_next_one() -> None:
    source = [seen("s1", claims="d1"), seen("s2")]
    destination = [seen("d1", claims="s2"), seen("d2", claims="s1")]

    adopted = {(a.source, a.destination) for a in plan(source, destination, [], Options())}

    assert adopted == {("s1", "d2"), ("s2", "d1")}


def test_occurrences_of_one_series_are_told_apart_by_their_original_start() -> None:
    source = [seen("s1", uid="u", original_start=100), seen("s2", uid="u", original_start=200)]
    destination = [seen("d1", uid="u", original_start=200), seen("d2", uid="u", original_start=300)]

    assert short(plan(source, destination, [], Options())) == [
        (K.CREATE, R.CREATED_AT_SOURCE, "s1", None),
        (K.ADOPT, R.TWIN_FOUND, "s2", "d1"),
        (K.KEEP, R.RECEIVER_ONLY_KEPT, None, "d2"),
    ]


@pytest.mark.parametrize("uid", [None, ""])
def test_items_without_a_uid_are_no_twins(uid: str | None) -> None:
    assert [a.kind for a in plan([seen("s", uid=uid)], [seen("d", uid=uid)], [], Options())] == [K.CREATE, K.KEEP]


def test_of_items_with_one_uid_equal_ones_are_matched_first() -> None:
    source = [seen("s1", "b", uid="u"), seen("s2", "a", uid="u"), seen("s3", "c", uid="u")]
    destination = [seen("d1", "a", uid="u"), seen("d2", "x", uid="u"), seen("d3", "b", uid="u")]

    assert short(plan(source, destination, [], Options())) == [
        (K.ADOPT, R.TWIN_FOUND, "s1", "d3"),
        (K.ADOPT, R.TWIN_FOUND, "s2", "d1"),
        (K.UPDATE, R.TWIN_DIFFERS, "s3", "d2"),
    ]


def test_of_items_with_one_uid_too_many_at_the_source_are_created() -> None:
    source = [seen("s1", uid="u"), seen("s2", uid="u")]

    assert [a.kind for a in plan(source, [seen("d", uid="u")], [], Options())] == [K.ADOPT, K.CREATE]


def test_items_with_one_uid_are_matched_series_with_series() -> None:
    source = [seen("s1", "a", uid="u"), seen("s2", "b", uid="u", is_recurring=True)]
    destination = [seen("d1", "c", uid="u", is_recurring=True), seen("d2", "d", uid="u")]

    matched = {(a.source, a.destination) for a in plan(source, destination, [], Options())}

    assert matched == {("s1", "d2"), ("s2", "d1")}


def test_a_single_item_never_overwrites_a_series_of_the_same_uid() -> None:
    series = seen("d", "weekly", uid="u", is_recurring=True)

    assert [a.kind for a in plan([seen("s", "once", uid="u")], [series], [], Options())] == [K.CREATE, K.KEEP]


def test_a_series_takes_the_place_of_a_single_item_of_the_same_uid() -> None:
    series = seen("s", "weekly", uid="u", is_recurring=True)

    assert [a.kind for a in plan([series], [seen("d", "once", uid="u")], [], Options())] == [K.UPDATE]


def test_a_known_pair_may_turn_from_series_to_single() -> None:
    series = seen("d", "weekly", uid="u", is_recurring=True)

    assert [a.kind for a in plan([seen("s", "once")], [series], [pair("s", "d")], Options())] == [K.UPDATE]


@pytest.mark.parametrize("twin", [{"claims": "s"}, {"uid": "u"}])
def test_a_twin_is_adopted_when_the_pairs_other_half_is_gone(twin: dict[str, Any]) -> None:
    actions = plan([seen("s", uid="u")], [seen("d2", **twin)], [pair("s", "d1")], Options())

    assert short(actions) == [(K.ADOPT, R.TWIN_FOUND, "s", "d2")]
    assert actions[0].pairs_anew


def test_an_item_that_got_a_new_id_at_the_source_is_a_change_and_no_delete() -> None:
    actions = plan([seen("s2", "moved", uid="u")], [seen("d", "old", uid="u")], [pair("s1", "d")], Options())

    assert short(actions) == [(K.UPDATE, R.TWIN_DIFFERS, "s2", "d")]


def test_a_free_twin_is_preferred_to_one_that_a_vanished_item_left_behind() -> None:
    destination = [seen("d1", uid="u"), seen("d2", uid="u")]

    assert short(plan([seen("s2", uid="u")], destination, [pair("s1", "d1")], Options())) == [
        (K.ADOPT, R.TWIN_FOUND, "s2", "d2"),
        (K.DELETE, R.DELETED_AT_SOURCE, "s1", "d1"),
    ]


def test_a_paired_item_is_nobody_elses_twin() -> None:
    source = [seen("s1", uid="u"), seen("s2", uid="u")]

    assert short(plan(source, [seen("d", uid="u", claims="s2")], [pair("s1", "d")], Options())) == [
        (K.UNCHANGED, R.EQUAL, "s1", "d"),
        (K.CREATE, R.CREATED_AT_SOURCE, "s2", None),
    ]


# --- pairs that contradict each other ----------------------------------------------------------------------------


def test_two_pairs_of_one_destination_write_to_it_once() -> None:
    source = [seen("s1", "a"), seen("s2", "b")]

    assert short(plan(source, [seen("d", "c")], [pair("s1", "d"), pair("s2", "d")], Options())) == [
        (K.UPDATE, R.DIFFERS, "s1", "d"),
        (K.CREATE, R.CREATED_AT_SOURCE, "s2", None),
        (K.FORGET, R.PAIR_CONTRADICTED, "s2", "d"),
    ]


def test_a_living_pair_protects_its_destination_from_a_stale_one() -> None:
    assert short(plan([seen("s2")], [seen("d")], [pair("s1", "d"), pair("s2", "d")], Options())) == [
        (K.UNCHANGED, R.EQUAL, "s2", "d"),
        (K.FORGET, R.PAIR_CONTRADICTED, "s1", "d"),
    ]


def test_two_pairs_of_one_source_leave_no_item_without_an_action() -> None:
    destination = [seen("d1", "other"), seen("d2")]

    assert short(plan([seen("s")], destination, [pair("s", "d1"), pair("s", "d2")], Options())) == [
        (K.UNCHANGED, R.EQUAL, "s", "d2"),
        (K.FORGET, R.PAIR_CONTRADICTED, "s", "d1"),
        (K.KEEP, R.RECEIVER_ONLY_KEPT, None, "d1"),
    ]


def test_two_pairs_of_one_source_do_not_create_it_again_while_one_partner_lives() -> None:
    assert short(plan([seen("s")], [seen("d2")], [pair("s", "d1"), pair("s", "d2")], Options())) == [
        (K.UNCHANGED, R.EQUAL, "s", "d2"),
        (K.FORGET, R.PAIR_CONTRADICTED, "s", "d1"),
    ]


def test_two_dead_pairs_of_one_source_create_it_once() -> None:
    kinds = [a.kind for a in plan([seen("s")], [], [pair("s", "d1"), pair("s", "d2")], Options())]

    assert kinds == [K.CREATE, K.FORGET]


def test_the_same_pair_twice_is_one_pair() -> None:
    kinds = [a.kind for a in plan([seen("s")], [seen("d")], [pair("s", "d"), pair("s", "d")], Options())]

    assert kinds == [K.UNCHANGED]


def test_pairs_gone_from_both_sides_are_all_forgotten() -> None:
    assert short(plan([], [], [pair("s", "d1"), pair("s", "d2")], Options())) == [
        (K.FORGET, R.GONE_FROM_BOTH, "s", "d1"),
        (K.FORGET, R.GONE_FROM_BOTH, "s", "d2"),
    ]


# --- window ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "holds"),
    [
        pytest.param(1100, 1200, True, id="inside"),
        pytest.param(900, 2100, True, id="around"),
        pytest.param(900, 1001, True, id="reaches in"),
        pytest.param(900, 1000, False, id="ends where it begins"),
        pytest.param(1999, 3000, True, id="begins within"),
        pytest.param(2000, 3000, False, id="begins where it ends"),
        pytest.param(1000, 1000, True, id="a point at its start"),
        pytest.param(2000, 2000, False, id="a point at its end"),
        pytest.param(999, 999, False, id="a point before"),
    ],
)
def test_an_item_takes_part_when_any_of_it_lies_in_the_window(start: int, end: int, holds: bool) -> None:
    assert WINDOW.holds(seen("s", start=start, end=end)) is holds


@pytest.mark.parametrize(
    ("source", "destination", "pairs"),
    [
        pytest.param([seen("s", "a", **BEFORE)], [seen("d", "b", **INSIDE)], [pair("s", "d")], id="source outside"),
        pytest.param([seen("s", "a", **INSIDE)], [seen("d", "b", **BEFORE)], [pair("s", "d")], id="target outside"),
        pytest.param([seen("s", "a", uid="u", **INSIDE)], [seen("d", "b", uid="u", **BEFORE)], [], id="twin outside"),
        pytest.param([], [seen("d", **BEFORE)], [pair("s", "d")], id="deleted at source"),
        pytest.param([], [seen("d", **BEFORE)], [], id="receiver-only"),
        pytest.param([seen("s", **BEFORE)], [], [pair("s", "d")], id="deleted at destination"),
    ],
)
def test_outside_the_window_everything_stays_and_is_counted(
    source: list[Observed], destination: list[Observed], pairs: list[Pair]
) -> None:
    actions = plan(source, destination, pairs, Options(window=WINDOW, receiver_only=ReceiverOnly.REMOVE))

    assert [(a.kind, a.reason) for a in actions] == [(K.OUTSIDE, R.OUTSIDE_WINDOW)]


def test_an_item_outside_does_not_take_the_twin_of_one_inside() -> None:
    source = [seen("s1", uid="u", **BEFORE), seen("s2", uid="u", **INSIDE)]

    assert short(plan(source, [seen("d", uid="u", **INSIDE)], [], Options(window=WINDOW))) == [
        (K.OUTSIDE, R.OUTSIDE_WINDOW, "s1", None),
        (K.ADOPT, R.TWIN_FOUND, "s2", "d"),
    ]


def test_of_an_item_that_is_listed_twice_the_later_one_counts() -> None:
    actions = plan([seen("s", "old"), seen("s", "new")], [seen("d", "new")], [pair("s", "d")], Options())

    assert [a.kind for a in actions] == [K.UNCHANGED]


# --- only chosen items -------------------------------------------------------------------------------------------

NEW, DELETED = (K.CREATE, R.CREATED_AT_SOURCE, "s1", None), (K.DELETE, R.DELETED_AT_SOURCE, "s3", "d3")
AGAIN, REMOVED = (K.CREATE, R.DELETED_AT_DESTINATION, "s4", None), (K.DELETE, R.RECEIVER_ONLY_REMOVED, None, "d6")
CHANGED, FORGOTTEN = (K.UPDATE, R.DIFFERS, "s2", "d2"), (K.FORGET, R.GONE_FROM_BOTH, "s5", "d5")


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        pytest.param({"s1"}, [NEW], id="an item of the source"),
        pytest.param({"s2"}, [CHANGED], id="a pair, by its source"),
        pytest.param({"d2"}, [CHANGED], id="a pair, by its destination"),
        pytest.param({"s3"}, [DELETED], id="a pair whose source is gone, by the source"),
        pytest.param({"d3"}, [DELETED], id="a pair whose source is gone, by the destination"),
        pytest.param({"d4"}, [AGAIN], id="a pair whose destination is gone, by the destination"),
        pytest.param({"d5"}, [FORGOTTEN], id="a pair that is gone from both sides"),
        pytest.param({"d6"}, [REMOVED], id="an item of the receiver only"),
        pytest.param({"s1", "d3"}, [NEW, DELETED], id="several"),
        pytest.param({"x"}, [], id="one that is not there"),
        pytest.param(set(), [], id="none"),
        pytest.param(None, [NEW, CHANGED, AGAIN, DELETED, FORGOTTEN, REMOVED], id="no choice: all"),
    ],
)
def test_only_chosen_items_take_part(chosen: set[str] | None, expected: list[object]) -> None:
    source = [seen("s1"), seen("s2", "new"), seen("s4")]
    destination = [seen("d2", "old"), seen("d3"), seen("d6")]
    known = [pair("s2", "d2"), pair("s3", "d3"), pair("s4", "d4"), pair("s5", "d5")]
    only = None if chosen is None else frozenset(ItemId(i) for i in chosen)

    actions = plan(source, destination, known, Options(receiver_only=ReceiverOnly.REMOVE, only=only))

    assert [a for a in short(actions) if a[1] is not R.NOT_ASKED_FOR] == expected
    others = [a for a in actions if a.reason is R.NOT_ASKED_FOR]
    assert {a.kind for a in others} <= {K.OUTSIDE}
    is_forgotten_left_out = FORGOTTEN not in expected
    assert len(others) + len(expected) + is_forgotten_left_out == 6
