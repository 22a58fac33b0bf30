"""Stored plans: exactly what a snapshot would do, kept, trimmed, and carried out as shown."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from nylasadmin.adapters.clocks import SystemClock
from nylasadmin.domain.differences import MASK, Field
from nylasadmin.domain.filters import Filter, Kinds, describe
from nylasadmin.domain.links import OffReason
from nylasadmin.domain.plan import ActionKind, Direction, Reason
from nylasadmin.domain.privileges import Actor
from nylasadmin.errors import InvalidInput, NotFound, Refused
from nylasadmin.services.plan_views import PlanItemView, PlanQuery, PlanView
from nylasadmin.services.plans import LIFETIME_S, Plans
from nylasadmin.services.views import SnapshotState, SnapshotView
from tests.services.conftest import Worlds
from tests.services.worlds import OLGA, World

VERA = Actor(name="vera", address="10.0.0.8")


def plan(world: World, direction: Direction = Direction.GET, *, remove: bool = False) -> PlanView:
    return world.services.plans.get(world.snapshot(direction, remove=remove, is_preview=True).id)


def items(world: World, view: PlanView, *, is_masked: bool = False, **which: object) -> list[PlanItemView]:
    query = PlanQuery(plan_id=view.preview.id, **which)
    return list(world.services.plans.page(query, is_masked=is_masked).rows)


def carried_out(world: World, view: PlanView) -> SnapshotView:
    return world.services.console.snapshot(world.services.plans.run(OLGA, view.preview.id).id)


@pytest.fixture
def agreed(world: World) -> World:
    """Three events, equal at both sides."""
    for title in ("Alpha", "Beta", "Gamma"):
        world.event(title)
    world.get()
    world.forget_requests()
    return world


def test_a_plan_lists_every_write_with_its_reason_and_differences(agreed: World) -> None:
    agreed.edit(agreed.named("Alpha"), title="Alpha (edited in the CRM)", location="Room 1")
    agreed.event("Delta")
    view = plan(agreed)
    (update,) = items(agreed, view, kind=ActionKind.UPDATE)
    (create,) = items(agreed, view, kind=ActionKind.CREATE)
    assert update.reason is Reason.DIFFERS
    assert {d.field: (d.old, d.new) for d in update.differences} == {
        Field.TITLE: (("Alpha (edited in the CRM)",), ("Alpha",)),
        Field.LOCATION: (("Room 1",), ()),
    }
    assert (create.title, create.reason) == ("Delta", Reason.CREATED_AT_SOURCE)
    assert (view.to_write, view.items(ActionKind.UNCHANGED)) == (2, 0)


def test_planning_sends_no_writing_request_and_changes_nothing_in_the_crm(agreed: World) -> None:
    agreed.edit(agreed.named("Alpha"), title="Edited")
    before = agreed.rows("crm_items"), agreed.rows("pairs"), agreed.rows("crm_changes")
    plan(agreed, Direction.SEND, remove=True)
    assert agreed.writing_requests() == []
    assert (agreed.rows("crm_items"), agreed.rows("pairs"), agreed.rows("crm_changes")) == before


def test_running_a_plan_does_what_it_shows(agreed: World) -> None:
    agreed.edit(agreed.named("Alpha"), title="Edited")
    done = carried_out(agreed, plan(agreed, Direction.SEND))
    assert (done.state, done.counters.updated) == (SnapshotState.DONE, 1)
    assert agreed.titles_at_nylas() == ["Beta", "Edited", "Gamma"]


def test_an_item_whose_source_changed_since_is_not_touched_and_named(agreed: World) -> None:
    agreed.edit(agreed.named("Alpha"), title="First edit")
    agreed.edit(agreed.named("Beta"), title="Beta edited")
    view = plan(agreed, Direction.SEND)
    agreed.edit(agreed.named("First edit"), title="Second edit")
    done = carried_out(agreed, view)
    assert (done.counters.updated, done.counters.moved) == (1, 1)
    assert agreed.titles_at_nylas() == ["Alpha", "Beta edited", "Gamma"]
    after = agreed.services.plans.get(view.preview.id)
    assert (after.moved, after.executed_by) == (1, done.id)


def test_an_item_whose_destination_changed_since_is_not_touched(agreed: World) -> None:
    agreed.edit(agreed.named("Alpha"), title="Edited in the CRM")
    view = plan(agreed, Direction.SEND)
    (event_id,) = [i for i, e in agreed.events().items() if e["title"] == "Alpha"]
    agreed.box.change_event(agreed.calendar(), event_id, {"title": "Edited at Nylas"})
    done = carried_out(agreed, view)
    assert (done.counters.updated, done.counters.moved) == (0, 1)
    assert "Edited at Nylas" in agreed.titles_at_nylas()


def test_what_came_after_the_plan_waits_for_the_next_one(agreed: World) -> None:
    agreed.event("Delta")
    view = plan(agreed)
    agreed.event("Epsilon")
    done = carried_out(agreed, view)
    assert done.counters.created == 1
    assert "Epsilon" not in agreed.titles_in_crm()


def test_an_excluded_item_stays_as_it_is(agreed: World) -> None:
    agreed.event("Delta")
    agreed.event("Epsilon")
    view = plan(agreed)
    (delta,) = items(agreed, view, search="delta")
    assert agreed.services.plans.exclude(OLGA, view.preview.id, [(delta.run_id, delta.seq)], is_excluded=True) == 1
    assert agreed.services.plans.get(view.preview.id).to_write == 1
    done = carried_out(agreed, view)
    assert (done.counters.created, done.counters.skipped) == (1, 1)
    assert "Delta" not in agreed.titles_in_crm()


def test_an_excluded_item_can_be_taken_in_again(agreed: World) -> None:
    agreed.event("Delta")
    view = plan(agreed)
    (delta,) = items(agreed, view)
    for is_excluded in (True, False):
        agreed.services.plans.exclude(OLGA, view.preview.id, [(delta.run_id, delta.seq)], is_excluded=is_excluded)
    assert carried_out(agreed, view).counters.created == 1


def test_a_plan_is_carried_out_once(agreed: World) -> None:
    agreed.event("Delta")
    view = plan(agreed)
    carried_out(agreed, view)
    with pytest.raises(Refused, match="plan_used"):
        agreed.services.plans.run(OLGA, view.preview.id)
    with pytest.raises(Refused, match="plan_used"):
        agreed.services.plans.exclude(OLGA, view.preview.id, [(1, 0)], is_excluded=True)


def test_a_plan_without_writes_is_not_carried_out(agreed: World) -> None:
    with pytest.raises(Refused, match="plan_empty"):
        agreed.services.plans.run(OLGA, plan(agreed).preview.id)


def test_a_plan_of_yesterday_is_not_carried_out(agreed: World) -> None:
    agreed.event("Delta")
    view = plan(agreed)
    tomorrow = Plans(agreed.product.storage, _Later(agreed), lambda: None)
    assert tomorrow.get(view.preview.id).has_expired
    with pytest.raises(Refused, match="plan_expired"):
        tomorrow.run(OLGA, view.preview.id)


def test_a_wrong_number_of_deletes_starts_nothing(agreed: World) -> None:
    (event_id,) = [i for i, e in agreed.events().items() if e["title"] == "Alpha"]
    agreed.box.delete_event(agreed.calendar(), event_id)
    view = plan(agreed)
    with pytest.raises(InvalidInput):
        agreed.services.plans.run(OLGA, view.preview.id, typed_deletes=7)
    agreed.services.plans.run(OLGA, view.preview.id, typed_deletes=1)
    assert agreed.titles_in_crm() == ["Beta", "Gamma"]


def test_a_snapshot_is_not_a_plan(agreed: World) -> None:
    with pytest.raises(NotFound):
        agreed.services.plans.get(agreed.get().id)


def test_masks_hide_titles_and_people_and_revealing_leaves_a_row(agreed: World) -> None:
    agreed.edit(agreed.named("Alpha"), title="Secret takeover", location="Vault")
    view = plan(agreed, Direction.SEND)
    (hidden,) = items(agreed, view, is_masked=True)
    assert (hidden.title, {d.new for d in hidden.differences}) == (MASK, {(MASK,)})
    agreed.services.plans.reveal(VERA, view.preview.id)
    newest = agreed.services.audit.rows(size=1)[0]
    assert (newest.actor, newest.action) == ("vera", "plan.reveal")


def test_a_plan_is_searched_filtered_and_paged(agreed: World) -> None:
    for number in range(60):
        agreed.event(f"Meeting {number:02}")
    view = plan(agreed)
    query = PlanQuery(plan_id=view.preview.id, search="meeting", size=25, page=3)
    page = agreed.services.plans.page(query, is_masked=False)
    assert (len(page.rows), page.matching, page.pages) == (10, 60, 3)
    assert agreed.services.plans.page(replace(query, search="nothing"), is_masked=False).matching == 0
    assert len(list(agreed.services.plans.export(replace(query, page=1), is_masked=False))) == 60


class _Later:
    """A clock that is a day ahead of the world's."""

    def __init__(self, world: World) -> None:
        self._clock = world.product.clock

    def now(self) -> float:
        return self._clock.now() + LIFETIME_S + 1


def test_what_was_left_out_of_a_plan_is_left_out_when_its_run_is_tried_again(agreed: World) -> None:
    for title in ("Delta", "Epsilon"):
        agreed.event(title)
    view = plan(agreed)
    (excluded,) = [i for i in items(agreed, view) if i.title == "Delta"]
    agreed.services.plans.exclude(OLGA, view.preview.id, [(excluded.run_id, excluded.seq)], is_excluded=True)
    asleep = Plans(agreed.product.storage, SystemClock(), wake=lambda: None)
    stopped = asleep.run(OLGA, view.preview.id)
    agreed.services.snapshots.cancel(OLGA, stopped.id)

    agreed.services.snapshots.retry_run(OLGA, agreed.run(stopped).id)

    assert agreed.titles_in_crm() == ["Alpha", "Beta", "Epsilon", "Gamma"]


def test_the_audit_row_of_a_plan_names_its_filter(agreed: World) -> None:
    agreed.event("Delta")
    preview = agreed.snapshot(Direction.GET, is_preview=True, filter=Filter(kinds=Kinds.SINGLE))
    agreed.services.plans.run(OLGA, preview.id)
    (row,) = [r for r in agreed.rows("audit") if r["action"] == "plan.run"]
    assert json.loads(row["new"])["filter"] == describe(Filter(kinds=Kinds.SINGLE))


def test_a_run_names_the_links_that_its_plan_could_not_compare(worlds: Worlds) -> None:
    world = worlds(users=2)
    world.event("Alpha")
    world.event("Beta", 1)
    world.fault("status", status=500, grant=world.box.grants[1].id, count=None)
    preview = world.snapshot(Direction.GET, is_preview=True)
    world.heal()

    done = carried_out(world, world.services.plans.get(preview.id))

    missing = world.link(1)
    assert [(s.link_id, s.off) for s in done.skipped if s.link_id == missing.id] == [
        (missing.id, (OffReason.NOT_COMPARED,))
    ]
    assert (world.titles_in_crm(), world.titles_in_crm(1)) == (["Alpha"], [])


def test_a_run_names_the_links_that_its_plan_left_out(worlds: Worlds) -> None:
    world = worlds(users=2)
    world.event("Alpha")
    off = world.link(1)
    world.services.links.edit(OLGA, off.id, off.version, inbound=False, outbound=True)
    done = carried_out(world, plan(world))
    assert (off.id, (OffReason.LINK_SWITCH,)) in [(s.link_id, s.off) for s in done.skipped]
