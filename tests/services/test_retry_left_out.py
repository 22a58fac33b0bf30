"""What an operator left out stays left out when the same is asked for again because something else failed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nylasadmin.domain.plan import ActionKind, Direction
from nylasadmin.errors import Refused
from nylasadmin.services.plan_views import PlanQuery
from nylasadmin.services.views import SnapshotView
from nylasadmin.services.wording import sentence
from tests.services.guarded import limit
from tests.services.worlds import OLGA, World

Again = Callable[[World, SnapshotView], SnapshotView]


def whole(world: World, view: SnapshotView) -> SnapshotView:
    return world.services.snapshots.retry(OLGA, view.id)


def one_link(world: World, view: SnapshotView) -> SnapshotView:
    return world.services.snapshots.retry_run(OLGA, world.run(view).id)


def without(world: World, plan_id: int, title: str) -> None:
    """Leave an item out of a plan."""
    rows = world.services.plans.page(PlanQuery(plan_id=plan_id), is_masked=False).rows
    items = [(row.run_id, row.seq) for row in rows if row.title == title]
    assert world.services.plans.exclude(OLGA, plan_id, items, is_excluded=True) == 1


def carried_out(world: World, plan_id: int) -> SnapshotView:
    return world.services.console.snapshot(world.services.plans.run(OLGA, plan_id).id)


@pytest.mark.parametrize("again", [whole, one_link])
def test_a_retry_spares_an_item_left_out_of_the_plan(world: World, again: Again) -> None:
    ids = {title: world.event(title) for title in ("Alpha", "Beta")}
    world.get()
    for title in ids:
        world.edit(world.named(title), location="CRM")
    preview = world.snapshot(Direction.SEND, is_preview=True)
    without(world, preview.id, "Alpha")
    world.fault("status", status=400, method="PUT", path_contains=ids["Beta"])
    failed = carried_out(world, preview.id)
    world.heal()

    tried = world.services.console.snapshot(again(world, failed).id)

    assert (failed.counters.failed, tried.counters.updated, tried.counters.skipped) == (1, 1, 0)
    assert {e["title"]: e.get("location") for e in world.events().values()} == {"Alpha": None, "Beta": "CRM"}


def test_a_retry_of_a_retry_spares_it_too_and_a_new_snapshot_does_not(world: World) -> None:
    world.put("Left out")
    world.put("Refused")
    preview = world.snapshot(Direction.SEND, is_preview=True)
    without(world, preview.id, "Left out")
    world.fault("status", status=400, method="POST", path_contains="/events", count=2)
    again = whole(world, whole(world, carried_out(world, preview.id)))

    assert world.services.console.snapshot(again.id).counters.created == 1
    assert world.titles_at_nylas() == ["Refused"]
    world.send()
    assert world.titles_at_nylas() == ["Left out", "Refused"]


def test_a_retry_spares_what_was_left_out_of_a_held_run(world: World) -> None:
    ids = [world.event(f"Meeting {n}") for n in range(4)]
    world.get()
    limit(world, guard_deletes=2, guard_share_from=1000, guard_shrink_percent=100)
    for item in list(world.items().values()):
        world.services.crm.delete(OLGA, item.id)
    held = world.send()
    victims = world.services.plans.page(PlanQuery(plan_id=held.id, kind=ActionKind.DELETE), is_masked=False).rows
    spared, refused = victims[0], victims[1]
    run_id, answers = world.run(held).id, world.services.answers
    answers.narrow(OLGA, held.id, [(spared.run_id, spared.seq)], is_left_out=True)
    doomed = next(e for e in ids if world.events()[e]["title"] == refused.title)
    world.fault("status", status=400, method="DELETE", path_contains=doomed)
    answers.approve(OLGA, run_id, 3, "gone for good")
    world.heal()

    tried = world.services.console.snapshot(whole(world, held).id)

    assert (tried.counters.deleted, tried.counters.skipped) == (1, 1)
    assert world.titles_at_nylas() == [spared.title]


@pytest.mark.parametrize("again", [whole, one_link])
def test_what_a_forgotten_plan_was_about_cannot_be_tried_again(world: World, again: Again) -> None:
    """A preview's items are dropped after a week; nobody can tell then which items a retry were to try."""
    world.put("Refused")
    world.fault("status", status=400, method="POST", path_contains="/events")
    failed = carried_out(world, world.snapshot(Direction.SEND, is_preview=True).id)
    world.heal()
    with world.product.storage.write() as tx:
        tx.plans.prune(previews_before=2**40, snapshots_before=0)

    with pytest.raises(Refused, match="plan_forgotten") as refused:
        again(world, failed)

    assert "not kept any longer than 7 days" in sentence(refused.value)
    assert len(world.rows("runs")) == 2  # the preview's and the failed one
