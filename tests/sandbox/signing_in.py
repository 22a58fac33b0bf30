"""Signing in as a person with a browser would: follows the redirects that a hosted sign-in is made of."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from .conftest import Api

BACK = "https://crm.example/callback?tab=1"


def register(api: Api, url: str = BACK) -> None:
    """Let sign-ins return to an address."""
    assert api.call("POST", "/v3/applications/redirect-uris", {"url": url, "platform": "web"})[0] == 200


def ask(api: Api, /, **query: Any) -> requests.Response:
    """Open the sign-in address without a key and without following where it leads."""
    wanted = {"client_id": api.box.sandbox.application_id, "redirect_uri": BACK, "response_type": "code"} | query
    wanted = {name: value for name, value in wanted.items() if value is not None}
    return requests.get(f"{api.box.url}/v3/connect/auth", params=wanted, allow_redirects=False, timeout=10)


def brought_back(answer: requests.Response) -> dict[str, str]:
    """Return what a redirect brings back to the application."""
    assert answer.status_code in (302, 303), answer.text
    assert answer.headers["Location"].startswith(BACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def code_of(api: Api, who: str, /, **query: Any) -> str:
    """Sign somebody in at once and return the code."""
    return brought_back(ask(api, sandbox_as=who, **query))["code"]


def exchange(api: Api, body: dict[str, Any], *, as_form: bool = False) -> tuple[int, Any]:
    """Ask for tokens without any key in the headers."""
    sent: dict[str, Any] = {"data": body} if as_form else {"json": body}
    answer = requests.post(f"{api.box.url}/v3/connect/token", timeout=10, **sent)
    return answer.status_code, answer.json()


def exchange_code(api: Api, code: str, /, **more: Any) -> tuple[int, Any]:
    """Exchange a code as a server does."""
    body = {
        "grant_type": "authorization_code",
        "client_id": api.box.sandbox.application_id,
        "client_secret": api.box.api_key,
        "redirect_uri": BACK,
        "code": code,
    }
    return exchange(api, {name: value for name, value in (body | more).items() if value is not None})


def tokens_of(api: Api, who: str, /, **query: Any) -> Any:
    """Sign somebody in and return the tokens."""
    status, answer = exchange_code(api, code_of(api, who, **query))
    assert status == 200, answer
    return answer


def with_token(api: Api, method: str, path: str, token: str, body: Any = None, /, **query: Any) -> tuple[int, Any]:
    """Call with an access token in the place of the API key."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.request(method, api.box.url + path, params=query, json=body, headers=headers, timeout=10)
    return answer.status_code, answer.json()


def announced(api: Api) -> list[tuple[str, dict[str, Any]]]:
    """Return a list that grows with every change of a grant from now on."""
    heard: list[tuple[str, dict[str, Any]]] = []

    def hear(trigger: str, _grant: object, about: dict[str, Any]) -> None:
        if trigger.startswith("grant."):
            heard.append((trigger, about))

    api.box.sandbox.changes.listen(hear)
    return heard
