"""The life of a grant, and what is announced of it; accounts that bring their own authentication."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nylasadmin.sandbox.clocks import FrozenClock

from .conftest import ANNA, NOW, Api, span
from .signing_in import announced, ask, brought_back, code_of, exchange_code, register, tokens_of

NEW = "dora.new@elsewhere.example"


def custom(api: Api, provider: str, /, **settings: Any) -> tuple[int, Any]:
    return api.call("POST", "/v3/connect/custom", {"provider": provider, "settings": settings})


def test_a_grant_comes_into_being_with_the_exchange(api: Api) -> None:
    register(api)
    heard = announced(api)
    code = code_of(api, NEW, provider="google")
    assert (heard, api.call("GET", f"/v3/grants/{NEW}")[0]) == ([], 404)
    tokens = exchange_code(api, code)[1]
    [(trigger, about)] = heard
    assert (trigger, about["code"], about["grant_id"]) == ("grant.created", 25012, tokens["grant_id"])
    assert {"integration_id", "provider", "email", "name", "scope"} <= set(about)
    assert "id" not in about


def test_signing_in_again_keeps_the_id_and_revives_the_grant(api: Api, clock: FrozenClock) -> None:
    register(api)
    before = api.get(f"/v3/grants/{ANNA}")["data"]
    api.call("POST", f"/sandbox/grants/{ANNA}/expire")
    clock.advance(60)
    heard = announced(api)
    tokens_of(api, ANNA.upper(), login_hint=ANNA)
    after = api.get(f"/v3/grants/{ANNA}")["data"]
    assert (after["id"], after["grant_status"], after["updated_at"]) == (before["id"], "valid", NOW + 60)
    assert after["created_at"] == before["created_at"]
    [(trigger, about)] = heard
    assert (trigger, about["code"], about["reauthentication_flag"]) == ("grant.updated", 25027, True)


def test_scopes_that_were_granted_before_are_kept_if_asked_for(api: Api) -> None:
    register(api)
    tokens_of(api, ANNA, scope="a b")
    assert tokens_of(api, ANNA, scope="c", include_grant_scopes="true")["scope"] == "c a b"
    assert tokens_of(api, ANNA, scope="c")["scope"] == "c"


def test_expiring_is_announced_once(api: Api) -> None:
    heard = announced(api)
    for _ in range(2):
        api.call("POST", f"/sandbox/grants/{ANNA}/expire")
    [(trigger, about)] = heard
    assert (trigger, about["code"]) == ("grant.expired", 25009)
    assert about["grant_updated_at"] == api.box.grants[0].updated_at


def test_restoring_is_announced_as_a_new_sign_in(api: Api) -> None:
    api.call("POST", f"/sandbox/grants/{ANNA}/expire")
    heard = announced(api)
    api.call("POST", f"/sandbox/grants/{ANNA}/restore")
    assert [(trigger, about["code"]) for trigger, about in heard] == [("grant.updated", 25027)]


def test_a_change_on_record_is_announced_as_such(api: Api) -> None:
    heard = announced(api)
    grant = api.box.grants[0]
    body = {"settings": {"refresh_token": "new"}, "scope": ["x"]}
    changed = api.call("PATCH", f"/v3/grants/{grant.id}", body)[1]["data"]
    assert (changed["settings"], changed["scope"]) == ({"refresh_token": "new"}, ["x"])
    assert [(about["code"], about["reauthentication_flag"]) for _, about in heard] == [(25014, False)]


@pytest.mark.parametrize("body", [{"settings": "x"}, {"scope": "x"}, {"scope": [1]}])
def test_a_wrong_change_is_refused(api: Api, body: dict[str, Any]) -> None:
    heard = announced(api)
    assert api.call("PATCH", f"/v3/grants/{ANNA}", body)[0] == 400
    assert heard == []


def test_a_deleted_grant_comes_back_with_another_id(api: Api) -> None:
    heard = announced(api)
    gone = api.box.grants[0].id
    assert set(api.call("DELETE", f"/v3/grants/{gone}")[1]) == {"request_id"}
    again = custom(api, "google", refresh_token=ANNA)[1]["data"]
    assert (again["email"], again["id"] == gone) == (ANNA, False)
    assert [(trigger, about["code"]) for trigger, about in heard] == [
        ("grant.deleted", 25013),
        ("grant.created", 25012),
    ]


def test_a_deleted_grant_comes_back_to_the_data_of_its_provider(api: Api) -> None:
    api.create(title="Kept", when=span(60), metadata={"key1": "crm"})
    api.create(title="Weekly", when=span(600), recurrence=["RRULE:FREQ=DAILY;COUNT=2"])
    before = api.events()
    api.call("DELETE", f"/v3/grants/{ANNA}")
    grant = custom(api, "google", refresh_token=ANNA)[1]["data"]["id"]
    after = api.events(grant)
    assert [one["id"] for one in after] == [one["id"] for one in before]
    assert {one["grant_id"] for one in after} == {grant}
    assert not [one for one in after if "metadata" in one]
    assert api.events(grant, metadata_pair="key1:crm") == []
    changed = api.call("PUT", f"/v3/grants/{grant}/events/{after[0]['id']}", {"title": "x"}, calendar_id="primary")
    assert changed[1]["data"]["grant_id"] == grant


def test_what_lives_at_nylas_is_gone_with_its_grant(api: Api) -> None:
    first = custom(api, "virtual-calendar", email="Room")[1]["data"]["id"]
    api.create(first, when=span(60))
    api.call("DELETE", f"/v3/grants/{first}")
    assert api.events(custom(api, "virtual-calendar", email="Room")[1]["data"]["id"]) == []


def test_aliases_are_told_if_asked_for(start: Callable[..., Api]) -> None:
    api = start()
    path = f"/v3/grants/{api.box.grants[0].id}"
    assert api.get(path, expose_aliases=True)["data"]["email_aliases"] == ["annaberg@brightwater.example"]
    assert "email_aliases" not in api.get(path)["data"]
    apple = start(provider="icloud")
    assert "email_aliases" not in apple.get(f"/v3/grants/{apple.box.grants[0].id}", expose_aliases=True)["data"]


@pytest.mark.parametrize(
    ("provider", "settings", "email"),
    [
        ("google", {"refresh_token": f"1//{NEW}"}, NEW),
        ("microsoft", {"refresh_token": "x", "email": NEW}, NEW),
        ("yahoo", {"refresh_token": "x"}, "user-2d711642@yahoo.example"),
        ("zoom", {"refresh_token": NEW}, NEW),
        ("imap", {"imap_username": NEW, "imap_password": "p"}, NEW),
        (
            "imap",
            {"imap_username": "dora", "imap_password": "p", "imap_host": "imap.firm.example"},
            "dora@firm.example",
        ),
        ("icloud", {"username": "dora@me.com", "password": "p"}, "dora@me.com"),
        ("ews", {"ews_username": "dora", "ews_password": "p", "email": NEW}, NEW),
        ("virtual-calendar", {"email": "Room 7"}, "Room 7"),
        ("nylas", {"email": NEW, "app_password": "Aa1" + "x" * 15}, NEW),
    ],
)
def test_every_provider_takes_its_own_settings(api: Api, provider: str, settings: dict[str, Any], email: str) -> None:
    status, answer = custom(api, provider, **settings)
    grant = answer["data"]
    assert (status, grant["email"], grant["provider"], grant["grant_status"]) == (201, email, provider, "valid")
    assert not [name for name in grant["settings"] if name.endswith("password")]
    assert custom(api, provider, **settings)[1]["data"]["id"] == grant["id"]


@pytest.mark.parametrize(
    ("provider", "settings"),
    [
        ("google", {}),
        ("google", {"refresh_token": ""}),
        ("google", {"refresh_token": "x", "credential_id": "x"}),
        ("google", {"email_address": NEW, "credential_id": "x"}),
        ("microsoft", {"email_address": NEW}),
        ("yahoo", {"email_address": NEW}),
        ("imap", {"imap_username": NEW}),
        ("icloud", {"username": NEW}),
        ("ews", {"email": NEW}),
        ("virtual-calendar", {"email": "  "}),
        ("virtual-calendar", {"email": 7}),
        ("nylas", {"email": "none"}),
        ("nylas", {"email": NEW, "app_password": "short"}),
        ("pigeon", {"email": NEW}),
    ],
)
def test_missing_settings_are_refused(api: Api, provider: str, settings: dict[str, Any]) -> None:
    status, answer = custom(api, provider, **settings)
    assert (status, answer["error"]["type"]) == (400, "invalid_request_error")
    assert len(api.box.grants) == 3


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"provider": "google"},
        {"provider": 7, "settings": {}},
        {"provider": "google", "settings": []},
        {"provider": "virtual-calendar", "settings": {"email": "a"}, "state": "x" * 257},
        {"provider": "virtual-calendar", "settings": {"email": "a"}, "scope": "x"},
    ],
)
def test_a_wrong_body_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert api.call("POST", "/v3/connect/custom", body)[0] == 400


def test_an_administrator_connects_everybody(api: Api) -> None:
    body = {"name": "robot", "credential_type": "serviceaccount", "credential_data": {"private_key": "k"}}
    credential = api.call("POST", "/v3/connectors/google/creds", body)[1]["data"]["id"]
    status, answer = custom(api, "google", email_address=NEW, credential_id=credential, scopes=["x"])
    assert (status, answer["data"]["credential_id"], answer["data"]["scope"]) == (201, credential, ["x"])


def test_a_virtual_calendar_begins_empty(api: Api) -> None:
    body = {"provider": "virtual-calendar", "settings": {"email": "Room 7"}, "state": "crm 7"}
    grant = api.call("POST", "/v3/connect/custom", body)[1]["data"]
    assert grant["state"] == "crm 7"
    [calendar] = api.get(f"/v3/grants/{grant['id']}/calendars")["data"]
    assert calendar["is_primary"]
    assert api.events(grant["id"]) == []


def test_an_address_stays_with_its_provider(api: Api) -> None:
    assert custom(api, "microsoft", refresh_token=ANNA)[0] == 400


def test_custom_authentication_needs_the_connector(api: Api) -> None:
    api.call("DELETE", "/v3/connectors/virtual-calendar")
    assert custom(api, "virtual-calendar", email="a")[0] == 400
    assert api.call("POST", "/v3/connectors", {"provider": "virtual-calendar"})[0] == 201
    assert custom(api, "virtual-calendar", email="a")[0] == 201


def test_two_codes_of_a_new_address_make_one_grant(api: Api) -> None:
    register(api)
    codes = [brought_back(ask(api, sandbox_as=NEW, provider="google"))["code"] for _ in range(2)]
    first, second = (exchange_code(api, code)[1]["grant_id"] for code in codes)
    assert first == second
