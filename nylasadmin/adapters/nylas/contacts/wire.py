"""Contacts and their groups as Nylas sends them: any field may be missing or null, any list too."""

from __future__ import annotations

import msgspec

from nylasadmin.adapters.nylas.objects import Objects


class WireEmail(msgspec.Struct, gc=False):
    email: str | None = None
    type: str | None = None


class WirePhone(msgspec.Struct, gc=False):
    number: str | None = None
    type: str | None = None


class WirePage(msgspec.Struct, gc=False):
    url: str | None = None
    type: str | None = None


class WireMessenger(msgspec.Struct, gc=False):
    im_address: str | None = None
    type: str | None = None


class WireAddress(msgspec.Struct, gc=False):
    street_address: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    type: str | None = None


class WireMembership(msgspec.Struct, gc=False):
    id: str | None = None


class WireContact(msgspec.Struct, gc=False):
    id: str
    given_name: str | None = None
    middle_name: str | None = None
    surname: str | None = None
    suffix: str | None = None
    nickname: str | None = None
    company_name: str | None = None
    job_title: str | None = None
    manager_name: str | None = None
    office_location: str | None = None
    birthday: str | None = None
    notes: str | None = None
    source: str | None = None
    emails: list[WireEmail | None] | None = None
    phone_numbers: list[WirePhone | None] | None = None
    web_pages: list[WirePage | None] | None = None
    im_addresses: list[WireMessenger | None] | None = None
    physical_addresses: list[WireAddress | None] | None = None
    groups: list[WireMembership | None] | None = None


class WireGroup(msgspec.Struct, gc=False):
    id: str
    name: str | None = None
    group_type: str | None = None


def _name(fields: dict[str, object]) -> str:
    parts = (fields.get("given_name"), fields.get("surname"))
    return " ".join(part for part in parts if isinstance(part, str) and part)


CONTACTS = Objects(WireContact, _name)
GROUPS = Objects(WireGroup, _name)
