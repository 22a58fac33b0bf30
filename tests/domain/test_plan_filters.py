"""The planner under a filter, and the protection of old items: what is outside stays, whatever its state."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from nylasadmin.domain.filters import By, Filter, Kinds
from nylasadmin.domain.items import ItemId, midnight_utc
from nylasadmin.domain.plan import ActionKind, Observed, Options, Pair, Reason, ReceiverOnly, plan

K, R = ActionKind, Reason
DAY = 86_400
OCTOBER = Filter(since=date(2026, 10, 1), until=date(2026, 10, 31))
CHANGED = Filter(by=By.MODIFIED, since=date(2026, 10, 1), until=date(2026, 10, 31))
SINGLE = Filter(kinds=Kinds.SINGLE)
PAIR = [Pair(ItemId("s"), ItemId("d"))]


def seen(id: str, text: str = "same", *, on: date = date(2026, 10, 10), **facts: Any) -> Observed:
    begin = midnight_utc(on) + 36_000
    return Observed(id=ItemId(id), fingerprint=text.encode(), **({"start": begin, "end": begin + 3600} | facts))


SEPTEMBER: dict[str, Any] = {"on": date(2026, 9, 10)}
IN_OCTOBER: dict[str, Any] = {"modified": midnight_utc(date(2026, 10, 10))}
IN_MAY: dict[str, Any] = {"modified": midnight_utc(date(2026, 5, 10))}

TABLE = [
    # by start: the source's version decides
    (OCTOBER, [seen("s")], [], [], (K.CREATE, R.CREATED_AT_SOURCE), "new inside"),
    (OCTOBER, [seen("s", **SEPTEMBER)], [], [], (K.OUTSIDE, R.OUTSIDE_FILTER), "new outside"),
    (OCTOBER, [seen("s", "a")], [seen("d", "b")], PAIR, (K.UPDATE, R.DIFFERS), "differs inside"),
    (OCTOBER, [seen("s", "a", **SEPTEMBER)], [seen("d", "b")], PAIR, (K.OUTSIDE, R.OUTSIDE_FILTER), "moved out"),
    (OCTOBER, [seen("s", "a")], [seen("d", "b", **SEPTEMBER)], PAIR, (K.UPDATE, R.DIFFERS), "moved in"),
    (OCTOBER, [seen("s")], [], PAIR, (K.CREATE, R.DELETED_AT_DESTINATION), "deleted there, inside"),
    (OCTOBER, [seen("s", **SEPTEMBER)], [], PAIR, (K.OUTSIDE, R.OUTSIDE_FILTER), "deleted there, outside"),
    (OCTOBER, [], [seen("d")], PAIR, (K.DELETE, R.DELETED_AT_SOURCE), "deleted at the source, inside"),
    (OCTOBER, [], [seen("d", **SEPTEMBER)], PAIR, (K.OUTSIDE, R.OUTSIDE_FILTER), "deleted at the source, outside"),
    (OCTOBER, [], [seen("d")], [], (K.DELETE, R.RECEIVER_ONLY_REMOVED), "receiver-only inside"),
    (OCTOBER, [], [seen("d", **SEPTEMBER)], [], (K.OUTSIDE, R.OUTSIDE_FILTER), "receiver-only outside"),
    (
        OCTOBER,
        [seen("s", **SEPTEMBER, claims="d")],
        [seen("d")],
        [],
        (K.OUTSIDE, R.OUTSIDE_FILTER),
        "a twin inside of an item outside",
    ),
    # by last modified: the source's change, for what is gone there the receiver's
    (CHANGED, [seen("s", "a", **IN_OCTOBER)], [seen("d", "b", **IN_MAY)], PAIR, (K.UPDATE, R.DIFFERS), "changed"),
    (
        CHANGED,
        [seen("s", "a", **IN_MAY)],
        [seen("d", "b", **IN_OCTOBER)],
        PAIR,
        (K.OUTSIDE, R.OUTSIDE_FILTER),
        "changed at the receiver only",
    ),
    (CHANGED, [seen("s", "a")], [seen("d", "b", **IN_MAY)], PAIR, (K.UPDATE, R.DIFFERS), "change not known"),
    (CHANGED, [], [seen("d", **IN_OCTOBER)], PAIR, (K.DELETE, R.DELETED_AT_SOURCE), "gone, copy changed inside"),
    (CHANGED, [], [seen("d", **IN_MAY)], PAIR, (K.OUTSIDE, R.OUTSIDE_FILTER), "gone, copy changed before"),
    (CHANGED, [], [seen("d")], PAIR, (K.OUTSIDE, R.OUTSIDE_FILTER), "gone, change not known"),
    (CHANGED, [], [seen("d")], [], (K.OUTSIDE, R.OUTSIDE_FILTER), "receiver-only, change not known"),
    # kinds
    (
        SINGLE,
        [seen("s", "a")],
        [seen("d", "b", is_recurring=True)],
        PAIR,
        (K.UPDATE, R.DIFFERS),
        "now single",
    ),
    (
        SINGLE,
        [seen("s", "a", is_recurring=True)],
        [seen("d", "b")],
        PAIR,
        (K.OUTSIDE, R.OUTSIDE_FILTER),
        "single became a series",
    ),
    (SINGLE, [], [seen("d", is_recurring=True)], PAIR, (K.OUTSIDE, R.OUTSIDE_FILTER), "a series that is gone"),
]


@pytest.mark.parametrize(
    ("asked", "source", "destination", "pairs", "expected"),
    [pytest.param(*row[:5], id=f"{row[0].by} {row[0].kinds}: {row[5]}") for row in TABLE],
)
def test_what_is_inside_is_planned_and_what_is_outside_stays(
    asked: Filter, source: list[Observed], destination: list[Observed], pairs: list[Pair], expected: tuple[Any, Any]
) -> None:
    actions = plan(source, destination, pairs, Options(filter=asked, receiver_only=ReceiverOnly.REMOVE))

    assert [(a.kind, a.reason) for a in actions] == [expected]


# --- archive protection ------------------------------------------------------------------------------------------

LIMIT = midnight_utc(date(2026, 10, 1))
OLD = Options(archived_before=LIMIT, receiver_only=ReceiverOnly.REMOVE)


@pytest.mark.parametrize(
    ("item", "pairs", "expected"),
    [
        (seen("d", **SEPTEMBER), PAIR, (K.SKIP, R.ARCHIVED)),
        (seen("d", **SEPTEMBER), [], (K.SKIP, R.ARCHIVED)),
        (seen("d", start=LIMIT - DAY, end=LIMIT), PAIR, (K.SKIP, R.ARCHIVED)),
        (seen("d", start=LIMIT - DAY, end=LIMIT + 1), PAIR, (K.DELETE, R.DELETED_AT_SOURCE)),
        (seen("d"), PAIR, (K.DELETE, R.DELETED_AT_SOURCE)),
        (seen("d", is_recurring=True, **SEPTEMBER), PAIR, (K.DELETE, R.DELETED_AT_SOURCE)),
        (Observed(id=ItemId("d"), fingerprint=b""), PAIR, (K.DELETE, R.DELETED_AT_SOURCE)),
    ],
    ids=["old", "old receiver-only", "ended just then", "reaches beyond", "new", "old series", "without a time"],
)
def test_single_items_that_ended_before_the_limit_are_not_deleted(
    item: Observed, pairs: list[Pair], expected: tuple[Any, Any]
) -> None:
    assert [(a.kind, a.reason) for a in plan([], [item], pairs, OLD)] == [expected]


def test_an_old_item_is_still_overwritten_and_created() -> None:
    source = [seen("s", "a", **SEPTEMBER), seen("t", **SEPTEMBER)]

    actions = plan(source, [seen("d", "b", **SEPTEMBER)], PAIR, OLD)

    assert [a.kind for a in actions] == [K.UPDATE, K.CREATE]
