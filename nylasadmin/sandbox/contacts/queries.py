"""The query parameters of contact lists, read once, and the page that answers them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nylasadmin.sandbox.contacts.books import AddressBook, ContactRow
from nylasadmin.sandbox.contacts.rules import ContactRules
from nylasadmin.sandbox.errors import bad_request
from nylasadmin.sandbox.events.cursors import Cursor, decode_cursor, encode_cursor
from nylasadmin.sandbox.events.queries import Args, Test, boolean, metadata_key
from nylasadmin.sandbox.wire import Json, decoded

SOURCES = ("address_book", "domain", "inbox")
_FILTERS = ("email", "phone_number", "source", "group", "recurse")


@dataclass(frozen=True, slots=True)
class ContactQuery:
    """What a list of contacts asks for."""

    scope: str
    first: int = 0
    sources: frozenset[str] = frozenset(SOURCES)
    groups: frozenset[str] | None = None
    key: tuple[int, str] | None = None
    tests: tuple[Test, ...] = ()


def contact_query(args: Args, book: AddressBook) -> ContactQuery:
    """Read the parameters of `GET contacts`; those the provider does not know are ignored."""
    scope = f"contacts {book.grant.id}"
    token = args.get("page_token")
    first = max(decode_cursor(token, scope, parts=1).key[0], 0) if token else 0
    if "metadata_pair" in args:
        return _metadata_query(args, scope, first)
    return ContactQuery(
        scope=scope,
        first=first,
        sources=_sources(args, book.rules),
        groups=_groups(args, book),
        tests=_tests(args, book.rules),
    )


def contact_page(book: AddressBook, query: ContactQuery, limit: int) -> tuple[list[Json], str | None]:
    """Return one page of contacts and the token of the next page."""
    contacts: list[Json] = []
    for place, contact in _answers(book, query):
        if len(contacts) == limit:
            return contacts, encode_cursor(Cursor(query.scope, (place,)))
        contacts.append(contact)
    return contacts, None


def _answers(book: AddressBook, query: ContactQuery) -> Iterator[tuple[int, Json]]:
    for place, row in book.rows(query.first):
        if _fits(row, query):
            contact = decoded(row.body)
            if all(test(contact) for test in query.tests):
                yield place, contact


def _fits(row: ContactRow, query: ContactQuery) -> bool:
    if row.source not in query.sources:
        return False
    if query.groups is not None and query.groups.isdisjoint(row.groups):
        return False
    return query.key is None or (row.keys is not None and row.keys[query.key[0]] == query.key[1])


def _metadata_query(args: Args, scope: str, first: int) -> ContactQuery:
    others = [name for name in _FILTERS if name in args]
    if others:
        problem = f"cannot be combined with {', '.join(others)}"
        raise bad_request(f"metadata_pair {problem}", metadata_pair=problem)
    return ContactQuery(scope=scope, first=first, key=metadata_key(args.getlist("metadata_pair")[-1]))


def _sources(args: Args, rules: ContactRules) -> frozenset[str]:
    named = [one.strip() for one in args.get("source", "address_book").split(",") if one.strip()]
    wrong = [one for one in named if one not in SOURCES]
    if wrong or not named:
        raise bad_request("source is unknown", source=f"must be of {', '.join(SOURCES)}")
    if "inbox" in named and not rules.has_inbox:
        raise bad_request("source inbox is not supported for this provider", source="cannot be inbox")
    return frozenset(named)


def _groups(args: Args, book: AddressBook) -> frozenset[str] | None:
    if not args.get("group") or not book.rules.has_groups:
        return None
    deep = book.rules.recurses and boolean(args, "recurse")
    return book.group_ids(args["group"], with_subgroups=deep)


def _tests(args: Args, rules: ContactRules) -> tuple[Test, ...]:
    tests: list[Test] = []
    if args.get("email"):
        address = args["email"].strip().casefold()
        tests.append(lambda contact: any((one.get("email") or "").casefold() == address for one in contact["emails"]))
    if args.get("phone_number") and rules.filters_phone:
        number = _digits(args["phone_number"])
        tests.append(lambda contact: any(_digits(one.get("number", "")) == number for one in contact["phone_numbers"]))
    return tuple(tests)


def _digits(number: str) -> str:
    """Return what counts of a phone number, however it is written."""
    return re.sub(r"[^0-9+]", "", number)
