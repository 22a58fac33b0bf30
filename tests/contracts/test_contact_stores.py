"""What every store of contacts keeps: memory, CRM and Nylas alike, at each provider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from nylasadmin.domain.contacts import Contact, Labelled, PostalAddress
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import compared
from nylasadmin.domain.plan import ActionKind, Window
from nylasadmin.services.ports import WriteOrder
from tests.contracts.cases import CONTACT_FACTORIES, NOW, StoreCase

ANNA = Contact(given_name="Anna", surname="Berg", emails=(Labelled("anna@brightwater.example", "work"),))
WHOLE = Contact(
    given_name="Anna",
    middle_name="Maria",
    surname="Berg",
    suffix="Jr.",
    nickname="Annie",
    company="Brightwater",
    job_title="Engineer",
    manager="Olga Petrova",
    office="Vienna, 4th floor",
    birthday="1984-02-29",
    emails=(Labelled("anna@brightwater.example", "work"), Labelled("annie@home.example", "home")),
    phones=(Labelled("+43 1 555 01", "work"), Labelled("+43 664 555", "mobile")),
    web_pages=(Labelled("https://brightwater.example/anna", "work"),),
    im_addresses=(Labelled("anna.berg", "jabber"), Labelled("anna-b", "skype")),
    addresses=(
        PostalAddress("Ring 1\nDoor 2", "Wien", "Wien", "1010", "Austria", "work"),
        PostalAddress("Gasse 3", "Graz", "", "8010", "Austria", "home"),
    ),
    notes="Likes “ü” and 会议 🎉\n<b>&amp;",
)
CONTACTS = {
    "a name and an address": ANNA,
    "every field": WHOLE,
    "a company only": Contact(company="ACME"),
    "an address only": Contact(emails=(Labelled("info@acme.example"),)),
    "a birthday without its year": replace(ANNA, birthday="--02-29"),
    "more entries than most providers hold": replace(
        WHOLE, emails=tuple(Labelled(f"a{n}@brightwater.example", "work") for n in range(9, 0, -1))
    ),
    "types of somebody's own": replace(
        WHOLE, phones=(Labelled("1", "fax"), Labelled("2"), Labelled("3", "Sekretariat")), web_pages=()
    ),
    "in capitals": replace(ANNA, emails=(Labelled("Anna@BrightWater.example", "work"),)),
}


@pytest.fixture(params=CONTACT_FACTORIES)
def case(request: pytest.FixtureRequest) -> Iterator[StoreCase]:
    """An empty address book of each store."""
    with CONTACT_FACTORIES[request.param]() as opened:
        yield opened


@pytest.mark.parametrize("name", CONTACTS)
def test_what_is_created_is_observed_and_loaded_equal(case: StoreCase, name: str) -> None:
    contact = CONTACTS[name]

    contact_id = case.create(contact)

    assert compared(case.stored(contact_id), case.fidelity) == compared(contact, case.fidelity)
    observed = case.observe()
    assert list(observed) == [contact_id]
    assert observed[contact_id].fingerprint == case.print_of(contact)
    assert observed[contact_id].is_known_by_content
    assert not observed[contact_id].is_recurring


def test_looking_up_gives_what_listing_gives(case: StoreCase) -> None:
    contact_id = case.create(WHOLE)

    assert case.open().look_up([contact_id], case.fidelity) == [case.observe()[contact_id]]


def test_looking_up_leaves_out_what_is_not_there(case: StoreCase) -> None:
    kept, gone = case.create(ANNA), case.create(WHOLE)
    case.delete(gone)

    found = case.open().look_up([ItemId("no such contact"), kept, gone], case.fidelity)

    assert [o.id for o in found] == [kept]


def test_bodies_can_be_loaded_without_listing_first(case: StoreCase) -> None:
    contact_id = case.create(WHOLE)

    body = case.open().load([contact_id, ItemId("no such contact")])

    assert {i: case.print_of(b) for i, b in body.items()} == {contact_id: case.print_of(WHOLE)}


CHANGES = {
    "another name": replace(WHOLE, given_name="Anne", surname="Hill"),
    "texts taken away": replace(WHOLE, middle_name="", nickname="", company="", job_title="", notes="", birthday=""),
    "other texts": replace(WHOLE, suffix="Sr.", manager="Peter", office="Graz", notes="new"),
    "an address replaced": replace(WHOLE, emails=(Labelled("new@brightwater.example", "work"),)),
    "all lists empty": replace(WHOLE, emails=(), phones=(), web_pages=(), im_addresses=(), addresses=()),
    "another type": replace(WHOLE, phones=(Labelled("+43 1 555 01", "home"), Labelled("+43 664 555", "mobile"))),
    "an address moved": replace(WHOLE, addresses=(PostalAddress("Platz 9", "Linz", "", "4020", "Austria", "work"),)),
    "another order": replace(WHOLE, phones=WHOLE.phones[::-1], addresses=WHOLE.addresses[::-1]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_update_makes_the_contact_as_wanted(case: StoreCase, name: str) -> None:
    contact_id = case.create(WHOLE)

    outcome = case.update(contact_id, CHANGES[name], case.print_of(WHOLE))

    assert (outcome.error, outcome.id) == (None, contact_id)
    assert case.observe()[contact_id].fingerprint == case.print_of(CHANGES[name])


def test_writing_what_is_there_already_changes_nothing(case: StoreCase) -> None:
    contact_id = case.create(WHOLE)
    if case.box:
        case.box.sandbox.requests.clear()

    assert case.update(contact_id, WHOLE, case.print_of(WHOLE)).id == contact_id

    if case.box:
        assert {e["method"] for e in case.box.sandbox.requests.entries()} == {"GET"}


def test_a_contact_that_was_changed_meanwhile_is_not_written(case: StoreCase) -> None:
    contact_id = case.create(ANNA)
    planned_on = case.observe()[contact_id].fingerprint
    case.update(contact_id, replace(ANNA, notes="changed by its owner"))

    updated = case.update(contact_id, replace(ANNA, notes="ours"), planned_on)
    deleted = case.delete(contact_id, planned_on)

    assert (updated.has_moved, deleted.has_moved) == (True, True)
    stored = case.stored(contact_id)
    assert isinstance(stored, Contact)
    assert stored.notes == "changed by its owner"


def test_updating_what_is_gone_is_told_as_moved(case: StoreCase) -> None:
    contact_id = case.create(ANNA)
    case.delete(contact_id)

    assert case.update(contact_id, WHOLE).has_moved


def test_a_deleted_contact_is_gone_and_deleting_it_again_succeeds(case: StoreCase) -> None:
    contact_id = case.create(WHOLE)

    first, second = case.delete(contact_id, case.print_of(WHOLE)), case.delete(contact_id)

    assert (first.id, second.id, second.error) == (contact_id, contact_id, None)
    assert case.observe() == {}


def test_a_contact_lies_in_every_window(case: StoreCase) -> None:
    contact_id = case.create(ANNA)

    assert list(case.observe(Window(NOW, NOW + 1))) == [contact_id]


def test_what_an_unanswered_create_made_is_found_by_its_content(case: StoreCase) -> None:
    if case.is_one_transaction:
        pytest.skip("all or nothing of a transaction: no answer is ever lost")
    before, made = case.create(ANNA), case.create(ANNA)
    wanted = case.print_of(ANNA)

    assert case.open().find_equal(wanted, case.fidelity, {before}) == made
    assert case.open().find_equal(wanted, case.fidelity, {before, made}) is None
    assert case.open().find_equal(case.print_of(WHOLE), case.fidelity, set()) is None


def test_one_order_that_fails_does_not_stop_the_others(case: StoreCase) -> None:
    orders = [
        WriteOrder(kind=ActionKind.CREATE, fidelity=case.fidelity, key=1, item=ANNA),
        WriteOrder(kind=ActionKind.CREATE, fidelity=case.fidelity, key=2),
        WriteOrder(kind=ActionKind.CREATE, fidelity=case.fidelity, key=3, item=WHOLE),
    ]

    outcomes = {o.key: o for o in case.open().write(orders)}

    assert {key: o.error is None for key, o in outcomes.items()} == {1: True, 2: False, 3: True}


def test_a_listing_of_many_pages_is_whole(case: StoreCase) -> None:
    orders = (
        WriteOrder(kind=ActionKind.CREATE, fidelity=case.fidelity, key=n, item=replace(ANNA, surname=f"No {n}"))
        for n in range(410)
    )

    made = {o.id for o in case.open().write(orders)}

    assert set(case.observe()) == made
    assert len(made) == 410
