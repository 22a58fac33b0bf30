"""A world for the deletion guard: calendars of twelve items, of which more than four deletes are held."""

from __future__ import annotations

from msgspec.structs import replace

from nylasadmin.domain.plan import ActionKind, Direction
from nylasadmin.domain.runs import RunState
from nylasadmin.services.plan_views import PlanItemView, PlanQuery
from nylasadmin.services.snapshots import Wish, add_runs_for
from nylasadmin.services.targets import form_of
from nylasadmin.services.views import SnapshotView
from tests.services.worlds import OLGA, World

ITEMS, MOST = 12, 4


def filled(world: World) -> World:
    """Put the items on both sides and set the limit."""
    for user in range(len(world.box.grants)):
        for number in range(ITEMS):
            world.event(f"Meeting {number:02}", user)
    world.get()
    world.send()
    limit(world, guard_deletes=MOST, guard_share_from=1000, guard_shrink_percent=100)
    return world


def limit(world: World, **fields: object) -> None:
    """Change fields of the target."""
    target = world.services.console.target(world.target.id)
    world.services.targets.edit(OLGA, target.id, target.version, replace(form_of(target), **fields))


def delete_at_source(world: World, direction: Direction, user: int, count: int) -> None:
    if direction is Direction.GET:
        for event_id in sorted(world.events(user))[:count]:
            world.box.delete_event(world.calendar(user), event_id)
    else:
        for item_id in sorted(world.items(user))[:count]:
            world.services.crm.delete(OLGA, item_id)


def left(world: World, direction: Direction) -> list[int]:
    """Count what the destination of each link holds."""
    sides = world.items if direction is Direction.GET else world.events
    return [len(sides(user)) for user in range(len(world.box.grants))]


def states(world: World, view: SnapshotView) -> list[RunState]:
    return [world.run(view, user).state for user in range(len(world.box.grants))]


def asked(world: World, direction: Direction = Direction.GET) -> tuple[SnapshotView, list[int]]:
    """Ask for a snapshot without anybody working on it; give it and its runs' ids by user."""
    users = range(len(world.box.grants))
    with world.product.storage.write() as tx:
        wish = Wish(direction=direction, target_id=world.target.id)
        snapshot_id, _ = add_runs_for(tx, OLGA, wish, [world.link(user).id for user in users])
    view = world.services.console.snapshot(snapshot_id)
    return view, [world.run(view, user).id for user in users]


def victims(world: World, view: SnapshotView) -> list[PlanItemView]:
    """Give what a snapshot or a plan would delete."""
    query = PlanQuery(plan_id=view.id, kind=ActionKind.DELETE, size=1000)
    return list(world.services.plans.page(query, is_masked=False).rows)
