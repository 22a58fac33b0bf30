"""The page on which a CRM user connects, followed through the sandbox's sign-in pages as a browser would."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
import requests
from sqlalchemy import update
from werkzeug.test import TestResponse

from nylasadmin.adapters.clocks import FixedClock
from nylasadmin.adapters.storage.tables import metadata
from nylasadmin.bootstrap import Product, web_settings
from nylasadmin.domain.links import AccountState
from nylasadmin.domain.policies import EVERYTHING
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.services.targets import form_of
from nylasadmin.web import create_app
from tests.sandbox.openapi import judged_sandbox
from tests.services.doors import STRANGER, Door, add_target, register
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]
BACK = "http://localhost/connect/return"


@pytest.fixture
def door(product: Product, clock: FixedClock) -> Iterator[Door]:
    with judged_sandbox(users=1, events_per_user=0) as box:
        register(box, BACK)
        register(box)
        yield Door(box, product, add_target(product, box, EVERYTHING, 2), clock)


@pytest.fixture
def person(visit: Visit) -> Visitor:
    """Somebody without an operator's session."""
    return visit()


def begin(person: Visitor, door: Door, user: int = 0, email: str = "", token: str = "") -> TestResponse:
    return person.post(f"/connect/{token or door.token(user)}", {"email": email or door.email(user)})


def way_back(url: str, who: str) -> str:
    """Sign in on the sandbox's page as somebody, or refuse; give the path that the browser is sent back to."""
    session = requests.Session()
    shown = session.get(url, timeout=5)
    assert shown.status_code == 200, shown.text
    answer = {"action": "refuse"} if who == "refuse" else {"action": "allow", "account": who, "provider": "google"}
    back = session.post(shown.url, data=answer, allow_redirects=False, timeout=5).headers["Location"]
    assert back.startswith(BACK), back
    return back.removeprefix("http://localhost")


def connected(person: Visitor, door: Door, user: int = 0, who: str = "", **options: Any) -> TestResponse:
    """Go all the way; give the page at its end."""
    url = begin(person, door, user, **options).location
    return person.get(way_back(url, who or door.email(user)), follow_redirects=True)


def test_a_user_goes_all_the_way_without_an_operators_session(person: Visitor, door: Door) -> None:
    page = connected(person, door)
    assert page.status_code == 200
    assert re.search(r"<h1[^>]*>Connected</h1>", page.text)
    assert door.email() in page.text
    assert "code=" not in page.request.url
    assert door.account().grant_id == door.box.grants[0].id


def test_the_page_says_who_invites_and_begins_with_the_users_address(person: Visitor, door: Door) -> None:
    page = person.get(f"/connect/{door.token(1)}").text
    assert "Sandbox invites User 1" in page
    assert f'value="{door.email(1)}"' in page
    assert door.email(0) not in page
    assert 'href="/"' not in page


def test_the_page_tells_what_is_not_copied(person: Visitor, door: Door) -> None:
    page = connected(person, door).text
    assert "more folders are there, and not copied" in page
    assert "<li>Mail</li>" in page


def test_an_address_that_is_none_stays_as_it_was_typed(person: Visitor, door: Door) -> None:
    answer = begin(person, door, email="anna at firm")
    assert answer.status_code == 422
    assert 'value="anna at firm"' in answer.text
    assert "Enter the e-mail address of your account" in answer.text


def test_another_account_is_refused_with_both_named(person: Visitor, door: Door) -> None:
    page = connected(person, door, who=STRANGER).text
    assert "You signed in with another account" in page
    assert STRANGER in page
    assert "Connect again" in page


def test_who_refuses_reads_that_nothing_was_connected(person: Visitor, door: Door) -> None:
    page = connected(person, door, who="refuse").text
    assert "You did not allow the access" in page
    assert door.product.services.console.targets()[0].links == 0


def test_the_button_to_connect_again_leads_back_to_the_link(person: Visitor, door: Door) -> None:
    token = door.token()
    page = connected(person, door, who="refuse", token=token).text
    assert f'href="/connect/{token}"' in page


def test_going_back_and_coming_again_shows_what_the_first_time_led_to(person: Visitor, door: Door) -> None:
    back = way_back(begin(person, door).location, door.email())
    pages = [person.get(back, follow_redirects=True) for _ in range(2)]
    assert [re.search(r"<h1[^>]*>(.*?)</h1>", page.text)[1] for page in pages] == ["Connected"] * 2  # type: ignore[index]


def test_clicking_twice_begins_two_attempts_that_both_end_well(person: Visitor, door: Door) -> None:
    token = door.token()
    urls = [begin(person, door, token=token).location for _ in range(2)]
    for url in urls:
        assert "Connected" in person.get(way_back(url, door.email()), follow_redirects=True).text
    assert len(door.box.grants) == 1


def test_another_browser_cannot_finish_what_this_one_began(person: Visitor, door: Door, visit: Visit) -> None:
    """Else somebody could have another person sign in for them, and read that person's calendar in the CRM."""
    url = begin(person, door).location
    back = way_back(url, door.email())
    answer = visit().get(back)
    assert answer.status_code == 404
    assert "begun in another browser" in answer.text
    assert door.audit("account.connect") == []
    nonce = re.search(r"state=([\w-]+)", url)[1]  # type: ignore[index]
    assert visit().get(f"/connect/sign-ins/{nonce}").status_code == 404
    assert visit().ask(f"/panels/connect/{nonce}").status_code == 409


def test_a_link_that_is_too_old_or_damaged_is_told_and_shows_no_form(
    person: Visitor, door: Door, clock: FixedClock
) -> None:
    token = door.token(lives_s=3600)
    clock.move(3600)
    assert "This link is too old" in person.get(f"/connect/{token}").text
    answer = person.get(f"/connect/{token[:-3]}")
    assert (answer.status_code, "<form" in answer.text) == (404, False)
    assert "This link is not valid" in answer.text


def test_a_refused_link_leaves_a_row_that_does_not_hold_it(person: Visitor, door: Door) -> None:
    person.post("/connect/made-up", {"email": "a@b.example"})
    (row,) = door.product.services.audit.rows(size=1)
    assert (row.action, row.subject, row.outcome) == ("account.sign_in", "an invitation", "refused")
    assert "made-up" not in row.new


def test_a_return_address_that_is_not_registered_is_told_to_the_user_and_to_operators(
    person: Visitor, door: Door
) -> None:
    door.box.sandbox.application.redirect_uris.clear()
    answer = begin(person, door)
    assert answer.status_code == 409
    assert "Ask your administrator to register http://localhost/connect/return" in answer.text
    assert BACK in door.audit("account.sign_in")[0].new


def test_nylas_that_does_not_answer_is_told_and_what_was_typed_stays(person: Visitor, door: Door) -> None:
    token = door.token()
    form = msgspec.structs.replace(form_of(door.target), base_url="http://127.0.0.1:9")
    door.product.services.targets.edit(COMMAND_LINE, door.target.id, door.target.version, form)
    answer = begin(person, door, token=token, email=STRANGER)
    assert answer.status_code == 502
    assert "does not answer" in answer.text
    assert f'value="{STRANGER}"' in answer.text


def test_the_address_of_another_user_is_refused_without_saying_whose_it_is(person: Visitor, door: Door) -> None:
    answer = begin(person, door, user=0, email=door.email(1))
    assert answer.status_code == 409
    assert "cannot be connected here" in answer.text
    assert "User 1" not in answer.text


def test_a_link_to_sign_in_again_takes_no_address(person: Visitor, door: Door) -> None:
    door.connect(0)
    token = door.token(0, account_id=door.account().id)
    assert "nothing needs to be done" in person.get(f"/connect/{token}").text
    with door.product.storage.write() as tx:
        tx.accounts.set_state(door.account().id, AccountState.NEEDS_SIGN_IN)
    page = person.get(f"/connect/{token}").text
    assert 'name="email"' not in page
    assert f"The sign-in of <b>{door.email()}</b> has ended" in page


def test_in_a_frame_the_sign_in_opens_a_tab_of_its_own(person: Visitor, door: Door) -> None:
    path = f"/connect/{door.token()}"
    shown = {dest: person.get(path, headers={"Sec-Fetch-Dest": dest}).text for dest in ("iframe", "document")}
    assert 'target="_blank"' in shown["iframe"]
    assert 'target="_blank"' not in shown["document"]


def test_the_form_may_lead_to_the_sign_in_pages_and_no_other_form_may(person: Visitor, door: Door) -> None:
    """Browsers check a form's redirects against the policy of its page."""
    policy = person.get(f"/connect/{door.token()}").headers["Content-Security-Policy"]
    assert f"form-action 'self' https: {door.box.url}" in policy
    assert person.get("/sign-in").headers["Content-Security-Policy"].endswith("form-action 'self'")


def test_a_form_of_another_site_is_refused(person: Visitor, door: Door) -> None:
    token = door.token()
    assert person.client.post(f"/connect/{token}", data={"email": door.email()}).status_code == 400
    answer = person.post(f"/connect/{token}", {"email": door.email()}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 400


def test_links_cannot_be_guessed_quickly_nor_one_be_used_without_end(door: Door, product: Product) -> None:
    settings = msgspec.structs.replace(
        web_settings(product.settings), tries_per_address="3 per minute", tries_per_link="2 per minute"
    )
    person = Visitor(create_app(product.services, settings, clock=product.clock.now))
    token = door.token()
    assert [begin(person, door, token=token).status_code for _ in range(3)] == [303, 303, 429]
    assert [person.get("/connect/guess").status_code for _ in range(4)] == [404, 404, 404, 429]


def test_the_page_comes_back_to_the_public_address_of_the_settings(door: Door, product: Product) -> None:
    public = "https://portal.example/nylas"
    register(door.box, f"{public}/connect/return")
    app = create_app(product.services, msgspec.structs.replace(web_settings(product.settings), public_url=public))
    person = Visitor(app, environ_overrides={"SCRIPT_NAME": "/nylas"})
    assert "portal.example%2Fnylas%2Fconnect%2Freturn" in begin(person, door).location


def test_pages_load_nothing_that_the_policy_would_block(person: Visitor, door: Door) -> None:
    pages = [person.get(f"/connect/{door.token()}"), connected(person, door), person.get("/connect/damaged")]
    for page in pages:
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=|javascript:", page.text)


def test_a_first_synchronization_that_takes_more_than_a_day_is_said_to(
    person: Visitor, door: Door, clock: FixedClock
) -> None:
    url = begin(person, door).location
    person.get(way_back(url, door.email()))
    with door.product.engine.begin() as connection:
        connection.execute(update(metadata.tables["accounts"]).values(synced_at=None))
    nonce = re.search(r"state=([\w-]+)", url)[1]  # type: ignore[index]
    assert "First synchronization: <b>" in person.get(f"/connect/sign-ins/{nonce}").text
    clock.move(86_401)
    assert "takes longer than a day" in person.get(f"/connect/sign-ins/{nonce}").text


# --- the operator's side --------------------------------------------------------------------------------------------


def test_the_history_says_of_whom_a_first_synchronization_is(door: Door, visit: Visit) -> None:
    door.connect(0)
    page = visit("olga").get("/snapshots").text
    assert f"by itself: first synchronization of {door.email()}" in re.sub("</?bdi>", "", page)
    assert "all links" not in page


def test_an_operator_makes_a_link_that_works(door: Door, visit: Visit, person: Visitor) -> None:
    olga = visit("olga")
    assert "Invite a user" in olga.get("/targets").text
    answer = olga.send(f"/targets/{door.target.id}/invite", {"user": door.email(1), "hours": "2"})
    link = re.search(r'value="http://localhost(/connect/[^"]+)"', answer.text)
    assert link, answer.text
    assert "Sandbox invites User 1" in person.get(link[1]).text
    assert BACK in answer.text
    (row,) = door.audit("account.invite")
    assert (row.actor, row.subject) == ("olga", f"account {door.email(1)}")
    assert urlsplit(link[1]).path.removeprefix("/connect/") not in row.new


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"user": "nobody", "hours": "2"}, "f-user"),
        ({"user": "u1", "hours": "0"}, "f-hours"),
        ({"user": "u1", "hours": "9" * 40}, "f-hours"),
    ],
)
def test_what_cannot_be_invited_is_told_beside_its_field_and_stays(
    door: Door, visit: Visit, typed: dict[str, str], field: str
) -> None:
    answer = visit("olga").send(f"/targets/{door.target.id}/invite", typed)
    assert answer.status_code == 422
    assert re.search(rf'id="{field}"[^>]*aria-invalid="true"', answer.text)
    assert all(f'value="{value}"' in answer.text for value in typed.values())
    assert [row.outcome for row in door.audit("account.invite")] == ["refused"]


def test_an_operator_makes_a_link_to_sign_an_account_in_again(door: Door, visit: Visit, person: Visitor) -> None:
    door.connect(0)
    olga, path = visit("olga"), f"/accounts/{door.account().id}/invite"
    assert f"Invite {door.email()} to sign in again" in olga.ask(path).text
    refused = olga.send(path, {"hours": "1000"})
    assert (refused.status_code, 'value="1000"' in refused.text) == (422, True)
    link = re.search(r'value="http://localhost(/connect/[^"]+)"', olga.send(path, {"hours": "2"}).text)
    assert link
    assert "sign in again with the same account" in person.get(link[1]).text
    assert [row.outcome for row in door.audit("account.invite")][-2:] == ["refused", "done"]


def test_who_is_connected_is_not_suggested(door: Door, visit: Visit) -> None:
    door.connect(0)
    page = visit("olga").ask(f"/targets/{door.target.id}/invite").text
    assert f'<option value="{door.email(1)}">' in page
    assert f'<option value="{door.email(0)}">' not in page


def test_the_progress_of_an_attempt_is_followed_only_while_it_moves(door: Door, person: Visitor) -> None:
    url = begin(person, door).location
    nonce = re.search(r"state=([\w-]+)", url)[1]  # type: ignore[index]
    waiting = person.ask(f"/panels/connect/{nonce}").text
    with door.product.storage.write() as tx:
        sign_in = tx.sign_ins.by_nonce(nonce)
        assert sign_in is not None
        tx.sign_ins.returned(sign_in.id, "elsewhere:1:x")
    moving = person.ask(f"/panels/connect/{nonce}").text
    assert ("hx-trigger" in waiting, "hx-trigger" in moving) == (False, True)
    assert "Asking Nylas for your account" in moving


def test_a_user_disconnects_after_reading_what_that_does(person: Visitor, door: Door) -> None:
    connected(person, door)
    assert f"Disconnect {door.email()}…" in person.get(f"/connect/{door.token()}").text
    asked = person.get(f"/connect/{door.token()}/disconnect").text
    done = person.post(f"/connect/{door.token()}/disconnect")
    again = person.post(f"/connect/{door.token()}/disconnect")

    assert "Nothing is deleted" in asked
    assert "Your permission has been withdrawn at Nylas" in done.text
    assert (done.status_code, again.status_code, door.box.grants) == (200, 200, [])
    assert door.account().state is AccountState.DISCONNECTED
    rows = [row for row in door.product.services.audit.rows(size=9) if row.action == "account.disconnect"]
    assert [(row.actor.partition(":")[0], row.outcome) for row in rows] == [("(nobody)", "refused"), ("user", "done")]


def test_who_has_nothing_connected_has_nothing_to_disconnect(person: Visitor, door: Door) -> None:
    answers = [ask(f"/connect/{door.token(1)}/disconnect") for ask in (person.get, person.post)]

    assert all("You have nothing connected" in answer.text for answer in answers)
    assert person.post("/connect/nonsense/disconnect").status_code == 404
