"""Contacts over plain HTTP: what each provider keeps, refuses, filters and announces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import ANNA, Api

PATH = f"/v3/grants/{ANNA}/contacts"


def create(api: Api, **body: Any) -> Any:
    status, answer = api.call("POST", PATH, {"given_name": "Ida", **body})
    assert status == 200, answer
    return answer["data"]


def refusal(api: Api, **body: Any) -> dict[str, str]:
    status, answer = api.call("POST", PATH, {"given_name": "Ida", **body})
    assert status == 400
    fields: dict[str, str] = answer["error"]["validation_errors"]
    return fields


def announced(api: Api) -> list[tuple[str, str]]:
    heard: list[tuple[str, str]] = []
    api.box.sandbox.changes.listen(lambda trigger, _grant, obj: heard.append((trigger, obj["id"])))
    return heard


def test_every_list_is_there_even_if_empty(api: Api) -> None:
    made = create(api)
    lists = ("emails", "phone_numbers", "physical_addresses", "im_addresses", "web_pages", "groups")
    assert all(made[name] == [] for name in lists)
    assert (made["object"], made["source"]) == ("contact", "address_book")


def test_null_lists_come_on_command(api: Api) -> None:
    made = create(api, emails=[{"email": "a@b.example"}])
    api.call("POST", "/sandbox/faults", {"kind": "null_lists", "path_contains": "/contacts", "count": 1})
    hit, after = (api.get(f"{PATH}/{made['id']}")["data"] for _ in range(2))
    assert hit["phone_numbers"] is None
    assert hit["emails"] == [{"email": "a@b.example"}]
    assert after["phone_numbers"] == []


def test_nested_lists_are_replaced_and_null_texts_removed(api: Api) -> None:
    made = create(api, notes="x", emails=[{"email": "a@b.example"}, {"email": "c@d.example"}])
    _, answer = api.call("PUT", f"{PATH}/{made['id']}", {"emails": [{"email": "e@f.example"}], "notes": None})
    assert answer["data"]["emails"] == [{"email": "e@f.example"}]
    assert "notes" not in answer["data"]
    assert answer["data"]["updated_at"] > made["updated_at"]


@pytest.mark.parametrize(
    ("provider", "field", "entries"),
    [
        ("icloud", "emails", [{"email": "a@b.example"}] * 2),
        ("icloud", "phone_numbers", [{"number": "1"}] * 2),
        ("icloud", "phone_numbers", [{"number": "1", "type": "mobile"}]),
        ("microsoft", "emails", [{"email": "a@b.example"}] * 4),
        ("microsoft", "phone_numbers", [{"number": "1", "type": "mobile"}] * 2),
        ("microsoft", "physical_addresses", [{"type": "home", "city": "x"}] * 2),
        ("microsoft", "web_pages", [{"url": "https://a.example", "type": "home"}]),
        ("google", "emails", [{"type": "work"}]),
        ("google", "groups", [{"id": "nobody"}]),
        ("google", "phone_numbers", {"number": "1"}),
        ("google", "birthday", "yesterday"),
    ],
)
def test_what_a_provider_cannot_keep_is_refused(
    start: Callable[..., Api], provider: str, field: str, entries: Any
) -> None:
    fields = refusal(start(provider=provider), **{field: entries})
    assert all(name.startswith(field) for name in fields)


def test_google_keeps_types_of_free_text(api: Api) -> None:
    made = create(api, phone_numbers=[{"number": "1", "type": "boat"}])
    assert made["phone_numbers"] == [{"number": "1", "type": "boat"}]


def test_microsoft_shows_no_type_of_an_address(start: Callable[..., Api]) -> None:
    made = create(start(provider="microsoft"), emails=[{"email": "a@b.example", "type": "work"}])
    assert made["emails"] == [{"email": "a@b.example"}]


def test_phone_numbers_are_a_filter_except_at_microsoft(start: Callable[..., Api]) -> None:
    for provider, count in (("google", 1), ("microsoft", 2)):
        api = start(provider=provider)
        create(api, phone_numbers=[{"number": "+49 (40) 55-50", "type": "work"}])
        create(api)
        assert len(api.get(PATH, phone_number="+49405550")["data"]) == count


def test_several_sources_come_as_one_comma_list(start: Callable[..., Api]) -> None:
    api = start(contacts_per_user=10, messages_per_user=40)
    found = api.get(PATH, source="address_book,inbox", limit=200)["data"]
    assert {one["source"] for one in found} == {"address_book", "inbox"}
    assert api.call("GET", PATH, None, source="attic")[0] == 400


def test_ews_has_no_groups_and_nothing_from_the_inbox(start: Callable[..., Api]) -> None:
    api = start(provider="ews")
    assert api.call("GET", f"{PATH}/groups")[0] == 400
    assert api.call("GET", PATH, None, source="inbox")[0] == 400


def test_microsoft_looks_one_level_into_groups_if_asked(start: Callable[..., Api]) -> None:
    api = start(provider="microsoft")
    outer = api.box.add_contact_group(ANNA, "Customers")
    inner = api.box.add_contact_group(ANNA, "Old ones", under=outer)
    made = create(api, groups=[{"id": inner}])
    assert api.get(PATH, group=outer)["data"] == []
    assert [one["id"] for one in api.get(PATH, group=outer, recurse="True")["data"]] == [made["id"]]
    paths = {one["id"]: one["path"] for one in api.get(f"{PATH}/groups")["data"]}
    assert paths[inner] == f"{outer}/{inner}"


def test_contacts_parsed_from_mail_are_adopted_at_icloud_and_read_only_elsewhere(start: Callable[..., Api]) -> None:
    for provider, status, source in (("icloud", 200, "address_book"), ("google", 403, "inbox")):
        api = start(provider=provider)
        one = api.box.add_contact(ANNA, {"given_name": "Ida", "source": "inbox"})
        assert api.call("PUT", f"{PATH}/{one['id']}", {"notes": "x"})[0] == status
        assert api.get(f"{PATH}/{one['id']}")["data"]["source"] == source


def test_every_write_is_announced_except_of_metadata_alone(api: Api) -> None:
    heard = announced(api)
    made = create(api)["id"]
    api.call("PUT", f"{PATH}/{made}", {"notes": "x"})
    api.call("PUT", f"{PATH}/{made}", {"metadata": {"key1": "x"}})
    api.call("DELETE", f"{PATH}/{made}")
    assert heard == [("contact.updated", made), ("contact.updated", made), ("contact.deleted", made)]


def test_metadata_goes_with_no_other_filter(api: Api) -> None:
    status, answer = api.call("GET", PATH, None, metadata_pair="key1:x", email="a@b.example")
    assert (status, list(answer["error"]["validation_errors"])) == (400, ["metadata_pair"])


def test_pages_stay_right_while_contacts_come_and_go(api: Api) -> None:
    made = [create(api)["id"] for _ in range(6)]
    page = api.get(PATH, limit=2)
    api.call("DELETE", f"{PATH}/{made[0]}")
    late = create(api)["id"]
    found = [one["id"] for one in page["data"]]
    while page.get("next_cursor"):
        page = api.get(PATH, limit=3, page_token=page["next_cursor"])
        found += [one["id"] for one in page["data"]]
    assert found == [*made, late]


def test_fields_are_selected(api: Api) -> None:
    create(api)
    assert [set(one) for one in api.get(PATH, select="id,given_name")["data"]] == [{"id", "given_name"}]


def test_an_expired_account_and_one_without_contacts_are_refused(start: Callable[..., Api]) -> None:
    api = start()
    api.call("POST", f"/sandbox/grants/{ANNA}/expire")
    assert api.call("GET", PATH)[0] == 401
    with api.box.sandbox.lock:
        api.box.sandbox.add_grant("virtual", "Virtual", provider="virtual-calendar")
    assert api.call("GET", "/v3/grants/virtual/contacts")[0] == 400


def test_imap_accounts_have_contacts_and_mail_but_no_calendars(start: Callable[..., Api]) -> None:
    api = start()
    with api.box.sandbox.lock:
        api.box.sandbox.add_grant("i@mail.example", "Imap", provider="imap")
    assert api.get("/v3/grants/i@mail.example/contacts")["data"] == []
    assert api.get("/v3/grants/i@mail.example/messages")["data"] == []
    assert api.call("GET", "/v3/grants/i@mail.example/calendars")[0] == 400


def test_a_deleted_account_comes_back_to_its_contacts_and_mail_without_metadata(start: Callable[..., Api]) -> None:
    api = start(contacts_per_user=5, messages_per_user=5)
    made = create(api, metadata={"key1": "x"})["id"]
    api.box.add_message(ANNA, {"id": "m", "metadata": {"key1": "x"}, "attachments": [{"id": "a", "filename": "x"}]})
    api.call("DELETE", f"/v3/grants/{api.box.grants[0].id}")
    with api.box.sandbox.lock:
        back = api.box.sandbox.add_grant(ANNA, "Anna Berg")
    for path, wanted in ((PATH, made), (f"/v3/grants/{ANNA}/messages", "m")):
        assert {one["grant_id"] for one in api.get(path)["data"]} == {back.id}
        assert len(api.get(path)["data"]) == 6
        assert "metadata" not in api.get(f"{path}/{wanted}")["data"]


def test_an_access_token_reaches_its_own_contacts(api: Api) -> None:
    grant = api.box.grants[0].id
    body = {"grant_type": "client_credentials", "grant_id": grant}
    body |= {"client_id": api.box.sandbox.application_id, "client_secret": api.box.api_key}
    token = api.call("POST", "/v3/connect/token", body)[1]["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = api._session.get(f"{api.box.url}/v3/grants/me/contacts", headers=headers, timeout=20)
    assert (answer.status_code, answer.json()["data"]) == (200, [])
