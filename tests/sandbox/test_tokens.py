"""Tokens: how they are asked for, what they open, how long, and how they are taken back."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
import requests

from nylasadmin.sandbox.clocks import FrozenClock

from .conftest import ANNA, NOW, Api, span
from .signing_in import code_of, exchange, exchange_code, register, tokens_of, with_token

KEYS = {"error", "error_code", "error_description", "error_uri"}
VERIFIER = "a secret of the application"
CHALLENGE = b64encode(sha256(VERIFIER.encode()).hexdigest().encode()).decode().rstrip("=")


@pytest.fixture
def api(api: Api) -> Api:
    register(api)
    return api


def refused(answer: tuple[int, Any]) -> str:
    """Check the four keys of a refusal and return what it is."""
    status, body = answer
    assert (status, body["error_code"]) == (400, 400)
    assert set(body) >= KEYS
    return str(body["error"])


def test_a_code_becomes_an_access_token(api: Api) -> None:
    tokens = tokens_of(api, ANNA)
    assert (tokens["expires_in"], tokens["token_type"], tokens["email"]) == (3600, "Bearer", ANNA)
    assert tokens["grant_id"] == api.box.grants[0].id
    assert (tokens["provider"], "refresh_token" in tokens) == ("google", False)
    assert "https://www.googleapis.com/auth/calendar" in tokens["scope"].split()


def test_a_form_is_as_good_as_json(api: Api) -> None:
    body = {"grant_type": "client_credentials", "grant_id": api.box.grants[0].id}
    body |= {"client_id": api.box.sandbox.application_id, "client_secret": api.box.api_key}
    assert exchange(api, body, as_form=True)[0] == exchange(api, body)[0] == 200


def test_a_code_works_once(api: Api) -> None:
    code = code_of(api, ANNA)
    assert exchange_code(api, code)[0] == 200
    assert refused(exchange_code(api, code)) == "invalid_grant"


def test_a_code_is_used_up_by_a_failed_exchange(api: Api) -> None:
    code = code_of(api, ANNA)
    assert refused(exchange_code(api, code, redirect_uri="https://crm.example/other")) == "invalid_grant"
    assert refused(exchange_code(api, code)) == "invalid_grant"


def test_a_code_ages(api: Api, clock: FrozenClock) -> None:
    code = code_of(api, ANNA)
    clock.advance(600)
    assert refused(exchange_code(api, code)) == "invalid_grant"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_id": "x"}, "invalid_client"),
        ({"client_id": None}, "invalid_request"),
        ({"client_secret": "x"}, "invalid_client"),
        ({"client_secret": None}, "invalid_request"),
        ({"client_secret": "\ud800"}, "invalid_client"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"code": None}, "invalid_request"),
        ({"code": "x"}, "invalid_grant"),
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "client_credentials", "grant_id": "x"}, "invalid_grant"),
    ],
)
def test_a_wrong_exchange_is_refused_as_oauth_does(api: Api, change: dict[str, Any], error: str) -> None:
    assert refused(exchange_code(api, code_of(api, ANNA), **change)) == error


def test_what_is_no_json_is_refused_as_oauth_does(api: Api) -> None:
    answer = requests.post(f"{api.box.url}/v3/connect/token", data=b"{", timeout=10)
    assert refused((answer.status_code, answer.json())) == "invalid_request"


@pytest.mark.parametrize("method", ["S256", "s256"])
def test_a_challenge_is_the_base64_of_the_hexadecimal_digest(api: Api, method: str) -> None:
    query = {"code_challenge": CHALLENGE, "code_challenge_method": method}
    assert len(CHALLENGE) == 86
    status, _ = exchange_code(api, code_of(api, ANNA, **query), code_verifier=VERIFIER, client_secret=None)
    assert status == 200


def test_the_challenge_of_the_rfc_is_refused(api: Api) -> None:
    rfc = b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    query = {"code_challenge": rfc, "code_challenge_method": "S256"}
    assert refused(exchange_code(api, code_of(api, ANNA, **query), code_verifier=VERIFIER)) == "invalid_grant"


def test_a_plain_challenge_is_the_verifier(api: Api) -> None:
    code = code_of(api, ANNA, code_challenge=VERIFIER)
    assert exchange_code(api, code, code_verifier=VERIFIER, client_secret=None)[0] == 200


@pytest.mark.parametrize(
    ("verifier", "error"), [(None, "invalid_request"), ("x", "invalid_grant"), ("\ud800", "invalid_grant")]
)
def test_a_challenge_wants_its_verifier(api: Api, verifier: str | None, error: str) -> None:
    query = {"code_challenge": CHALLENGE, "code_challenge_method": "s256"}
    assert refused(exchange_code(api, code_of(api, ANNA, **query), code_verifier=verifier)) == error


def test_a_wrong_secret_is_refused_even_with_a_challenge(api: Api) -> None:
    code = code_of(api, ANNA, code_challenge=VERIFIER)
    assert refused(exchange_code(api, code, code_verifier=VERIFIER, client_secret="x")) == "invalid_client"


def refreshed(api: Api, refresh_token: str) -> tuple[int, Any]:
    return exchange_code(api, "", grant_type="refresh_token", refresh_token=refresh_token, code=None)


def test_a_refresh_token_brings_more_access_tokens(api: Api, clock: FrozenClock) -> None:
    first = tokens_of(api, ANNA, access_type="offline")
    clock.advance(10 * 86_400)
    status, second = refreshed(api, first["refresh_token"])
    assert (status, second["grant_id"], "provider" in second) == (200, first["grant_id"], False)
    assert second["access_token"] != first["access_token"]
    assert refreshed(api, first["refresh_token"])[0] == 200


def test_refresh_tokens_rotate_if_the_application_wants_it(api: Api) -> None:
    wish = {"additional_settings": {"rotate_refresh_token": True}}
    assert "additional_settings" not in api.call("PATCH", "/v3/applications", wish)[1]["data"]
    first = tokens_of(api, ANNA, access_type="offline")["refresh_token"]
    second = refreshed(api, first)[1]["refresh_token"]
    assert refused(refreshed(api, first)) == "invalid_grant"
    assert refreshed(api, second)[0] == 200


def test_an_access_token_opens_the_data_of_its_own_grant(api: Api) -> None:
    token = tokens_of(api, ANNA)["access_token"]
    assert with_token(api, "GET", "/v3/grants/me", token)[1]["data"]["email"] == ANNA
    made = with_token(api, "POST", "/v3/grants/me/events", token, {"when": span(0)}, calendar_id="primary")[1]
    assert made["data"]["calendar_id"] == ANNA
    entry = api.get("/sandbox/requests", grant=api.box.grants[0].id)["data"][-1]
    assert entry["path"] == "/v3/grants/me/events"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v3/applications"),
        ("GET", "/v3/grants"),
        ("GET", f"/v3/grants/{ANNA}/calendars"),
        ("GET", "/v3/grants/bruno.costa@brightwater.example/calendars"),
        ("DELETE", "/v3/grants/me"),
        ("PATCH", "/v3/grants/me"),
        ("GET", "/v3/connectors"),
        ("POST", "/v3/connect/custom"),
    ],
)
def test_an_access_token_opens_nothing_else(api: Api, method: str, path: str) -> None:
    token = tokens_of(api, ANNA)["access_token"]
    assert with_token(api, method, path, token, {} if method != "GET" else None)[0] == 401


def test_the_api_key_is_nobody(api: Api) -> None:
    assert api.call("GET", "/v3/grants/me")[0] == 401
    assert api.call("GET", "/v3/grants/me/calendars")[0] == 401


def test_an_access_token_lives_an_hour(api: Api, clock: FrozenClock) -> None:
    token = tokens_of(api, ANNA)["access_token"]
    clock.advance(3599)
    assert with_token(api, "GET", "/v3/grants/me/calendars", token)[0] == 200
    clock.advance(1)
    assert with_token(api, "GET", "/v3/grants/me/calendars", token)[0] == 401


def test_a_refresh_token_is_no_access_token(api: Api) -> None:
    token = tokens_of(api, ANNA, access_type="offline")["refresh_token"]
    assert with_token(api, "GET", "/v3/grants/me", token)[0] == 401


def test_an_expired_or_deleted_grant_closes_its_tokens(api: Api) -> None:
    token = tokens_of(api, ANNA, access_type="offline")
    api.call("POST", f"/sandbox/grants/{ANNA}/expire")
    assert with_token(api, "GET", "/v3/grants/me/calendars", token["access_token"])[0] == 401
    assert with_token(api, "GET", "/v3/grants/me", token["access_token"])[0] == 200
    api.call("DELETE", f"/v3/grants/{token['grant_id']}")
    assert with_token(api, "GET", "/v3/grants/me", token["access_token"])[0] == 401
    assert refused(refreshed(api, token["refresh_token"])) == "invalid_grant"


def revoked(api: Api, **query: str) -> tuple[int, Any]:
    answer = requests.post(f"{api.box.url}/v3/connect/revoke", params=query, json={}, timeout=10)
    return answer.status_code, answer.json()


def test_a_revoked_token_takes_its_family_along_but_not_the_grant(api: Api) -> None:
    first = tokens_of(api, ANNA, access_type="offline")
    second = refreshed(api, first["refresh_token"])[1]
    other = tokens_of(api, ANNA)
    assert revoked(api, token=first["access_token"])[0] == 200
    assert with_token(api, "GET", "/v3/grants/me", second["access_token"])[0] == 401
    assert refused(refreshed(api, first["refresh_token"])) == "invalid_grant"
    assert with_token(api, "GET", "/v3/grants/me", other["access_token"])[0] == 200
    assert api.get(f"/v3/grants/{first['grant_id']}")["data"]["grant_status"] == "valid"


def test_what_is_no_token_cannot_be_revoked(api: Api) -> None:
    assert refused(revoked(api, token="x")) == "invalid_token"
    assert refused(revoked(api)) == "invalid_request"


def info(api: Api, **query: str) -> tuple[int, Any]:
    answer = requests.get(f"{api.box.url}/v3/connect/tokeninfo", params=query, timeout=10)
    return answer.status_code, answer.json()


@pytest.mark.parametrize("kind", ["id_token", "access_token"])
def test_tokens_tell_whose_they_are(api: Api, clock: FrozenClock, kind: str) -> None:
    tokens = tokens_of(api, ANNA)
    status, answer = info(api, **{kind: tokens[kind]})
    about = answer["data"]
    assert (status, about["email"], about["sub"]) == (200, ANNA, tokens["grant_id"])
    assert (about["iat"], about["exp"], about["aud"]) == (NOW, NOW + 3600, api.box.sandbox.application_id)
    clock.advance(3600)
    assert refused(info(api, **{kind: tokens[kind]})) == "invalid_token"


def test_a_forged_identity_is_refused(api: Api) -> None:
    head, body, signature = tokens_of(api, ANNA)["id_token"].split(".")
    for forged in (f"{head}.{body}x.{signature}", f"{head}.{body}.", f"{head}.{body}", "", "ü.ü.ü", "."):
        assert refused(info(api, id_token=forged)) == "invalid_token"
    assert refused(info(api)) == "invalid_request"


def test_same_seed_same_tokens(start: Callable[..., Api]) -> None:
    found = []
    for seed in (5, 5, 6):
        api = start(seed=seed)
        register(api)
        found.append(tokens_of(api, ANNA)["access_token"])
    assert found[0] == found[1] != found[2]
