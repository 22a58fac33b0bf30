"""The page of failed items: find them, try them again, put them aside."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from markupsafe import escape

from nylasadmin.bootstrap import Product
from nylasadmin.domain.plan import ReceiverOnly
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.domain.runs import Failure, Run
from nylasadmin.services.failed_views import FailedQuery, FailedRow
from tests.web.stage import Stage
from tests.web.test_plans import edit, own_items
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]


@pytest.fixture
def failing(stage: Stage) -> Stage:
    """Three items of one link that were edited in the CRM; Nylas refuses one and is in trouble with two."""
    stage.get()
    items = own_items(stage)[:3]
    for item in items:
        edit(stage, item, location="Room 9")
    for status, item in zip((400, 503, 503), items, strict=True):
        path = nylas_id(stage, item.id)
        stage.box.sandbox.faults.add(
            {"kind": "status", "status": status, "method": "PUT", "path_contains": path, "count": None}
        )
    stage.send()
    assert len(rows(stage)) == 3
    return stage


def nylas_id(stage: Stage, crm_id: str) -> str:
    with stage.product.storage.read() as tx:
        pairs = {crm: nylas for row in stage.rows for crm, nylas in tx.pairs.of_link(row.id)}
    return pairs[crm_id]  # type: ignore[index]


def rows(stage: Stage, **fields: Any) -> tuple[FailedRow, ...]:
    return stage.product.services.failed.page(FailedQuery(**fields), is_masked=False).rows


def listed(page: str) -> list[int]:
    return sorted(int(n) for n in re.findall(r'<tr id="failed-(\d+)"', page))


def last(product: Product) -> tuple[str, str, str]:
    (row,) = product.services.audit.rows(size=1)
    return row.actor, row.action, row.outcome


def test_the_page_says_what_failed_why_how_often_and_when_it_is_tried_again(visit: Visit, failing: Stage) -> None:
    page = visit("olga").get("/failed").text

    row = rows(failing)[0]
    assert str(escape(row.title)) in page
    assert "Nylas refused the item" in page
    assert "<summary>Raw answer</summary><pre><bdi>HTTP 400" in page
    assert ("next in 1 min" in page, "next in 30 min" in page, "1 try</b> <time" in page) == (True, True, True)
    assert f'href="/snapshots/{row.snapshot_id}"' in page


def test_the_navigation_counts_failed_items(visit: Visit, failing: Stage) -> None:
    assert 'Failed items <span class="badge">3</span>' in visit("vera").get("/snapshots").text


def test_nothing_that_fails_is_said(visit: Visit, stage: Stage) -> None:
    page = visit("vera").get("/failed").text
    assert ("Nothing fails" in page, "badge" in page) == (True, False)


def test_vera_sees_causes_but_no_titles_no_raw_answers_and_no_buttons(visit: Visit, failing: Stage) -> None:
    page = visit("vera").get("/failed").text

    assert "Nylas refused the item" in page
    assert "Titles and raw answers are hidden" in page
    assert not any(str(escape(row.title)) in page for row in rows(failing) if row.title)
    assert ("Raw answer</summary>" in page, "/failed/retry" in page) == (False, False)


def test_the_list_is_filtered_by_cause_search_target_link_and_snapshot(visit: Visit, failing: Stage) -> None:
    olga, every = visit("olga"), rows(failing)
    refused = next(row for row in every if "refused" in row.cause)

    def found(**query: Any) -> list[int]:
        return listed(olga.get("/failed", query_string=query).text)

    assert found(cause=refused.cause) == [refused.id]
    assert refused.id in found(search=refused.title.split()[0])
    assert found(target_id=failing.target.id) == found(link_id=refused.link_id) == sorted(r.id for r in every)
    assert found(snapshot_id=refused.snapshot_id) == sorted(r.id for r in every)
    assert found(search="xyzzy") == found(target_id=99) == found(show="dismissed") == []
    assert olga.get("/failed?link_id=987").status_code == 404


def test_one_item_is_tried_again(visit: Visit, failing: Stage) -> None:
    failing.box.sandbox.faults.clear()
    one, olga = rows(failing)[0], visit("olga")

    answer = olga.send("/failed/retry", {"one": str(one.id)})

    assert (answer.status_code, "1 item will be tried again" in answer.text) == (200, True)
    assert one.id not in listed(answer.text)
    (tried,) = re.findall(r'<a href="(/snapshots/\d+)">Snapshot \d+</a>', answer.text.partition("</section>")[0])
    assert "only those that had failed" in olga.get(tried).text
    assert len(rows(failing)) == 2
    assert last(failing.product) == ("olga", "failed.retry", "done")


def test_the_ticked_items_are_tried_again_and_all_that_match(visit: Visit, failing: Stage) -> None:
    failing.box.sandbox.faults.clear()
    olga, every = visit("olga"), rows(failing)

    olga.send("/failed/retry", {"ids": [every[0].id, every[1].id]})
    assert [row.id for row in rows(failing)] == [every[2].id]
    olga.send("/failed/retry?search=nothing+like+it", {"all_matching": "yes"})
    assert len(rows(failing)) == 1
    olga.send("/failed/retry", {"all_matching": "yes"})
    assert rows(failing) == ()


def test_trying_nothing_is_said_and_changes_nothing(visit: Visit, failing: Stage) -> None:
    olga = visit("olga")
    nothing, gone = olga.send("/failed/retry"), olga.send("/failed/retry", {"one": "987654"})
    assert (nothing.status_code, "No item is selected" in nothing.text) == (409, True)
    assert (gone.status_code, "No such item fails any more" in gone.text) == (409, True)


def test_items_of_a_link_that_is_off_are_not_tried_and_it_is_named(visit: Visit, failing: Stage) -> None:
    row = rows(failing)[0]
    link = failing.product.services.console.link(row.link_id).link
    failing.product.services.links.edit(COMMAND_LINE, link.id, link.version, inbound=True, outbound=False)

    answer = visit("olga").send("/failed/retry", {"ids": [row.id]})

    assert (answer.status_code, "None of these items can be tried now" in answer.text) == (409, True)
    assert f"Links left out: {1}" in answer.text
    assert f'value="{row.id}" aria-label="Select {escape(row.title)}" checked' in answer.text


def test_dismissing_asks_for_a_reason_and_keeps_what_was_ticked_and_typed(visit: Visit, failing: Stage) -> None:
    row, olga = rows(failing)[0], visit("olga")

    empty = olga.send("/failed/dismiss", {"ids": [row.id], "reason": " "})
    long = olga.send("/failed/dismiss", {"ids": [row.id], "reason": "because " * 100})

    assert (empty.status_code, long.status_code) == (422, 422)
    assert "Say why these items need no more care" in empty.text
    assert f'value="{row.id}" aria-label="Select {escape(row.title)}" checked' in empty.text
    assert 'value="because because' in long.text
    assert len(rows(failing)) == 3


def test_a_dismissed_item_is_found_under_dismissed_with_who_and_why(visit: Visit, failing: Stage) -> None:
    row, olga = rows(failing)[0], visit("olga")

    answer = olga.send("/failed/dismiss", {"ids": [row.id], "reason": "the room is gone"})

    assert (answer.status_code, "1 item dismissed" in answer.text, row.id in listed(answer.text)) == (200, True, False)
    aside = olga.get("/failed?show=dismissed").text
    assert (listed(aside), "by olga" in aside, "the room is gone" in aside) == ([row.id], True, True)
    assert last(failing.product) == ("olga", "failed.dismiss", "done")
    assert json.loads(failing.product.services.audit.rows(size=1)[0].new) == {"items": 1, "reason": "the room is gone"}


def test_without_javascript_the_page_is_shown_again_with_what_was_done(visit: Visit, failing: Stage) -> None:
    failing.box.sandbox.faults.clear()
    olga = visit("olga")
    answer = olga.post("/failed/retry?search=e", {"all_matching": "yes"})
    assert (answer.status_code, answer.location) == (303, "/failed?search=e")
    assert "will be tried again" in olga.get(answer.location).text
    kept = olga.post("/failed/dismiss", {"ids": [1]})
    assert (kept.status_code, "<!doctype html>" in kept.text) == (422, True)


@pytest.mark.parametrize("what", ["retry", "dismiss"])
def test_changes_need_nylas_manage_a_session_and_a_post(visit: Visit, failing: Stage, what: str) -> None:
    form = {"all_matching": "yes", "reason": "because"}
    assert visit("vera").send(f"/failed/{what}", form).status_code == 403
    assert visit().post(f"/failed/{what}", form).status_code == 401
    assert visit("olga").get(f"/failed/{what}").status_code == 405
    assert len(rows(failing)) == 3


def test_the_page_needs_a_session_and_nylas_view(visit: Visit, stage: Stage) -> None:
    assert visit().get("/failed").status_code == 303
    assert visit("peter").get("/failed").status_code == 403


def test_the_panel_keeps_its_filters_in_the_address(visit: Visit, failing: Stage) -> None:
    answer = visit("vera").ask("/panels/failed?show=dismissed&page=1&foo=bar")
    assert answer.headers["HX-Push-Url"] == "/failed?show=dismissed"


def test_the_folder_leads_to_its_failed_items(visit: Visit, failing: Stage) -> None:
    link_id = rows(failing)[0].link_id
    assert f'href="/failed?link_id={link_id}"' in visit("olga").get(f"/panels/links/{link_id}/folder").text


def test_many_failed_items_are_paged(visit: Visit, stage: Stage) -> None:
    add_many(stage, 120)
    olga = visit("olga")
    first, third, beyond = (listed(olga.get(f"/failed?page={n}").text) for n in (1, 3, 99))
    assert (len(first), len(third), third) == (50, 20, beyond)
    assert "all 120 that match" in olga.get("/failed").text


def add_many(stage: Stage, count: int) -> None:
    stage.get(stage.link.id)
    run = stage.product.services.console.runs(1)[0]
    with stage.product.storage.write() as tx:
        held = Run(
            id=run.id,
            snapshot_id=1,
            link_id=run.link_id,
            direction=run.direction,
            receiver_only=ReceiverOnly.KEEP,
        )
        tx.failed.note(
            held,
            [Failure(title=f"Item {n}", action="update", cause="No.", nylas_id=f"n{n}") for n in range(count)],
        )
