"""Snapshots of chosen items only: the rest of a link takes no part, whatever differs."""

from __future__ import annotations

import pytest

from nylasadmin.domain.filters import Filter, Kinds
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import Direction
from nylasadmin.services.rows import ChosenItem
from nylasadmin.services.snapshots import Wish, add_runs_for
from nylasadmin.services.views import SnapshotState, SnapshotView
from tests.services.conftest import Worlds
from tests.services.guarded import limit
from tests.services.worlds import OLGA, World


def narrow(world: World, direction: Direction, *chosen: ChosenItem) -> SnapshotView:
    """Carry out a snapshot of chosen items of the first link."""
    wish = Wish(direction=direction, target_id=world.target.id, link_id=world.link().id)
    with world.product.storage.write() as tx:
        snapshot_id, _ = add_runs_for(tx, OLGA, wish, [world.link().id])
        tx.runs.narrow(snapshot_id, chosen)
    while world.product.worker.claimable(10):
        for run_id in world.product.worker.claimable(10):
            world.product.worker.run_link(run_id)
    return world.services.console.snapshot(snapshot_id)


def at_nylas(world: World, event_id: str) -> ChosenItem:
    return ChosenItem(link_id=world.link().id, nylas_id=ItemId(event_id))


def test_a_narrow_get_copies_chosen_items_only(world: World) -> None:
    chosen = world.event("Chosen")
    world.event("Other")

    view = narrow(world, Direction.GET, at_nylas(world, chosen))

    assert world.titles_in_crm() == ["Chosen"]
    assert (view.counters.created, view.counters.outside) == (1, 1)


def test_a_narrow_send_copies_chosen_items_only(world: World) -> None:
    chosen = world.put("Chosen")
    world.put("Other")

    narrow(world, Direction.SEND, ChosenItem(link_id=world.link().id, crm_id=chosen))

    assert world.titles_at_nylas() == ["Chosen"]


def test_an_item_that_is_gone_is_found_by_its_pair(world: World) -> None:
    event_id = world.event("Deleted in the CRM")
    world.get()
    world.services.crm.delete(OLGA, world.named("Deleted in the CRM").id)

    narrow(world, Direction.GET, at_nylas(world, event_id))

    assert world.titles_in_crm() == ["Deleted in the CRM"]


@pytest.mark.parametrize("direction", Direction)
def test_nothing_chosen_copies_nothing(world: World, direction: Direction) -> None:
    world.event("At Nylas")
    world.put("In the CRM")

    view = narrow(world, direction)

    assert view.counters.written == 0
    assert (world.titles_in_crm(), world.titles_at_nylas()) == (["In the CRM"], ["At Nylas"])


def test_items_chosen_of_another_link_do_not_take_part(worlds: Worlds) -> None:
    world = worlds(users=2)
    event_id = world.event("Anna's")

    view = narrow(world, Direction.GET, ChosenItem(link_id=world.link(1).id, nylas_id=ItemId(event_id)))

    assert view.counters.written == 0


def test_items_can_be_chosen_in_several_steps(world: World) -> None:
    wish = Wish(direction=Direction.GET, target_id=world.target.id, link_id=world.link().id)
    with world.product.storage.write() as tx:
        snapshot_id, _ = add_runs_for(tx, OLGA, wish, [world.link().id])
        assert tx.runs.only(snapshot_id, world.link().id) is None
        for name in ("a", "b"):
            tx.runs.narrow(snapshot_id, [at_nylas(world, name)])

        assert tx.runs.only(snapshot_id, world.link().id) == {"a", "b"}


def test_a_source_that_shrank_is_noticed_though_chosen_items_were_copied_meanwhile(world: World) -> None:
    chosen = [world.event(f"Meeting {number}") for number in range(30)]
    world.get()
    limit(world, guard_deletes=100, guard_share_percent=100, guard_shrink_percent=50)
    for event_id in chosen[:20]:
        world.box.delete_event(world.calendar(), event_id)

    narrow(world, Direction.GET, at_nylas(world, chosen[-1]))

    assert world.get().state is SnapshotState.HELD


@pytest.mark.parametrize("direction", Direction)
def test_copying_a_part_is_no_successful_copy_of_the_link(world: World, direction: Direction) -> None:
    chosen = world.event("Chosen")
    column = "last_get_at" if direction is Direction.GET else "last_send_at"

    narrow(world, direction, at_nylas(world, chosen))
    world.snapshot(direction, filter=Filter(kinds=Kinds.SINGLE))

    (row,) = world.rows("links")
    assert row[column] is None
