"""Answers around signing in, checked against the vendor's OpenAPI file. Skipped where the file is not."""

from __future__ import annotations

import requests

from .conftest import ANNA, Api
from .openapi import check
from .signing_in import ask, exchange_code, register, tokens_of
from .test_openapi import pytestmark

__all__ = ["pytestmark"]


def test_the_application_fits(api: Api) -> None:
    register(api)
    check(api.get("/v3/applications"), "/v3/applications")
    changed = api.call("PATCH", "/v3/applications", {"branding": {"name": "x"}})[1]
    check(changed, "/v3/applications", "patch")


def test_tokens_fit(api: Api) -> None:
    register(api)
    tokens = tokens_of(api, ANNA, access_type="offline")
    check(tokens, "/v3/connect/token", "post")
    check(exchange_code(api, "x")[1] | {"error_code": "400"}, "/v3/connect/token", "post", "400")
    for kind in ("id_token", "access_token"):
        check(api.get("/v3/connect/tokeninfo", **{kind: tokens[kind]}), "/v3/connect/tokeninfo")
    revoked = requests.post(f"{api.box.url}/v3/connect/revoke", params={"token": tokens["access_token"]}, timeout=10)
    check(revoked.json(), "/v3/connect/revoke", "post")


def test_grants_fit(api: Api) -> None:
    body = {"provider": "virtual-calendar", "settings": {"email": "Room"}, "state": "s"}
    made = api.call("POST", "/v3/connect/custom", body)[1]
    check(made, "/v3/connect/custom", "post", "201")
    check(api.call("POST", "/v3/connect/custom", {"provider": "nylas"})[1] | {}, "/v3/connect/custom", "post", "400")
    path = f"/v3/grants/{made['data']['id']}"
    check(api.get(path, expose_aliases=True), "/v3/grants/{grantId}")
    check(api.call("PATCH", path, {"scope": ["x"]})[1], "/v3/grants/{grantId}", "patch")


def test_a_refused_sign_in_is_no_page(api: Api) -> None:
    answer = ask(api, redirect_uri="https://evil.example/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/json")
