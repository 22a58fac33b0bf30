"""Mail over plain HTTP: filters, folders, threads, the cache of IMAP, what is announced, sending twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from nylasadmin.sandbox.receiver import Receiver

from .conftest import ANNA, NOW, Api
from .hooks import subscribe, told

PATH = f"/v3/grants/{ANNA}"
MESSAGES, THREADS, FOLDERS = f"{PATH}/messages", f"{PATH}/threads", f"{PATH}/folders"
DAY_S = 86_400
IDA, OLE = {"email": "ida@x.example", "name": "Ida"}, {"email": "Ole@x.example", "name": "Ole"}


def add(api: Api, **message: Any) -> str:
    return str(api.box.add_message(ANNA, {"from": [IDA], **message})["id"])


def found(api: Api, path: str = MESSAGES, **query: Any) -> list[str]:
    return [one["id"] for one in api.get(path, **query)["data"]]


def path_of(message_id: str) -> str:
    return f"{MESSAGES}/{quote(message_id, safe='')}"


def announced(api: Api) -> list[str]:
    heard: list[str] = []
    api.box.sandbox.changes.listen(lambda trigger, _grant, _obj: heard.append(trigger))
    return heard


FILTERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"subject": "March Meeting"}, {"subject": "march"}),
    ({"from": [OLE]}, {"from": "ole@X.example"}),
    ({"to": [OLE]}, {"to": "ole@x.example"}),
    ({"cc": [OLE]}, {"cc": "ole@x.example"}),
    ({"bcc": [OLE]}, {"bcc": "ole@x.example"}),
    ({"cc": [OLE]}, {"any_email": "nobody@x.example,ole@x.example"}),
    ({"folders": ["SPAM"]}, {"in": "SPAM"}),
    ({"unread": False}, {"unread": "False"}),
    ({"starred": True}, {"starred": "true"}),
    ({"thread_id": "t7"}, {"thread_id": "t7"}),
    ({"attachments": [{"id": "a", "filename": "x.pdf"}]}, {"has_attachment": "true"}),
    ({"date": NOW + 5}, {"received_after": NOW}),
    ({"date": NOW - 5}, {"received_before": NOW}),
    ({"metadata": {"key2": "x"}}, {"metadata_pair": "key2:x"}),
    ({"subject": "foo"}, {"search_query_native": "subject:foo OR subject:bar"}),
    ({"body": "two words here"}, {"search_query_native": '"words here" -absent'}),
]


@pytest.mark.parametrize(("message", "query"), FILTERS)
def test_messages_and_threads_are_filtered(api: Api, message: dict[str, Any], query: dict[str, Any]) -> None:
    add(api, subject="abcMarch123", body="other")
    wanted = add(api, **message)
    assert found(api, **query) == [wanted]
    query = {name.replace("received_", "latest_message_"): value for name, value in query.items()}
    threads = api.get(THREADS, **query)["data"]
    assert [one["message_ids"] for one in threads] == [[wanted]]


def test_of_repeated_addresses_only_the_last_counts(api: Api) -> None:
    wanted = add(api, cc=[OLE])
    add(api)
    assert found(api, any_email=["ida@x.example", "ole@x.example"]) == [wanted]


def test_more_than_25_addresses_are_refused(api: Api) -> None:
    assert api.call("GET", MESSAGES, None, any_email=",".join(["a@b.example"] * 26))[0] == 400


@pytest.mark.parametrize(
    "query",
    [
        {"in": "inbox"},
        {"limit": 201},
        {"fields": "everything"},
        {"metadata_pair": "key1:x", "unread": "true"},
        {"search_query_native": "x", "from": "a@b.example"},
        {"search_query_native": "in:inbox"},
        {"page_token": "x"},
        {"received_after": "yesterday"},
    ],
)
def test_wrong_queries_are_refused(api: Api, query: dict[str, Any]) -> None:
    assert api.call("GET", MESSAGES, None, **query)[0] == 400


def test_microsoft_is_searched_in_its_own_words(start: Callable[..., Api]) -> None:
    api = start(provider="microsoft")
    wanted = add(api, **{"from": [OLE], "subject": "Offer 7"})
    add(api)
    for query in ("$filter=from/emailAddress/address eq 'ole@x.example'", '$search="subject:offer"'):
        assert found(api, search_query_native=query) == [wanted]


def test_pages_stay_right_while_mail_arrives_and_goes(api: Api) -> None:
    made = [add(api, date=NOW + number) for number in range(6)]
    page = api.get(MESSAGES, limit=2)
    seen = [one["id"] for one in page["data"]]
    add(api, date=NOW + 100)
    api.call("DELETE", f"{MESSAGES}/{made[3]}", None, hard_delete="true")
    while page.get("next_cursor"):
        page = api.get(MESSAGES, limit=1, page_token=page["next_cursor"])
        seen += [one["id"] for one in page["data"]]
    assert seen == [made[5], made[4], made[2], made[1], made[0]]


def test_labels_of_google_follow_the_flags(api: Api) -> None:
    one = add(api)
    assert api.get(f"{MESSAGES}/{one}")["data"]["folders"] == ["UNREAD", "INBOX"]
    _, answer = api.call("PUT", f"{MESSAGES}/{one}", {"unread": False, "folders": ["IMPORTANT", "STARRED"]})
    assert answer["data"]["folders"] == ["STARRED", "IMPORTANT"]
    assert answer["data"]["starred"] is True


def test_a_message_lies_in_one_folder_at_microsoft(start: Callable[..., Api]) -> None:
    api = start(provider="microsoft")
    folders = [one["id"] for one in api.get(FOLDERS)["data"]]
    for wanted, status in ((folders[:2], 400), ([], 400), (["none"], 400), (folders[1:2], 200)):
        assert api.call("PUT", path_of(add(api)), {"folders": wanted})[0] == status


def test_deleting_goes_to_the_trash_first(api: Api) -> None:
    one, heard = add(api), announced(api)
    api.call("DELETE", f"{MESSAGES}/{one}")
    assert api.get(f"{MESSAGES}/{one}")["data"]["folders"] == ["UNREAD", "TRASH"]
    assert (found(api), found(api, **{"in": "TRASH"})) == ([], [one])
    api.call("DELETE", f"{MESSAGES}/{one}")
    assert api.call("GET", f"{MESSAGES}/{one}")[0] == 404
    assert heard == ["message.updated", "message.deleted"]


def test_every_change_of_mail_is_announced_except_of_metadata_alone(api: Api) -> None:
    heard = announced(api)
    one = add(api, **{"from": [{"email": ANNA}]})
    api.box.add_message(ANNA, {"from": [IDA]}, reply_to=one)
    api.call("PUT", f"{MESSAGES}/{one}", {"unread": True})
    api.call("PUT", f"{MESSAGES}/{one}", {"metadata": {"key1": "x"}})
    api.call("DELETE", f"{MESSAGES}/{one}", None, hard_delete="true")
    assert heard == ["message.created", "message.created", "thread.replied", "message.updated", "message.deleted"]


def test_folders_are_announced(api: Api) -> None:
    heard = announced(api)
    made = api.call("POST", FOLDERS, {"name": "A"})[1]["data"]["id"]
    api.call("PUT", f"{FOLDERS}/{made}", {"name": "B"})
    api.call("DELETE", f"{FOLDERS}/{made}")
    assert heard == ["folder.created", "folder.updated", "folder.deleted"]


def test_a_label_goes_alone_and_a_folder_with_its_mail(start: Callable[..., Api]) -> None:
    for provider, left in (("google", 1), ("microsoft", 0)):
        api = start(provider=provider)
        folder = api.call("POST", FOLDERS, {"name": "A"})[1]["data"]["id"]
        add(api, folders=[folder])
        assert api.call("DELETE", f"{FOLDERS}/{quote(folder)}")[0] == 200
        assert len(found(api)) == left


def test_system_folders_stay_as_they_are(api: Api) -> None:
    assert api.call("PUT", f"{FOLDERS}/INBOX", {"name": "x"})[0] == 400
    assert api.call("DELETE", f"{FOLDERS}/INBOX")[0] == 400


def test_folders_of_microsoft_lie_in_each_other_and_may_be_hidden(start: Callable[..., Api]) -> None:
    api = start(provider="microsoft")
    outer = api.call("POST", FOLDERS, {"name": "Outer"})[1]["data"]
    inner = api.call("POST", FOLDERS, {"name": "Inner", "parent_id": outer["id"]})[1]["data"]
    assert found(api, FOLDERS, parent_id=outer["id"]) == [inner["id"]]
    assert inner["id"] not in found(api, FOLDERS, single_level="true")
    assert api.get(f"{FOLDERS}/{quote(outer['id'])}")["data"]["child_count"] == 1
    assert len(found(api, FOLDERS, include_hidden_folders="true")) == len(found(api, FOLDERS)) + 1


def test_folders_of_google_have_colours_and_say_whose_they_are(api: Api) -> None:
    made = api.call("POST", FOLDERS, {"name": "A", "background_color": "#0099EE", "parent_id": "x"})[1]["data"]
    assert (made["background_color"], made["system_folder"]) == ("#0099EE", False)
    assert "parent_id" not in made
    assert api.get(f"{FOLDERS}/INBOX")["data"]["system_folder"] is True
    assert api.call("POST", FOLDERS, {"name": "B", "text_color": "blue"})[0] == 400


def test_folders_count_their_mail(api: Api) -> None:
    add(api)
    add(api, unread=False)
    inbox = api.get(f"{FOLDERS}/INBOX")["data"]
    assert (inbox["total_count"], inbox["unread_count"]) == (2, 1)


def test_old_mail_of_icloud_needs_the_server_itself(start: Callable[..., Api]) -> None:
    api = start(provider="icloud")
    old, new = add(api, date=NOW - 91 * DAY_S), add(api, date=NOW - 89 * DAY_S)
    assert found(api) == [new]
    assert api.call("GET", MESSAGES, None, query_imap="true")[0] == 400
    assert found(api, query_imap="true", **{"in": "INBOX"}) == [new, old]
    assert api.call("GET", path_of(old))[0] == 404
    assert api.get(path_of(old), query_imap="True")["data"]["id"] == old


def test_a_thread_of_icloud_may_be_incomplete(start: Callable[..., Api]) -> None:
    api = start(provider="icloud")
    old = add(api, date=NOW - 91 * DAY_S)
    new = api.box.add_message(ANNA, {"from": [OLE], "date": NOW}, reply_to=old)
    thread = api.get(THREADS)["data"][0]
    assert (thread["message_ids"], thread["id"]) == ([new["id"]], new["thread_id"])


def test_a_thread_is_the_sum_of_its_messages(api: Api) -> None:
    first = add(api, subject="Plan", date=NOW - 9, unread=False)
    own = {"from": [{"email": ANNA}], "to": [OLE], "date": NOW - 5, "folders": ["SENT"]}
    api.box.add_message(ANNA, own, reply_to=first)
    thread = api.get(THREADS)["data"][0]
    assert (thread["subject"], thread["unread"], thread["folders"]) == ("Plan", False, ["INBOX", "SENT"])
    assert [one["email"] for one in thread["participants"]] == [IDA["email"], ANNA, OLE["email"]]
    dates = ("earliest_message_date", "latest_message_received_date", "latest_message_sent_date")
    assert [thread[name] for name in dates] == [NOW - 9, NOW - 9, NOW - 5]
    assert thread["latest_draft_or_message"]["object"] == "message"


def test_optional_fields_are_missing_on_command(api: Api) -> None:
    one = add(api)
    api.call("POST", "/sandbox/faults", {"kind": "sparse", "count": 2})
    assert "from" not in api.get(f"{MESSAGES}/{one}")["data"]
    thread = api.get(THREADS)["data"][0]
    assert "earliest_message_date" not in thread
    assert "from" not in thread["latest_draft_or_message"]


def test_the_three_basic_headers_come_alone(api: Api) -> None:
    first = add(api, date=NOW - 1)
    answer = api.box.add_message(ANNA, {"from": [OLE]}, reply_to=first)["id"]
    headers = api.get(f"{MESSAGES}/{answer}", fields="include_basic_headers")["data"]["headers"]
    named = {one["name"]: one["value"] for one in headers}
    assert set(named) == {"Message-ID", "In-Reply-To", "References"}
    of_first = api.get(f"{MESSAGES}/{first}", fields="include_basic_headers")["data"]["headers"]
    assert named["In-Reply-To"] == of_first[0]["value"]


def send(api: Api, key: str | None, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {api.box.api_key}"} | ({"Idempotency-Key": key} if key is not None else {})
    return api._session.post(f"{api.box.url}{MESSAGES}/send", json={"to": [IDA], **body}, headers=headers, timeout=20)


def test_a_repeated_key_gets_the_first_answer_for_an_hour(api: Api, clock: Any) -> None:
    first, second = send(api, "k", subject="a"), send(api, "k", subject="a")
    assert first.json() == second.json()
    assert second.headers["Idempotent-Response"] == "true"
    clock.advance(3601)
    assert send(api, "k", subject="a").json() != first.json()
    assert len(api.get("/sandbox/mailed")["data"]) == 2


def test_a_key_belongs_to_one_request(api: Api) -> None:
    send(api, "k", subject="a")
    assert send(api, "k", subject="b").json()["error"]["type"] == "api.invalid_idempotent_request"
    assert send(api, "x" * 257).json()["error"]["type"] == "api.invalid_idempotency_key"


@pytest.mark.parametrize("body", [{"to": []}, {"to": [{"name": "x"}]}, {"to": "x"}, {"reply_to_message_id": "none"}])
def test_letters_that_cannot_be_sent_are_refused(api: Api, body: dict[str, Any]) -> None:
    assert send(api, None, **body).status_code == 400


def test_mail_and_contacts_come_from_outside_by_the_control_api(api: Api) -> None:
    base = f"/sandbox/grants/{ANNA}"
    first = api.call("POST", f"{base}/messages", {"subject": "Hi", "from": [IDA]})[1]["data"]
    answer = {"subject": "Re: Hi", "from": [OLE], "reply_to_message_id": first["id"]}
    assert api.call("POST", f"{base}/messages", answer)[1]["data"]["thread_id"] == first["thread_id"]
    made = api.call("POST", f"{base}/contacts", {"given_name": "Ida", "source": "inbox"})[1]["data"]
    assert [one["id"] for one in api.get(f"{PATH}/contacts", source="inbox")["data"]] == [made["id"]]
    for body in ({"from": "x"}, {"date": "today"}, {"reply_to_message_id": "none"}, {"id": 7}):
        assert api.call("POST", f"{base}/messages", body)[0] in (400, 404)


def test_changes_of_people_are_notified(api: Api, hook: Receiver) -> None:
    triggers = ("contact.updated", "contact.deleted", "message.created", "message.updated", "folder.created")
    subscribe(api, hook, *triggers, "message.deleted", "thread.replied")
    contact = api.call("POST", f"{PATH}/contacts", {"given_name": "Ida"})[1]["data"]
    api.call("DELETE", f"{PATH}/contacts/{contact['id']}")
    sent = send(api, None, subject="Plan").json()["data"]
    answer = api.box.add_message(ANNA, {"from": [IDA], "subject": "Re: Plan"}, reply_to=sent["id"])
    api.call("DELETE", f"{MESSAGES}/{answer['id']}")
    api.call("DELETE", f"{MESSAGES}/{answer['id']}")
    api.call("POST", FOLDERS, {"name": "A"})
    kinds = dict(told(api, hook))
    assert [kind for kind, _ in told(api, hook)] == [
        *("contact.updated", "contact.deleted", "message.created", "message.created", "thread.replied"),
        *("message.updated", "message.deleted", "folder.created"),
    ]
    assert kinds["contact.updated"] == contact
    assert kinds["contact.deleted"] == {name: contact[name] for name in ("grant_id", "id", "object")}
    assert kinds["thread.replied"]["root_message_id"] == sent["id"]
    assert kinds["message.deleted"]["id"] == answer["id"]
