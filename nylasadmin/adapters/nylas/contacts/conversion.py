"""Contacts to wire and back: nulls and missing fields mean empty, lists are sent whole, only what differs is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nylasadmin.adapters.nylas.contacts.wire import WireAddress, WireContact
from nylasadmin.domain.contacts import (
    ADDRESS_BOOK,
    Contact,
    ContactFidelity,
    Labelled,
    PostalAddress,
    compared,
    normalized,
)

Body = dict[str, object]

_TEXTS = {
    "given_name": "given_name",
    "middle_name": "middle_name",
    "surname": "surname",
    "suffix": "suffix",
    "nickname": "nickname",
    "company_name": "company",
    "job_title": "job_title",
    "manager_name": "manager",
    "office_location": "office",
    "birthday": "birthday",
    "notes": "notes",
}
"""Wire name: the contact's field."""

_DAY_LENGTH = len("1984-02-29")


def contact_of(wire: WireContact, group_names: Mapping[str, str]) -> Contact:
    """Convert a contact; a group that has no name is called by its id, one whose name is empty is passed over."""
    texts: dict[str, Any] = {field: getattr(wire, name) or "" for name, field in _TEXTS.items()}
    ids = (group.id for group in wire.groups or () if group is not None and group.id)
    groups = tuple(name for group_id in ids if (name := group_names.get(group_id, group_id)))
    contact = Contact(
        **texts | {"birthday": _day(texts["birthday"])},
        emails=_labelled((e.email, e.type) for e in wire.emails or () if e is not None),
        phones=_labelled((p.number, p.type) for p in wire.phone_numbers or () if p is not None),
        web_pages=_labelled((p.url, p.type) for p in wire.web_pages or () if p is not None),
        im_addresses=_labelled((m.im_address, m.type) for m in wire.im_addresses or () if m is not None),
        addresses=tuple(_address(a) for a in wire.physical_addresses or () if a is not None),
        groups=groups,
        source=wire.source or ADDRESS_BOOK,
    )
    return normalized(contact)


def _labelled(entries: Iterable[tuple[str | None, str | None]]) -> tuple[Labelled, ...]:
    return tuple(Labelled(value or "", kind or "") for value, kind in entries)


def _address(wire: WireAddress) -> PostalAddress:
    return PostalAddress(
        street=wire.street_address or "",
        city=wire.city or "",
        state=wire.state or "",
        postal_code=wire.postal_code or "",
        country=wire.country or "",
        type=wire.type or "",
    )


def _day(text: str) -> str:
    """Give the day of a date that may have a time, and a date without its year in the one way we spell it."""
    day = text.strip().partition("T")[0]
    if len(day) == _DAY_LENGTH:
        return day
    digits = day.replace("-", "")
    if digits.isdigit() and len(digits) == len("0229"):
        return f"--{digits[:2]}-{digits[2:]}"
    if digits.isdigit() and len(digits) == len("19840229"):
        return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    return day


def create_body(contact: Contact) -> Body:
    """Spell a new contact; empty fields are left out."""
    return {name: value for name, spell in _SPELT.items() if (value := spell(contact))}


def changes(current: Contact, wanted: Contact, fidelity: ContactFidelity) -> Body:
    """Spell the fields of ``wanted`` that mean something else; a list replaces what is there, so it is whole."""
    have, want = compared(current, fidelity), compared(wanted, fidelity)
    return {name: spell(wanted) for name, spell in _SPELT.items() if spell(have) != spell(want)}


def _entries(of: Callable[[Contact], tuple[Labelled, ...]], key: str) -> Callable[[Contact], object]:
    return lambda contact: [{key: e.value} | ({"type": e.type} if e.type else {}) for e in of(contact)]


def _addresses(contact: Contact) -> object:
    return [_address_body(address) for address in contact.addresses]


def _address_body(address: PostalAddress) -> Body:
    parts = {
        "street_address": address.street,
        "city": address.city,
        "state": address.state,
        "postal_code": address.postal_code,
        "country": address.country,
    }
    return {"type": address.type, **{name: text for name, text in parts.items() if text}}


def _text(field: str) -> Callable[[Contact], object]:
    return lambda contact: getattr(contact, field)


_SPELT: dict[str, Callable[[Contact], object]] = {
    **{name: _text(field) for name, field in _TEXTS.items()},
    "emails": _entries(lambda c: c.emails, "email"),
    "phone_numbers": _entries(lambda c: c.phones, "number"),
    "web_pages": _entries(lambda c: c.web_pages, "url"),
    "im_addresses": _entries(lambda c: c.im_addresses, "im_address"),
    "physical_addresses": _addresses,
}
"""Wire name: how it is spelt. Groups are not among them: Nylas can make none, so a change leaves them as they are."""
