"""Items at Nylas that no calendar can have: each is left alone with its reason, and the others are copied."""

from __future__ import annotations

from typing import Any

import pytest

from nylasadmin.services.views import SnapshotState
from tests.services.worlds import HOUR, NOON, SPAN, World

ENDLESS = 10**19
UNREADABLE: dict[str, dict[str, Any]] = {
    "a time beyond all numbers": {"when": SPAN | {"start_time": NOON, "end_time": ENDLESS}},
    "a time before the first year": {"when": SPAN | {"start_time": -(10**12)}},
}
HARMLESS: dict[str, dict[str, Any]] = {
    "an end before its start": {"when": SPAN | {"end_time": NOON - HOUR}},
    "no day at all": {"when": {"object": "datespan", "start_date": "2026-10-01", "end_date": "2026-10-01"}},
    "a zone there is not": {"when": SPAN | {"start_timezone": "Europe/Nowhere", "end_timezone": "Europe/Nowhere"}},
    "a rule nobody can follow": {"recurrence": ["RRULE:FREQ=BOGUS"]},
}


def add(world: World, fields: dict[str, Any]) -> None:
    world.box.add_event(world.calendar(), {"title": "Odd", "when": SPAN} | fields)


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_item_that_cannot_be_read_is_skipped_with_its_reason(world: World, name: str) -> None:
    world.event("Good")
    add(world, UNREADABLE[name])

    view, again = world.get(), world.get()

    assert (view.state, view.counters.created, view.counters.skipped) == (SnapshotState.DONE, 1, 1)
    assert (again.counters.to_write, again.counters.moved, again.counters.skipped) == (0, 0, 1)
    assert world.titles_in_crm() == ["Good"]


@pytest.mark.parametrize("name", HARMLESS)
def test_an_odd_item_is_taken_once_and_is_no_difference_afterwards(world: World, name: str) -> None:
    add(world, HARMLESS[name])

    first, again, back = world.get(), world.get(), world.send()

    assert (first.state, first.counters.created) == (SnapshotState.DONE, 1)
    assert again.counters.to_write == 0
    assert (back.counters.to_write, back.state) == (0, SnapshotState.DONE)
