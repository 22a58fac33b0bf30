"""How orders leave: nobody waits for a batch to come back, and each is marked before it leaves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.services import executing
from nylasadmin.services.ports import FolderRef, ItemStore, Outcome, SenderSettings, WriteOrder
from tests.sandbox.openapi import judged_sandbox
from tests.services.meanwhile import Meanwhile, _Store
from tests.services.worlds import OLGA, QUICK, World, opened

ITEMS = 9
AT_ONCE = 5


class Hasty(Meanwhile):
    """A service with many lanes: takes a number of orders before it gives any answer."""

    taken: tuple[str, ...] = ()

    def store(self, sender: SenderSettings, folder: FolderRef) -> ItemStore:
        return _HastyStore(self._side.store(sender, folder), self)


class _HastyStore(_Store):
    def __init__(self, store: ItemStore, ears: Hasty) -> None:
        super().__init__(store, ears)
        self._hasty = ears

    def write(self, orders: Iterable[WriteOrder]) -> Iterator[Outcome]:
        source = iter(orders)
        first = list(islice(source, AT_ONCE))
        self._hasty.taken = tuple(order.item.title for order in first if order.item is not None)
        self._ears.note("taken")
        yield from self._store.write(first)
        yield from self._store.write(source)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> Hasty:
    """Batches of two, of which five orders are under way at once."""
    monkeypatch.setattr(executing, "_REMOTE_BATCH", 2)
    return Hasty(NylasHttpSide(patience=QUICK))


@pytest.fixture
def world(hasty: Hasty, tmp_path: Path) -> Iterator[World]:
    with judged_sandbox(users=1) as box, opened(tmp_path, box, nylas=hasty) as world:
        for number in range(ITEMS):
            world.put(f"Meeting {number}")
        yield world


def states(world: World) -> list[str]:
    return [row["state"] for row in world.rows("writes")]


def test_the_next_batch_begins_before_the_one_before_has_come_back(world: World, hasty: Hasty) -> None:
    marked: list[str] = []
    hasty.at("taken", lambda: marked.extend(states(world)))

    view = world.send()

    assert len(hasty.taken) == AT_ONCE
    assert marked == ["sent"] * AT_ONCE + ["intended"]  # the third batch is announced, its second order waits
    assert (view.counters.created, view.counters.failed, states(world)) == (ITEMS, 0, ["done"] * ITEMS)
    assert len(world.rows("pairs")) == ITEMS


def test_a_cancel_between_batches_records_what_was_under_way_and_sends_nothing_more(world: World, hasty: Hasty) -> None:
    hasty.at("taken", lambda: world.services.snapshots.cancel(OLGA, world.rows("snapshots")[-1]["id"]))

    view = world.send()

    assert view.counters.created == len(world.events()) == AT_ONCE
    assert states(world) == ["done"] * AT_ONCE + ["unsent"]


def test_a_switch_turned_off_stops_orders_that_were_announced_already(world: World, hasty: Hasty) -> None:
    link = world.link()
    hasty.at("taken", lambda: world.services.links.edit(OLGA, link.id, link.version, inbound=True, outbound=False))

    world.send()

    assert len(world.events()) == len(world.writing_requests()) == AT_ONCE
    assert states(world) == ["done"] * AT_ONCE + ["unsent"]


def test_an_item_edited_after_its_batch_was_begun_is_left_for_the_next_run(world: World, hasty: Hasty) -> None:
    left = sorted(set(world.titles_in_crm()) - {f"Meeting {n}" for n in range(AT_ONCE)})[0]
    hasty.at("taken", lambda: world.edit(world.named(left), location="Room 1"))

    view = world.send()

    assert (view.counters.created, view.counters.moved) == (ITEMS - 1, 1)
    assert "moved" in states(world)
    assert world.send().counters.created == 1
