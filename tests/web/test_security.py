"""The guard: every route as nobody, peter, vera, olga and adam; requests made by other sites; views without a rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from flask import Blueprint, Flask
from werkzeug.routing import Rule as Route

from nylasadmin.adapters.clocks import FixedClock
from nylasadmin.bootstrap import Product, web_settings
from nylasadmin.domain.privileges import Privilege
from nylasadmin.web import create_app, deeds, security
from nylasadmin.web.security import needs, public, rule_of
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]
Call = tuple[str, str, security.Rule]
VIEWING, MANAGING, ADMINISTERING = Privilege.VIEW, Privilege.MANAGE, Privilege.OPERATORS
HOLDS = {
    "peter": set[Privilege](),
    "vera": {VIEWING},
    "olga": {VIEWING, MANAGING},
    "adam": {ADMINISTERING},
}


def calls(app: Flask) -> Iterator[Call]:
    """Give every route that needs a session, as method, path (of rows that do not exist) and rule."""
    for route in app.url_map.iter_rules():
        rule = rule_of(app, route.endpoint)
        for method in sorted((route.methods or set()) & {"GET", "POST"}):
            if rule.session and route.endpoint != "session.sign_out":
                yield method, path_of(app, route), rule


def path_of(app: Flask, route: Route) -> str:
    """Fill in a route's variables with ids that do not exist."""
    values = {name: "disable" if name == "what" else 987_654 for name in route.arguments}
    with app.test_request_context():
        return str(app.url_map.bind("localhost").build(route.endpoint, values, method=None))


def status(person: Visitor, method: str, path: str, token: str) -> int:
    if method == "GET":
        return person.get(path).status_code
    return person.client.post(path, data={"csrf_token": token}).status_code


def test_the_walk_sees_routes_of_every_kind(app: Flask) -> None:
    rules = {rule.privilege for _, _, rule in calls(app)}
    assert rules == {None, VIEWING, MANAGING, ADMINISTERING}


def test_what_changes_something_needs_more_than_a_look(app: Flask) -> None:
    """To reveal what is masked changes nothing: it is a look that leaves a row in the audit trail."""
    posts = {rule.privilege for method, path, rule in calls(app) if method == "POST" and not path.endswith("/reveal")}
    assert posts <= {MANAGING, ADMINISTERING}


def test_nobody_gets_past_the_door(app: Flask, visit: Visit) -> None:
    person = visit()
    token = person.token()
    answers = {(method, path): status(person, method, path, token) for method, path, _ in calls(app)}
    assert {code for (method, _), code in answers.items() if method == "GET"} == {303}
    assert {code for (method, _), code in answers.items() if method == "POST"} == {401}


@pytest.mark.parametrize("name", HOLDS)
def test_an_operator_comes_exactly_as_far_as_the_privileges_reach(app: Flask, visit: Visit, name: str) -> None:
    person = visit(name)
    token = person.token()
    wrong = []
    for method, path, rule in calls(app):
        is_refused = status(person, method, path, token) == 403
        should_be = rule.privilege is not None and rule.privilege not in HOLDS[name]
        if is_refused != should_be:
            wrong.append((method, path, rule.privilege))
    assert wrong == []


@pytest.mark.parametrize("name", HOLDS)
def test_nobody_who_is_let_in_meets_a_fault_of_the_program(app: Flask, visit: Visit, name: str) -> None:
    person = visit(name)
    token = person.token()
    faults = [(method, path) for method, path, _ in calls(app) if status(person, method, path, token) >= 500]
    assert faults == []


def test_every_denied_try_is_in_the_audit_trail(app: Flask, visit: Visit, product: Product) -> None:
    person = visit("peter")
    token = person.token()
    tries = [(m, p) for m, p, rule in calls(app) if rule.privilege and status(person, m, p, token) == 403]
    looks = [path for method, path in tries if method == "GET"]
    denied = [row for row in product.services.audit.rows(size=500, search="peter") if row.outcome == "denied"]
    assert len(denied) == len(tries)
    assert [row.subject for row in reversed(denied) if row.action == "page.open"] == looks
    assert {(row.actor, row.address) for row in denied} == {("peter", "127.0.0.1")}


def test_a_denied_change_is_named_as_the_trail_names_it_when_it_is_done(visit: Visit, product: Product) -> None:
    vera, peter = visit("vera"), visit("peter")
    vera.post("/targets/7/edit")
    vera.post("/snapshots/3/runs/9/approve")
    vera.post("/links/4/remove")
    peter.post("/operators/5/disable")
    peter.post("/operators/5/password")
    peter.post("/operators/add")
    rows = [(row.action, row.subject) for row in product.services.audit.rows(size=50) if row.outcome == "denied"]
    assert rows[::-1] == [
        ("target.edit", "target 7"),
        ("run.approve", "run 9 of snapshot 3"),
        ("link.remove", "link 4"),
        ("operator.disable", "operator 5"),
        ("operator.password", "operator 5"),
        ("operator.add", "/operators/add"),
    ]


def test_every_name_for_a_change_belongs_to_a_route(app: Flask) -> None:
    assert set(deeds._ACTIONS) <= set(app.view_functions)


def test_a_change_without_a_session_is_in_the_audit_trail(visit: Visit, product: Product) -> None:
    visit().post("/targets/7/disabled")
    (row,) = product.services.audit.rows(size=1)
    assert (row.actor, row.address, row.action, row.subject) == ("(nobody)", "127.0.0.1", "target.edit", "target 7")
    assert (row.outcome, row.new) == ("denied", '{"why":"signed out"}')


def test_forms_of_other_sites_and_without_the_token_are_in_the_audit_trail(visit: Visit, product: Product) -> None:
    adam = visit("adam")
    adam.post("/operators/add", headers={"Origin": "https://evil.example"})
    adam.post("/operators/add", {"csrf_token": "made up"})
    rows = product.services.audit.rows(size=2)
    assert [(row.actor, row.action, row.outcome) for row in rows] == [("adam", "operator.add", "refused")] * 2
    assert ["another site" in row.new for row in rows] == [False, True]


def test_a_change_that_a_fault_ended_is_in_the_audit_trail_with_its_number(
    app: Flask, visit: Visit, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    adam = visit("adam")

    @needs(Privilege.OPERATORS)
    def broken() -> str:
        raise ZeroDivisionError

    monkeypatch.setitem(app.view_functions, "operators.add", broken)
    answer = adam.post("/operators/add")
    (row,) = product.services.audit.rows(size=1)
    assert (row.actor, row.action, row.outcome) == ("adam", "operator.add", "failed")
    assert json.loads(row.new)["why"].removeprefix("fault ") in answer.text


def test_who_is_not_signed_in_cannot_fill_the_trail(visit: Visit, product: Product, clock: FixedClock) -> None:
    nobody, before = visit(), product.services.audit.count()
    for _ in range(deeds.MOST_ROWS + 12):
        nobody.post("/targets/7/disabled")
    assert product.services.audit.count() == before + deeds.MOST_ROWS
    clock.move(deeds.SPAN_S + 1)
    nobody.post("/targets/7/disabled")
    assert json.loads(product.services.audit.rows(size=1)[0].new)["left_out_before"] == 12


def test_peter_reads_what_is_missing_and_who_assigns_it_and_nothing_of_any_server(visit: Visit) -> None:
    page = visit("peter").get("/")
    assert page.status_code == 200
    assert "<code>nylas:NylasManage</code> is not assigned to you; a system administrator assigns it" in page.text
    assert "<b>adam</b>" in page.text
    assert "Targets" not in page.text
    assert "Operators" not in page.text


def test_adam_is_told_to_assign_it_himself(visit: Visit) -> None:
    page = visit("adam").get("/targets")
    assert 'You may assign it yourself under <a href="/operators">Operators</a>.' in page.text
    assert "Ask <b>adam" not in page.text


def test_a_refused_page_names_the_missing_privilege_and_who_assigns_it(visit: Visit) -> None:
    page = visit("vera").get("/targets/add")
    assert page.status_code == 403
    assert "<code>nylas:NylasManage</code> is not assigned to you" in page.text
    assert "<b>adam</b>" in page.text


def test_a_refused_panel_answers_with_a_notice_that_spares_the_panel(visit: Visit) -> None:
    answer = visit("vera").ask("/operators/add")
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (403, "#notices")
    assert "<html" not in answer.text
    assert "admin:OperatorManage" in answer.text


def test_a_panel_whose_privilege_was_taken_away_reloads_its_page(visit: Visit) -> None:
    answer = visit("vera").ask("/panels/operators", source="section#operators", target="section#operators")
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (403, "true")


def test_the_navigation_offers_only_what_may_be_opened(visit: Visit) -> None:
    assert 'href="/operators"' not in visit("olga").get("/targets").text
    assert 'href="/targets"' not in visit("adam").get("/operators").text


def test_an_unknown_page_is_not_found_for_anybody_and_tells_nothing(visit: Visit) -> None:
    for person in (visit(), visit("peter"), visit("olga")):
        assert person.get("/no/such/page").status_code == 404


# --- requests that other sites make ---------------------------------------------------------------------------------


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_site_is_refused_even_with_a_token(visit: Visit, product: Product, site: str) -> None:
    answer = visit("adam").post("/operators/add", {"username": "eve"}, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 400
    assert "eve" not in {row.username for row in product.services.operators.rows()}


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:8081", "https://localhost", "null"])
def test_a_form_of_another_origin_is_refused_even_with_a_token(visit: Visit, origin: str) -> None:
    assert visit("adam").post("/operators/add", headers={"Origin": origin}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, {}],
)
def test_a_form_of_this_site_is_accepted(visit: Visit, headers: dict[str, str]) -> None:
    assert visit("adam").post("/operators/add", headers=headers).status_code == 422


@pytest.mark.parametrize("token", ["", "made up"])
def test_a_form_without_the_right_token_is_refused(visit: Visit, token: str) -> None:
    answer = visit("adam").post("/operators/add", {"csrf_token": token})
    assert answer.status_code == 400
    assert "Reload the page and try again" in answer.text


def test_a_form_from_the_session_before_is_refused(visit: Visit) -> None:
    person = visit("adam")
    old = person.token()
    person.post("/sign-out")
    person.sign_in("adam")
    assert person.post("/operators/add", {"csrf_token": old}).status_code == 400


# --- views and their rules ------------------------------------------------------------------------------------------


def test_a_console_with_a_view_that_declares_no_privilege_does_not_start(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgetful = Blueprint("forgetful", __name__)
    forgetful.get("/forgotten")(lambda: "anybody reads this")
    monkeypatch.setattr("nylasadmin.web.pages.blueprint", forgetful)
    with pytest.raises(RuntimeError, match=r"forgetful\..* declares no privilege"):
        create_app(product.services, web_settings(product.settings))


def test_a_rule_stays_with_the_view_in_whatever_order_it_is_declared(app: Flask) -> None:
    def view() -> str:
        return ""

    assert needs(Privilege.VIEW)(view) is view
    assert public(view) is view


# --- other errors ---------------------------------------------------------------------------------------------------


def test_a_wrong_method_is_refused_with_the_right_ones_named(visit: Visit) -> None:
    answer = visit("olga").get("/sign-out")
    assert (answer.status_code, set(answer.headers["Allow"].split(", "))) == (405, {"POST", "OPTIONS"})


def test_an_enormous_form_is_refused(visit: Visit) -> None:
    answer = visit("adam").client.post("/operators/add", data={"username": "x" * 1_100_000})
    assert answer.status_code == 413
    assert "1 MB" in answer.text


def test_a_fault_of_the_program_shows_a_number_and_no_detail(
    app: Flask, visit: Visit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    person = visit("adam")

    @needs(Privilege.OPERATORS)
    def broken() -> str:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setitem(app.view_functions, "audit.page", broken)
    answer = person.get("/audit")
    assert answer.status_code == 500
    assert "a secret detail" not in answer.text
    number = caplog.records[-1].getMessage().split("shown as ")[1][:8]
    assert number in answer.text


def test_machines_get_errors_as_json(visit: Visit) -> None:
    answer = visit().get("/no/such/page", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json and answer.json["error"]) == (404, "There is no such page")
    assert visit().client.post("/healthz").json is not None


def test_anybody_may_ask_whether_the_process_is_alive(visit: Visit) -> None:
    answer = visit().get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert "Set-Cookie" not in answer.headers
