"""Messages and threads: listing, looking up and loading, against given answers and against the sandbox with faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from msgspec.structs import replace

from nylasadmin.adapters.nylas.http import NylasHttp
from nylasadmin.adapters.nylas.mail.kinds import MESSAGES, THREADS, MailKind
from nylasadmin.adapters.nylas.mail.reading import MailReader
from nylasadmin.domain.fidelity import FULL
from nylasadmin.domain.items import ItemId, Person
from nylasadmin.domain.kinds import Item
from nylasadmin.domain.mail import Attachment, Message, Thread
from nylasadmin.domain.plan import ALWAYS, Observed, Reason, Window
from nylasadmin.errors import BadAnswer, BadRequest, CursorExpired, NotThere, NylasError, RateLimited, ServiceFailed
from nylasadmin.sandbox.clocks import FrozenClock
from nylasadmin.sandbox.testing import RunningSandbox
from nylasadmin.services.ports import FolderRef
from tests.adapters.nylas.conftest import BASE, FOLDER
from tests.sandbox.openapi import judged_sandbox

NOW = 1_772_445_600
DAY = 86_400
GRANT = f"{BASE}/v3/grants/g1"
LISTS, TALKS, PLACES = f"{GRANT}/messages", f"{GRANT}/threads", f"{GRANT}/folders"
MAILBOX = replace(FOLDER, folder_id="primary")
IDA = {"email": "Ida@X.example", "name": "Ida"}

Json = dict[str, object]
MakeHttp = Callable[..., NylasHttp]


def page(*pieces: object, cursor: str | None = None) -> Json:
    return {"request_id": "r", "data": list(pieces), "next_cursor": cursor}


def message(message_id: str, at: int = NOW, **fields: object) -> Json:
    return {"id": message_id, "object": "message", "date": at, "folders": ["INBOX"]} | fields


def thread(thread_id: str, at: int = NOW, **fields: object) -> Json:
    dates = {"earliest_message_date": at, "latest_message_received_date": at}
    return {"id": thread_id, "object": "thread", "message_ids": [f"{thread_id}-1"], **dates} | fields


def queries(answers: responses.RequestsMock, path: str = LISTS) -> list[dict[str, list[str]]]:
    asked = [urlsplit(call.request.url or "") for call in answers.calls]
    return [parse_qs(url.query) for url in asked if f"{url.scheme}://{url.netloc}{url.path}" == path]


def observed(reader: MailReader, window: Window = ALWAYS) -> dict[str, Observed]:
    return {o.id: o for batch in reader.observe(FULL, window) for o in batch}


@pytest.fixture
def messages(http_to: MakeHttp) -> MailReader:
    return MailReader(http_to(), MAILBOX, MESSAGES)


@pytest.fixture
def threads(http_to: MakeHttp) -> MailReader:
    return MailReader(http_to(), MAILBOX, THREADS)


@pytest.fixture
def answers() -> Iterator[responses.RequestsMock]:
    """Registered answers, folders among them; those of the folders need not be used."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(PLACES, json=page({"id": "INBOX", "name": "Inbox"}, {"id": "L1", "name": "Customers"}))
        yield mock


# --- asking ------------------------------------------------------------------------------------------------------


def test_a_listing_leaves_the_texts_out(messages: MailReader, answers: responses.RequestsMock) -> None:
    answers.get(LISTS, json=page(message("a")))

    assert set(observed(messages)) == {"a"}

    (asked,) = queries(answers)
    assert asked["limit"] == ["200"]
    assert {"received_after", "received_before", "page_token"}.isdisjoint(asked)
    assert {"id", "from", "date", "folders", "attachments"} <= set(asked["select"][0].split(","))
    assert "body" not in asked["select"][0].split(",")


@pytest.mark.parametrize(
    ("kind", "path", "after", "before", "limit"),
    [
        (MESSAGES, LISTS, "received_after", "received_before", "200"),
        (THREADS, TALKS, "latest_message_after", "latest_message_before", "50"),
    ],
)
def test_a_window_is_asked_for_with_its_first_second(
    http_to: MakeHttp,
    answers: responses.RequestsMock,
    kind: MailKind,
    path: str,
    after: str,
    before: str,
    limit: str,
) -> None:
    answers.get(path, json=page())

    assert observed(MailReader(http_to(), MAILBOX, kind), Window(NOW, NOW + DAY)) == {}

    (asked,) = queries(answers, path)
    assert (asked[after], asked[before], asked["limit"]) == ([str(NOW - 1)], [str(NOW + DAY)], [limit])


def test_pages_are_followed_to_the_last_even_empty_ones(messages: MailReader, answers: responses.RequestsMock) -> None:
    answers.get(LISTS, json=page(message("a"), cursor="2"))
    answers.get(LISTS, json=page(cursor="3"))
    answers.get(LISTS, json=page(message("b")))

    assert set(observed(messages)) == {"a", "b"}
    assert [q.get("page_token") for q in queries(answers)] == [None, ["2"], ["3"]]


def test_a_cursor_that_leads_to_itself_is_no_listing(messages: MailReader, answers: responses.RequestsMock) -> None:
    answers.get(LISTS, json=page(message("a"), cursor="2"))

    with pytest.raises(BadAnswer):
        observed(messages)


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_a_lost_cursor_starts_again(messages: MailReader, answers: responses.RequestsMock, status: int) -> None:
    answers.get(LISTS, json=page(message("a"), cursor="2"))
    answers.get(LISTS, status=status, json={})
    answers.get(LISTS, json=page(message("a"), message("b")))

    assert set(observed(messages)) == {"a", "b"}


def test_a_cursor_lost_again_and_again_ends_the_listing(messages: MailReader, answers: responses.RequestsMock) -> None:
    for _ in range(3):
        answers.get(LISTS, json=page(message("a"), cursor="2"))
        answers.get(LISTS, status=410, json={})

    with pytest.raises(CursorExpired):
        observed(messages)


def test_a_refused_first_page_ends_the_listing(messages: MailReader, answers: responses.RequestsMock) -> None:
    answers.get(LISTS, status=400, json={})

    with pytest.raises(BadRequest):
        observed(messages)


@pytest.mark.parametrize(
    ("kind", "path", "sizes"), [(MESSAGES, LISTS, ["200", "50", "20"]), (THREADS, TALKS, ["50", "20", "10"])]
)
@pytest.mark.parametrize("status", [429, 504])
def test_less_is_asked_for_where_a_page_is_too_much(
    http_to: MakeHttp, answers: responses.RequestsMock, kind: MailKind, path: str, sizes: list[str], status: int
) -> None:
    piece = message if kind is MESSAGES else thread
    answers.get(path, json=page(piece("a"), cursor="2"))
    answers.get(path, status=status, json={})
    answers.get(path, status=status, json={})
    answers.get(path, json=page(piece("b")))
    reader = MailReader(http_to(tries=1), MAILBOX, kind)

    assert set(observed(reader)) == {"a", "b"}

    asked = queries(answers, path)
    assert [q["limit"][0] for q in asked] == [sizes[0], *sizes]
    assert [q.get("page_token") for q in asked] == [None, ["2"], ["2"], ["2"]]


@pytest.mark.parametrize(("status", "error"), [(429, RateLimited), (504, ServiceFailed)])
def test_what_fails_at_the_smallest_page_too_ends_the_listing(
    http_to: MakeHttp, answers: responses.RequestsMock, status: int, error: type[NylasError]
) -> None:
    answers.get(LISTS, status=status, json={})

    with pytest.raises(error):
        observed(MailReader(http_to(tries=1), MAILBOX, MESSAGES))
    assert [q["limit"][0] for q in queries(answers)] == ["200", "50", "20"]


def test_a_wait_the_service_asks_for_is_not_cut_short(http_to: MakeHttp, answers: responses.RequestsMock) -> None:
    answers.get(LISTS, status=429, json={}, headers={"Retry-After": "3600"})

    with pytest.raises(RateLimited):
        observed(MailReader(http_to(tries=1), MAILBOX, MESSAGES))
    assert len(queries(answers)) == 1


@pytest.mark.parametrize("body", ["", "{", "<html></html>", '{"data": null}', '{"data": {"x": []}}', "[]"])
def test_what_is_no_page_is_never_an_empty_mailbox(
    messages: MailReader, answers: responses.RequestsMock, body: str
) -> None:
    answers.get(LISTS, body=body)

    with pytest.raises(BadAnswer):
        observed(messages)


# --- odd answers -------------------------------------------------------------------------------------------------


def loaded(reader: MailReader, item_id: str) -> Item:
    found: Item = reader.load([ItemId(item_id)])[ItemId(item_id)]
    return found


def test_a_message_is_kept_with_all_that_counts(messages: MailReader, answers: responses.RequestsMock) -> None:
    whole = message(
        "a",
        thread_id="t",
        subject="Offer",
        **{"from": [IDA, None, {"name": None}]},
        to=[{"email": "b@x.example"}],
        folders=["L1", "UNREAD", "STARRED", "gone"],
        unread=True,
        starred=True,
        snippet="Hello",
        body="<p>Hello</p>",
        attachments=[{"id": "x", "filename": "o.pdf", "content_type": "application/pdf", "size": 7, "new": 1}, None],
        headers=[{"name": "X", "value": "y"}],
        invented={"a": 1},
    )
    answers.get(f"{LISTS}/a", json={"data": whole})

    assert loaded(messages, "a") == Message(
        uid="a",
        received=NOW,
        subject="Offer",
        sender=(Person("ida@x.example", "Ida"),),
        to=(Person("b@x.example"),),
        unread=True,
        starred=True,
        folders=("Customers", "gone"),
        snippet="Hello",
        attachments=(Attachment("o.pdf", "application/pdf", 7),),
        thread_id="t",
        body="<p>Hello</p>",
    )


NULLS = ("subject", "from", "to", "cc", "bcc", "reply_to", "snippet", "body", "folders", "attachments", "thread_id")


@pytest.mark.parametrize("fields", [{}, dict.fromkeys((*NULLS, "unread", "starred"))])
def test_what_is_missing_or_null_is_empty(
    messages: MailReader, answers: responses.RequestsMock, fields: dict[str, object]
) -> None:
    answers.get(LISTS, json=page({"id": "a", "date": NOW} | fields))

    (seen,) = observed(messages).values()

    assert (seen.title, seen.start, seen.end, seen.uid, seen.blocked) == ("", NOW, NOW, "a", None)


def test_missing_and_empty_are_the_same_message(messages: MailReader, answers: responses.RequestsMock) -> None:
    bare: Json = {"id": "a", "date": NOW}
    answers.get(LISTS, json=page(bare))
    answers.get(LISTS, json=page(bare | {"from": [], "cc": None, "attachments": [], "subject": "", "unread": False}))

    assert observed(messages) == observed(messages)


@pytest.mark.parametrize(
    "fields",
    [{"date": None}, {"date": "yesterday"}, {"date": 10**14}, {"from": "ida"}, {"folders": [{"id": "x"}]}],
)
def test_one_unreadable_message_does_not_spoil_its_page(
    messages: MailReader, answers: responses.RequestsMock, fields: dict[str, object]
) -> None:
    broken = message("bad", subject="Odd") | fields
    answers.get(LISTS, json=page(message("a"), broken, message("b")))
    answers.get(f"{LISTS}/bad", json={"data": broken})

    found = observed(messages)

    assert {i: o.blocked for i, o in found.items()} == {"a": None, "bad": Reason.UNREADABLE, "b": None}
    assert found["bad"].title == "Odd"
    assert set(messages.load([ItemId("bad")])) == set()


def test_numbers_in_quotes_are_read(messages: MailReader, answers: responses.RequestsMock) -> None:
    answers.get(LISTS, json=page(message("a", date=str(NOW), unread="true")))

    assert observed(messages)["a"].start == NOW


def test_drafts_are_no_messages(messages: MailReader, answers: responses.RequestsMock) -> None:
    answers.get(LISTS, json=page(message("a"), message("b", object="draft")))

    assert set(observed(messages)) == {"a"}


def test_a_very_long_text_is_cut_and_says_so(messages: MailReader, answers: responses.RequestsMock) -> None:
    answers.get(f"{LISTS}/a", json={"data": message("a", body="x" * 1_000_001)})

    found = loaded(messages, "a")

    assert isinstance(found, Message)
    assert (len(found.body or ""), found.is_body_cut) == (1_000_000, True)


def test_an_id_of_any_length_is_read(messages: MailReader, answers: responses.RequestsMock) -> None:
    answers.get(LISTS, json=page(message("x" * 501), message("y" * 500)))

    assert {i: o.uid for i, o in observed(messages).items()} == {"x" * 501: None, "y" * 500: "y" * 500}


def test_threads_inside_an_object_are_read_too(threads: MailReader, answers: responses.RequestsMock) -> None:
    answers.get(TALKS, json={"data": {"threads": [thread("t"), thread("u", subject=["odd"])]}})
    answers.get(f"{TALKS}/u", status=404, json={})

    assert {i: o.blocked for i, o in observed(threads).items()} == {"t": None, "u": Reason.UNREADABLE}


def test_a_thread_counts_from_its_last_received_message(threads: MailReader, answers: responses.RequestsMock) -> None:
    answers.get(TALKS, json=page(thread("t", latest_message_sent_date=NOW + DAY)))

    assert observed(threads)["t"].start == NOW


def test_a_thread_of_own_messages_counts_from_its_last_one(
    threads: MailReader, answers: responses.RequestsMock
) -> None:
    own = thread("t", latest_message_received_date=None, latest_message_sent_date=NOW + DAY)
    answers.get(TALKS, json=page(own))

    assert observed(threads)["t"].start == NOW + DAY


def test_a_thread_without_dates_is_asked_for_by_its_id(threads: MailReader, answers: responses.RequestsMock) -> None:
    bare: Json = {"id": "t", "message_ids": ["m"], "draft_ids": None, "subject": "Talk"}
    answers.get(TALKS, json=page(bare))
    answers.get(f"{TALKS}/t", json={"data": bare | {"latest_draft_or_message": {"date": NOW, "from": None}}})

    assert observed(threads)["t"].start == NOW


def test_a_thread_that_holds_drafts_only_is_none(threads: MailReader, answers: responses.RequestsMock) -> None:
    answers.get(TALKS, json=page({"id": "t", "message_ids": None, "draft_ids": ["d"]}))

    assert observed(threads) == {}


@pytest.mark.parametrize(
    ("earliest", "since", "is_complete"), [(NOW - DAY, 0, True), (NOW - DAY, NOW - DAY, True), (NOW - DAY, NOW, False)]
)
def test_threads_that_began_before_the_window_are_marked(
    threads: MailReader, answers: responses.RequestsMock, earliest: int, since: int, is_complete: bool
) -> None:
    talk = thread("t", NOW, earliest_message_date=earliest)
    answers.get(TALKS, json=page(talk))
    answers.get(f"{TALKS}/t", json={"data": talk})
    observed(threads, Window(since) if since else ALWAYS)

    found = loaded(threads, "t")

    assert isinstance(found, Thread)
    assert found.is_complete is is_complete


# --- looking up and loading --------------------------------------------------------------------------------------


def test_looking_up_gives_what_listing_gives(messages: MailReader, answers: responses.RequestsMock) -> None:
    answers.get(LISTS, json=page(message("a", subject="A", to=[IDA])))
    answers.get(f"{LISTS}/a", json={"data": message("a", subject="A", to=[IDA])})

    assert messages.look_up([ItemId("a")], FULL) == list(observed(messages).values())


def test_what_is_gone_counts_as_deleted_only_while_the_mailbox_answers(
    messages: MailReader, answers: responses.RequestsMock
) -> None:
    answers.get(f"{LISTS}/a", status=404, json={})

    assert messages.look_up([ItemId("a")], FULL) == []

    answers.replace("GET", PLACES, status=404, json={})
    with pytest.raises(NotThere):
        messages.look_up([ItemId("a")], FULL)


def test_mail_that_left_the_cache_is_asked_for_at_the_server(
    http_to: MakeHttp, answers: responses.RequestsMock
) -> None:
    answers.get(f"{LISTS}/a", json={"data": message("a")})
    reader = MailReader(http_to(), replace(MAILBOX, provider="icloud"), MESSAGES)

    assert len(reader.look_up([ItemId("a")], FULL)) == 1
    assert queries(answers, f"{LISTS}/a")[0]["query_imap"] == ["true"]


def test_ids_are_encoded_whole(messages: MailReader, answers: responses.RequestsMock) -> None:
    answers.get(f"{LISTS}/%3Ca%2Fb%3D%40x%3E", json={"data": message("<a/b=@x>")})

    assert set(messages.load([ItemId("<a/b=@x>")])) == {"<a/b=@x>"}


# --- the sandbox -------------------------------------------------------------------------------------------------


@pytest.fixture
def box() -> Iterator[RunningSandbox]:
    with judged_sandbox(users=1, messages_per_user=450, clock=FrozenClock(NOW)) as running:
        yield running


def reader_of(http_to: MakeHttp, box: RunningSandbox, kind: MailKind, **patience: float) -> MailReader:
    grant = box.grants[0]
    folder = FolderRef(
        grant_id=grant.id, provider="google", folder_id="primary", account_email=grant.email, installation="here"
    )
    patience.setdefault("first_wait_s", 0.001)
    http = http_to(box.url, **patience)
    http._headers["Authorization"] = f"Bearer {box.api_key}"
    return MailReader(http, folder, kind, concurrency=4)


def asked(box: RunningSandbox) -> int:
    return len(box.sandbox.requests.entries())


def test_bodies_are_read_a_page_of_neighbours_at_a_time(http_to: MakeHttp, box: RunningSandbox) -> None:
    reader = reader_of(http_to, box, MESSAGES)
    stored = {m["id"]: m for m in box.messages(box.grants[0].email)}
    assert set(observed(reader)) == set(stored)
    before = asked(box)

    bodies = reader.load([ItemId(i) for i in stored])

    assert {i: m.body for i, m in bodies.items() if isinstance(m, Message)} == {i: m["body"] for i, m in stored.items()}
    assert asked(box) - before <= 6
    assert {m.body for m in reader.load_brief(list(bodies)).values() if isinstance(m, Message)} == {None}


def test_threads_are_read_a_page_of_neighbours_at_a_time(http_to: MakeHttp, box: RunningSandbox) -> None:
    reader = reader_of(http_to, box, THREADS)
    found = observed(reader)
    before = asked(box)

    talks = reader.load([ItemId(i) for i in found])

    assert set(talks) == set(found)
    assert asked(box) - before <= 2 * (1 + len(found) // 50)
    assert {t.is_complete for t in talks.values() if isinstance(t, Thread)} == {True}


def test_a_message_that_moved_into_the_trash_is_found_by_its_id(http_to: MakeHttp, box: RunningSandbox) -> None:
    reader = reader_of(http_to, box, MESSAGES)
    ids = list(observed(reader))
    box.delete_message(box.grants[0].email, ids[0])

    found = reader.load([ItemId(i) for i in ids[:3]])

    assert found[ItemId(ids[0])].folders == ("TRASH",)
    assert ItemId(ids[0]) not in observed(reader_of(http_to, box, MESSAGES))


ODD = ["null_lists", "sparse", "repeat_item", "gone_cursor", "slow"]


@pytest.mark.parametrize("kind", [MESSAGES, THREADS], ids=["messages", "threads"])
@pytest.mark.parametrize("fault", ODD)
def test_odd_listings_give_every_item(http_to: MakeHttp, box: RunningSandbox, fault: str, kind: MailKind) -> None:
    known = set(observed(reader_of(http_to, box, kind)))
    box.sandbox.faults.add({"kind": fault, "count": 1} | ({"seconds": 0.01} if fault == "slow" else {}))

    assert set(observed(reader_of(http_to, box, kind))) == known


@pytest.mark.parametrize("status", [429, 500, 502, 504])
def test_a_failing_listing_is_not_an_empty_mailbox(http_to: MakeHttp, box: RunningSandbox, status: int) -> None:
    box.sandbox.faults.add({"kind": "status", "status": status, "count": None})

    with pytest.raises(NylasError):
        observed(reader_of(http_to, box, MESSAGES, tries=2))


def test_mail_that_arrives_and_goes_between_pages_does_no_harm(http_to: MakeHttp, box: RunningSandbox) -> None:
    reader, anna = reader_of(http_to, box, MESSAGES), box.grants[0].email
    batches = reader.observe(FULL, ALWAYS)
    first = next(batches)
    last = box.messages(anna)[-1]["id"]
    box.add_message(anna, {"from": [IDA], "subject": "New"})
    box.delete_message(anna, last, hard=True)

    rest = [o.id for batch in batches for o in batch]

    assert len({*(o.id for o in first), *rest}) == 449
    assert last not in rest
