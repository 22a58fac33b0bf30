"""Generated address books and mailboxes: the same for the same seed, believable, made only when asked for."""

from __future__ import annotations

from typing import Any

import pytest

from nylasadmin.sandbox.clocks import FrozenClock
from nylasadmin.sandbox.contacts.books import ContactGroup, address_book
from nylasadmin.sandbox.contacts.fields import checked_contact
from nylasadmin.sandbox.filling import fill
from nylasadmin.sandbox.shelves import Shelf
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import decoded

from .conftest import NOW

PROVIDERS = ("google", "microsoft", "icloud", "ews")


def company(users: int = 14, provider: str = "google", seed: int = 1, each: int = 60) -> Sandbox:
    sandbox = Sandbox(seed=seed, provider=provider, clock=FrozenClock(NOW))
    fill(sandbox, users=users, events_per_user=0, contacts_per_user=40, messages_per_user=each)
    return sandbox


def everything(sandbox: Sandbox, *, backwards: bool = False) -> dict[str, Any]:
    grants = sorted(sandbox.grants, key=lambda one: one.email, reverse=backwards)
    return {
        one.id: (
            [row.body for _, row in sandbox.contacts.of(one).rows()],
            [(row.rfc_id, row.body) for row in sandbox.mail.of(one).newest_first()],
        )
        for one in grants
    }


def messages(sandbox: Sandbox) -> list[list[dict[str, Any]]]:
    return [[decoded(row.body) for row in sandbox.mail.of(one).newest_first()] for one in sandbox.grants]


def test_the_same_seed_makes_the_same_people_in_whatever_order_they_are_asked_for() -> None:
    assert everything(company()) == everything(company(), backwards=True)
    assert everything(company()) != everything(company(seed=2))


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("each", [1, 7, 150])
def test_everybody_gets_exactly_the_wanted_numbers(provider: str, each: int) -> None:
    sandbox = company(provider=provider, each=each)
    for one in sandbox.grants:
        assert len(sandbox.mail.of(one)) == each
        own = [row for _, row in sandbox.contacts.of(one).rows() if row.source == "address_book"]
        assert len(own) == 40


def test_colleagues_hold_the_same_conversation() -> None:
    boxes = [company_mail(one) for one in messages(company())]
    shared = [key for key in boxes[0] if any(key in box for box in boxes[1:])]
    assert len(shared) >= 5


def company_mail(box: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    return {(one["date"], one["subject"], one["body"]) for one in box}


def test_threads_have_one_to_eight_messages_of_the_past_year() -> None:
    sandbox = company()
    for grant in sandbox.grants:
        box = sandbox.mail.of(grant)
        rows = list(box.newest_first())
        assert all(NOW - 370 * 86_400 < row.date <= NOW for row in rows)
        sizes = {len(box.thread(row.thread_id)) for row in rows}
        assert sizes <= set(range(1, 9))
        assert max(sizes) > 3


def test_mail_is_of_all_kinds() -> None:
    found = [one for box in messages(company()) for one in box]
    assert any(one["attachments"] for one in found)
    assert any(one["cc"] for one in found)
    assert any("INBOX" in one["folders"] and one["unread"] for one in found)
    assert any("SENT" in one["folders"] for one in found)
    assert any("CATEGORY_UPDATES" in one["folders"] for one in found)
    assert any("STARRED" in one["folders"] for one in found)
    assert all(one["snippet"] and len(one["snippet"]) <= 100 and "<" not in one["snippet"] for one in found)


def test_some_received_mail_has_no_sender_at_microsoft_only() -> None:
    for provider, wanted in (("microsoft", True), ("google", False)):
        found = [one for box in messages(company(users=30, provider=provider)) for one in box]
        assert any("from" not in one for one in found) is wanted


def test_all_addresses_go_nowhere() -> None:
    for box in messages(company()):
        people = [person for one in box for field in ("from", "to", "cc") for person in one[field]]
        assert all(person["email"].endswith(".example") for person in people)


def test_contacts_from_the_inbox_are_those_who_wrote() -> None:
    sandbox = company()
    for grant in sandbox.grants:
        contacts = [decoded(row.body) for _, row in sandbox.contacts.of(grant).rows() if row.source == "inbox"]
        wrote = {
            person["email"]
            for row in sandbox.mail.of(grant).newest_first()
            for field in ("from", "to", "cc")
            for person in decoded(row.body)[field]
        }
        assert all(one["emails"][0]["email"] in wrote for one in contacts)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_generated_contact_could_have_been_written_by_a_client(provider: str) -> None:
    sandbox = company(provider=provider)
    for grant in sandbox.grants:
        book = sandbox.contacts.of(grant)
        for _, row in book.rows():
            contact = decoded(row.body)
            fields = checked_contact(contact, book.rules, frozenset(book.groups))
            assert {name: contact.get(name) for name in fields} == fields


def test_nothing_is_made_before_it_is_asked_for() -> None:
    sandbox = company(users=20_000)
    asked: list[str] = []
    sandbox.contacts.fill_with(lambda grant, _book: asked.append(grant.id))
    wanted = list(sandbox.grants)[19_999]
    assert len(sandbox.contacts.of(wanted)) >= 40
    assert asked == [wanted.id]


def test_a_full_shelf_forgets_what_nobody_changed_and_keeps_the_rest() -> None:
    made: list[str] = []
    shelf = Shelf(address_book, kept=1)
    shelf.fill_with(lambda grant, book: made.append(grant.email))
    changed, untouched, third = list(company(users=3, each=0).grants)
    shelf.of(changed).add_group(ContactGroup("g", "New"))
    for grant in (untouched, third, changed, untouched):
        shelf.of(grant)
    assert made == [changed.email, untouched.email, third.email, untouched.email]
    assert "g" in shelf.of(changed).groups
