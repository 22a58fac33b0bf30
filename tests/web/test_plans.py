"""A plan's page: what it shows and to whom, leaving items out, carrying it out, and its files."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from nylasadmin.adapters.clocks import FixedClock
from nylasadmin.domain.differences import MASK
from nylasadmin.domain.plan import ActionKind, Direction, ReceiverOnly
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.domain.runs import RunState
from nylasadmin.services.plan_views import PlanItemView, PlanQuery
from nylasadmin.services.plans import LIFETIME_S
from nylasadmin.services.rows import CrmItem
from nylasadmin.services.views import SnapshotQuery
from tests.web.stage import Stage
from tests.web.test_snapshots import ask, planned, waiting
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]
_ROW = re.compile(r'<tr id="item-(\d+-\d+)"')


def items(stage: Stage, plan: int, **which: Any) -> tuple[PlanItemView, ...]:
    return stage.product.services.plans.page(PlanQuery(plan_id=plan, **which), is_masked=False).rows


def key(item: PlanItemView) -> str:
    return f"{item.run_id}-{item.seq}"


def rows(page: str) -> list[str]:
    return _ROW.findall(page)


def own_items(stage: Stage) -> list[CrmItem]:
    """Give items that a Send may change: nobody else organizes them."""
    addresses = {user.id: user.email for user in stage.product.services.crm.users()}
    with stage.product.storage.read() as tx:
        found = tx.items.page(None, "", 500)
    return [
        i
        for i in found
        if i.collection == "primary"
        and not i.item.rules
        and (i.item.organizer is None or i.item.organizer.email == addresses[i.user_id])
    ]


def edit(stage: Stage, item: CrmItem, **changes: Any) -> None:
    stage.product.services.crm.put(COMMAND_LINE, replace(item, item=replace(item.item, **changes)))


@pytest.fixture
def edited(stage: Stage) -> int:
    """Both sides agree, then two items are edited in the CRM; gives the plan of a Send."""
    stage.get()
    first, second = own_items(stage)[:2]
    edit(stage, first, title="Secret takeover", location="Vault 7")
    edit(stage, second, title="Second thoughts")
    return planned(stage, "send")


@pytest.fixture
def deleting(stage: Stage) -> int:
    """Two items of the CRM exist only there; gives the plan of a Get that removes such items."""
    stage.get()
    for item in own_items(stage)[:2]:
        only_here = replace(item, id=f"only-here-{item.id}"[:60], item=replace(item.item, title="Only here", uid=None))
        stage.product.services.crm.put(COMMAND_LINE, only_here)
    return planned(stage, "get", "remove")


def snapshots(stage: Stage) -> int:
    return stage.product.services.console.count_snapshots(SnapshotQuery())


# --- looking -----------------------------------------------------------------------------------------------------


def test_the_page_says_what_would_happen_and_that_nothing_has(visit: Visit, stage: Stage, edited: int) -> None:
    page = visit("olga").get(f"/plans/{edited}").text
    assert "Nylas gives way" in page
    assert "by (command line)" in page
    assert "nothing has been written" in page
    assert "<b>2</b><span>overwrite in Nylas</span>" in page
    assert "Send 2 to Nylas" in page


def test_every_item_stands_there_with_both_versions_and_why(visit: Visit, stage: Stage, edited: int) -> None:
    page = visit("olga").get(f"/plans/{edited}?kind=update").text
    assert len(rows(page)) == 2
    assert "<dt>Location</dt>" in page
    assert "<ins><bdi>Vault 7</bdi></ins>" in page
    assert "Different on both sides<small>Nylas takes over the version of the CRM</small>" in page


@pytest.mark.parametrize(
    ("query", "count"),
    [("kind=update", 2), ("search=takeover", 1), ("search=nowhere", 0), ("reason=differs", 2), ("left_out=yes", 0)],
)
def test_a_plan_is_filtered_and_searched_by_its_address(
    visit: Visit, stage: Stage, edited: int, query: str, count: int
) -> None:
    assert len(rows(visit("olga").get(f"/plans/{edited}?{query}").text)) == count


def test_totals_stand_there_per_link_and_lead_to_its_items(visit: Visit, stage: Stage) -> None:
    plan, link = planned(stage), stage.rows[0]
    person = visit("vera")
    assert f'id="plan-link-{link.id}"' in person.get(f"/plans/{plan}").text
    only = person.get(f"/plans/{plan}?link_id={link.id}").text
    assert set(rows(only)) == {key(i) for i in items(stage, plan, link_id=link.id)}


def test_a_plan_has_pages_and_a_page_too_far_is_the_last_one(visit: Visit, stage: Stage) -> None:
    plan, person = planned(stage), visit("olga")
    count = stage.product.services.plans.get(plan).to_write
    assert count > 50
    assert len(rows(person.get(f"/plans/{plan}").text)) == 50
    assert len(rows(person.get(f"/plans/{plan}?page=999").text)) == (count % 50 or 50)


def test_nonsense_in_the_address_is_passed_over(visit: Visit, stage: Stage, edited: int) -> None:
    answer = visit("olga").get(f"/plans/{edited}?kind=no&reason=no&state=no&link_id=no&page=no&links=0")
    assert (answer.status_code, "Secret takeover" in answer.text) == (200, True)


def test_the_panel_puts_the_filter_into_the_address_bar(visit: Visit, stage: Stage, edited: int) -> None:
    answer = visit("olga").ask(f"/panels/plans/{edited}?kind=update")
    assert answer.headers["HX-Push-Url"] == f"/plans/{edited}?kind=update"
    assert "<html" not in answer.text


def test_a_plan_under_way_shows_its_progress(visit: Visit, stage: Stage) -> None:
    page = visit("olga").get(f"/plans/{waiting(stage, is_preview=True)}").text
    assert "Comparing both sides" in page
    assert "every 1s" in page
    assert "plan-go" not in page


def test_what_could_not_be_compared_is_named_with_its_cause(visit: Visit, stage: Stage) -> None:
    next(g for g in stage.box.grants if g.email == stage.link.folder_owner).is_valid = False
    plan = planned(stage)
    page = visit("olga").get(f"/plans/{plan}").text
    assert stage.product.services.console.snapshot(plan).links_by_state[RunState.FAILED]
    assert "could not be compared" in page
    assert "has to sign in again" in page


@pytest.mark.parametrize("path", ["/plans/99", "/panels/plans/99", "/plans/99.csv", "/plans/99.json", "/plans/1"])
def test_what_is_no_plan_is_not_found(visit: Visit, stage: Stage, path: str) -> None:
    stage.get(stage.link.id)
    assert visit("olga").get(path).status_code == 404


def test_a_previews_page_is_its_plan(visit: Visit, stage: Stage, edited: int) -> None:
    answer = visit("vera").get(f"/snapshots/{edited}")
    assert (answer.status_code, answer.location) == (303, f"/plans/{edited}")


def test_nobody_reads_a_plan_without_signing_in(visit: Visit, stage: Stage, edited: int) -> None:
    for path in (f"/plans/{edited}", f"/plans/{edited}.csv", f"/plans/{edited}.json"):
        assert visit().get(path).location == f"/sign-in?next={path}"


# --- masks -------------------------------------------------------------------------------------------------------


def test_titles_and_people_are_hidden_from_those_who_may_only_look(visit: Visit, stage: Stage, edited: int) -> None:
    person = visit("vera")
    for path in ("", ".csv", ".json"):
        text = person.get(f"/plans/{edited}{path}").text
        assert "takeover" not in text
        assert "Vault" not in text
        assert MASK in text


def test_a_search_does_not_tell_what_is_hidden(visit: Visit, stage: Stage, edited: int) -> None:
    person = visit("vera")
    assert rows(person.get(f"/plans/{edited}?search=takeover").text) == []
    assert person.get(f"/plans/{edited}.csv?search=takeover").text.count("\n") == 1


def test_revealing_shows_this_plan_only_and_leaves_a_row(visit: Visit, stage: Stage, edited: int) -> None:
    other, person = planned(stage, "send"), visit("vera")
    assert "Secret takeover" in person.send(f"/plans/{edited}/reveal").text
    assert "Secret takeover" in person.get(f"/plans/{edited}").text
    assert "Secret takeover" in person.get(f"/plans/{edited}.csv").text
    assert "Secret takeover" not in person.get(f"/plans/{other}").text
    assert "Secret takeover" not in visit("vera").get(f"/plans/{edited}").text
    newest = stage.product.services.audit.rows(size=1, search="reveal")[0]
    assert (newest.actor, newest.action, newest.subject) == ("vera", "plan.reveal", f"plan {edited}")


def test_who_may_only_look_changes_and_runs_nothing(visit: Visit, stage: Stage, edited: int) -> None:
    person = visit("vera")
    page = person.get(f"/plans/{edited}").text
    assert not any(word in page for word in ('name="included"', "plan-go", "Plan again"))
    for what in ("items", "run", "again"):
        assert person.send(f"/plans/{edited}/{what}").status_code == 403


# --- leaving items out -------------------------------------------------------------------------------------------


def test_an_unticked_item_is_left_out_and_a_ticked_one_comes_back(visit: Visit, stage: Stage, edited: int) -> None:
    person, (first, second) = visit("olga"), items(stage, edited, kind=ActionKind.UPDATE)
    both = [key(first), key(second)]
    out = person.send(f"/plans/{edited}/items", {"was": both, "included": [key(second)]}).text
    assert "Left out by olga" in out
    assert "Send 1 to Nylas" in out
    back = person.send(f"/plans/{edited}/items", {"was": [key(second)], "included": both}).text
    assert "Left out by" not in back
    assert "Send 2 to Nylas" in back


def test_what_others_left_out_meanwhile_stays_left_out(visit: Visit, stage: Stage, edited: int) -> None:
    first, second = items(stage, edited, kind=ActionKind.UPDATE)
    stage.product.services.plans.exclude(COMMAND_LINE, edited, [(first.run_id, first.seq)], is_excluded=True)
    seen_before = {"was": [key(first), key(second)], "included": [key(first), key(second)]}
    visit("olga").send(f"/plans/{edited}/items", seen_before)
    assert stage.product.services.plans.get(edited).excluded == 1


def test_nonsense_ticks_change_nothing(visit: Visit, stage: Stage, edited: int) -> None:
    answer = visit("olga").send(f"/plans/{edited}/items", {"was": ["x", "1-", "-", "1-x"], "included": ["9-9"]})
    assert answer.status_code == 200
    assert stage.product.services.plans.get(edited).excluded == 0


def test_without_scripts_leaving_out_leads_back_to_the_page(visit: Visit, stage: Stage, edited: int) -> None:
    first = items(stage, edited, kind=ActionKind.UPDATE)[0]
    answer = visit("olga").post(f"/plans/{edited}/items?kind=update", {"was": [key(first)]})
    assert (answer.status_code, answer.location) == (303, f"/plans/{edited}?kind=update")
    assert stage.product.services.plans.get(edited).excluded == 1


# --- carrying it out ---------------------------------------------------------------------------------------------


def test_carrying_out_writes_what_is_shown_and_leads_to_the_snapshot(visit: Visit, stage: Stage, edited: int) -> None:
    person, first = visit("olga"), items(stage, edited, kind=ActionKind.UPDATE)[0]
    person.send(f"/plans/{edited}/items", {"was": [key(first)], "included": []})
    answer = person.send(f"/plans/{edited}/run", {"reason": "new year"})
    made = stage.product.services.plans.get(edited).executed_by
    assert made is not None
    done = stage.product.services.console.snapshot(made)
    assert answer.headers["HX-Redirect"] == f"/snapshots/{made}"
    assert (done.counters.updated, done.reason, done.plan_id) == (1, "new year", edited)
    assert f'href="/plans/{edited}"' in person.get(f"/snapshots/{made}").text
    assert f"Carried out as snapshot {made}" in person.get(f"/plans/{edited}").text


def test_without_scripts_carrying_out_leads_to_the_snapshot(visit: Visit, stage: Stage, edited: int) -> None:
    answer = visit("olga").post(f"/plans/{edited}/run")
    assert (answer.status_code, answer.location) == (303, f"/snapshots/{edited + 1}")


def test_what_changed_since_is_named_here_and_at_the_snapshot(visit: Visit, stage: Stage, edited: int) -> None:
    person = visit("olga")
    changed = next(i for i in own_items(stage) if i.item.title == "Secret takeover")
    edit(stage, changed, title="Changed again")
    person.send(f"/plans/{edited}/run")
    made = stage.product.services.plans.get(edited).executed_by
    said = "1 item changed since the preview: nothing was written to it"
    assert said in person.get(f"/plans/{edited}").text
    assert said in person.get(f"/snapshots/{made}").text
    assert len(rows(person.get(f"/plans/{edited}?state=moved").text)) == 1


@pytest.mark.parametrize("typed", ["", "7", "two"])
def test_deletions_are_typed_before_they_are_carried_out(visit: Visit, stage: Stage, deleting: int, typed: str) -> None:
    before, person = snapshots(stage), visit("olga")
    answer = person.send(f"/plans/{deleting}/run", {"typed_deletes": typed, "reason": "they left"})
    assert (answer.status_code, snapshots(stage)) == (422, before)
    assert "Type 2, the number of items to be deleted." in answer.text
    assert f'value="{typed}"' in answer.text
    assert 'value="they left"' in answer.text


def test_typed_deletions_are_carried_out(visit: Visit, stage: Stage, deleting: int) -> None:
    before = stage.items()
    visit("olga").send(f"/plans/{deleting}/run", {"typed_deletes": "2"})
    assert stage.items() == before - 2


def test_a_plan_is_not_carried_out_twice_and_says_where_it_was(visit: Visit, stage: Stage, edited: int) -> None:
    person, first = visit("olga"), items(stage, edited, kind=ActionKind.UPDATE)[0]
    person.send(f"/plans/{edited}/run")
    made = stage.product.services.plans.get(edited).executed_by
    for what, form in (("run", {}), ("items", {"was": [key(first)], "included": []})):
        answer = person.send(f"/plans/{edited}/{what}", form)
        assert answer.status_code == 409
        assert f"This plan was carried out already, as snapshot {made}." in answer.text
        assert "Plan again" in answer.text


def test_a_plan_of_yesterday_only_offers_to_plan_again(
    visit: Visit, stage: Stage, edited: int, clock: FixedClock
) -> None:
    clock.move(LIFETIME_S + 1)
    person = visit("olga")
    page = person.get(f"/plans/{edited}").text
    assert "older than a day and cannot be carried out any more" in page
    assert "plan-go" not in page
    answer = person.send(f"/plans/{edited}/run")
    assert (answer.status_code, "older than a day" in answer.text) == (409, True)


def test_a_plan_grows_old_visibly(visit: Visit, stage: Stage, edited: int, clock: FixedClock) -> None:
    clock.move(3 * 3600)
    assert '<span class="chip warn">3 h old</span>' in visit("olga").get(f"/plans/{edited}").text


def test_planning_again_makes_a_new_plan_of_the_same(visit: Visit, stage: Stage, deleting: int) -> None:
    answer = visit("olga").send(f"/plans/{deleting}/again")
    made = int(answer.headers["HX-Redirect"].removeprefix("/plans/"))
    again = stage.product.services.plans.get(made).preview
    assert (again.direction, again.receiver_only) == (Direction.GET, ReceiverOnly.REMOVE)
    assert made > deleting


def test_a_busy_link_refuses_in_words(visit: Visit, stage: Stage) -> None:
    for row in stage.rows[1:]:
        stage.product.services.links.switch_many(COMMAND_LINE, [row.id], Direction.GET, False)
    plan = planned(stage)
    waiting(stage)
    answer = visit("olga").send(f"/plans/{plan}/run")
    assert answer.status_code == 409
    assert "None of the links can be copied" in answer.text
    assert "is working on it; one run at a time per link" in answer.text


# --- the dialog and the history ----------------------------------------------------------------------------------


def test_the_dialog_leads_to_every_item_and_carries_out_its_plan(visit: Visit, stage: Stage) -> None:
    person = visit("olga")
    dialog = person.send("/snapshots/plan", ask(stage)).text
    plan = int(re.findall(r'name="preview_id" value="(\d+)"', dialog)[0])
    assert f'href="/plans/{plan}"' in dialog
    person.send("/snapshots", ask(stage, preview_id=plan))
    assert stage.product.services.plans.get(plan).executed_by is not None


def test_the_dialog_asks_for_the_number_of_deletions_too(visit: Visit, stage: Stage, deleting: int) -> None:
    person, wanted = visit("olga"), ask(stage, receiver_only="remove", preview_id=deleting)
    answer = person.send("/snapshots", wanted | {"typed_deletes": "1", "reason": "they left"})
    assert (answer.status_code, 'value="they left"' in answer.text) == (422, True)
    assert "Type 2, the number of items to be deleted." in answer.text
    assert person.send("/snapshots", wanted | {"typed_deletes": "2"}).status_code == 200


def test_an_empty_plan_runs_from_the_dialog_so_that_pairs_are_remembered(visit: Visit, stage: Stage) -> None:
    stage.get()
    plan = planned(stage)
    assert visit("olga").send("/snapshots", ask(stage, preview_id=plan)).status_code == 200
    assert stage.product.services.plans.get(plan).executed_by is not None


def test_plans_that_were_not_carried_out_are_found_in_the_history(visit: Visit, stage: Stage, edited: int) -> None:
    person = visit("vera")
    assert f'href="/plans/{edited}"' in person.get("/snapshots?show=plans").text
    stage.product.services.plans.run(COMMAND_LINE, edited)
    assert f'href="/plans/{edited}"' not in person.get("/snapshots?show=plans").text


# --- files -------------------------------------------------------------------------------------------------------


def test_the_csv_has_a_line_per_item_and_runs_no_formulas(visit: Visit, stage: Stage) -> None:
    stage.get()
    edit(stage, own_items(stage)[0], title="=cmd()")
    answer = visit("olga").get(f"/plans/{planned(stage, 'send')}.csv?kind=update")
    (line,) = csv.DictReader(io.StringIO(answer.text))
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert (line["action"], line["item"], line["left_out_by"]) == ("update", "'=cmd()", "")
    assert "=cmd()" in line["changes"]


def test_the_json_holds_the_plan_and_its_items(visit: Visit, stage: Stage, edited: int) -> None:
    given = json.loads(visit("olga").get(f"/plans/{edited}.json?search=takeover").text)
    (item,) = given["items"]
    assert (given["plan"]["id"], given["plan"]["to_write"], given["plan"]["is_masked"]) == (edited, 2, False)
    assert (item["action"], item["title"]) == ("update", "Secret takeover")
    assert [d["new"] for d in item["differences"] if d["field"] == "location"] == [["Vault 7"]]
