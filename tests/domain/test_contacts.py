"""Contacts: what counts, what each provider holds, what an overwrite keeps, and how a difference reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nylasadmin.domain.contacts import (
    Contact,
    ContactFidelity,
    Labelled,
    ListFidelity,
    PostalAddress,
    as_held,
    defects,
    normalized,
)
from nylasadmin.domain.differences import MASK, Difference, Field, differences, masked
from nylasadmin.domain.fidelity import FULL, Fidelity, meet
from nylasadmin.domain.kinds import fingerprint, is_alike, merged
from nylasadmin.domain.providers import PROVIDERS, alike_bit, alike_mask, rules_for

ANNA = Contact(
    given_name="Anna",
    surname="Berg",
    emails=(Labelled("anna@brightwater.example", "work"), Labelled("annie@home.example", "home")),
    phones=(Labelled("+43 1 555", "work"), Labelled("+43 664", "mobile")),
    addresses=(PostalAddress("Ring 1", "Wien", postal_code="1010", type="work"),),
)
REPORTED = {name: rules.reports for name, rules in PROVIDERS.items()}
ACCEPTED = {name: meet(FULL, rules.accepts) for name, rules in PROVIDERS.items()}


def same(one: Contact, other: Contact, fidelity: Fidelity = FULL) -> bool:
    return fingerprint(one, fidelity) == fingerprint(other, fidelity)


# --- comparing ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        replace(ANNA, emails=ANNA.emails[::-1], phones=ANNA.phones[::-1]),
        replace(ANNA, emails=(Labelled("ANNA@brightwater.example", "work"), *ANNA.emails)),
        replace(ANNA, given_name=" Anna ", phones=(*ANNA.phones, Labelled(" ", "home"))),
        replace(ANNA, addresses=(*ANNA.addresses, PostalAddress(type="home"))),
        replace(ANNA, source="inbox", received=1_773_133_200),
    ],
    ids=["another order", "capitals and doubles", "blanks", "an empty address", "where it lies and came from"],
)
def test_what_means_the_same_is_the_same(other: Contact) -> None:
    assert same(ANNA, other)


@pytest.mark.parametrize("field", [f for f in Contact.__struct_fields__ if f not in ("source", "received")])
def test_every_field_counts(field: str) -> None:
    value: object = "x"
    if isinstance(getattr(ANNA, field), tuple):
        value = {"addresses": (PostalAddress("x"),), "groups": ("x",)}.get(field, (Labelled("x"),))

    assert not same(ANNA, replace(ANNA, **{field: value}))


def test_a_type_that_a_provider_does_not_keep_is_not_compared() -> None:
    untyped = replace(ANNA, emails=tuple(Labelled(e.value) for e in ANNA.emails))

    assert same(ANNA, untyped, REPORTED["microsoft"])
    assert not same(ANNA, untyped, REPORTED["google"])


def test_what_is_beyond_a_providers_limit_is_not_compared() -> None:
    preferred = replace(ANNA, emails=ANNA.emails[:1], phones=ANNA.phones[:1])

    assert same(ANNA, preferred, REPORTED["icloud"])
    assert not same(ANNA, replace(ANNA, emails=ANNA.emails[1:]), REPORTED["icloud"])


def test_exchange_knows_no_suffix_and_no_groups() -> None:
    assert same(ANNA, replace(ANNA, suffix="Jr.", groups=("Friends",)), REPORTED["ews"])
    assert not same(ANNA, replace(ANNA, suffix="Jr."), REPORTED["microsoft"])


def test_groups_are_taken_over_and_never_sent() -> None:
    assert not same(ANNA, replace(ANNA, groups=("Friends",)), REPORTED["google"])
    assert same(ANNA, replace(ANNA, groups=("Friends",)), ACCEPTED["google"])


def test_a_company_is_held_under_its_own_name_where_a_given_name_is_needed() -> None:
    company = Contact(company="ACME")

    assert as_held(company, REPORTED["google"].contacts).given_name == "ACME"
    assert same(company, Contact(given_name="ACME", company="ACME"), REPORTED["google"])


def test_the_stored_bits_keep_their_meaning() -> None:
    # Rows written before there were contacts hold them: Google, Microsoft, iCloud, everything.
    bits = [alike_bit(rules_for(name).reports) for name in ("google", "microsoft", "icloud", "virtual-calendar")]

    assert bits == [1, 2, 4, 8]
    assert alike_mask(Contact(given_name="Anna")) & 7 == 7
    assert alike_mask(ANNA) & 4 == 0


# --- merging -----------------------------------------------------------------------------------------------------

LIMITED = ListFidelity(most=1)


def test_an_overwrite_keeps_what_the_source_cannot_know() -> None:
    mine = Contact(given_name="Anna", surname="Hill", emails=(Labelled("anna@brightwater.example"),))
    theirs = replace(ANNA, suffix="Jr.", groups=("Friends",))

    result = merged(mine, theirs, REPORTED["ews"])

    assert isinstance(result, Contact)
    assert (result.surname, result.suffix, result.groups) == ("Hill", "Jr.", ("Friends",))
    assert result.emails == (Labelled("anna@brightwater.example", "work"),)


def test_entries_beyond_the_sources_limit_stay_behind_its_own() -> None:
    mine = replace(ANNA, emails=(Labelled("new@brightwater.example", "work"),))

    result = merged(mine, ANNA, Fidelity(contacts=ContactFidelity(emails=LIMITED)))

    assert isinstance(result, Contact)
    assert [e.value for e in result.emails] == ["new@brightwater.example", "annie@home.example"]


def test_entries_beyond_the_limit_never_take_the_place_of_what_was_taken_away() -> None:
    result = merged(replace(ANNA, emails=()), ANNA, Fidelity(contacts=ContactFidelity(emails=LIMITED)))

    assert isinstance(result, Contact)
    assert result.emails == ()


_LABELLED = st.builds(
    Labelled,
    st.sampled_from(["a@x.example", "b@x.example", "c"]),
    st.sampled_from(["", "work", "home", "mobile", "fax"]),
)
_LISTS = st.lists(_LABELLED, max_size=4).map(tuple)
_ADDRESSES = st.lists(
    st.builds(PostalAddress, city=st.sampled_from(["Wien", "Graz"]), type=st.sampled_from(["work", "home", "x"])),
    max_size=3,
).map(tuple)
_TEXTS = st.sampled_from(["", "Anna", "Berg"])
CONTACTS = st.builds(
    Contact,
    given_name=_TEXTS,
    surname=_TEXTS,
    suffix=_TEXTS,
    company=_TEXTS,
    emails=_LISTS,
    phones=_LISTS,
    web_pages=_LISTS,
    im_addresses=_LISTS,
    addresses=_ADDRESSES,
    groups=st.sampled_from([(), ("Friends",), ("A", "B")]),
).map(normalized)
FIDELITIES = st.sampled_from([FULL, *REPORTED.values(), *ACCEPTED.values()])


@given(CONTACTS, CONTACTS, FIDELITIES)
def test_what_was_overwritten_equals_its_source(source: Contact, destination: Contact, fidelity: Fidelity) -> None:
    result = merged(source, destination, fidelity)

    assert isinstance(result, Contact)
    assert same(result, source, fidelity)


@given(CONTACTS, CONTACTS, FIDELITIES)
def test_an_equal_contact_is_left_as_it_is(source: Contact, other: Contact, fidelity: Fidelity) -> None:
    if same(source, other, fidelity):
        assert merged(source, other, fidelity) == other


@given(CONTACTS, FIDELITIES)
def test_what_is_held_is_held_again(contact: Contact, fidelity: Fidelity) -> None:
    held = as_held(contact, fidelity.contacts)

    assert as_held(held, fidelity.contacts) == held
    assert same(contact, held, fidelity)


@given(CONTACTS, FIDELITIES)
def test_what_loses_nothing_has_the_full_fingerprint(contact: Contact, fidelity: Fidelity) -> None:
    assert is_alike(contact, fidelity) is (fingerprint(contact, fidelity) == fingerprint(contact, FULL))


# --- reading -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contact", "title"),
    [
        (ANNA, "Anna Berg"),
        (Contact(nickname="Annie", company="ACME"), "Annie"),
        (Contact(company="ACME", emails=ANNA.emails), "ACME"),
        (Contact(emails=ANNA.emails), "anna@brightwater.example"),
        (Contact(phones=ANNA.phones), "+43 1 555"),
        (Contact(), ""),
    ],
)
def test_a_contact_is_shown_by_the_best_name_it_has(contact: Contact, title: str) -> None:
    assert contact.title == title


def test_a_difference_names_only_the_entries_that_differ() -> None:
    new = replace(ANNA, surname="Hill", phones=(ANNA.phones[0], Labelled("+43 699", "mobile")), addresses=())

    assert differences(ANNA, new, FULL) == [
        Difference(Field.SURNAME, ("Berg",), ("Hill",)),
        Difference(Field.PHONES, ("+43 664 (mobile)",), ("+43 699 (mobile)",)),
        Difference(Field.ADDRESSES, ("Ring 1, 1010 Wien (work)",), ()),
    ]


def test_a_new_contact_shows_all_that_comes_and_a_mask_hides_who_it_is() -> None:
    found = differences(None, replace(ANNA, groups=("Friends",)), FULL)

    assert [d.field for d in found][:3] == [Field.GIVEN_NAME, Field.SURNAME, Field.EMAILS]
    hidden = masked(found)
    assert {text for d in hidden if d.field is not Field.GROUPS for text in d.new} == {MASK}
    assert [d.new for d in hidden if d.field is Field.GROUPS] == [("Friends",)]


@pytest.mark.parametrize(
    ("contact", "problem"),
    [
        (ANNA, None),
        (replace(ANNA, birthday="--02-29"), None),
        (Contact(notes="nobody"), "name"),
        (replace(ANNA, birthday="29.2.1984"), "birthday"),
        (replace(ANNA, emails=(Labelled("a" * 256),)), "255"),
    ],
)
def test_a_contact_that_cannot_be_is_told_why(contact: Contact, problem: str | None) -> None:
    found = defects(contact)

    assert (problem is None and not found) or (problem is not None and problem in found[0])
