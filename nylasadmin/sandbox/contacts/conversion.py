"""A vCard as a contact: what has a place at Nylas is taken over, everything else goes to the report."""

from __future__ import annotations

import re

from nylasadmin.sandbox.contacts.vcards import Card, Property
from nylasadmin.sandbox.ics.reports import FileReport
from nylasadmin.sandbox.wire import Json

_TEXTS = {"NICKNAME": "nickname", "TITLE": "job_title", "NOTE": "notes", "FN": "display_name"}
_MANAGER = ("X-MANAGER", "X-MS-MANAGER")
_MESSENGERS = {"X-AIM": "aim", "X-ICQ": "icq", "X-JABBER": "jabber", "X-MSN": "msn", "X-SKYPE": "skype"}
_TAKEN = (
    *_TEXTS,
    *_MANAGER,
    *_MESSENGERS,
    *("N", "ORG", "EMAIL", "TEL", "ADR", "URL", "IMPP", "BDAY", "CATEGORIES", "PHOTO", "UID", "REV", "VERSION"),
    *("PRODID", "KIND", "MEMBER", "X-ADDRESSBOOKSERVER-KIND", "X-ADDRESSBOOKSERVER-MEMBER", "X-ABLABEL", "X-ABADR"),
)
_BIRTHDAY = re.compile(r"(\d{4}|--)-?(\d{2})-?(\d{2}).*")


def contact_of(card: Card, report: FileReport) -> Json:
    """Return the fields of a contact that a card holds; groups and pictures are left to the caller."""
    fields = _name(card) | {field: card.text(name) for name, field in _TEXTS.items() if card.text(name)}
    organisation = next((one.parts() for one in card.all("ORG")), [])
    if organisation and organisation[0]:
        fields["company_name"] = organisation[0]
    if len(organisation) > 1 and any(organisation[1:]):
        fields["office_location"] = ", ".join(one for one in organisation[1:] if one)
    manager = next((one.text for one in card.all(*_MANAGER)), "")
    fields |= {"manager_name": manager} if manager else {}
    fields |= _birthday(card, report)
    fields |= _lists(card)
    for one in card.properties:
        if one.name not in _TAKEN:
            report.add_property(one.name)
    return fields


def _name(card: Card) -> Json:
    parts = next((one.parts() for one in card.all("N")), [])
    surname, given, middle, _, suffix = (*parts[:5], *[""] * (5 - len(parts)))
    if not given and not surname:
        given, _, surname = card.text("FN").rpartition(" ")
        given, surname = given or surname, surname if given else ""
    named = {"given_name": given, "middle_name": middle, "surname": surname, "suffix": suffix}
    return {name: text for name, text in named.items() if text}


def _birthday(card: Card, report: FileReport) -> Json:
    text = card.text("BDAY")
    found = _BIRTHDAY.fullmatch(text)
    if text and found is None:
        report.add(card.text("UID") or None, f"BDAY {text}", "is no date")
    if found is None:
        return {}
    return {"birthday": f"{'-' if found[1] == '--' else found[1]}-{found[2]}-{found[3]}"}


def _lists(card: Card) -> Json:
    return {
        "emails": _typed(card, "EMAIL", "email"),
        "phone_numbers": [
            one | {"number": one["number"].removeprefix("tel:")} for one in _typed(card, "TEL", "number")
        ],
        "web_pages": _typed(card, "URL", "url"),
        "physical_addresses": [_address(card, one) for one in card.all("ADR") if any(one.parts())],
        "im_addresses": [*_messengers(card)],
    }


def _typed(card: Card, name: str, key: str) -> list[Json]:
    return [{key: one.text, "type": _type(card, one, name == "TEL")} for one in card.all(name) if one.text]


def _type(card: Card, one: Property, is_phone: bool) -> str:
    if is_phone and any(kind in one.types for kind in ("cell", "mobile", "iphone")):
        return "mobile"
    known = next((kind for kind in ("work", "home") if kind in one.types), None)
    if known is not None:
        return known
    label = next((other.text for other in card.all("X-ABLABEL") if other.group == one.group and one.group), "")
    named = label.strip("_$!<>").casefold()
    return named if named in ("work", "home", "mobile") else "other"


def _address(card: Card, one: Property) -> Json:
    parts = one.parts()
    box, extra, street, city, state, code, country = (*parts[:7], *[""] * (7 - len(parts)))
    lines = "\n".join(text for text in (box, extra, street) if text)
    named = {"street_address": lines, "city": city, "state": state, "postal_code": code, "country": country}
    return {"type": _type(card, one, False)} | {name: text for name, text in named.items() if text}


def _messengers(card: Card) -> list[Json]:
    found = [{"im_address": one.text, "type": _MESSENGERS[one.name]} for one in card.all(*_MESSENGERS) if one.text]
    for one in card.all("IMPP"):
        scheme, colon, address = one.text.partition(":")
        found.append({"im_address": address, "type": scheme} if colon else {"im_address": one.text, "type": "other"})
    return found
