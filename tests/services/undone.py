"""What tests of undo do and see: a plan, its run, and both sides as the product reads them."""

from __future__ import annotations

import pytest

from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.domain.fidelity import Fidelity, fingerprint
from nylasadmin.domain.items import ItemId, ScheduleItem
from nylasadmin.domain.plan import ALWAYS, Direction
from nylasadmin.services.observing import fidelity_of
from nylasadmin.services.plan_views import PlanItemView, PlanQuery, PlanView
from nylasadmin.services.ports import FolderRef, SenderSettings
from nylasadmin.services.views import SnapshotState, SnapshotView
from tests.services.worlds import OLGA, World


def undo_plan(world: World, snapshot: SnapshotView) -> PlanView:
    return world.services.plans.get(world.services.undo.plan(OLGA, snapshot.id).id)


def rows(world: World, plan: PlanView, **which: object) -> list[PlanItemView]:
    return list(world.services.plans.page(PlanQuery(plan_id=plan.preview.id, **which), is_masked=False).rows)


def run(world: World, plan: PlanView, **options: object) -> SnapshotView:
    return world.services.console.snapshot(world.services.plans.run(OLGA, plan.preview.id, **options).id)


def undone(world: World, snapshot: SnapshotView) -> SnapshotView:
    """Take a snapshot back; the inline runner has ended it when this returns."""
    done = run(world, undo_plan(world, snapshot))
    assert (done.state, done.counters.failed, done.counters.moved) == (SnapshotState.DONE, 0, 0)
    return done


def counted(view: SnapshotView) -> tuple[int, int, int]:
    return view.counters.created, view.counters.updated, view.counters.deleted


def pairs(world: World) -> set[tuple[str, str]]:
    return {(row["crm_id"], row["nylas_id"]) for row in world.rows("pairs")}


def in_crm(world: World) -> dict[ItemId, ScheduleItem]:
    return {i.id: i.item for i in world.items().values()}


def send_fidelity(world: World) -> Fidelity:
    return fidelity_of(Direction.SEND, world.box.sandbox.provider)


def at_nylas(world: World) -> dict[ItemId, ScheduleItem]:
    """Give the items at Nylas as the product reads them."""
    grant = world.box.grants[0]
    side = NylasHttpSide()
    sender = SenderSettings(base_url=world.box.url, api_key=world.box.api_key, requests_per_s=0)
    folder = FolderRef(
        grant_id=grant.id,
        provider=world.box.sandbox.provider,
        folder_id=world.calendar().id,
        account_email=grant.email,
        installation="here",
    )
    reader = side.reader(sender, folder)
    ids = [o.id for batch in reader.observe(send_fidelity(world), ALWAYS) for o in batch]
    found = reader.load(ids)
    side.close()
    return found


def by_title(world: World) -> dict[str, bytes]:
    """Give what counts of each item at Nylas; ids change when something is created again."""
    return {item.title: fingerprint(item, send_fidelity(world)) for item in at_nylas(world).values()}


def event_id(world: World, title: str) -> str:
    (found,) = [i for i, e in world.events().items() if e["title"] == title and not e.get("master_event_id")]
    return found


Got = tuple[World, SnapshotView, dict[ItemId, ScheduleItem]]


@pytest.fixture
def agreed(world: World) -> World:
    """Ten events, equal at both sides."""
    for number in range(10):
        world.event(f"Meeting {number}", location="Room 1")
    world.get()
    return world


@pytest.fixture
def got(agreed: World) -> Got:
    """A Get that creates one item in the CRM, overwrites one and deletes one; with the CRM as it was before."""
    agreed.edit(agreed.named("Meeting 1"), location="Room 9", priority=3, private_notes="secret")
    agreed.box.delete_event(agreed.calendar(), event_id(agreed, "Meeting 2"))
    agreed.event("New")
    before = in_crm(agreed)
    view = agreed.get()
    assert counted(view) == (1, 1, 1)
    return agreed, view, before
