"""Asking for a snapshot, its progress and result, the history, and the decisions about held runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from markupsafe import escape
from msgspec.structs import replace

from nylasadmin.domain.links import AccountState
from nylasadmin.domain.plan import ActionKind, Direction, ReceiverOnly
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.domain.runs import RunState
from nylasadmin.errors import NotFound
from nylasadmin.services.plan_views import PlanQuery
from nylasadmin.services.rows import NewRun
from nylasadmin.services.views import SnapshotQuery, SnapshotState, SnapshotView
from tests.web.stage import Stage
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]
_PREVIEW = re.compile(r'name="preview_id" value="(\d+)"')


def ask(stage: Stage, direction: str = "get", **more: Any) -> dict[str, Any]:
    """Give what the dialog sends for a snapshot of the whole target."""
    return {"direction": direction, "target_id": stage.target.id, "receiver_only": "keep", **more}


def newest(stage: Stage) -> SnapshotView:
    return stage.product.services.console.snapshots(SnapshotQuery())[0]


def waiting(stage: Stage, *, is_preview: bool = False) -> int:
    """Leave a snapshot of one link in the queue, as if the runner had not come to it, and give its id."""
    link = stage.link
    with stage.product.storage.write() as tx:
        snapshot = tx.runs.add_snapshot(
            target_id=stage.target.id,
            link_id=None,
            direction=Direction.GET,
            receiver_only=ReceiverOnly.KEEP,
            is_preview=is_preview,
            reason="",
            operator="olga",
            skipped=[],
        )
        tx.runs.add_runs(snapshot, [NewRun(link_id=link.id, account_id=link.account_id)])
    return snapshot


def planned(stage: Stage, direction: str = "get", receiver_only: str = "keep") -> int:
    """Plan a snapshot of the whole target and give the plan's id."""
    preview = stage.product.services.snapshots.request(
        COMMAND_LINE,
        direction=Direction(direction),
        target_id=stage.target.id,
        receiver_only=ReceiverOnly(receiver_only),
        is_preview=True,
    )
    return preview.id


# --- the dialog --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "title", "loser"),
    [("get", "Get snapshot · Nylas → CRM", "CRM"), ("send", "Send snapshot · CRM → Nylas", "Nylas")],
)
def test_the_dialog_names_both_sides_and_the_one_that_gives_way(
    visit: Visit, stage: Stage, direction: str, title: str, loser: str
) -> None:
    dialog = visit("olga").ask(f"/snapshots/new?direction={direction}&target_id={stage.target.id}").text
    assert f">{title}</h2>" in dialog
    assert f"<b>{loser}</b><small>gives way</small>" in dialog
    assert "Attendees are not mailed" in dialog


def test_opening_the_dialog_writes_and_plans_nothing(visit: Visit, stage: Stage) -> None:
    dialog = visit("olga").ask(f"/snapshots/new?direction=get&link_id={stage.link.id}").text
    assert 'data-state="new"' in dialog
    assert re.search(r'<button id="snapshot-confirm" disabled>', dialog)
    with pytest.raises(NotFound):
        stage.product.services.console.snapshot(1)


def test_sending_to_a_provider_that_mails_attendees_says_so(visit: Visit, stage: Stage) -> None:
    with stage.product.storage.write() as tx:
        account = tx.accounts.get(stage.link.account_id)
        tx.accounts.save(_at_microsoft(account))
    dialog = visit("olga").ask(f"/snapshots/new?direction=send&link_id={stage.link.id}").text
    assert "Microsoft mails attendees by itself" in dialog


def _at_microsoft(account: Any) -> Any:
    return replace(account, provider="microsoft")


@pytest.mark.parametrize("query", ["", "direction=get", "direction=up&target_id=1", "direction=get&target_id=99"])
def test_a_dialog_for_nothing_in_particular_is_not_found(visit: Visit, stage: Stage, query: str) -> None:
    assert visit("olga").get(f"/snapshots/new?{query}").status_code == 404


# --- the plan ----------------------------------------------------------------------------------------------------


def test_the_plan_counts_before_anything_is_written(visit: Visit, stage: Stage) -> None:
    plan = visit("olga").send("/snapshots/plan", ask(stage)).text
    preview = stage.product.services.console.snapshot(int(_PREVIEW.findall(plan)[0]))
    assert (preview.is_preview, preview.counters.created, stage.items()) == (True, 0, 0)
    assert preview.counters.to_create > 0
    assert f"<b>{preview.counters.to_create}</b><span>create in the CRM</span>" in plan
    assert f"Create {preview.counters.to_create} in the CRM" in plan
    assert "nothing has been written" in plan


def test_a_plan_under_way_shows_its_progress_and_asks_again(visit: Visit, stage: Stage) -> None:
    preview = waiting(stage, is_preview=True)
    address = f"/panels/snapshots/{preview}/plan?direction=get&target_id={stage.target.id}&receiver_only=keep"
    plan = visit("olga").get(address).text
    assert 'data-state="planning"' in plan
    assert "every 1s" in plan
    assert "0 of 1 link" in plan
    assert f'data-preview="/snapshots/{preview}/cancel"' in plan


def test_other_options_give_up_the_plan_before(visit: Visit, stage: Stage) -> None:
    preview = waiting(stage, is_preview=True)
    visit("olga").send("/snapshots/plan", ask(stage, receiver_only="remove", preview_id=preview))
    assert stage.product.services.console.snapshot(preview).state is SnapshotState.CANCELLED


def test_planning_never_cancels_a_real_snapshot(visit: Visit, stage: Stage) -> None:
    real = waiting(stage)
    visit("olga").send("/snapshots/plan", ask(stage, preview_id=real))
    assert stage.product.services.console.snapshot(real).state is not SnapshotState.CANCELLED


def test_links_that_are_left_out_are_named_with_the_reason(visit: Visit, stage: Stage) -> None:
    stage.product.services.links.edit(COMMAND_LINE, stage.link.id, 1, inbound=False, outbound=True)
    plan = visit("olga").send("/snapshots/plan", ask(stage)).text
    assert "Left out: 1 link" in plan
    assert "Not copied: Inbound is off at this link." in plan


def test_a_link_whose_direction_is_off_explains_instead_of_planning(visit: Visit, stage: Stage) -> None:
    stage.product.services.links.edit(COMMAND_LINE, stage.link.id, 1, inbound=False, outbound=True)
    wanted = {"direction": "get", "link_id": stage.link.id, "receiver_only": "keep"}
    answer = visit("olga").send("/snapshots/plan", wanted)
    assert answer.status_code == 409
    assert "Inbound is off at this link" in answer.text
    assert 'id="snapshot-confirm" disabled' in answer.text


def test_a_link_whose_account_needs_sign_in_says_what_the_user_has_to_do(visit: Visit, stage: Stage) -> None:
    with stage.product.storage.write() as tx:
        tx.accounts.set_state(stage.link.account_id, AccountState.NEEDS_SIGN_IN)
    asked = {"direction": "get", "link_id": stage.link.id, "receiver_only": "keep"}
    answer = visit("olga").send("/snapshots/plan", asked)
    assert "The user has to sign in again; the page of accounts has a link to send." in answer.text
    assert "Switch it on" not in answer.text


def test_a_target_without_links_sends_to_discover(visit: Visit, bare: Stage) -> None:
    answer = visit("olga").send("/snapshots/plan", ask(bare))
    assert "This target has no links yet. Discover its accounts and folders first." in answer.text
    assert "The list below" not in answer.text


def test_without_scripts_the_plan_is_a_page(visit: Visit, stage: Stage) -> None:
    person = visit("olga")
    answer = person.post("/snapshots/plan", ask(stage))
    assert answer.status_code == 303
    page = person.get(answer.location or "").text
    assert "<html" in page
    assert 'data-state="done"' in page


def test_without_scripts_a_refused_plan_is_a_page_too(visit: Visit, stage: Stage) -> None:
    stage.product.services.links.edit(COMMAND_LINE, stage.link.id, 1, inbound=False, outbound=True)
    answer = visit("olga").post("/snapshots/plan", {"direction": "get", "link_id": stage.link.id, "reason": "typed"})
    assert answer.status_code == 409
    assert "<html" in answer.text
    assert "Inbound is off at this link" in answer.text
    assert 'value="typed"' in answer.text


def test_an_endless_reason_for_a_plan_is_refused_in_the_form(visit: Visit, stage: Stage) -> None:
    answer = visit("olga").post("/snapshots/plan", ask(stage, reason="x" * 501))
    assert answer.status_code == 422
    assert "Use 500 characters or fewer" in answer.text
    assert 'value="xxx' in answer.text


def test_the_number_of_a_snapshot_stands_for_no_plan_in_the_dialog(visit: Visit, stage: Stage) -> None:
    done = stage.get()
    answer = visit("olga").get(f"/snapshots/new?direction=get&target_id={stage.target.id}&preview_id={done.id}")
    assert answer.status_code == 200
    assert 'data-state="done"' not in answer.text


@pytest.mark.parametrize("address", ["/snapshots?page=99", "/snapshots/{id}?page=99&failures=99"])
def test_a_page_beyond_the_last_is_the_last(visit: Visit, stage: Stage, address: str) -> None:
    done = stage.get()
    page = visit("olga").get(address.format(id=done.id)).text
    assert "No snapshot yet" not in page
    assert "No run in that state" not in page
    assert stage.target.name in page


# --- start, progress, result -------------------------------------------------------------------------------------


def test_the_word_to_start_copies_and_wakes_the_panels(visit: Visit, stage: Stage) -> None:
    person = visit("olga")
    plan = person.send("/snapshots/plan", ask(stage)).text
    answer = person.send("/snapshots", ask(stage, reason="new year", preview_id=_PREVIEW.findall(plan)[0]))
    assert answer.status_code == 200
    assert {"snapshotsChanged", "linksChanged", "dialog-done"} <= set(json.loads(answer.headers["HX-Trigger"]))
    done = newest(stage)
    assert (done.state, done.operator, done.reason) == (SnapshotState.DONE, "olga", "new year")
    assert stage.items() == done.counters.created > 0


def test_without_scripts_starting_leads_to_the_snapshot(visit: Visit, stage: Stage) -> None:
    answer = visit("olga").post("/snapshots", ask(stage, preview_id=planned(stage)))
    assert (answer.status_code, answer.location) == (303, f"/snapshots/{newest(stage).id}")


@pytest.mark.parametrize("seen", [{}, {"receiver_only": "remove"}, {"direction": "send"}])
def test_only_a_plan_that_was_seen_is_started(visit: Visit, stage: Stage, seen: dict[str, str]) -> None:
    preview = {"preview_id": planned(stage, **seen)} if seen else {}
    answer = visit("olga").send("/snapshots", ask(stage, **preview))
    assert (answer.status_code, "This was not the plan you saw" in answer.text) == (409, True)
    assert stage.product.services.console.count_snapshots(SnapshotQuery()) == 0


def test_a_busy_target_refuses_a_second_snapshot_in_the_dialog(visit: Visit, stage: Stage) -> None:
    for row in stage.rows[1:]:
        stage.product.services.links.switch_many(COMMAND_LINE, [row.id], Direction.GET, False)
    preview = planned(stage)
    waiting(stage)
    answer = visit("olga").send("/snapshots", ask(stage, reason="again", preview_id=preview))
    assert answer.status_code == 409
    assert "None of the links can be copied" in answer.text
    assert "is working on it" in answer.text
    assert 'value="again"' in answer.text


def test_the_server_panel_shows_the_running_snapshot_and_cancels_it(visit: Visit, stage: Stage) -> None:
    snapshot, person = waiting(stage), visit("olga")
    panel = person.get(f"/panels/targets/{stage.target.id}/server").text
    assert f'id="strip-{snapshot}"' in panel
    assert "<progress" in panel
    answer = person.send(f"/snapshots/{snapshot}/cancel")
    assert "snapshotsChanged" in answer.headers["HX-Trigger"]
    assert stage.product.services.console.snapshot(snapshot).state is SnapshotState.CANCELLED
    assert ">Cancelled<" in person.get(f"/panels/targets/{stage.target.id}/server").text


def test_vera_follows_the_progress_without_a_way_to_cancel(visit: Visit, stage: Stage) -> None:
    snapshot = waiting(stage)
    for address in (f"/panels/targets/{stage.target.id}/server", f"/snapshots/{snapshot}"):
        page = visit("vera").get(address).text
        assert "<progress" in page
        assert "/cancel" not in page


def test_the_result_stays_in_the_panel_with_the_way_to_its_page(visit: Visit, stage: Stage) -> None:
    done = stage.get()
    panel = visit("vera").get(f"/panels/targets/{stage.target.id}/server").text
    assert f"<b>{done.counters.created}</b> created" in panel
    assert f'href="/snapshots/{done.id}"' in panel


# --- its page ----------------------------------------------------------------------------------------------------


def test_the_page_tells_what_was_asked_and_what_came_of_it(visit: Visit, stage: Stage) -> None:
    person = visit("olga")
    person.send("/snapshots", ask(stage, reason="new year", preview_id=planned(stage)))
    page = person.get(f"/snapshots/{newest(stage).id}").text
    assert "CRM gives way" in page
    assert "by olga" in page
    assert "new year" in page
    assert page.count('<tr id="run-') == len(stage.rows)


def test_runs_are_filtered_by_state(visit: Visit, stage: Stage) -> None:
    _sign_one_out(stage)
    snapshot = stage.get()
    page = visit("vera").get(f"/snapshots/{snapshot.id}?state=paused").text
    assert page.count('<tr id="run-') == snapshot.links_by_state[RunState.PAUSED]
    assert f"Done {snapshot.links_by_state[RunState.DONE]}</a>" in page


def _sign_one_out(stage: Stage) -> None:
    """Let the first account's grant expire."""
    grant = next(g for g in stage.box.grants if g.email == stage.link.folder_owner)
    grant.is_valid = False


def test_a_failed_run_says_why_and_is_tried_again(visit: Visit, stage: Stage) -> None:
    link = stage.link
    stage.box.sandbox.grants.find(_account(stage)).calendars.pop(link.folder_id)
    snapshot, person = stage.get(link.id), visit("olga")
    page = person.get(f"/snapshots/{snapshot.id}").text
    assert snapshot.state is SnapshotState.FAILED
    assert "Raw answer" in page
    answer = person.send(f"/snapshots/{snapshot.id}/retry")
    assert answer.headers["HX-Redirect"] == f"/snapshots/{newest(stage).id}"
    assert newest(stage).id > snapshot.id


def _account(stage: Stage) -> str:
    return stage.product.services.console.link(stage.link.id).account.grant_id


def test_there_is_nothing_to_try_again_after_a_success(visit: Visit, stage: Stage) -> None:
    done, person = stage.get(), visit("olga")
    answer = person.send(f"/snapshots/{done.id}/retry")
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (409, "#notices")
    assert "Nothing failed in this snapshot" in answer.text


@pytest.mark.parametrize("address", ["/snapshots/99", "/panels/snapshots/99", "/snapshots/99/runs/1/approve"])
def test_a_snapshot_that_is_not_there_is_not_found(visit: Visit, stage: Stage, address: str) -> None:
    assert visit("olga").get(address).status_code == 404


# --- held --------------------------------------------------------------------------------------------------------


@pytest.fixture
def held(stage: Stage) -> tuple[Stage, SnapshotView]:
    """Copy a calendar to the CRM, empty it, and copy again: the guard holds the run."""
    link = next(row for row in stage.rows if stage.get(row.id).counters.created >= 20)
    calendar = stage.box.calendar(stage.product.services.console.link(link.id).account.grant_id, link.folder_name)
    with stage.box.sandbox.lock:
        for event_id in [row.id for _, row in calendar.events.rows()]:
            if calendar.events.get(event_id):  # an override goes with its series
                calendar.events.remove(event_id)
    snapshot = stage.get(link.id)
    assert snapshot.state is SnapshotState.HELD
    return stage, snapshot


def test_a_held_run_says_what_would_be_deleted_and_that_nothing_was(
    visit: Visit, held: tuple[Stage, SnapshotView]
) -> None:
    stage, snapshot = held
    page = visit("olga").get(f"/snapshots/{snapshot.id}").text
    assert "Held before the first write:" in page
    assert "Nothing was written." in page
    assert "came back empty" in page
    assert f"Delete exactly these {snapshot.counters.to_delete}" in page
    assert "Decide" in visit("olga").get(f"/panels/targets/{stage.target.id}/server").text


def test_a_held_run_lists_its_victims_with_masks_for_those_who_may_not_act(
    visit: Visit, held: tuple[Stage, SnapshotView]
) -> None:
    stage, snapshot = held
    query = PlanQuery(plan_id=snapshot.id, kind=ActionKind.DELETE)
    title = escape(stage.product.services.plans.page(query, is_masked=False).rows[0].title)

    page, listed = (visit("olga").get(f"/snapshots/{snapshot.id}{end}").text for end in ("", "/unwritten?kind=delete"))
    assert "These would be deleted" in page
    assert title in page
    assert title in listed
    assert "Was deleted in Nylas" in listed
    for end in ("", "/unwritten?kind=delete"):
        assert title not in visit("vera").get(f"/snapshots/{snapshot.id}{end}").text


def test_what_cannot_be_written_is_counted_by_reason_and_listed(visit: Visit, stage: Stage) -> None:
    row = next(row for row in stage.rows if row.outbound)
    link, organizer = stage.product.services.console.link(row.id), {"email": "boss@elsewhere.example"}
    calendar = stage.box.calendar(link.account.grant_id, link.link.folder_id)
    when = {"object": "date", "date": "2026-03-04"}
    stage.box.add_event(calendar, {"title": "Theirs", "when": when, "organizer": organizer})
    stage.get(row.id)
    lines = [json.loads(line) for line in stage.product.services.crm.export()]
    (item,) = [line for line in lines if line.get("item", {}).get("title") == "Theirs"]
    changed = item | {"item": item["item"] | {"location": "Room 9"}}
    stage.product.services.crm.load(COMMAND_LINE, [json.dumps(changed)])

    sent = stage.send(row.id)

    page = visit("olga").get(f"/snapshots/{sent.id}").text
    assert f"Not written: {sent.counters.skipped} item" in page
    assert "Somebody else organizes it" in page
    listed = visit("olga").get(f"/snapshots/{sent.id}/unwritten?kind=skip").text
    assert "Theirs" in listed


def test_a_snapshot_of_a_held_link_leads_to_the_decision(visit: Visit, held: tuple[Stage, SnapshotView]) -> None:
    stage, snapshot = held
    asked = {"direction": "get", "link_id": snapshot.link_id, "receiver_only": "keep"}
    olga = visit("olga")
    plan = stage.product.services.snapshots.request(
        COMMAND_LINE, direction=Direction.GET, link_id=snapshot.link_id, is_preview=True
    )
    deletes = stage.product.services.plans.get(plan.id).to_delete
    answer = olga.send("/snapshots", asked | {"preview_id": plan.id, "typed_deletes": deletes})
    assert answer.status_code == 409
    assert f"of snapshot {snapshot.id} waits for somebody to decide" in answer.text
    assert f'<a href="/snapshots/{snapshot.id}">Decide</a>' in answer.text
    removal = olga.send(f"/links/{snapshot.link_id}/remove", {"version": stage.link.version})
    assert "waits for somebody to decide about its deletes" in removal.text


def test_approving_needs_the_count_and_a_reason_and_keeps_what_was_typed(
    visit: Visit, held: tuple[Stage, SnapshotView]
) -> None:
    stage, snapshot = held
    person, address = visit("olga"), approve(stage, snapshot)
    answer = person.send(address, {"typed_deletes": "1", "reason": ""})
    assert (answer.status_code, 'value="1"' in answer.text) == (422, True)
    assert f"Type {snapshot.counters.to_delete}" in answer.text
    assert "Say why these deletes are right" in answer.text


def test_an_endless_reason_is_refused_where_it_is_entered(visit: Visit, held: tuple[Stage, SnapshotView]) -> None:
    stage, snapshot = held
    run = stage.product.services.console.runs(snapshot.id, states=(RunState.HELD,))[0]
    assert run.hold
    typed = {"typed_deletes": str(run.hold.deletes), "reason": "because " * 15_000}
    answer = visit("olga").send(f"/snapshots/{snapshot.id}/runs/{run.id}/approve", typed)
    assert (answer.status_code, "Use 500 characters or fewer; these are" in answer.text) == (422, True)
    assert stage.product.services.console.snapshot(snapshot.id).state is SnapshotState.HELD


def test_approving_deletes_exactly_these(visit: Visit, held: tuple[Stage, SnapshotView]) -> None:
    stage, snapshot = held
    typed = {"typed_deletes": str(snapshot.counters.to_delete), "reason": "the calendar was emptied on purpose"}
    before = stage.items()
    answer = visit("olga").send(approve(stage, snapshot), typed)
    assert answer.status_code == 200
    assert stage.product.services.console.snapshot(snapshot.id).state is SnapshotState.DONE
    assert stage.items() == before - snapshot.counters.to_delete


def test_a_held_run_is_cancelled(visit: Visit, held: tuple[Stage, SnapshotView]) -> None:
    stage, snapshot = held
    run = stage.product.services.console.runs(snapshot.id)[0]
    before = stage.items()
    visit("olga").send(f"/snapshots/{snapshot.id}/runs/{run.id}/cancel")
    assert stage.product.services.console.snapshot(snapshot.id).state is SnapshotState.CANCELLED
    assert stage.items() == before


def test_a_run_that_is_not_held_any_more_is_not_approved(visit: Visit, held: tuple[Stage, SnapshotView]) -> None:
    stage, snapshot = held
    address = approve(stage, snapshot)
    stage.product.services.snapshots.cancel(COMMAND_LINE, snapshot.id)
    answer = visit("olga").send(address, {"typed_deletes": "1", "reason": "x"})
    assert (answer.status_code, "not held any more" in answer.text) == (409, True)


def test_vera_reads_about_a_held_run_and_decides_nothing(visit: Visit, held: tuple[Stage, SnapshotView]) -> None:
    stage, snapshot = held
    person = visit("vera")
    page = person.get(f"/snapshots/{snapshot.id}").text
    assert "Held before the first write" in page
    assert "approve" not in page
    assert person.send(approve(stage, snapshot), {"typed_deletes": "1"}).status_code == 403


def approve(stage: Stage, snapshot: SnapshotView) -> str:
    run = stage.product.services.console.runs(snapshot.id)[0]
    return f"/snapshots/{snapshot.id}/runs/{run.id}/approve"


# --- history -----------------------------------------------------------------------------------------------------


def test_the_history_lists_snapshots_newest_first_and_filters(visit: Visit, stage: Stage) -> None:
    get, send = stage.get(), stage.send()
    person = visit("vera")
    page = person.get("/snapshots").text
    assert page.index(f'id="snapshot-{send.id}"') < page.index(f'id="snapshot-{get.id}"')
    only = person.ask("/panels/snapshots?direction=get").text
    assert f'id="snapshot-{get.id}"' in only
    assert f'id="snapshot-{send.id}"' not in only


def test_previews_are_not_history(visit: Visit, stage: Stage) -> None:
    person = visit("olga")
    person.send("/snapshots/plan", ask(stage))
    assert "No snapshot yet" in person.get("/snapshots").text


def test_the_history_has_pages(visit: Visit, stage: Stage) -> None:
    link = stage.link.id
    for _ in range(26):
        stage.get(link)
    person = visit("vera")
    assert person.get("/snapshots").text.count('<tr id="snapshot-') == 25
    assert person.get("/snapshots?page=2").text.count('<tr id="snapshot-') == 1


@pytest.mark.parametrize("what", ["cancel", "retry", "runs/1/cancel"])
def test_a_get_decides_nothing(visit: Visit, stage: Stage, what: str) -> None:
    assert visit("olga").get(f"/snapshots/1/{what}").status_code == 405
