"""The address book of one account: contacts in the order of their arrival, groups, pictures.

A place once given is never reused, so that paging goes on correctly while contacts come and go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from nylasadmin.sandbox.contacts.rules import ContactRules
from nylasadmin.sandbox.errors import bad_request, not_found
from nylasadmin.sandbox.events.rows import INDEXED_KEYS
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.wire import Json, decoded, encoded

LISTS = ("emails", "phone_numbers", "physical_addresses", "im_addresses", "web_pages", "groups")


class ContactRow(NamedTuple):
    """One stored contact: its encoded JSON and the few columns that queries look at."""

    id: str
    body: bytes
    source: str
    groups: tuple[str, ...]
    keys: tuple[str | None, ...] | None


@dataclass(frozen=True, slots=True)
class ContactGroup:
    """One group of contacts."""

    id: str
    name: str
    kind: str = "user"
    parent_id: str | None = None

    def wire(self, grant_id: str) -> Json:
        """Return the group as the service shows it."""
        path = f"{self.parent_id}/{self.id}" if self.parent_id else self.id
        shown = {"id": self.id, "grant_id": grant_id, "object": "contact_group"}
        return shown | {"group_type": self.kind, "name": self.name, "path": path}


class AddressBook:
    """All contacts of one account."""

    def __init__(self, grant: Grant, rules: ContactRules) -> None:
        self.grant = grant
        self.rules = rules
        self.is_changed = False
        self.groups = {name: ContactGroup(name, name, "system") for name in rules.system_groups}
        self.pictures: dict[str, bytes] = {}
        self._rows: list[ContactRow | None] = []
        self._places: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._places)

    def get(self, contact_id: str) -> Json | None:
        """Return the contact of an id."""
        place = self._places.get(contact_id)
        row = None if place is None else self._rows[place]
        return None if row is None else decoded(row.body)

    def find(self, contact_id: str) -> Json:
        """Return the contact of an id; 404 if there is none."""
        contact = self.get(contact_id)
        if contact is None:
            raise not_found("The contact was not found")
        return contact

    def put(self, contact: Json) -> None:
        """Store a contact: in the place of its predecessor, or at the end."""
        row = _row(contact)
        self.is_changed = True
        place = self._places.get(row.id)
        if place is not None:
            self._rows[place] = row
            return
        self._places[row.id] = len(self._rows)
        self._rows.append(row)

    def remove(self, contact_id: str) -> None:
        """Forget a contact."""
        self._rows[self._places.pop(contact_id)] = None
        self.pictures.pop(contact_id, None)
        self.is_changed = True

    def rows(self, place: int = 0) -> Iterator[tuple[int, ContactRow]]:
        """Yield places and rows from a place on."""
        for at in range(place, len(self._rows)):
            row = self._rows[at]
            if row is not None:
                yield at, row

    def all(self) -> list[Json]:
        """Return all contacts."""
        return [decoded(row.body) for _, row in self.rows()]

    def add_group(self, group: ContactGroup) -> ContactGroup:
        """Take in a group; one that is there already stays."""
        self.is_changed = True
        return self.groups.setdefault(group.id, group)

    def group_ids(self, group_id: str, *, with_subgroups: bool) -> frozenset[str]:
        """Return a group and, one level deep, the groups under it."""
        if group_id not in self.groups:
            raise bad_request("group must be the id of a contact group", group="is unknown")
        under = [one.id for one in self.groups.values() if one.parent_id == group_id] if with_subgroups else []
        return frozenset((group_id, *under))

    def move_to(self, grant: Grant) -> None:
        """Belong to a new grant of the same account; metadata were Nylas' own and are gone."""
        self.grant = grant
        for _, row in list(self.rows()):
            contact = decoded(row.body) | {"grant_id": grant.id}
            contact.pop("metadata", None)
            self.put(contact)

    def blank(self, contact_id: str, now: int, source: str = "address_book") -> Json:
        """Return what every new contact here begins with, before its own fields."""
        contact: Json = {"id": contact_id, "grant_id": self.grant.id, "object": "contact", "source": source}
        return contact | {name: [] for name in LISTS} | {"updated_at": now}


def address_book(grant: Grant) -> AddressBook:
    """Return the empty address book of an account; 400 if its provider has none."""
    if grant.rules.contacts is None:
        raise bad_request(f"contacts are not supported for {grant.rules.name}")
    return AddressBook(grant, grant.rules.contacts)


def _row(contact: Json) -> ContactRow:
    metadata = contact.get("metadata")
    return ContactRow(
        id=contact["id"],
        body=encoded(contact),
        source=contact.get("source") or "address_book",
        groups=tuple(one["id"] for one in contact.get("groups") or ()),
        keys=tuple(metadata.get(key) for key in INDEXED_KEYS) if metadata else None,
    )
