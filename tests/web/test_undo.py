"""The button that plans an undo, what its plan and its page say, and what is kept for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from nylasadmin.adapters.clocks import FixedClock
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.services.views import SnapshotQuery, SnapshotView
from nylasadmin.web.undo import size
from tests.web.stage import Stage
from tests.web.test_plans import edit, own_items
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]
DAY = 86_400


@pytest.fixture
def done(stage: Stage) -> SnapshotView:
    """A Get that has overwritten three items of the CRM and deleted none."""
    stage.get()
    for item in own_items(stage)[:3]:
        edit(stage, item, title=f"Edited {item.id}")
    view = stage.get()
    assert view.counters.updated == 3
    return view


def newest_plan(stage: Stage) -> int:
    return stage.product.services.console.snapshots(SnapshotQuery(open_plans=True))[0].id


def carried_out(stage: Stage, done: SnapshotView) -> SnapshotView:
    plan = stage.product.services.undo.plan(COMMAND_LINE, done.id)
    started = stage.product.services.plans.run(COMMAND_LINE, plan.id)
    return stage.product.services.console.snapshot(started.id)


def test_the_button_makes_a_plan_and_leads_to_it(stage: Stage, done: SnapshotView, visit: Visit) -> None:
    olga = visit("olga")
    assert f'id="undo-{done.id}"' in olga.get(f"/snapshots/{done.id}").text
    answer = olga.post(f"/snapshots/{done.id}/undo")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/plans/{newest_plan(stage)}")


def test_the_plan_says_what_it_takes_back_and_what_it_leaves(stage: Stage, done: SnapshotView, visit: Visit) -> None:
    item = own_items(stage)[0]
    edit(stage, item, title="Touched since")
    olga = visit("olga")
    olga.post(f"/snapshots/{done.id}/undo")
    page = olga.get(f"/plans/{newest_plan(stage)}").text
    assert f"snapshot {done.id}</a>: 2 items get their earlier version; 1 was changed since" in page
    assert "Take 2 back in the CRM" in page
    assert "Changed since the snapshot" in page


def test_the_plan_is_run_from_its_page(stage: Stage, done: SnapshotView, visit: Visit) -> None:
    olga = visit("olga")
    olga.post(f"/snapshots/{done.id}/undo")
    olga.post(f"/plans/{newest_plan(stage)}/run", {"reason": "wrong side"})
    undo = stage.product.services.console.snapshots(SnapshotQuery())[0]
    assert (undo.undoes_id, undo.counters.updated) == (done.id, 3)
    page = olga.get(f"/snapshots/{undo.id}").text
    assert f"Undo of snapshot {done.id}" in page
    assert f'id="undo-{undo.id}"' in page  # an undo can be taken back, too


def test_pages_say_which_snapshot_took_which_back(stage: Stage, done: SnapshotView, visit: Visit) -> None:
    undo = carried_out(stage, done)
    vera = visit("vera")
    assert f"by snapshot {undo.id}</a>" in vera.get(f"/snapshots/{done.id}").text
    assert f"Snapshot {done.id}</a>" in vera.get(f"/snapshots/{undo.id}").text
    history = vera.get("/snapshots").text
    assert f"taken back by snapshot {undo.id}" in history
    assert f"Undo of snapshot {done.id}" in history


def test_what_was_taken_back_is_not_offered_again(stage: Stage, done: SnapshotView, visit: Visit) -> None:
    carried_out(stage, done)
    olga = visit("olga")
    assert f'id="undo-{done.id}"' not in olga.get(f"/snapshots/{done.id}").text
    refused = olga.post(f"/snapshots/{done.id}/undo")
    assert refused.status_code == 409
    assert "was taken back already" in refused.text


def test_what_was_taken_back_in_part_is_offered_again(stage: Stage, done: SnapshotView, visit: Visit) -> None:
    edit(stage, own_items(stage)[0], title="Touched since")
    carried_out(stage, done)
    assert "Undo the rest…" in visit("olga").get(f"/snapshots/{done.id}").text


def test_the_button_ends_with_the_days(stage: Stage, done: SnapshotView, visit: Visit, clock: FixedClock) -> None:
    clock.move(31 * DAY)
    olga = visit("olga")
    assert f'id="undo-{done.id}"' not in olga.get(f"/snapshots/{done.id}").text
    refused = olga.post(f"/snapshots/{done.id}/undo")
    assert (refused.status_code, "keeps earlier versions for 30 days" in refused.text) == (409, True)


def test_who_may_only_look_sees_no_button_and_is_refused(stage: Stage, done: SnapshotView, visit: Visit) -> None:
    vera = visit("vera")
    assert f'id="undo-{done.id}"' not in vera.get(f"/snapshots/{done.id}").text
    assert vera.post(f"/snapshots/{done.id}/undo").status_code == 403
    newest = stage.product.services.audit.rows(size=1)[0]
    assert (newest.actor, newest.action, newest.outcome) == ("vera", "snapshot.preview", "denied")


def test_a_snapshot_without_writes_has_no_button(stage: Stage, done: SnapshotView, visit: Visit) -> None:
    again = stage.get()
    assert f'id="undo-{again.id}"' not in visit("olga").get(f"/snapshots/{again.id}").text


def test_the_history_offers_it_too(stage: Stage, done: SnapshotView, visit: Visit) -> None:
    assert f'id="undo-{done.id}"' in visit("olga").get("/snapshots").text


def test_a_plan_of_an_undo_is_planned_again_as_one(stage: Stage, done: SnapshotView, visit: Visit) -> None:
    olga = visit("olga")
    olga.post(f"/snapshots/{done.id}/undo")
    olga.post(f"/plans/{newest_plan(stage)}/again")
    assert stage.product.services.console.snapshot(newest_plan(stage)).undoes_id == done.id


def test_the_server_panel_says_what_is_kept(stage: Stage, done: SnapshotView, visit: Visit) -> None:
    panel = visit("olga").get(f"/panels/targets/{stage.target.id}/server").text
    kept = stage.product.services.undo.kept(stage.target.id)
    assert f"3 versions kept, {size(kept.size_bytes)}" in panel


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (4_100_000, "4.1 MB"), (3_210, "3.2 KB")]
)
def test_sizes_are_said_in_their_largest_unit(count: int, text: str) -> None:
    assert size(count) == text


def test_titles_of_a_plan_are_masked_for_who_may_only_look(stage: Stage, done: SnapshotView, visit: Visit) -> None:
    item = own_items(stage)[0]
    edit(stage, replace(item), title="Secret since")
    visit("olga").post(f"/snapshots/{done.id}/undo")
    assert "Secret since" not in visit("vera").get(f"/plans/{newest_plan(stage)}").text
