"""Connectors, their credentials, the application and its redirect URIs, and the detection of providers."""

from __future__ import annotations

from typing import Any

import pytest

from nylasadmin.sandbox.clocks import FrozenClock

from .conftest import ANNA, NOW, Api

GOOGLE = {
    "provider": "google",
    "settings": {"client_id": "id", "client_secret": "s", "topic_name": "t"},
    "scope": ["a"],
}
CREDENTIAL = {"name": "one", "credential_type": "connector", "credential_data": {"client_id": "c"}}


def test_a_connector_is_made_once(api: Api) -> None:
    status, answer = api.call("POST", "/v3/connectors", GOOGLE)
    assert (status, answer["data"]["settings"]) == (201, {"client_id": "id", "topic_name": "t"})
    assert api.call("POST", "/v3/connectors", GOOGLE)[0] == 400
    assert api.get("/v3/connectors/google")["data"]["scope"] == ["a"]


def test_connectors_are_listed_page_by_page(api: Api) -> None:
    everything = api.get("/v3/connectors")["data"]
    assert {"google", "microsoft", "icloud", "virtual-calendar"} <= {one["provider"] for one in everything}
    page = api.get("/v3/connectors", limit=2, offset=1)
    assert (page["data"], page["limit"], page["offset"]) == (everything[1:3], 2, 1)
    assert api.call("GET", "/v3/connectors", offset=-1)[0] == 400


def test_a_connector_is_changed_and_deleted(api: Api) -> None:
    api.call("POST", "/v3/connectors", GOOGLE)
    changed = api.call("PATCH", "/v3/connectors/google", {"name": "Main", "settings": {"client_id": "new"}})[1]["data"]
    assert (changed["name"], changed["settings"], changed["scope"]) == ("Main", {"client_id": "new"}, ["a"])
    assert set(api.call("DELETE", "/v3/connectors/google")[1]) == {"request_id"}
    for method in ("GET", "PATCH", "DELETE"):
        assert api.call(method, "/v3/connectors/google")[0] == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"provider": "pigeon"},
        {"provider": "google"},
        {"provider": "microsoft", "settings": {"client_id": "x"}},
        {"provider": "imap", "scope": "x"},
        {"provider": "imap", "active_credential_id": 7},
    ],
)
def test_a_wrong_connector_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert api.call("POST", "/v3/connectors", body)[0] == 400


def test_credentials_live_and_hide_what_they_hold(api: Api, clock: FrozenClock) -> None:
    path = "/v3/connectors/google/creds"
    status, answer = api.call("POST", path, CREDENTIAL)
    made = answer["data"]
    assert (status, set(made), made["created_at"]) == (201, {"id", "name", "created_at", "updated_at"}, NOW)
    clock.advance(5)
    changed = api.call("PATCH", f"{path}/{made['id']}", {"name": "two"})[1]["data"]
    assert (changed["name"], changed["created_at"], changed["updated_at"]) == ("two", NOW, NOW + 5)
    assert api.get(f"{path}/{made['id']}")["data"] == changed
    assert api.call("DELETE", f"{path}/{made['id']}")[0] == 200
    assert api.call("GET", f"{path}/{made['id']}")[0] == 404


def test_credentials_are_listed_ten_at_a_time(api: Api) -> None:
    path = "/v3/connectors/google/creds"
    for number in range(12):
        api.call("POST", path, CREDENTIAL | {"name": f"c{number:02}"})
    first = api.get(path)
    assert (len(first["data"]), first["limit"], first["offset"]) == (10, 10, 0)
    assert [one["name"] for one in api.get(path, offset=10)["data"]] == ["c10", "c11"]
    assert api.get(path, sort_by="name", order_by="desc", limit=1)["data"][0]["name"] == "c11"
    assert api.call("GET", path, sort_by="secret")[0] == 400


def test_the_same_credential_again_is_the_one_that_exists(api: Api) -> None:
    path = "/v3/connectors/google/creds"
    first, second = (api.call("POST", path, CREDENTIAL)[1]["data"]["id"] for _ in range(2))
    assert first == second
    assert api.call("POST", path, CREDENTIAL | {"credential_data": {"client_id": "other"}})[0] == 400


def test_the_active_credential_must_exist(api: Api) -> None:
    assert api.call("PATCH", "/v3/connectors/google", {"active_credential_id": "x"})[0] == 404
    made = api.call("POST", "/v3/connectors/google/creds", CREDENTIAL)[1]["data"]["id"]
    path = "/v3/connectors/google"
    assert api.call("PATCH", path, {"active_credential_id": made})[1]["data"]["active_credential_id"] == made
    api.call("DELETE", f"{path}/creds/{made}")
    assert "active_credential_id" not in api.get(path)["data"]


@pytest.mark.parametrize("name", ["redirect-uris", "callback-uris"])
def test_redirect_uris_live_under_both_names(api: Api, name: str) -> None:
    path = f"/v3/applications/{name}"
    made = api.call("POST", path, {"url": "https://a.example/"})[1]["data"]
    assert (made["platform"], api.get(path)["data"]) == ("web", [made])
    changed = api.call("PATCH", f"{path}/{made['id']}", {"url": "https://b.example/", "platform": "js"})[1]["data"]
    assert changed == {"id": made["id"], "url": "https://b.example/", "platform": "js"}
    assert api.get("/v3/applications")["data"]["callback_uris"] == [changed]
    assert set(api.call("DELETE", f"{path}/{made['id']}")[1]) == {"request_id"}
    assert api.call("GET", f"{path}/{made['id']}")[0] == 404


@pytest.mark.parametrize(
    "body", [{}, {"url": "nowhere"}, {"url": "https://a.example/#x"}, {"url": "https://b.example/", "platform": "tv"}]
)
def test_a_wrong_redirect_uri_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert api.call("POST", "/v3/applications/redirect-uris", body)[0] == 400


def test_a_redirect_uri_is_registered_once(api: Api) -> None:
    path = "/v3/applications/redirect-uris"
    for status in (200, 400):
        assert api.call("POST", path, {"url": "https://a.example/"})[0] == status


def test_the_application_is_changed_field_by_field(api: Api, clock: FrozenClock) -> None:
    api.call("PATCH", "/v3/applications", {"branding": {"description": "d"}, "domain": "auth.example"})
    clock.advance(9)
    found = api.call("PATCH", "/v3/applications", {"branding": {"website_url": "w"}, "idp_settings": {"origins": "o"}})
    shown = found[1]["data"]
    assert shown["branding"] == {"name": "Nylas sandbox", "website_url": "w"}
    assert (shown["domain"], shown["idp_settings"], shown["updated_at"]) == ("auth.example", {"origins": "o"}, NOW + 9)
    assert shown == api.get("/v3/applications")["data"]


def test_redirect_uris_are_replaced_as_a_whole(api: Api) -> None:
    for name in ("a", "b"):
        api.call("POST", "/v3/applications/redirect-uris", {"url": f"https://{name}.example/"})
    first = api.get("/v3/applications")["data"]["callback_uris"][0]
    wish = {"callback_uris": [first, {"url": "https://c.example/"}]}
    shown = api.call("PATCH", "/v3/applications", wish)[1]["data"]["callback_uris"]
    assert [one["url"] for one in shown] == ["https://a.example/", "https://c.example/"]
    assert shown[0]["id"] == first["id"]
    assert (
        api.call("PATCH", "/v3/applications", {"callback_uris": [{"id": "x", "url": "https://d.example/"}]})[0] == 404
    )
    assert api.call("PATCH", "/v3/applications", {"callback_uris": "x"})[0] == 400


@pytest.mark.parametrize(
    ("email", "provider", "kind"),
    [
        (ANNA, "google", "google"),
        ("somebody@brightwater.example", "google", "google"),
        ("a@GMAIL.com", "google", "google"),
        ("a@outlook.com", "microsoft", "microsoft"),
        ("a@me.com", "icloud", "icloud"),
        ("a@gmx.de", "imap", "gmx"),
        ("a@nowhere.example", None, None),
        ("nobody", None, None),
    ],
)
def test_providers_are_detected(api: Api, email: str, provider: str | None, kind: str | None) -> None:
    found = api.call("POST", "/v3/providers/detect", None, email=email)[1]["data"]
    assert (found["email_address"], found["detected"]) == (email, provider is not None)
    assert (found.get("provider"), found.get("type")) == (provider, kind)


def test_a_provider_without_connector_is_detected_only_if_all_are_asked_for(api: Api) -> None:
    api.call("DELETE", "/v3/connectors/icloud")
    for wanted, found in (("False", False), ("True", True)):
        answer = api.call("POST", "/v3/providers/detect", None, email="a@me.com", all_provider_types=wanted)[1]
        assert answer["data"]["detected"] is found
    assert api.call("POST", "/v3/providers/detect")[0] == 400
