"""Whatever both sides hold, however it is moved about: no snapshot writes to an item outside its account's window."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from nylasadmin.adapters.storage.tables import metadata
from nylasadmin.domain.items import Timed
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.recurrence import span
from nylasadmin.errors import Refused
from nylasadmin.services.views import SnapshotView
from tests.faults.lab import Lab
from tests.services.worlds import DAY, HOUR, NOON, OLGA, World

CUT_OFF = NOON - 12 * HOUR
OFFSETS = st.sampled_from([-400 * DAY, -2 * DAY, -2 * HOUR, -HOUR, -HOUR + 60, -60, 0, HOUR, 3 * DAY])
RULES = st.sampled_from([None, None, *(f"RRULE:FREQ=DAILY{count}" for count in ("", ";COUNT=2", ";COUNT=500"))])
SIDES = st.sampled_from(["crm", "nylas"])
DEEDS = st.one_of(
    st.tuples(st.just("make"), SIDES, OFFSETS, RULES),
    st.tuples(st.just("move"), SIDES, st.integers(0, 20), OFFSETS),
    st.tuples(st.just("delete"), SIDES, st.integers(0, 20), st.none()),
    st.tuples(st.just("copy"), st.sampled_from(Direction), st.booleans(), st.none()),
    st.tuples(st.just("undo"), st.none(), st.none(), st.none()),
)
Sight = dict[str, tuple[str, bool]]
"""What one side holds: by id what it looks like, and whether it lies inside."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("windows"), users=1)
    yield lab
    lab.close()


class Tale:
    """One calendar, whose account takes part from ``CUT_OFF`` on."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.number = 0
        self.snapshots: list[int] = []
        with world.product.engine.begin() as connection:
            connection.execute(update(metadata.tables["accounts"]).values(sync_from=CUT_OFF))

    def make(self, side: str, offset: int, rule: str | None) -> None:
        self.number += 1
        title, begin = f"Item {self.number}", CUT_OFF + offset
        if side == "crm":
            self.world.put(title, when=Timed(begin, begin + HOUR, "UTC"), rules=(rule,) if rule else ())
        else:
            self.world.event(title, when=timespan(begin), **({"recurrence": [rule]} if rule else {}))

    def move(self, side: str, pick: int, offset: int) -> None:
        begin = CUT_OFF + offset
        if side == "crm":
            if items := sorted(self.world.items().values(), key=lambda i: i.id):
                self.world.edit(items[pick % len(items)], when=Timed(begin, begin + HOUR, "UTC"))
        elif events := sorted(self.world.events()):
            self.world.box.change_event(self.world.calendar(), events[pick % len(events)], {"when": timespan(begin)})

    def delete(self, side: str, pick: int, _: None) -> None:
        if side == "crm":
            if items := sorted(self.world.items()):
                self.world.services.crm.delete(OLGA, items[pick % len(items)])
        elif events := sorted(self.world.events()):
            self.world.box.delete_event(self.world.calendar(), events[pick % len(events)])

    def copy(self, direction: Direction, remove: bool, _: None) -> None:
        before = self.crm(), self.nylas()
        view = self.world.snapshot(direction, remove=remove)
        self.compare(before)
        self.settle(view)

    def undo(self, *_: None) -> None:
        if not self.snapshots:
            return
        before = self.crm(), self.nylas()
        with suppress(Refused):  # there was nothing to take back
            plan = self.world.services.undo.plan(OLGA, self.snapshots.pop())
            self.settle(self.world.services.plans.run(OLGA, plan.id))
        self.compare(before)

    def settle(self, view: SnapshotView) -> None:
        """Let go of what the guard holds, so that the next snapshot finds its link free."""
        self.world.services.snapshots.cancel(OLGA, view.id)
        self.snapshots.append(view.id)

    def compare(self, before: tuple[Sight, Sight]) -> None:
        for was, now in zip(before, (self.crm(), self.nylas()), strict=True):
            for item_id in was.keys() | now.keys():
                if was.get(item_id) != now.get(item_id):
                    assert was.get(item_id, ("", True))[1], f"overwrote or deleted what was outside: {was[item_id]}"
                    assert now.get(item_id, ("", True))[1], f"wrote what is outside: {now[item_id]}"

    def crm(self) -> Sight:
        return {i: (repr(held.item), is_inside(*span(held.item))) for i, held in self.world.items().items()}

    def nylas(self) -> Sight:
        return {i: (repr(event), is_inside(*ends_of(event))) for i, event in self.world.events().items()}


def timespan(begin: int) -> dict[str, Any]:
    zones = {"start_timezone": "UTC", "end_timezone": "UTC"}
    return {"object": "timespan", "start_time": begin, "end_time": begin + HOUR} | zones


def ends_of(event: dict[str, Any]) -> tuple[int, int]:
    """Tell first and last second of an event of the sandbox, by counting its days."""
    begin, end = event["when"]["start_time"], event["when"]["end_time"]
    rule = (event.get("recurrence") or [""])[0]
    if not rule:
        return begin, end
    days = int(rule.partition("COUNT=")[2]) if "COUNT" in rule else 100_000
    return begin, end + (days - 1) * DAY


def is_inside(start: int, end: int) -> bool:
    return end > CUT_OFF or start >= CUT_OFF


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(deeds=st.lists(DEEDS, min_size=4, max_size=14))
def test_no_snapshot_writes_to_an_item_outside_the_window(lab: Lab, deeds: list[tuple[str, Any, Any, Any]]) -> None:
    tale = Tale(lab.fresh())
    for name, *facts in [*deeds, ("copy", Direction.GET, True, None), ("copy", Direction.SEND, True, None)]:
        getattr(tale, name)(*facts)
