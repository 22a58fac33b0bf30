"""Address books of the company's people: customers, colleagues, groups, pictures, and those known from mail only."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from random import Random

from nylasadmin.sandbox.company.correspondence import Correspondence
from nylasadmin.sandbox.company.customers import Customer, acquaintances, customer
from nylasadmin.sandbox.company.people import TEAM_SIZE, Person
from nylasadmin.sandbox.company.phrases import GROUPS, NOTES, STREETS, TOWNS
from nylasadmin.sandbox.company.texts import DEPARTMENTS
from nylasadmin.sandbox.contacts.books import AddressBook, ContactGroup
from nylasadmin.sandbox.contacts.fitting import fitted
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.identifiers import Identifiers
from nylasadmin.sandbox.wire import Json

_COLLEAGUE_SHARE = 5
_IN_DOMAIN = 12
_YEAR_S = 365 * 86_400


class AddressBooks:
    """Fills the address book of anybody of the staff, the same every time."""

    def __init__(
        self, identifiers: Identifiers, seed: int, now: int, staff: Sequence[Person], each: int, mail: Correspondence
    ) -> None:
        self._identifiers = identifiers
        self._seed = seed
        self._now = now
        self._staff = staff
        self._each = each
        self._mail = mail
        self._people = {person.email: person for person in staff}

    def fill(self, grant: Grant, book: AddressBook) -> None:
        """Fill a book: so many in the address book itself, the directory and the mail on top."""
        person = self._people.get(grant.email)
        if person is None or not self._each:
            return
        rng = Random(f"{self._seed} contacts {person.number}")
        groups = self._groups(book)
        colleagues = self._team(person)[: self._each // _COLLEAGUE_SHARE]
        known = [customer(self._seed, n) for n in acquaintances(self._seed, person, self._each - len(colleagues))]
        for one in colleagues:
            self._put(book, one.email, self._colleague(one), "address_book", rng)
        for other in known:
            self._put(book, other.email, _customer(other, rng, groups), "address_book", rng)
        taken = {person.email} | {one.email for one in colleagues} | {one.email for one in known}
        for source, name, email in self._others(person, book, taken):
            given, _, surname = name.rpartition(" ")
            fields = {
                "given_name": given or surname,
                "surname": surname if given else None,
                "emails": [{"email": email}],
            }
            self._put(book, f"{source} {email}", fields, source, rng)

    def _groups(self, book: AddressBook) -> list[str]:
        if not book.rules.has_groups:
            return []
        made: list[str] = []
        for name in GROUPS:
            group_id = self._identifiers.derived(book.rules.group_id_shape, f"group {book.grant.email} {name}")
            # Microsoft's groups are folders: one lies in another, so that there is something to recurse into.
            parent = made[0] if book.rules.recurses and name == GROUPS[-1] else None
            made.append(book.add_group(ContactGroup(group_id, name, parent_id=parent)).id)
        return made

    def _team(self, person: Person) -> list[Person]:
        team = self._staff[person.team * TEAM_SIZE : (person.team + 1) * TEAM_SIZE]
        return [one for one in team if one.number != person.number]

    def _others(self, person: Person, book: AddressBook, taken: set[str]) -> Iterator[tuple[str, str, str]]:
        """Yield those of the directory, and those known from mail only."""
        first = max(0, min(person.number - _IN_DOMAIN // 2, len(self._staff) - _IN_DOMAIN))
        for one in self._staff[first : first + _IN_DOMAIN]:
            yield "domain", one.name, one.email
        for name, email in self._mail.outsiders(person) if book.rules.has_inbox else ():
            if email not in taken:
                yield "inbox", name, email

    def _put(self, book: AddressBook, key: str, fields: Json, source: str, rng: Random) -> None:
        contact_id = self._identifiers.derived(book.rules.id_shape, f"contact {book.grant.email} {key}")
        contact = book.blank(contact_id, self._now - int(rng.random() * _YEAR_S), source)
        contact |= {name: value for name, value in fitted(fields, book.rules).items() if value}
        if source == "address_book" and rng.random() < 0.3:
            contact["picture_url"] = f"https://pictures.brightwater.example/{zlib.crc32(contact_id.encode()):08x}.png"
            book.pictures[contact_id] = picture(contact_id)
        book.put(contact)

    def _colleague(self, person: Person) -> Json:
        given, _, surname = person.name.rpartition(" ")
        return {
            "given_name": given,
            "surname": surname,
            "company_name": "Brightwater",
            "job_title": DEPARTMENTS[person.department][0],
            "emails": [{"email": person.email, "type": "work"}],
            "phone_numbers": [{"number": f"+49 40 5550 {person.number % 10_000:04}", "type": "work"}],
        }


def _customer(one: Customer, rng: Random, groups: Sequence[str]) -> Json:
    town, state, code, country, dial = rng.choice(TOWNS)
    domain = one.email.rpartition("@")[2]
    emails = [{"email": one.email, "type": "work"}]
    if rng.random() < 0.2:
        emails.append({"email": f"{one.email.partition('@')[0]}@private.example", "type": "home"})
    phones = [{"number": f"{dial} {rng.randrange(10**6):06}", "type": kind} for kind in ("work", "mobile")]
    address = {"type": "work", "street_address": f"{rng.choice(STREETS)} {rng.randrange(1, 90)}", "city": town}
    born = datetime.fromtimestamp(rng.randrange(-300, 1000) * 10**6, UTC)
    fields: Json = {
        "given_name": one.given_name,
        "surname": one.surname,
        "company_name": one.company,
        "job_title": one.role,
        "emails": emails,
        "phone_numbers": phones[: rng.randrange(3)],
        "physical_addresses": [address | {"state": state, "postal_code": code, "country": country}],
        "web_pages": [{"url": f"https://www.{domain}/", "type": "work"}] if rng.random() < 0.4 else [],
        "im_addresses": [{"im_address": f"{one.given_name.lower()}@chat.example", "type": "jabber"}],
        "groups": [{"id": rng.choice(groups)}] if groups and rng.random() < 0.5 else [],
        "notes": rng.choice(NOTES) if rng.random() < 0.3 else None,
        "birthday": f"{born:%Y-%m-%d}" if rng.random() < 0.25 else None,
    }
    for name, share in (("im_addresses", 0.2), ("physical_addresses", 0.6)):
        if rng.random() > share:
            fields[name] = []
    return fields


def picture(text: str) -> bytes:
    """Return a small PNG of one colour, always the same for the same text."""
    colour = zlib.crc32(text.encode()).to_bytes(4)[:3]
    rows = (b"\0" + colour * 8) * 8
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
