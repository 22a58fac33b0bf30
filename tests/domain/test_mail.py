"""Messages and threads as values: what is compared, what is kept when they are overwritten, what is complete."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from nylasadmin.domain.differences import Field, differences, masked
from nylasadmin.domain.fidelity import FULL, Fidelity
from nylasadmin.domain.items import ItemType, Person
from nylasadmin.domain.kinds import (
    Item,
    brief,
    compared,
    decode_body,
    encode_body,
    fingerprint,
    is_alike,
    is_inbound_only,
    kind_of,
    merged,
    normalized,
    outline,
)
from nylasadmin.domain.mail import Attachment, Message, Thread, began_in_sight, is_reply, person

NOON = 1_790_000_000
DAY = 86_400
ANNA, BRUNO, CHEN = (Person(f"{n}@firm.example", n.title()) for n in ("anna", "bruno", "chen"))
OFFER = Message(
    uid="m1",
    received=NOON,
    subject="Offer 7",
    sender=(ANNA,),
    to=(BRUNO, CHEN),
    snippet="Please find",
    folders=("Inbox", "Customers"),
    thread_id="t1",
    attachments=(Attachment("offer.pdf", "application/pdf", 1000),),
    body="<p>Please find the offer.</p>",
)
TALK = Thread(
    uid="t1",
    received=NOON,
    subject="Offer 7",
    participants=(ANNA, BRUNO),
    message_ids=("m0", "m1"),
    began=NOON - DAY,
    sent=NOON - DAY,
)

NEWEST = Fidelity(has_whole_threads=False)

SAME = {
    "another text": {"body": "something else"},
    "no text": {"body": None},
    "another id": {"uid": "m2"},
    "folders in another order": {"folders": ("Customers", "Inbox")},
    "addressees in another order": {"to": (CHEN, BRUNO)},
}
OTHER = {
    "read": {"unread": True},
    "starred": {"starred": True},
    "moved": {"folders": ("Archive",)},
    "another subject": {"subject": "Offer 8"},
    "another sender": {"sender": ()},
    "later": {"received": NOON + 1},
    "without the file": {"attachments": ()},
}


@pytest.mark.parametrize("name", SAME)
def test_messages_are_equal_whatever_their_text_and_order(name: str) -> None:
    assert fingerprint(replace(OFFER, **SAME[name])) == fingerprint(OFFER)


@pytest.mark.parametrize("name", OTHER)
def test_messages_differ_by_everything_else(name: str) -> None:
    assert fingerprint(replace(OFFER, **OTHER[name])) != fingerprint(OFFER)


@pytest.mark.parametrize(
    "fields", [{"is_complete": False}, {"message_ids": ("m1",)}, {"began": None}, {"sent": None}, {"unread": True}]
)
def test_threads_differ_by_what_they_hold(fields: dict[str, object]) -> None:
    assert fingerprint(replace(TALK, **fields)) != fingerprint(TALK)


def test_where_old_mail_drops_out_of_the_listing_only_the_newest_counts() -> None:
    later = replace(TALK, message_ids=("m1",), began=NOON, sent=None, subject="Re: Offer 7", is_complete=False)

    assert fingerprint(later, NEWEST) == fingerprint(TALK, NEWEST)
    assert fingerprint(replace(later, message_ids=("m1", "m2")), NEWEST) != fingerprint(TALK, NEWEST)


def test_what_is_compared_is_stable() -> None:
    for item in (OFFER, TALK):
        assert compared(compared(item, FULL), FULL) == compared(item, FULL)


def test_an_overwritten_message_keeps_its_text_if_none_was_read() -> None:
    read = replace(OFFER, unread=False, body=None)

    assert merged(read, OFFER, FULL) == OFFER
    assert merged(replace(read, body="new"), OFFER, FULL) == replace(OFFER, body="new")
    cut = replace(OFFER, body="a", is_body_cut=True)
    assert merged(read, cut, FULL) == cut


def test_an_overwritten_thread_is_what_the_source_says() -> None:
    shorter = replace(TALK, message_ids=("m1",), is_complete=False)

    assert merged(shorter, TALK, FULL) == shorter


def test_an_overwritten_thread_keeps_older_messages_that_dropped_out_of_the_listing() -> None:
    later = replace(
        TALK, message_ids=("m1", "m2"), began=NOON, received=NOON + 9, subject="Re: Offer 7", participants=(CHEN,)
    )
    later = replace(later, is_complete=False)

    kept = merged(later, TALK, NEWEST)

    assert isinstance(kept, Thread)
    assert (kept.message_ids, kept.began, kept.received) == (("m0", "m1", "m2"), NOON - DAY, NOON + 9)
    assert (kept.subject, kept.is_complete, kept.participants) == ("Offer 7", True, (ANNA, BRUNO, CHEN))
    assert fingerprint(kept, NEWEST) == fingerprint(later, NEWEST)


@pytest.mark.parametrize("item", [OFFER, TALK])
def test_overwriting_keeps_the_id_that_finds_it_again(item: Message | Thread) -> None:
    assert merged(replace(item, uid="other"), item, FULL) == item


@pytest.mark.parametrize(
    ("began", "since", "is_cached", "fields", "is_complete"),
    [
        (NOON, 0, False, {}, True),
        (NOON, NOON, False, {}, True),
        (NOON - 1, NOON, False, {}, False),
        (None, 0, False, {}, True),
        (None, NOON, False, {}, False),
        (NOON, NOON - DAY, True, {}, True),
        (NOON, NOON - DAY, True, {"subject": "Re: Offer 7"}, False),
        (NOON, NOON - DAY, True, {"subject": "Re: Offer 7", "message_ids": ("t1", "m1")}, True),
        (NOON, NOON - DAY, True, {"subject": ""}, False),
        (None, 0, True, {}, False),
        (NOON - 2 * DAY, NOON - DAY, True, {"message_ids": ("t1",)}, False),
    ],
)
def test_a_thread_is_complete_if_its_first_message_was_listed(
    began: int | None, since: int, is_cached: bool, fields: dict[str, object], is_complete: bool
) -> None:
    thread = replace(TALK, began=began, **fields)

    assert began_in_sight(thread, since, is_cached=is_cached) is is_complete


@pytest.mark.parametrize("subject", ["Re: x", "RE:x", " re[2]: x", "AW: x", "Fwd: x", "WG: x", "Re : x"])
def test_answers_are_known_by_their_subject(subject: str) -> None:
    assert is_reply(subject)


@pytest.mark.parametrize("subject", ["Offer", "Regarding: x", "Reply", "", "x re: y"])
def test_other_subjects_are_no_answers(subject: str) -> None:
    assert not is_reply(subject)


def test_people_are_spelled_alike() -> None:
    assert person(" Anna@Firm.example ", " Anna ") == Person("anna@firm.example", "Anna")
    assert person("anna@firm.example", "Anna@firm.example") == Person("anna@firm.example")
    assert person(None, "Anna") == Person("", "Anna")


def test_the_order_of_addressees_and_messages_is_kept() -> None:
    assert normalized(replace(OFFER, to=(CHEN, BRUNO))) == replace(
        OFFER, to=(CHEN, BRUNO), folders=("Customers", "Inbox")
    )
    backwards = replace(TALK, message_ids=("b", "a"))
    assert normalized(backwards) == backwards


def test_brief_leaves_the_text_out_and_nothing_else() -> None:
    assert brief(OFFER) == replace(OFFER, body=None)
    assert brief(TALK) is TALK


@pytest.mark.parametrize("item", [OFFER, TALK])
def test_mail_is_stored_and_read_back(item: Item) -> None:
    assert decode_body(encode_body(item)) == item


@pytest.mark.parametrize("item", [OFFER, TALK])
def test_mail_lies_at_the_moment_it_was_received(item: Item) -> None:
    found = outline(item)

    assert (found.start, found.end, found.uid, found.is_recurring) == (NOON, NOON, item.uid, False)


def test_only_threads_lose_something_where_old_mail_drops_out() -> None:
    assert is_alike(OFFER, NEWEST)
    assert not is_alike(TALK, NEWEST)
    assert is_alike(TALK, FULL)


def test_mail_is_only_copied_from_nylas() -> None:
    assert {t for t in ItemType if is_inbound_only(t)} == {ItemType.MESSAGE, ItemType.THREAD}


@pytest.mark.parametrize(
    "item",
    [
        replace(OFFER, received=10**13),
        replace(TALK, began=-(10**13)),
        replace(OFFER, uid="x" * 501),
        replace(OFFER, body="x" * 1_000_001),
    ],
)
def test_impossible_mail_is_told(item: Item) -> None:
    assert len(kind_of(item).defects(item)) == 1


@pytest.mark.parametrize("item", [OFFER, TALK])
def test_sound_mail_has_no_defects(item: Item) -> None:
    assert kind_of(item).defects(item) == []


def test_differences_are_said_in_words() -> None:
    changed = replace(OFFER, unread=True, starred=True, folders=("Inbox",), subject="Offer 8")

    found = {d.field: (d.old, d.new) for d in differences(OFFER, changed, FULL)}

    assert found == {
        Field.SUBJECT: (("Offer 7",), ("Offer 8",)),
        Field.STATE: (("read",), ("unread", "starred")),
        Field.FOLDERS: (("Customers",), ()),
    }


def test_a_new_message_is_shown_with_its_people_files_and_date() -> None:
    found = {d.field: d.new for d in differences(None, OFFER, FULL)}

    assert found[Field.SENDER] == ("Anna <anna@firm.example>",)
    assert found[Field.RECEIVED] == ("Mon 21 Sep 2026, 14:13:20 UTC",)
    assert found[Field.ATTACHMENTS] == ("offer.pdf, 1 KB",)


def test_what_a_thread_lacks_is_said() -> None:
    found = {d.field: d.new for d in differences(TALK, replace(TALK, is_complete=False), FULL)}

    assert found == {Field.COMPLETENESS: ("incomplete: it began before what is listed",)}


@pytest.mark.parametrize("item", [OFFER, TALK])
def test_subjects_and_people_are_hidden_from_those_who_may_only_look(item: Item) -> None:
    shown = repr([(d.old, d.new) for d in masked(differences(None, item, FULL))])

    assert not any(word in shown for word in ("Offer", "firm.example", "Anna", "Customers", "Please", "pdf"))
    assert "2026" in shown
