"""Signing in and out: sessions begin anew, end for good, and passwords cannot be guessed quickly."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask import Flask

from nylasadmin.adapters.clocks import FixedClock
from nylasadmin.bootstrap import Product
from nylasadmin.domain.privileges import COMMAND_LINE
from tests.web.visitor import PASSWORD, Visitor, htmx

Visit = Callable[..., Visitor]


def test_an_operator_who_signs_in_is_led_to_the_start_page(visit: Visit) -> None:
    answer = visit().sign_in("olga")
    assert (answer.status_code, answer.location) == (303, "/")


def test_the_start_page_leads_an_operator_who_may_view_to_the_targets(visit: Visit) -> None:
    assert visit("vera").get("/").location == "/targets"


def test_a_wrong_password_keeps_the_username_and_does_not_say_which_of_both_is_wrong(visit: Visit) -> None:
    wrong, unknown = visit().sign_in("olga", "not it at all"), visit().sign_in("nobody", "not it at all")
    assert wrong.status_code == unknown.status_code == 422
    assert 'value="olga"' in wrong.text
    assert wrong.text.count("is wrong") == unknown.text.count("is wrong") == 1


def test_a_password_is_never_sent_back(visit: Visit) -> None:
    assert "not it at all" not in visit().sign_in("olga", "not it at all").text


def test_input_of_absurd_length_is_a_wrong_password_without_being_hashed(visit: Visit) -> None:
    assert visit().sign_in("olga", "x" * 100_000).status_code == 422


def test_signing_in_replaces_whatever_session_the_browser_had(visit: Visit) -> None:
    person = visit()
    token = person.token()
    planted = person.client.get_cookie("nylasadmin")
    person.sign_in("olga")
    assert planted
    assert person.client.get_cookie("nylasadmin") != planted
    person_with_old_token = person.client.post("/sign-out", data={"csrf_token": token})
    assert person_with_old_token.status_code == 400


def test_signing_in_as_somebody_else_ends_the_session_before(visit: Visit) -> None:
    person = visit("olga")
    person.get("/sign-in")
    assert person.sign_in("peter").status_code == 303
    assert "not assigned to you" in person.get("/").text


def test_who_is_signed_in_already_is_not_asked_again(visit: Visit) -> None:
    assert visit("olga").get("/sign-in").status_code == 303


def test_signing_out_ends_the_session_also_for_a_copy_of_its_cookie(visit: Visit, app: Flask) -> None:
    person, thief = visit("olga"), Visitor(app)
    cookie = person.client.get_cookie("nylasadmin")
    assert cookie
    thief.client.set_cookie("nylasadmin", cookie.value)
    assert thief.get("/targets").status_code == 200
    assert person.post("/sign-out").location == "/sign-in"
    assert person.get("/targets").status_code == 303
    assert thief.get("/targets").location == "/sign-in?next=/targets"


def test_signing_out_is_not_possible_by_a_link(visit: Visit) -> None:
    assert visit("olga").get("/sign-out").status_code == 405


def test_signing_in_and_out_is_in_the_audit_trail(visit: Visit, product: Product) -> None:
    visit().sign_in("olga", "not it at all")
    visit("olga").post("/sign-out")
    rows = [(row.action, row.actor, row.address, row.outcome) for row in product.services.audit.rows(size=3)]
    assert rows == [
        ("operator.sign_out", "olga", "127.0.0.1", "done"),
        ("operator.sign_in", "olga", "127.0.0.1", "done"),
        ("operator.sign_in", "olga", "127.0.0.1", "denied"),
    ]


def test_a_new_password_ends_every_session_of_the_operator(visit: Visit, product: Product) -> None:
    person = visit("olga")
    olga = product.services.operators.by_name("olga")
    product.services.operators.set_password(COMMAND_LINE, olga.id, "another long password")
    assert person.get("/targets").status_code == 303
    assert visit().sign_in("olga", "another long password").status_code == 303


def test_disabling_an_operator_ends_every_session_at_once(visit: Visit, product: Product) -> None:
    person = visit("olga")
    olga = product.services.operators.by_name("olga")
    product.services.operators.set_disabled(COMMAND_LINE, olga.id, True)
    assert person.get("/targets").status_code == 303
    assert visit().sign_in("olga").status_code == 422
    product.services.operators.set_disabled(COMMAND_LINE, olga.id, False)
    assert person.get("/targets").status_code == 303, "an old session must not come back to life"


def test_a_session_ends_after_twelve_idle_hours(visit: Visit, clock: FixedClock) -> None:
    person = visit("olga")
    clock.move(11 * 3600)
    assert person.get("/targets").status_code == 200
    clock.move(11 * 3600)
    assert person.get("/targets").status_code == 200
    clock.move(12 * 3600 + 1)
    assert person.get("/targets").status_code == 303


def test_panels_that_follow_the_server_do_not_keep_a_session_awake(visit: Visit, clock: FixedClock) -> None:
    person = visit("olga")
    for _ in range(13):
        clock.move(3600)
        last = person.ask("/panels/targets", source="section#targets", target="section#targets").status_code
    assert last == 401


@pytest.mark.parametrize("next", ["/audit?page=2", "/operators"])
def test_after_signing_in_one_comes_to_the_page_one_wanted(visit: Visit, next: str) -> None:
    assert visit().sign_in("adam", next=next).location == next


@pytest.mark.parametrize(
    "next",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/a\r\nLocation: https://evil.example",
        " //evil.example",
        "/panels/targets",
        "/sign-in",
        "evil.example",
        "/@evil.example",
        "/..//evil.example",
        "/targets/../..//evil.example",
        "/targets/",
        "/no/such/page",
        "/static/console.css",
    ],
)
def test_after_signing_in_nobody_is_led_off_the_console(visit: Visit, next: str) -> None:
    assert visit().sign_in("adam", next=next).location == "/"


def test_a_page_leads_somebody_without_a_session_to_the_sign_in_page_and_back(visit: Visit) -> None:
    assert visit().get("/audit?page=2").location == "/sign-in?next=/audit?page%3D2"


def test_a_panel_leads_the_browser_itself_to_the_sign_in_page(visit: Visit) -> None:
    answer = visit().ask("/panels/audit")
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in?next=/audit&ended=yes")


def test_a_form_sent_after_the_session_ended_says_that_nothing_was_changed(visit: Visit) -> None:
    answer = visit().post("/operators/add", {"username": "eve"})
    assert answer.status_code == 401
    assert "nothing was changed" in answer.text


def test_a_page_of_another_origin_is_not_taken_as_the_way_back(visit: Visit) -> None:
    answer = visit().get("/panels/audit", headers=htmx(page="https://evil.example//evil.example/x"))
    assert answer.headers["HX-Redirect"] == "/sign-in?ended=yes"


def test_after_ten_wrong_passwords_a_username_has_to_wait(visit: Visit, clock: FixedClock) -> None:
    person = visit()
    tries = [person.sign_in("olga", "not it at all").status_code for _ in range(10)]
    assert tries == [422] * 10
    answer = person.sign_in("Olga ", PASSWORD)
    assert answer.status_code == 429
    assert "Too many tries" in answer.text
    assert int(answer.headers["Retry-After"]) >= 1
    assert person.sign_in("vera").status_code == 303, "other operators are not held up"


def test_after_many_wrong_passwords_an_address_has_to_wait(visit: Visit) -> None:
    person = visit()
    tries = [person.sign_in(f"name{n}", "not it at all").status_code for n in range(31)]
    assert tries == [422] * 30 + [429]


def test_signing_in_rightly_does_not_count_as_a_try(visit: Visit) -> None:
    assert [visit().sign_in("olga").status_code for _ in range(12)] == [303] * 12


def test_signing_in_again_inside_a_dialog_gives_its_forms_the_new_token(visit: Visit) -> None:
    person = visit()
    wrong = person.send("/sign-in", {"username": "olga", "password": "not it at all"})
    assert (wrong.status_code, "<html" in wrong.text, 'value="olga"' in wrong.text) == (422, False, True)
    answer = person.send("/sign-in", {"username": "olga", "password": PASSWORD})
    assert (answer.status_code, "You are signed in again" in answer.text) == (200, True)
    told = json.loads(answer.headers["HX-Trigger"])["signed-in"]
    assert told["username"] == "olga"
    assert person.client.post("/sign-out", data={"csrf_token": told["token"]}).status_code == 303


def test_the_sign_in_page_says_that_a_session_has_ended(visit: Visit) -> None:
    assert "You were signed out" in visit().get("/sign-in?ended=yes").text
    assert "You were signed out" not in visit().get("/sign-in").text


def test_a_throttled_sign_in_is_in_the_audit_trail(visit: Visit, product: Product) -> None:
    person = visit()
    for _ in range(11):
        answer = person.sign_in("olga", "not it at all")
    assert answer.status_code == 429
    (row,) = product.services.audit.rows(size=1)
    assert (row.action, row.actor, row.subject) == ("operator.sign_in", "olga", "operator olga")
    assert (row.outcome, row.new) == ("denied", '{"why":"too many tries"}')
