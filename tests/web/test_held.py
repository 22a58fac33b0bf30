"""Held runs on screen: what they would delete, each answer with its form, and the answers that are remembered."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from nylasadmin.domain.plan import ActionKind, Direction
from nylasadmin.domain.privileges import COMMAND_LINE, Actor, Privilege
from nylasadmin.domain.runs import RunState
from nylasadmin.services.plan_views import PlanQuery
from nylasadmin.services.targets import form_of
from nylasadmin.services.views import SnapshotState, SnapshotView
from tests.web.stage import Stage
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]
OLGA = Actor(name="olga")
DELETES, LINKS = 6, 2
ANSWERS = {
    "/snapshots/{s}/approve": "snapshot.approve",
    "/snapshots/{s}/reject": "snapshot.reject",
    "/snapshots/{s}/runs/{r}/approve": "run.approve",
    "/snapshots/{s}/runs/{r}/reject": "run.reject",
    "/snapshots/{s}/held/items": "run.narrow",
}


class Held:
    """A snapshot of which two links are held, because together they would delete six items and four are allowed."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        stage.get()
        edit(stage, guard_deletes=4, guard_share_from=10_000, guard_shrink_percent=100)
        own = (row.id for row in stage.rows if stage.product.services.console.link(row.id).link.is_primary)
        self.emptied = list(own)[:LINKS]
        for link_id in self.emptied:
            self.delete_at_nylas(link_id, DELETES // LINKS)
        self.items = stage.items()
        self.snapshot = self.asked()
        self.runs = {run.link_id: run.id for run in stage.product.services.console.runs(self.id)}

    def asked(self) -> SnapshotView:
        services = self.stage.product.services
        view = services.snapshots.request(OLGA, direction=Direction.GET, target_id=self.stage.target.id)
        return services.console.snapshot(view.id)

    def delete_at_nylas(self, link_id: int, count: int) -> None:
        link = self.stage.product.services.console.link(link_id)
        calendar = self.stage.box.calendar(link.account.grant_id, link.link.folder_name)
        deleted = 0
        for event_id in [row.id for _, row in calendar.events.rows() if not row.cancelled]:
            if deleted < count and calendar.events.get(event_id) and "_" not in event_id:
                self.stage.box.delete_event(calendar, event_id)
                deleted += 1
        assert deleted == count

    @property
    def id(self) -> int:
        return self.snapshot.id

    @property
    def run(self) -> int:
        return self.runs[self.emptied[0]]

    @property
    def state(self) -> SnapshotState:
        return self.stage.product.services.console.snapshot(self.id).state

    def at(self, route: str) -> str:
        return route.format(s=self.id, r=self.run)

    def keys(self) -> list[str]:
        """Give the victims as the page names them."""
        query = PlanQuery(plan_id=self.id, kind=ActionKind.DELETE)
        rows = self.stage.product.services.plans.page(query, is_masked=False).rows
        return [f"{item.run_id}-{item.seq}" for item in rows]


def edit(stage: Stage, **fields: object) -> None:
    target = stage.product.services.targets.get(stage.target.id)
    stage.product.services.targets.edit(COMMAND_LINE, target.id, target.version, replace(form_of(target), **fields))


@pytest.fixture
def held(stage: Stage) -> Held:
    held = Held(stage)
    assert held.snapshot.state is SnapshotState.HELD
    return held


def plain(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


# --- the snapshot's page -----------------------------------------------------------------------------------------


def test_the_page_says_how_many_of_how_many_by_which_limit_and_who_decides(visit: Visit, held: Held) -> None:
    page = visit("olga").get(f"/snapshots/{held.id}").text
    words = plain(page)
    assert f"Held before the first write: {DELETES} of" in words
    assert "Nothing was written to these links. 2 links wait for a decision" in words
    assert f"All links of this snapshot together would delete {DELETES} of" in words
    assert "The limit is 4 deletions." in words
    assert "Operators with nylas:NylasManage decide." in words
    for link_id in held.emptied:
        assert f'id="approve-{held.runs[link_id]}"' in page
    for choice in ("Delete", "Choose", "Keep", "Cancel"):
        assert f"<dt>{choice}</dt>" in page


def test_a_viewer_reads_what_is_held_without_titles_and_decides_nothing(visit: Visit, held: Held) -> None:
    person = visit("vera")
    page, listed = person.get(f"/snapshots/{held.id}").text, person.get(f"/snapshots/{held.id}/held").text
    assert "Held before the first write" in page
    assert "/approve" not in page
    assert "/reject" not in page
    assert "Titles, people, places and notes are hidden" in listed
    assert 'name="included"' not in listed


# --- every answer ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ANSWERS)
def test_an_answer_needs_the_privilege_and_a_refused_try_is_noted(visit: Visit, held: Held, route: str) -> None:
    assert visit("vera").send(held.at(route)).status_code == 403
    assert visit("peter").send(held.at(route)).status_code == 403
    denied = held.stage.product.services.audit.rows(search="denied")
    assert [row.action for row in denied][:2] == [ANSWERS[route]] * 2
    assert held.state is SnapshotState.HELD


@pytest.mark.parametrize("route", ANSWERS)
def test_an_answer_needs_a_sign_in(visit: Visit, held: Held, route: str) -> None:
    assert visit().send(held.at(route)).status_code == 401
    assert held.state is SnapshotState.HELD


def test_looking_answers_nothing(visit: Visit, held: Held) -> None:
    person = visit("olga")
    assert person.get(f"/snapshots/{held.id}/held/items").status_code == 405
    for route in list(ANSWERS)[:4]:
        assert person.get(held.at(route)).status_code == 200
    assert (held.state, held.stage.items()) == (SnapshotState.HELD, held.items)


@pytest.mark.parametrize("route", ANSWERS)
def test_answers_about_what_is_not_there_are_not_found(visit: Visit, held: Held, route: str) -> None:
    assert visit("olga").send(route.format(s=999, r=999)).status_code == 404


def test_a_run_of_another_snapshot_is_not_found_in_this_one(visit: Visit, held: Held) -> None:
    other = held.stage.product.services.console.runs(1)[0].id
    assert visit("olga").send(f"/snapshots/{held.id}/runs/{other}/reject").status_code == 404
    assert visit("olga").send(f"/snapshots/{held.id}/runs/{other}/approve").status_code == 404


@pytest.mark.parametrize("route", ANSWERS)
def test_an_answer_that_comes_too_late_is_refused(visit: Visit, held: Held, route: str) -> None:
    (key, *_) = held.keys()
    held.stage.product.services.snapshots.cancel(COMMAND_LINE, held.id)
    typed = {"typed_deletes": str(DELETES), "reason": "late", "was": key}
    answer = visit("olga").send(held.at(route), typed)
    assert (answer.status_code, "held any more" in answer.text) == (409, True)
    assert held.stage.items() == held.items


# --- approve -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("route", "deletes"), [("/snapshots/{s}/approve", 6), ("/snapshots/{s}/runs/{r}/approve", 3)])
def test_exactly_what_is_typed_is_deleted(visit: Visit, held: Held, route: str, deletes: int) -> None:
    answer = visit("olga").send(held.at(route), {"typed_deletes": str(deletes), "reason": "they left"})
    assert answer.status_code == 200
    assert held.stage.items() == held.items - deletes
    assert held.state is (SnapshotState.DONE if deletes == DELETES else SnapshotState.HELD)


@pytest.mark.parametrize("route", ["/snapshots/{s}/approve", "/snapshots/{s}/runs/{r}/approve"])
def test_a_wrong_number_is_told_and_what_was_typed_stays(visit: Visit, held: Held, route: str) -> None:
    answer = visit("olga").send(held.at(route), {"typed_deletes": "5", "reason": "because <b>"})
    assert answer.status_code == 422
    assert 'value="because &lt;b&gt;"' in answer.text
    assert 'value="5"' in answer.text
    assert "the number of items that will be deleted" in answer.text
    assert held.stage.items() == held.items


def test_a_second_click_deletes_nothing_more(visit: Visit, held: Held) -> None:
    person, typed = visit("olga"), {"typed_deletes": str(DELETES), "reason": "they left"}
    assert person.send(held.at("/snapshots/{s}/approve"), typed).status_code == 200
    assert person.send(held.at("/snapshots/{s}/approve"), typed).status_code == 409
    assert held.stage.items() == held.items - DELETES


def test_without_scripts_an_approval_ends_on_the_snapshots_page(visit: Visit, held: Held) -> None:
    answer = visit("olga").post(held.at("/snapshots/{s}/approve"), {"typed_deletes": str(DELETES), "reason": "x"})
    assert (answer.status_code, answer.location) == (303, f"/snapshots/{held.id}")


def test_whoever_asked_is_told_who_may_approve(visit: Visit, held: Held) -> None:
    edit(held.stage, four_eyes_deletes=5)
    held.stage.product.services.operators.set_privileges(
        COMMAND_LINE, _id(held, "adam"), {Privilege.MANAGE, Privilege.OPERATORS}
    )
    person, typed = visit("olga"), {"typed_deletes": str(DELETES), "reason": "mine"}

    page, form = plain(person.get(f"/snapshots/{held.id}").text), person.ask(held.at("/snapshots/{s}/approve")).text
    refused = person.send(held.at("/snapshots/{s}/approve"), typed)

    assert "Somebody else approves this: you asked for it" in page
    assert "take another operator: adam" in plain(form)
    assert "typed_deletes" not in form
    assert (refused.status_code, "Who may decide: adam." in plain(refused.text)) == (409, True)
    assert held.stage.items() == held.items
    assert visit("adam").send(held.at("/snapshots/{s}/approve"), typed).status_code == 200
    assert held.stage.items() == held.items - DELETES


def test_whoever_asked_may_approve_one_run_below_the_limit(visit: Visit, held: Held) -> None:
    edit(held.stage, four_eyes_deletes=DELETES // LINKS)
    person = visit("olga")
    assert "typed_deletes" in person.ask(held.at("/snapshots/{s}/runs/{r}/approve")).text
    assert "typed_deletes" not in person.ask(held.at("/snapshots/{s}/approve")).text


def test_when_all_is_left_out_no_form_speaks_of_deletions(visit: Visit, held: Held) -> None:
    person = visit("olga")
    person.post(held.at("/snapshots/{s}/held/items"), {"was": held.keys(), "included": []})
    page, form = (plain(person.get(held.at(at)).text) for at in ("/snapshots/{s}", "/snapshots/{s}/reject"))
    assert "Delete exactly these" not in page
    assert "Go on without deletions" in page
    assert "All go on and delete nothing, because all are left out" in page
    assert "All of them are left out: no answer is remembered." in form
    assert "only at the receiver" not in form


def _id(held: Held, name: str) -> int:
    return next(row.id for row in held.stage.product.services.operators.rows() if row.username == name)


# --- choose ------------------------------------------------------------------------------------------------------


def test_items_are_left_out_and_taken_in_again(visit: Visit, held: Held) -> None:
    person, keys = visit("olga"), held.keys()

    left_out = person.send(held.at("/snapshots/{s}/held/items"), {"was": keys, "included": keys[1:]})
    page = plain(person.get(f"/snapshots/{held.id}").text)
    back = person.send(held.at("/snapshots/{s}/held/items"), {"was": keys[1:], "included": keys})

    assert "5 of 6 deletions in the CRM are up for your decision" in plain(left_out.text)
    assert 'role="status" id="held-said">1 left out<' in left_out.text
    assert "1 left out : an approval would delete 5." in page
    assert "6 of 6 deletions" in plain(back.text)


def test_only_the_rest_is_deleted(visit: Visit, held: Held) -> None:
    person, keys = visit("olga"), held.keys()
    person.send(held.at("/snapshots/{s}/held/items"), {"was": keys, "included": keys[2:]})
    assert person.send(held.at("/snapshots/{s}/approve"), {"typed_deletes": "6", "reason": "x"}).status_code == 422
    assert person.send(held.at("/snapshots/{s}/approve"), {"typed_deletes": "4", "reason": "x"}).status_code == 200
    assert held.stage.items() == held.items - 4


def test_what_would_be_deleted_is_searched_and_narrowed_to_a_link(visit: Visit, held: Held) -> None:
    person = visit("olga")
    query = PlanQuery(plan_id=held.id, kind=ActionKind.DELETE, link_id=held.emptied[0])
    item = held.stage.product.services.plans.page(query, is_masked=False).rows[0]
    of_link = person.ask(f"/panels/snapshots/{held.id}/held?link_id={held.emptied[0]}").text
    assert of_link.count('name="included"') == 3
    found = person.ask(f"/panels/snapshots/{held.id}/held?search={item.title.split()[0]}").text
    assert f'id="item-{item.run_id}-{item.seq}"' in found
    nothing = person.ask(f"/panels/snapshots/{held.id}/held?search=nothing-is-called-so").text
    assert "No item matches" in nothing


def test_a_page_of_what_is_decided_says_so(visit: Visit, held: Held) -> None:
    held.stage.product.services.snapshots.cancel(COMMAND_LINE, held.id)
    assert "Nothing is held any more" in visit("olga").get(f"/snapshots/{held.id}/held").text


def test_a_page_beyond_the_last_shows_the_last(visit: Visit, held: Held) -> None:
    assert visit("olga").get(f"/snapshots/{held.id}/held?page=9").text.count('name="included"') == DELETES


# --- keep --------------------------------------------------------------------------------------------------------


def test_the_form_says_what_becomes_of_the_items(visit: Visit, held: Held) -> None:
    person = visit("olga")
    form = plain(person.ask(held.at("/snapshots/{s}/reject")).text)
    assert "A Send snapshot (CRM → Nylas) of exactly these creates 6 items in Nylas again" in form
    edit(held.stage, outbound=False)
    form = plain(person.ask(held.at("/snapshots/{s}/reject")).text)
    assert "They cannot be created in Nylas again now: Outbound is off at the target." in form


@pytest.mark.parametrize(("route", "kept"), [("/snapshots/{s}/reject", 6), ("/snapshots/{s}/runs/{r}/reject", 3)])
def test_what_is_kept_is_remembered_shown_and_can_be_forgotten(visit: Visit, held: Held, route: str, kept: int) -> None:
    edit(held.stage, outbound=False)
    person, link_id = visit("olga"), held.emptied[0]

    answer = person.send(held.at(route), {"reason": "they come back"})

    assert f"{kept} items will not be deleted" in answer.headers["HX-Trigger"]
    assert held.stage.items() == held.items
    assert (
        f'href="/links/{link_id}/rejections">3 items not to be deleted'
        in person.get(f"/panels/links/{link_id}/folder").text
    )
    page = person.get(f"/links/{link_id}/rejections").text
    assert "they come back" in page
    assert "Not created in Nylas again while Outbound is off at the target" in plain(page)
    (first, *_) = held.stage.product.services.answers.rejections(link_id).rows
    gone = person.send(f"/links/{link_id}/rejections/{first.id}/forget")
    assert (gone.status_code, held.stage.product.services.answers.remembered(link_id)) == (200, 2)


def test_an_endless_reason_is_refused_where_it_is_entered(visit: Visit, held: Held) -> None:
    answer = visit("olga").send(held.at("/snapshots/{s}/reject"), {"reason": "because " * 100})
    assert (answer.status_code, "Use 500 characters or fewer" in answer.text) == (422, True)
    assert held.state is SnapshotState.HELD


def test_without_scripts_keeping_ends_on_the_snapshots_page(visit: Visit, held: Held) -> None:
    olga = visit("olga")
    answer = olga.post(held.at("/snapshots/{s}/reject"))
    assert (answer.status_code, answer.location) == (303, f"/snapshots/{held.id}")
    assert held.state is SnapshotState.DONE
    assert_counted_as_kept(olga, held)


def assert_counted_as_kept(olga: Visitor, held: Held) -> None:
    """The items that stay because of an answer are called what they are, and can be found."""
    page = olga.get(f"/snapshots/{held.id}").text
    assert f"<b>{DELETES}</b><span>kept in the CRM</span>" in page
    assert "<b>0</b><span>not written</span>" in page
    assert "Kept, as an operator answered" in page
    assert olga.get(f"/snapshots/{held.id}/unwritten?kind=keep").text.count('data-label="Why"') == DELETES


def test_remembered_answers_are_read_by_viewers_and_forgotten_by_managers(visit: Visit, held: Held) -> None:
    edit(held.stage, outbound=False)
    link_id = held.emptied[0]
    held.stage.product.services.answers.reject_all(OLGA, held.id, "")
    (row, *_) = held.stage.product.services.answers.rejections(link_id).rows
    address = f"/links/{link_id}/rejections/{row.id}/forget"

    page = visit("vera").get(f"/links/{link_id}/rejections").text

    assert "Titles are hidden" in page
    assert "Forget" not in page.split("<table")[1]
    assert visit("vera").send(address).status_code == 403
    assert visit().send(address).status_code == 401
    assert visit("olga").get(address).status_code == 405
    assert visit("olga").send(f"/links/{link_id}/rejections/999/forget").status_code == 404
    assert visit("olga").send(f"/links/{held.emptied[1]}/rejections/{row.id}/forget").status_code == 404
    assert visit("olga").get("/links/999/rejections").status_code == 404
    assert visit("olga").post(address).status_code == 303


def test_a_link_without_answers_says_so(visit: Visit, stage: Stage) -> None:
    page = visit("vera").get(f"/links/{stage.link.id}/rejections").text
    assert "No answer is remembered" in page
    assert "not to be deleted" not in visit("vera").get(f"/panels/links/{stage.link.id}/folder").text


# --- foretold ----------------------------------------------------------------------------------------------------


def test_a_plan_says_what_the_guard_would_hold_before_it_is_run(visit: Visit, held: Held) -> None:
    held.stage.product.services.snapshots.cancel(COMMAND_LINE, held.id)
    held.delete_at_nylas(held.emptied[0], 2)
    services = held.stage.product.services
    plan = services.snapshots.request(OLGA, direction=Direction.GET, target_id=held.stage.target.id, is_preview=True)

    page = plain(visit("vera").get(f"/plans/{plan.id}").text)

    assert "The deletion guard would hold every link that deletes" in page
    assert "All links together would delete 8 of" in page
    assert "1 link passes a limit by itself" in page
    assert "Would be held: The limit is 4 deletions per link." in page
    assert services.console.runs(plan.id)[0].state is RunState.DONE
