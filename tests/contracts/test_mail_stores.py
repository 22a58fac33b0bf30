"""What every store of mail keeps: memory and CRM alike. Nylas' side is read only, and read in the adapter's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from nylasadmin.adapters.nylas.mail.reading import MailReader
from nylasadmin.domain.items import ItemId, Person
from nylasadmin.domain.kinds import Item, brief, compared
from nylasadmin.domain.mail import Attachment, Message, Thread
from nylasadmin.domain.plan import Window
from nylasadmin.services.ports import ItemStore
from tests.contracts.cases import MAIL_FACTORIES, NOW, StoreCase

IDA, OLE = Person("ida@x.example", "Ida"), Person("ole@x.example")
LETTER = Message(
    uid="m1",
    received=NOW,
    subject="Büro 会议 🎉 <b>",
    sender=(IDA,),
    to=(OLE,),
    unread=True,
    folders=("Inbox",),
    snippet="Hello",
    attachments=(Attachment("o.pdf", "application/pdf", 7),),
    thread_id="t1",
    body="<p>Hello “you” \u2028</p>",
)
TALK = Thread(uid="t1", received=NOW, subject="Plan", participants=(IDA, OLE), message_ids=("m0", "m1"), began=NOW - 9)

ITEMS: dict[str, Item] = {
    "a message": LETTER,
    "a message without anything": Message(received=NOW),
    "a message cut short": replace(LETTER, is_body_cut=True),
    "a thread": TALK,
    "a thread without its beginning": replace(TALK, is_complete=False),
}


@pytest.fixture(params=MAIL_FACTORIES)
def case(request: pytest.FixtureRequest) -> Iterator[StoreCase]:
    with MAIL_FACTORIES[request.param]() as made:
        yield made


@pytest.mark.parametrize("name", ITEMS)
def test_what_is_created_is_observed_and_loaded_equal(case: StoreCase, name: str) -> None:
    item = ITEMS[name]

    item_id = case.create(item)

    assert case.stored(item_id) == item
    (seen,) = case.observe().values()
    assert (seen.fingerprint, seen.start, seen.end) == (case.print_of(item), NOW, NOW)
    assert case.open().look_up([item_id], case.fidelity) == [seen]


def test_a_plan_is_given_no_texts(case: StoreCase) -> None:
    item_id = case.create(LETTER)

    assert case.open().load_brief([item_id]) == {item_id: brief(LETTER)}


def test_an_overwritten_message_is_the_new_one(case: StoreCase) -> None:
    item_id = case.create(LETTER)
    read = replace(LETTER, unread=False)

    assert case.update(item_id, read, case.print_of(LETTER)).id == item_id
    assert compared(case.stored(item_id), case.fidelity) == compared(read, case.fidelity)


def test_what_moved_meanwhile_is_not_written(case: StoreCase) -> None:
    item_id = case.create(LETTER)

    outcome = case.update(item_id, replace(LETTER, unread=False), case.print_of(replace(LETTER, starred=True)))

    assert (outcome.has_moved, case.stored(item_id)) == (True, LETTER)


def test_what_is_deleted_is_gone(case: StoreCase) -> None:
    item_id = case.create(TALK)

    assert case.delete(item_id, case.print_of(TALK)).id == item_id
    assert case.observe() == {}
    assert case.open().look_up([item_id, ItemId("none")], case.fidelity) == []


def test_a_window_holds_what_was_received_in_it(case: StoreCase) -> None:
    case.create(LETTER)

    assert len(case.observe(Window(NOW, NOW + 1))) == 1
    assert case.observe(Window(NOW + 1)) == {}
    assert case.observe(Window(0, NOW)) == {}


def test_mail_at_nylas_cannot_be_written() -> None:
    writing = {name for name in dir(ItemStore) if not name.startswith("_")} - set(dir(MailReader))

    assert writing == {"write"}
    assert not [
        name for name in dir(MailReader) if any(w in name for w in ("write", "post", "put", "delete", "create"))
    ]
