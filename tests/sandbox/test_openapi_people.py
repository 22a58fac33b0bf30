"""Contacts, mail and folders checked against the vendor's OpenAPI file. Skipped where the file is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from .conftest import Api
from .openapi import FILE, check

pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="no OpenAPI file")
BASE = "/v3/grants/{grant_id}"


@pytest.fixture(params=["google", "microsoft", "icloud", "ews"])
def filled(request: pytest.FixtureRequest, start: Callable[..., Api]) -> Api:
    return start(provider=request.param, contacts_per_user=40, messages_per_user=60)


def path(api: Api) -> str:
    return f"/v3/grants/{api.box.grants[0].id}"


def first(api: Api, resource: str) -> str:
    return quote(api.get(f"{path(api)}/{resource}")["data"][0]["id"], safe="")


def written(api: Api, method: str, resource: str, body: Any) -> Any:
    status, answer = api.call(method, f"{path(api)}/{resource}", body)
    assert status == 200, answer
    return answer


def test_contacts_and_groups_fit(filled: Api) -> None:
    check(filled.get(f"{path(filled)}/contacts", limit=200), f"{BASE}/contacts")
    if filled.box.grants[0].rules.name != "ews":
        check(filled.get(f"{path(filled)}/contacts/groups"), f"{BASE}/contacts/groups")
    one = f"contacts/{first(filled, 'contacts')}"
    check(filled.get(f"{path(filled)}/{one}", profile_picture="true"), f"{BASE}/contacts/{{contact_id}}")
    check(written(filled, "POST", "contacts", {"given_name": "Ida"}), f"{BASE}/contacts", "post")
    check(written(filled, "PUT", one, {"notes": "x"}), f"{BASE}/contacts/{{contact_id}}", "put")
    check(written(filled, "DELETE", one, None), f"{BASE}/contacts/{{contact_id}}", "delete")


def test_messages_fit(filled: Api) -> None:
    for fields in ("standard", "include_headers", "include_basic_headers", "include_tracking_options", "raw_mime"):
        check(filled.get(f"{path(filled)}/messages", limit=200, fields=fields), f"{BASE}/messages")
    one = f"messages/{first(filled, 'messages')}"
    check(filled.get(f"{path(filled)}/{one}"), f"{BASE}/messages/{{message_id}}")
    check(written(filled, "PUT", one, {"unread": True}), f"{BASE}/messages/{{message_id}}", "put")
    check(written(filled, "DELETE", one, None), f"{BASE}/messages/{{message_id}}", "delete")


def test_threads_fit(filled: Api) -> None:
    # The file puts the list into an object, all clients read an array: so each of it is checked by itself.
    for thread in filled.get(f"{path(filled)}/threads")["data"]:
        check({"request_id": "x", "data": thread}, f"{BASE}/threads/{{thread_id}}")
    one = f"threads/{first(filled, 'threads')}"
    check(written(filled, "PUT", one, {"unread": True}), f"{BASE}/threads/{{thread_id}}", "put")
    check(written(filled, "DELETE", one, None), f"{BASE}/threads/{{thread_id}}", "delete")


def test_folders_fit(filled: Api) -> None:
    check(filled.get(f"{path(filled)}/folders"), f"{BASE}/folders")
    made = written(filled, "POST", "folders", {"name": "A"})
    check(made, f"{BASE}/folders", "post")
    one = f"folders/{quote(made['data']['id'], safe='')}"
    check(filled.get(f"{path(filled)}/{one}"), f"{BASE}/folders/{{folder_id}}")
    check(written(filled, "PUT", one, {"name": "B"}), f"{BASE}/folders/{{folder_id}}", "put")
    check(written(filled, "DELETE", one, None), f"{BASE}/folders/{{folder_id}}", "delete")


def test_refusals_fit(filled: Api) -> None:
    for resource in ("contacts", "messages", "threads", "folders"):
        name = f"{resource.removesuffix('s')}_id"
        status, answer = filled.call("GET", f"{path(filled)}/{resource}/none")
        assert status == 404
        check(answer, f"{BASE}/{resource}/{{{name}}}", status="404")
