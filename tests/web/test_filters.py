"""The filter in the snapshot dialog, on the plan's page, on the snapshot's page and in the history."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from nylasadmin.domain.filters import By, Filter, Kinds
from nylasadmin.services.views import SnapshotQuery, SnapshotView
from tests.web.stage import Stage
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]
_PREVIEW = re.compile(r'name="preview_id" value="(\d+)"')
OCTOBER = {"since": "2026-10-01", "until": "2026-10-31"}
WORDS = "start from 1 Oct 2026 to 31 Oct 2026, single items only"
ASKED = Filter(since=date(2026, 10, 1), until=date(2026, 10, 31), kinds=Kinds.SINGLE)


def ask(stage: Stage, **more: Any) -> dict[str, Any]:
    """Give what the dialog sends for a Get of the whole target."""
    untouched = {"by": "start", "since": "", "until": "", "zone": "", "kinds": "both"}
    return {"direction": "get", "target_id": stage.target.id, "receiver_only": "keep", **untouched, **more}


def newest(stage: Stage) -> SnapshotView:
    return stage.product.services.console.snapshots(SnapshotQuery())[0]


def previewed(stage: Stage, plan: str) -> SnapshotView:
    return stage.product.services.console.snapshot(int(_PREVIEW.findall(plan)[0]))


def test_the_dialog_says_what_the_filter_and_both_choices_mean(visit: Visit, stage: Stage) -> None:
    dialog = visit("olga").ask(f"/snapshots/new?direction=get&target_id={stage.target.id}").text
    for field in ("filter-kinds", "filter-by", "filter-since", "filter-until", "filter-zone"):
        assert f'<label for="{field}">' in dialog
    assert "neither created, overwritten nor deleted" in dialog
    assert "They stay untouched in the CRM" in dialog
    assert "They are deleted in the CRM; with a filter, only those inside it." in dialog
    assert '<details class="filter" id="snapshot-filter">' in dialog


def test_a_dialog_that_was_not_touched_asks_for_everything(visit: Visit, stage: Stage) -> None:
    plan = visit("olga").send("/snapshots/plan", ask(stage)).text
    assert previewed(stage, plan).filter is None
    assert "outside the window" in plan


def test_a_plan_is_made_of_what_the_filter_holds_and_says_so(visit: Visit, stage: Stage) -> None:
    plan = visit("olga").send("/snapshots/plan", ask(stage, **OCTOBER, kinds="single")).text
    preview = previewed(stage, plan)
    assert preview.filter == ASKED
    assert preview.counters.outside > 0
    assert WORDS in plan
    assert f"<b>{preview.counters.outside}</b><span>outside the filter</span>" in plan


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"since": "2026-10-02", "until": "2026-10-01"}, "Last day", "The last day lies before the first one."),
        ({"since": "tomorrow"}, "First day", "Enter a day as YYYY-MM-DD"),
        ({"since": "2026-10-01", "zone": "Berlin"}, "Time zone", "Enter a time zone such as Europe/Berlin"),
        ({"kinds": "some"}, "Items", "Choose both, single or recurring."),
    ],
)
def test_a_filter_that_makes_no_sense_is_named_and_plans_nothing(
    visit: Visit, stage: Stage, typed: dict[str, str], field: str, words: str
) -> None:
    answer = visit("olga").send("/snapshots/plan", ask(stage, **typed))
    assert answer.status_code == 422
    assert f">{field}</a>: {words}" in answer.text
    assert re.search(r'<button id="snapshot-confirm" disabled>', answer.text)
    assert stage.product.services.console.count_snapshots(SnapshotQuery(open_plans=True)) == 0


@pytest.mark.parametrize("address", ["/snapshots/plan", "/snapshots"])
def test_without_javascript_the_page_comes_back_with_all_that_was_typed(
    visit: Visit, stage: Stage, address: str
) -> None:
    typed = {"by": "modified", "since": "2026-10-02", "until": "1 October", "zone": "Europe/Berlin", "kinds": "single"}
    more = {"receiver_only": "remove", "reason": "for the audit"}
    answer = visit("olga").post(address, ask(stage, **typed, **more))
    assert answer.status_code == 422
    for name, value in (("since", "2026-10-02"), ("until", "1 October"), ("zone", "Europe/Berlin")):
        assert re.search(f'id="filter-{name}" name="{name}"[^>]*value="{value}"', answer.text)
    assert '<option value="modified" selected>' in answer.text
    assert '<option value="single" selected>' in answer.text
    assert 'value="remove" checked' in answer.text
    assert 'value="for the audit"' in answer.text
    assert re.search(r'id="filter-until"[^>]*aria-invalid="true"[^>]*aria-describedby="filter-until-note"', answer.text)


def test_without_javascript_the_plan_is_shown_with_its_filter(visit: Visit, stage: Stage) -> None:
    olga = visit("olga")
    answer = olga.post("/snapshots/plan", ask(stage, **OCTOBER, kinds="single"))
    assert answer.status_code == 303
    page = olga.get(answer.headers["Location"]).text
    assert re.search(r'name="since"[^>]*value="2026-10-01"', page)
    assert WORDS in page
    assert '<details class="filter" id="snapshot-filter" open>' in page


def test_the_plan_that_was_seen_is_carried_out_with_its_filter(visit: Visit, stage: Stage) -> None:
    olga, asked = visit("olga"), ask(stage, **OCTOBER, kinds="single")
    preview = previewed(stage, olga.send("/snapshots/plan", asked).text)
    olga.send("/snapshots", {**asked, "preview_id": preview.id})
    snapshot = newest(stage)
    assert (snapshot.filter, snapshot.plan_id) == (ASKED, preview.id)
    assert snapshot.counters.created == preview.counters.to_create == stage.items() > 0


def test_a_plan_of_another_filter_is_not_carried_out(visit: Visit, stage: Stage) -> None:
    olga = visit("olga")
    preview = previewed(stage, olga.send("/snapshots/plan", ask(stage)).text)
    answer = olga.send("/snapshots", ask(stage, **OCTOBER, preview_id=preview.id))
    assert answer.status_code == 409
    assert "This was not the plan you saw" in answer.text
    assert stage.items() == 0


def test_the_filter_is_shown_wherever_the_snapshot_is(visit: Visit, stage: Stage) -> None:
    olga, asked = visit("olga"), ask(stage, **OCTOBER, kinds="single")
    preview = previewed(stage, olga.send("/snapshots/plan", asked).text)
    olga.send("/snapshots", {**asked, "preview_id": preview.id})
    for address in (f"/snapshots/{newest(stage).id}", "/snapshots", f"/plans/{preview.id}"):
        assert WORDS in olga.get(address).text


def test_planning_again_keeps_the_filter(visit: Visit, stage: Stage) -> None:
    olga = visit("olga")
    asked = ask(stage, by="modified", since="2026-10-01", zone="Europe/Berlin")
    preview = previewed(stage, olga.send("/snapshots/plan", asked).text)
    olga.send(f"/plans/{preview.id}/again", {})
    again = stage.product.services.console.snapshots(SnapshotQuery(open_plans=True))[0]
    assert again.id != preview.id
    assert again.filter == preview.filter == Filter(by=By.MODIFIED, since=date(2026, 10, 1), zone="Europe/Berlin")


def test_a_choice_of_types_is_read_and_kept(visit: Visit, stage: Stage) -> None:
    refused = visit("olga").send("/snapshots/plan", ask(stage, item_types=["contact", "message"]))
    assert refused.status_code == 409
    assert "the filter leaves items of this type out" in refused.text
