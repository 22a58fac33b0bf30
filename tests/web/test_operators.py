"""The operators page: add, privileges, password, disable; as page and as dialog."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from nylasadmin.bootstrap import Product
from nylasadmin.domain.privileges import COMMAND_LINE, Operator, Privilege
from tests.web.visitor import PASSWORD, Visitor, htmx

Visit = Callable[..., Visitor]
NEW = {"username": "nora", "password": "a long new password", "again": "a long new password"}


def named(product: Product, username: str) -> Operator:
    return product.services.operators.by_name(username)


def names(product: Product) -> set[str]:
    return {row.username for row in product.services.operators.rows()}


def test_the_page_lists_everybody_with_privileges_and_state(visit: Visit) -> None:
    page = visit("adam").get("/operators").text
    for word in ("olga", "vera", "peter", "adam", "nylas:NylasManage", "none: sees the start page only", "May sign in"):
        assert word in page


def test_the_panel_is_the_same_list_without_the_page_around_it(visit: Visit) -> None:
    panel = visit("adam").ask("/panels/operators").text
    assert panel.startswith('<section class="panel" id="operators"')
    assert "olga" in panel


@pytest.mark.parametrize("path", ["/operators/add", "/operators/1/privileges", "/operators/1/password"])
def test_a_form_is_a_dialog_for_htmx_and_a_page_without_it(visit: Visit, path: str) -> None:
    person = visit("adam")
    dialog, page = person.ask(path).text, person.get(path).text
    assert dialog.startswith("<dialog")
    assert "<html" not in dialog
    assert page.startswith("<!doctype html>")
    assert "<dialog" not in page
    assert 'id="operator-form"' in dialog
    assert 'id="operator-form"' in page


def test_an_operator_is_added_with_privileges_and_can_sign_in(visit: Visit, product: Product) -> None:
    answer = visit("adam").post("/operators/add", {**NEW, "privileges": ["nylas:NylasView", "nylas:NylasManage"]})
    assert (answer.status_code, answer.location) == (303, "/operators")
    assert named(product, "nora").privileges == {Privilege.VIEW, Privilege.MANAGE}
    assert visit().sign_in("nora", NEW["password"]).status_code == 303


def test_a_dialog_that_succeeded_closes_and_wakes_the_list(visit: Visit) -> None:
    answer = visit("adam").send("/operators/add", NEW)
    assert (answer.status_code, answer.text) == (200, "")
    events = json.loads(answer.headers["HX-Trigger"])
    assert list(events) == ["operatorsChanged", "toast", "dialog-done"]
    assert events["toast"]["text"] == "nora can sign in now."


def test_without_scripts_the_next_page_says_what_was_done(visit: Visit) -> None:
    person = visit("adam")
    person.post("/operators/add", NEW)
    assert "nora can sign in now." in person.get("/operators").text
    assert "nora can sign in now." not in person.get("/operators").text


def test_a_form_that_is_a_page_of_its_own_leads_on_with_what_was_done(visit: Visit) -> None:
    person = visit("adam")
    (said,) = re.findall(r"hx-headers:inherited='([^']+)'", person.get("/operators/add").text)
    answer = person.post("/operators/add", NEW, headers=htmx() | json.loads(said))
    assert answer.headers["HX-Redirect"] == "/operators"
    assert "nora can sign in now." in person.get("/operators").text


def test_wrong_input_is_shown_beside_its_field_and_the_rest_is_kept(visit: Visit, product: Product) -> None:
    wrong = {"username": "no", "password": "short", "again": "short", "privileges": "nylas:NylasView"}
    answer = visit("adam").send("/operators/add", wrong)
    assert answer.status_code == 422
    assert answer.text.startswith("<form")
    assert 'value="no"' in answer.text
    assert "at least 10 characters" in answer.text
    assert answer.text.count(" checked") == 1
    assert "short" not in answer.text.replace("too short", "")
    assert "no" not in names(product)


def test_two_passwords_that_differ_are_refused(visit: Visit, product: Product) -> None:
    answer = visit("adam").send("/operators/add", {**NEW, "again": "another long password"})
    assert answer.status_code == 422
    assert "The two entries differ" in answer.text
    assert "nora" not in names(product)


def test_a_name_in_use_is_refused(visit: Visit) -> None:
    answer = visit("adam").send("/operators/add", {**NEW, "username": "olga"})
    assert answer.status_code == 422
    assert "There is an operator olga already" in answer.text


def test_a_privilege_nobody_knows_is_left_out(visit: Visit, product: Product) -> None:
    visit("adam").post("/operators/add", {**NEW, "privileges": ["nylas:Everything", "nylas:NylasView"]})
    assert named(product, "nora").privileges == {Privilege.VIEW}


def test_privileges_count_from_the_next_request_on(visit: Visit, product: Product) -> None:
    peter, path = visit("peter"), f"/operators/{named(product, 'peter').id}/privileges"
    assert peter.get("/targets").status_code == 403
    visit("adam").post(path, {"privileges": "nylas:NylasView"})
    assert peter.get("/targets").status_code == 200
    visit("adam").post(path)
    assert peter.get("/targets").status_code == 403


def test_a_change_of_privileges_is_in_the_audit_trail_with_old_and_new(visit: Visit, product: Product) -> None:
    visit("adam").post(f"/operators/{named(product, 'vera').id}/privileges", {"privileges": "nylas:NylasManage"})
    row = product.services.audit.rows(size=1)[0]
    assert (row.actor, row.subject, row.outcome) == ("adam", "operator vera", "done")
    assert ("NylasView" in row.old, "NylasManage" in row.new) == (True, True)


def test_the_last_administrator_cannot_give_the_privilege_away(visit: Visit, product: Product) -> None:
    adam = named(product, "adam")
    answer = visit("adam").send(f"/operators/{adam.id}/privileges", {"privileges": "nylas:NylasView"})
    assert answer.status_code == 409
    assert "Give admin:OperatorManage to somebody else first" in answer.text
    assert named(product, "adam").privileges == {Privilege.OPERATORS}


def test_one_of_two_administrators_can_give_the_privilege_away(visit: Visit, product: Product) -> None:
    product.services.operators.grant(COMMAND_LINE, "olga", Privilege.OPERATORS)
    adam = named(product, "adam")
    assert visit("adam").post(f"/operators/{adam.id}/privileges").status_code == 303
    assert named(product, "adam").privileges == frozenset()


def test_a_new_password_counts_and_the_old_one_does_not(visit: Visit, product: Product) -> None:
    form = {"password": "a long new password", "again": "a long new password"}
    visit("adam").post(f"/operators/{named(product, 'vera').id}/password", form)
    assert visit().sign_in("vera", PASSWORD).status_code == 422
    assert visit().sign_in("vera", "a long new password").status_code == 303


def test_whoever_sets_the_own_password_signs_in_again(visit: Visit, product: Product) -> None:
    person = visit("adam")
    form = {"password": "a long new password", "again": "a long new password"}
    person.post(f"/operators/{named(product, 'adam').id}/password", form)
    assert person.get("/operators").status_code == 303


def test_a_disabled_operator_is_marked_and_can_be_enabled_again(visit: Visit, product: Product) -> None:
    person, vera = visit("adam"), named(product, "vera")
    person.post(f"/operators/{vera.id}/disable")
    assert "Disabled" in person.get("/operators").text
    assert visit().sign_in("vera").status_code == 422
    person.post(f"/operators/{vera.id}/enable")
    assert visit().sign_in("vera").status_code == 303


def test_the_last_administrator_cannot_be_disabled(visit: Visit, product: Product) -> None:
    answer = visit("adam").send(f"/operators/{named(product, 'adam').id}/disable")
    assert answer.status_code == 409
    assert not named(product, "adam").is_disabled


def test_the_list_does_not_offer_to_disable_oneself(visit: Visit, product: Product) -> None:
    page, adam = visit("adam").get("/operators").text, named(product, "adam")
    assert f"/operators/{adam.id}/disable" not in page
    assert f"/operators/{named(product, 'olga').id}/disable" in page


@pytest.mark.parametrize("path", ["privileges", "password", "disable", "enable"])
def test_an_operator_that_does_not_exist_is_not_found(visit: Visit, path: str) -> None:
    person = visit("adam")
    assert person.get(f"/operators/4711/{path}").status_code == 404
    assert person.post(f"/operators/4711/{path}").status_code == 404


def test_a_username_is_shown_as_text_whatever_it_contains(visit: Visit, product: Product) -> None:
    answer = visit("adam").send("/operators/add", {**NEW, "username": "<script>alert(1)</script>"})
    assert answer.status_code == 422
    assert "<script>" not in answer.text


def test_a_password_that_sign_in_would_refuse_is_not_accepted(visit: Visit, product: Product) -> None:
    endless = "x" * 201
    answer = visit("adam").send("/operators/add", {"username": "nora", "password": endless, "again": endless})
    assert (answer.status_code, "Use 200 characters or fewer; these are 201." in answer.text) == (422, True)
    just = "y" * 200
    product.services.operators.add(COMMAND_LINE, "lena", just, ())
    assert visit().sign_in("lena", just).status_code == 303
