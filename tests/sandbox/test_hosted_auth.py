"""Hosted sign-in: what an application may ask for, the page a person sees, and what comes back."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests

from .conftest import ANNA, Api
from .signing_in import BACK, ask, brought_back, exchange_code, register, tokens_of

NEW = "dora.new@elsewhere.example"


@pytest.fixture
def open_api(api: Api) -> Api:
    register(api)
    return api


def page_of(api: Api, **query: str) -> tuple[str, str]:
    """Open the page as a browser does and return its address and text."""
    answer = ask(api, **query)
    assert answer.status_code == 302
    url = api.box.url + answer.headers["Location"]
    shown = requests.get(url, timeout=10)
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    return url, shown.text


def submit(url: str, **fields: str) -> requests.Response:
    return requests.post(url, data=fields, allow_redirects=False, timeout=10)


def test_a_person_signs_in_on_the_page(open_api: Api) -> None:
    url, text = page_of(open_api, provider="google", login_hint=ANNA, state="user 7")
    assert f'value="{ANNA}"' in text
    assert "<script" not in text
    back = brought_back(submit(url, account=ANNA, provider="google", action="allow"))
    assert (back["state"], back["tab"]) == ("user 7", "1")
    status, tokens = exchange_code(open_api, back["code"])
    assert (status, tokens["grant_id"]) == (200, open_api.box.grants[0].id)


def test_a_person_refuses_on_the_page(open_api: Api) -> None:
    url, _ = page_of(open_api, state="s")
    back = brought_back(submit(url, action="refuse"))
    assert (back["error"], back["state"], "code" in back) == ("access_denied", "s", False)
    assert back["error_description"]


def test_a_person_picks_another_account_than_the_hint(open_api: Api) -> None:
    url, _ = page_of(open_api, provider="google", login_hint=ANNA)
    back = brought_back(submit(url, account=NEW, provider="google", action="allow"))
    tokens = exchange_code(open_api, back["code"])[1]
    assert (tokens["email"], tokens["grant_id"] == open_api.box.grants[0].id) == (NEW, False)


def test_a_page_that_was_answered_is_over(open_api: Api) -> None:
    url, _ = page_of(open_api)
    submit(url, action="refuse")
    assert requests.get(url, timeout=10).status_code == 410
    assert submit(url, action="refuse").status_code == 410


def test_a_wrong_answer_shows_the_page_again_with_the_reason(open_api: Api) -> None:
    url, _ = page_of(open_api)
    for fields in ({"account": "", "provider": "google"}, {"account": "a@b.example", "provider": ""}):
        again = submit(url, action="allow", **fields)
        assert again.status_code == 400
        assert 'role="alert"' in again.text
    typed = submit(url, account=ANNA, provider="microsoft", action="allow").text
    assert f'value="{ANNA}"' in typed
    assert '<option value="microsoft" selected>' in typed
    assert requests.get(url, timeout=10).status_code == 200


def test_the_page_escapes_what_the_application_sends(open_api: Api) -> None:
    _, text = page_of(open_api, login_hint='"><script>x</script>', scope="<b>")
    assert "<script>" not in text
    assert "<b>" not in text.replace("Account of <b>", "")


def test_the_page_offers_the_providers_that_were_named(open_api: Api) -> None:
    _, text = page_of(open_api, provider="google,icloud")
    assert re.findall(r'<option value="([^"@]*)">', text) == ["google", "icloud"]
    _, text = page_of(open_api, prompt="detect,select_provider")
    assert re.findall(r'<option value="([^"@]*)">', text)[0] == ""
    assert "virtual-calendar" not in text


def test_the_provider_of_an_address_is_detected(open_api: Api) -> None:
    url, _ = page_of(open_api, prompt="detect")
    code = brought_back(submit(url, account="eve@icloud.com", provider="", action="allow"))["code"]
    assert exchange_code(open_api, code)[1]["provider"] == "icloud"


@pytest.mark.parametrize(
    "query",
    [
        {"client_id": None},
        {"client_id": "x"},
        {"redirect_uri": None},
        {"response_type": None},
        {"response_type": "token"},
        {"provider": "pigeon"},
        {"provider": "virtual-calendar"},
        {"state": "x" * 257},
        {"prompt": "login"},
        {"access_type": "sideways"},
        {"code_challenge_method": "S512", "code_challenge": "x"},
        {"credential_id": "x"},
        {"response_type": "adminconsent", "provider": "microsoft"},
        {"sandbox_as": "no address"},
    ],
)
def test_a_wrong_request_is_refused_in_the_envelope(open_api: Api, query: dict[str, str | None]) -> None:
    answer = ask(open_api, **query)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("url", ["https://crm.example/callback", BACK + "&x=1", "https://evil.example/", BACK + "/"])
def test_an_address_that_is_not_registered_is_refused(open_api: Api, url: str) -> None:
    answer = ask(open_api, redirect_uri=url)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "grant.callback_uri_not_allowed")


def test_a_state_of_256_characters_comes_back_unchanged(open_api: Api) -> None:
    state = ("äöü&=+ %#" * 40)[:256]
    assert brought_back(ask(open_api, sandbox_as=ANNA, state=state))["state"] == state


def test_refusing_needs_no_page(open_api: Api) -> None:
    assert brought_back(ask(open_api, sandbox_as="refuse"))["error"] == "access_denied"


def test_an_address_of_another_provider_is_refused(open_api: Api) -> None:
    answer = ask(open_api, sandbox_as=ANNA, provider="microsoft")
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "grant.invalid_authentication")


def test_nobody_signs_in_where_the_connector_was_deleted(open_api: Api) -> None:
    assert open_api.call("DELETE", "/v3/connectors/google")[0] == 200
    assert ask(open_api, provider="google").status_code == 400
    assert "google" not in page_of(open_api)[1].split("<datalist")[0]


def test_an_administrator_consents_for_everybody(open_api: Api) -> None:
    data = {"name": "admin", "credential_type": "adminconsent", "credential_data": {"client_id": "x"}}
    credential = open_api.call("POST", "/v3/connectors/microsoft/creds", data)[1]["data"]["id"]
    query = {"response_type": "adminconsent", "provider": "microsoft", "credential_id": credential, "state": "s"}
    back = brought_back(ask(open_api, sandbox_as="admin@firm.example", **query))
    assert (back["state"], "code" in back) == ("s", False)


@pytest.mark.parametrize("provider", ["google", "microsoft", "icloud", "ews", "yahoo", "imap", "zoom"])
def test_every_hosted_provider_makes_a_grant(start: Callable[..., Api], provider: str) -> None:
    api = start()
    register(api)
    tokens = tokens_of(api, NEW, provider=provider, state="crm 7", scope="a b")
    grant = api.get(f"/v3/grants/{tokens['grant_id']}")["data"]
    assert (tokens["provider"], grant["provider"], grant["email"]) == (provider, provider, NEW)
    assert (grant["state"], grant["scope"], grant["name"]) == ("crm 7", ["a", "b"], "Dora New")
    assert {"ip", "user_agent"} <= set(grant)


def test_a_new_account_has_an_empty_primary_calendar_and_takes_data(open_api: Api) -> None:
    tokens_of(open_api, NEW, provider="google")
    assert open_api.events(NEW) == []
    calendars = open_api.get(f"/v3/grants/{NEW}/calendars")["data"]
    assert [(one["id"], one["is_primary"]) for one in calendars] == [(NEW, True)]
    filled = open_api.call("POST", f"/sandbox/grants/{NEW}/fill", {"events": 40})[1]["data"]
    assert 30 <= filled[NEW] <= 45
    assert open_api.events(NEW, start=0, end=2**31)
    assert open_api.call("POST", f"/sandbox/grants/{NEW}/fill", {"events": 0})[0] == 400


def test_the_page_works_where_the_sandbox_is_reached_by_another_name(open_api: Api) -> None:
    location = ask(open_api).headers["Location"]
    assert urlsplit(location).netloc == ""
