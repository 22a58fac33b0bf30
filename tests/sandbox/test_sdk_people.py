"""Contacts, mail and folders through the official Python client, at every provider that has them."""

from __future__ import annotations

import ast
import base64
from collections.abc import Callable
from typing import Any

import nylas
import pytest
from nylas.models.errors import NylasApiError

from .conftest import ANNA, Api

BRUNO = "bruno.kessler@brightwater.example"
ODD = "a/b c?d@e#f+g=h<i>%20"


@pytest.fixture(params=["google", "microsoft", "icloud", "ews"])
def filled(request: pytest.FixtureRequest, start: Callable[..., Api]) -> Api:
    return start(provider=request.param, contacts_per_user=40, messages_per_user=60)


@pytest.fixture
def client(filled: Api) -> nylas.Client:
    return nylas.Client(api_key=filled.box.api_key, api_uri=filled.box.url)


@pytest.fixture
def google(start: Callable[..., Api]) -> nylas.Client:
    box = start(contacts_per_user=40, messages_per_user=60).box
    return nylas.Client(api_key=box.api_key, api_uri=box.url)


def everything(list_page: Callable[..., Any], query: dict[str, Any]) -> list[Any]:
    found, page = [], list_page(ANNA, query)
    while True:
        found += page.data
        if page.next_cursor is None:
            return found
        page = list_page(ANNA, query | {"page_token": page.next_cursor})


def test_it_pages_through_all_contacts(client: nylas.Client, filled: Api) -> None:
    found = everything(client.contacts.list, {"limit": 7})
    stored = [row.id for _, row in filled.box.address_book(ANNA).rows() if row.source == "address_book"]
    assert [one.id for one in found] == stored
    assert len(stored) == 40


def test_the_first_page_of_contacts_has_thirty(client: nylas.Client) -> None:
    assert len(client.contacts.list(ANNA).data) == 30


def test_it_decodes_every_generated_contact(client: nylas.Client) -> None:
    for one in client.contacts.list(ANNA, {"limit": 200}).data:
        assert client.contacts.find(ANNA, one.id).data == one


def test_it_creates_finds_changes_and_deletes_contacts(client: nylas.Client) -> None:
    body: dict[str, Any] = {
        "given_name": "Ida",
        "surname": "Lund",
        "emails": [{"email": "ida@lund.example", "type": "work"}],
        "phone_numbers": [{"number": "+47 1", "type": "work"}],
        "notes": "x",
        "birthday": "1984-02-29",
        "metadata": {"key1": "crm-9"},
    }
    made = client.contacts.create(ANNA, request_body=body).data
    assert (made.given_name, made.source, made.birthday) == ("Ida", "address_book", "1984-02-29")
    changed = client.contacts.update(ANNA, made.id, {"emails": [], "notes": "y"}).data
    assert (changed.emails, changed.notes, changed.surname) == ([], "y", "Lund")
    assert [one.number for one in changed.phone_numbers or []] == ["+47 1"]
    by_key = client.contacts.list(ANNA, {"metadata_pair": {"key1": "crm-9"}}).data
    assert [one.id for one in by_key] == [made.id]
    assert client.contacts.destroy(ANNA, made.id).request_id
    with pytest.raises(NylasApiError) as gone:
        client.contacts.find(ANNA, made.id)
    assert gone.value.status_code == 404


def test_a_contact_without_a_given_name_is_refused(client: nylas.Client) -> None:
    with pytest.raises(NylasApiError) as refused:
        client.contacts.create(ANNA, request_body={"surname": "Lund"})
    assert refused.value.status_code == 400


def test_contacts_are_found_by_address_and_group(google: nylas.Client) -> None:
    first = next(one for one in google.contacts.list(ANNA).data if one.groups)
    assert first.emails
    assert first.groups
    found = google.contacts.list(ANNA, {"email": str(first.emails[0].email).upper()}).data
    assert first.id in [one.id for one in found]
    group = first.groups[0].id
    members = google.contacts.list(ANNA, {"group": group, "limit": 200}).data
    assert first.id in [one.id for one in members]
    assert all(group in [two.id for two in one.groups or []] for one in members)
    assert group in [one.id for one in google.contacts.list_groups(ANNA).data]


def test_sources_are_told_apart(google: nylas.Client) -> None:
    for source in ("address_book", "domain", "inbox"):
        found = google.contacts.list(ANNA, {"source": source, "limit": 200}).data  # type: ignore[typeddict-item]
        assert found
        assert {one.source for one in found} == {source}


def test_a_picture_comes_when_asked_for(google: nylas.Client) -> None:
    one = next(one for one in google.contacts.list(ANNA).data if one.picture_url)
    assert google.contacts.find(ANNA, one.id).data.picture is None
    shown = google.contacts.find(ANNA, one.id, query_params={"profile_picture": True}).data.picture
    assert base64.b64decode(shown or "").startswith(b"\x89PNG")


def test_it_pages_through_all_messages_newest_first(client: nylas.Client, filled: Api) -> None:
    found = everything(client.messages.list, {"limit": 7})
    dates = [one.date for one in found]
    assert dates == sorted(dates, reverse=True)
    is_cached = filled.box.grants[0].rules.name == "icloud"
    assert len({one.id for one in found}) == len(found)
    assert (len(found) < 60) if is_cached else (len(found) == 60)


def test_it_finds_changes_and_deletes_messages(client: nylas.Client) -> None:
    one = client.messages.list(ANNA, {"limit": 1}).data[0]
    assert client.messages.find(ANNA, one.id or "").data == one
    changed = client.messages.update(ANNA, one.id or "", {"unread": True, "starred": True, "metadata": {"key1": "a"}})
    assert (changed.data.unread, changed.data.starred, changed.data.metadata) == (True, True, {"key1": "a"})
    assert [two.id for two in client.messages.list(ANNA, {"metadata_pair": "key1:a"}).data] == [one.id]
    for _ in range(2):
        assert client.messages.destroy(ANNA, one.id or "").request_id
    with pytest.raises(NylasApiError) as gone:
        client.messages.find(ANNA, one.id or "")
    assert gone.value.status_code == 404


def test_a_message_moves_to_another_folder(client: nylas.Client) -> None:
    made = client.folders.create(ANNA, {"name": "Projects"}).data
    one = client.messages.list(ANNA, {"limit": 1}).data[0]
    moved = client.messages.update(ANNA, one.id or "", {"folders": [made.id], "unread": False, "starred": False}).data
    assert moved.folders == [made.id]
    assert [two.id for two in client.messages.list(ANNA, {"in": made.id}).data] == [one.id]
    assert client.folders.find(ANNA, made.id).data.total_count == 1


def test_headers_and_the_raw_form_come_when_asked_for(client: nylas.Client) -> None:
    answer = next(one for one in client.messages.list(ANNA).data if (one.subject or "").startswith("Re: "))
    names = {
        one.name
        for one in client.messages.find(ANNA, answer.id or "", {"fields": "include_headers"}).data.headers or []
    }
    assert {"Message-ID", "From", "To", "Subject", "Date", "In-Reply-To", "References"} <= names
    raw = client.messages.find(ANNA, answer.id or "", {"fields": "raw_mime"}).data
    assert b"Subject: Re: " in base64.urlsafe_b64decode(raw.raw_mime or "")
    assert raw.subject is None
    tracked = client.messages.find(ANNA, answer.id or "", {"fields": "include_tracking_options"}).data
    assert tracked.tracking_options is not None


def test_it_pages_through_threads_latest_first(client: nylas.Client) -> None:
    found = everything(client.threads.list, {"limit": 3})
    dates = [one.latest_draft_or_message.date for one in found]
    assert dates == sorted(dates, reverse=True)
    assert len({one.id for one in found}) == len(found)
    for one in found[:5]:
        assert client.threads.find(ANNA, one.id).data == one
        assert one.latest_draft_or_message.id == one.message_ids[-1]


def test_the_first_page_of_threads_has_at_most_twenty(start: Callable[..., Api]) -> None:
    box = start(messages_per_user=200).box
    client = nylas.Client(api_key=box.api_key, api_uri=box.url)
    assert len(client.threads.list(ANNA).data) == 20
    with pytest.raises(NylasApiError):
        client.threads.list(ANNA, {"limit": 51})


def test_a_thread_is_changed_and_thrown_away_as_a_whole(client: nylas.Client) -> None:
    one = max(client.threads.list(ANNA).data, key=lambda thread: len(thread.message_ids))
    changed = client.threads.update(ANNA, one.id, {"unread": True, "starred": True}).data
    assert (changed.unread, changed.starred) == (True, True)
    assert all(two.unread for two in client.messages.list(ANNA, {"thread_id": one.id}).data)
    client.threads.destroy(ANNA, one.id)
    trash = next(two for two in client.folders.list(ANNA).data if "Trash" in str(two.attributes))
    in_trash = client.messages.list(ANNA, {"in": trash.id}).data
    assert {two.id for two in in_trash} == set(one.message_ids)


def test_folders_are_listed_made_renamed_and_removed(client: nylas.Client) -> None:
    made = client.folders.create(ANNA, {"name": "Offers"}).data
    assert made.id in [one.id for one in client.folders.list(ANNA).data]
    assert client.folders.update(ANNA, made.id, {"name": "Orders"}).data.name == "Orders"
    assert client.folders.destroy(ANNA, made.id).request_id
    with pytest.raises(NylasApiError):
        client.folders.find(ANNA, made.id)


def test_every_provider_has_its_system_folders(client: nylas.Client) -> None:
    # This client takes attributes for text: the list arrives as its printed form.
    found = {name for one in client.folders.list(ANNA).data for name in ast.literal_eval(str(one.attributes))}
    assert {"\\Inbox", "\\Sent", "\\Drafts", "\\Trash", "\\Junk"} <= found


def test_a_sent_message_arrives_and_its_answer_joins_the_thread(client: nylas.Client, filled: Api) -> None:
    sent = client.messages.send(ANNA, {"to": [{"email": BRUNO}], "subject": "Plan", "body": "<p>See</p>"}).data
    arrived = client.messages.list(BRUNO, {"limit": 1}).data[0]
    assert (arrived.subject, arrived.unread, arrived.snippet) == ("Plan", True, "See")
    answer = {"to": [{"email": ANNA}], "subject": "Re: Plan", "body": "ok", "reply_to_message_id": arrived.id}
    client.messages.send(BRUNO, answer)  # type: ignore[arg-type]
    thread = client.threads.find(ANNA, sent.thread_id or "").data
    assert len(thread.message_ids) == 2
    assert (thread.latest_draft_or_message.body, thread.unread) == ("ok", True)
    assert [entry["to"] for entry in filled.get("/sandbox/mailed")["data"]] == [[BRUNO], [ANNA]]


def test_a_whole_mail_and_a_large_attachment_are_sent(client: nylas.Client) -> None:
    mime = b"From: a@b.example\r\nTo: c@d.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello\r\n"
    assert client.messages.send_raw_mime(ANNA, {"mime": mime}).data.subject == "Grüße"
    size = 4 << 20
    file: Any = {"filename": "a.bin", "content_type": "application/x-a", "content": b"\0" * size, "size": size}
    sent = client.messages.send(ANNA, {"to": [{"email": "c@d.example"}], "attachments": [file]}).data
    assert [(one.filename, one.size) for one in sent.attachments or []] == [("a.bin", size)]


def test_odd_ids_are_found(filled: Api, client: nylas.Client) -> None:
    filled.box.add_message(ANNA, {"id": ODD, "thread_id": f"t {ODD}", "from": [{"email": "x@y.example"}]})
    assert client.messages.find(ANNA, ODD).data.id == ODD
    assert client.threads.find(ANNA, f"t {ODD}").data.message_ids == [ODD]
    filled.box.add_contact(ANNA, {"id": "a=b+c@d", "given_name": "Odd"})
    assert client.contacts.find(ANNA, "a=b+c@d").data.given_name == "Odd"
