"""Contacts: what both sides hold of a person or company, how they compare, and how one is written over another.

Lists keep their order, what is preferred first: a side that holds only so many of them holds the first ones. Their
order means nothing when two contacts are compared.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from nylasadmin.domain.defects import is_in_calendars

ADDRESS_BOOK = "address_book"
"""Where a contact lies that somebody entered; others were made from mail or come from the company's directory."""

FROM_MAIL = "inbox"
"""The source of a contact that was made from mail by itself."""

_LONGEST_ADDRESS = 255
_BIRTHDAY = re.compile(r"(\d{4}|-)-\d{2}-\d{2}")


class Labelled(msgspec.Struct, frozen=True, omit_defaults=True):
    """An e-mail address, number or page with what it is for: ``work``, ``home``, ``mobile`` or any text."""

    value: str
    type: str = ""


class PostalAddress(msgspec.Struct, frozen=True, omit_defaults=True):
    """``street`` may have several lines."""

    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    type: str = "other"


Entry = Labelled | PostalAddress
_E = TypeVar("_E", Labelled, PostalAddress)


class Contact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="contact", tag_field="kind"):
    """One person or company of an address book.

    ``birthday`` is ``1984-02-29``, or ``--02-29`` without its year. ``groups`` are names. E-mail addresses are lower
    case. ``received``, of a contact that was made from mail: when that message was, in Unix seconds; ``None``: nobody
    knows.
    """

    given_name: str = ""
    middle_name: str = ""
    surname: str = ""
    suffix: str = ""
    nickname: str = ""
    company: str = ""
    job_title: str = ""
    manager: str = ""
    office: str = ""
    birthday: str = ""
    emails: tuple[Labelled, ...] = ()
    phones: tuple[Labelled, ...] = ()
    web_pages: tuple[Labelled, ...] = ()
    im_addresses: tuple[Labelled, ...] = ()
    addresses: tuple[PostalAddress, ...] = ()
    groups: tuple[str, ...] = ()
    notes: str = ""
    source: str = ADDRESS_BOOK
    received: int | None = None

    @property
    def is_from_mail(self) -> bool:
        return self.source == FROM_MAIL

    @property
    def title(self) -> str:
        """The name to show: of the person, else of the company, else the first address or number."""
        name = " ".join(part for part in (self.given_name, self.middle_name, self.surname, self.suffix) if part)
        ways = (entry.value for entries in (self.emails, self.phones) for entry in entries)
        return name or self.nickname or self.company or next(ways, "")

    @property
    def is_recurring(self) -> bool:
        return False


class ListFidelity(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """How many entries of a list a side holds, in all and of one type, and of which types.

    ``types`` is ``None`` for any text, empty where no type is kept; another type becomes ``other`` where that is known,
    else the first. ``None`` is any number.
    """

    types: tuple[str, ...] | None = None
    most: int | None = None
    most_of: tuple[tuple[str, int], ...] = ()
    most_of_each: int | None = None


class ContactFidelity(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """Which parts of a contact are compared and written.

    ``needs_given_name``: a contact without one is held with the name it is shown by. ``most_groups`` limits a new
    contact only.
    """

    emails: ListFidelity = ListFidelity()
    phones: ListFidelity = ListFidelity()
    web_pages: ListFidelity = ListFidelity()
    im_addresses: ListFidelity = ListFidelity()
    addresses: ListFidelity = ListFidelity()
    has_suffix: bool = True
    has_groups: bool = True
    most_groups: int | None = None
    needs_given_name: bool = False


EVERYTHING = ContactFidelity()

_TEXTS = (
    "given_name",
    "middle_name",
    "surname",
    "suffix",
    "nickname",
    "company",
    "job_title",
    "manager",
    "office",
    "birthday",
    "notes",
)
_LISTS = ("emails", "phones", "web_pages", "im_addresses", "addresses")
_replace = msgspec.structs.replace


def meet(source: ContactFidelity, destination: ContactFidelity) -> ContactFidelity:
    """Give what both can hold; of two sides that hold lists differently, the one that holds less."""
    lists = {name: _narrower(getattr(source, name), getattr(destination, name)) for name in _LISTS}
    return _replace(
        EVERYTHING,
        has_suffix=source.has_suffix and destination.has_suffix,
        has_groups=source.has_groups and destination.has_groups,
        needs_given_name=source.needs_given_name or destination.needs_given_name,
        **lists,
    )


def _narrower(mine: ListFidelity, theirs: ListFidelity) -> ListFidelity:
    return theirs if mine == ListFidelity() else mine


# --- comparing ---------------------------------------------------------------------------------------------------


def normalized(contact: Contact) -> Contact:
    """Spell a contact in one way: no blanks around texts, no empty entries, none twice, addresses in lower case."""
    texts = {name: getattr(contact, name).strip() for name in _TEXTS}
    emails = (Labelled(one.value.lower(), one.type) for one in contact.emails)
    return _replace(
        contact,
        **texts,
        emails=_once(_stripped(emails)),
        phones=_once(_stripped(contact.phones)),
        web_pages=_once(_stripped(contact.web_pages)),
        im_addresses=_once(_stripped(contact.im_addresses)),
        addresses=_once(_tidy(one) for one in contact.addresses if _is_somewhere(one)),
        groups=tuple(sorted(set(contact.groups))),
    )


def _stripped(entries: Iterable[Labelled]) -> Iterator[Labelled]:
    return (Labelled(one.value.strip(), one.type.strip()) for one in entries if one.value.strip())


def _tidy(address: PostalAddress) -> PostalAddress:
    texts = {field: getattr(address, field).strip() for field in address.__struct_fields__}
    return PostalAddress(**texts | {"type": texts["type"] or "other"})


def _is_somewhere(address: PostalAddress) -> bool:
    return any(getattr(address, field).strip() for field in address.__struct_fields__[:-1])


def _once(entries: Iterable[_E]) -> tuple[_E, ...]:
    return tuple(dict.fromkeys(entries))


def as_held(contact: Contact, fidelity: ContactFidelity) -> Contact:
    """Reduce a normalized contact to what a side of that fidelity can hold."""
    lists = {name: _held(getattr(contact, name), getattr(fidelity, name)) for name in _LISTS}
    held = _replace(
        contact,
        suffix=contact.suffix if fidelity.has_suffix else "",
        groups=contact.groups if fidelity.has_groups else (),
        **lists,
    )
    if held.given_name or not fidelity.needs_given_name:
        return held
    return _replace(held, given_name=_sorted(held).title)


def _held(entries: tuple[_E, ...], fidelity: ListFidelity) -> tuple[_E, ...]:
    typed = _once(_typed(one, fidelity) for one in entries)
    limits = dict(fidelity.most_of)
    if fidelity.most is None and not limits and fidelity.most_of_each is None:
        return typed
    kept: list[_E] = []
    counts: Counter[str] = Counter()
    for one in typed:
        limit = limits.get(one.type, fidelity.most_of_each)
        if (fidelity.most is None or len(kept) < fidelity.most) and (limit is None or counts[one.type] < limit):
            counts[one.type] += 1
            kept.append(one)
    return tuple(kept)


def _typed(entry: _E, fidelity: ListFidelity) -> _E:
    types = fidelity.types
    if types is None or entry.type in types:
        return entry
    return _replace(entry, type="" if not types else "other" if "other" in types else types[0])


def compared(contact: Contact, fidelity: ContactFidelity) -> Contact:
    """Give what counts of a contact: as held, lists in one order. Where it lies and came from does not count."""
    return _replace(_sorted(as_held(normalized(contact), fidelity)), source=ADDRESS_BOOK, received=None)


def _sorted(contact: Contact) -> Contact:
    lists = {name: tuple(sorted(getattr(contact, name), key=_order)) for name in _LISTS}
    return _replace(contact, **lists)


def _order(entry: Entry) -> tuple[str, ...]:
    return msgspec.structs.astuple(entry)


def is_alike(contact: Contact, fidelity: ContactFidelity) -> bool:
    """Say whether a contact loses nothing under a fidelity."""
    if fidelity == EVERYTHING:
        return True
    whole = normalized(contact)
    return as_held(whole, fidelity) == whole


# --- merging -----------------------------------------------------------------------------------------------------


def merged(source: Contact, destination: Contact, fidelity: ContactFidelity) -> Contact:
    """Overwrite a destination's contact by the source's, keeping what the source cannot know.

    Kept: each field that is equal under ``fidelity`` or outside it; of a list that differs, the types that the source
    does not tell and the entries beyond what it can hold, unless they would take the place of its own.
    """
    mine, theirs = compared(source, fidelity), compared(destination, fidelity)
    texts = {n: getattr(destination if getattr(mine, n) == getattr(theirs, n) else source, n) for n in _TEXTS}
    lists = {
        name: getattr(destination, name)
        if getattr(mine, name) == getattr(theirs, name)
        else _merged_list(getattr(source, name), getattr(destination, name), getattr(fidelity, name))
        for name in _LISTS
    }
    groups = destination.groups if mine.groups == theirs.groups else source.groups
    received = source.received if destination.received is None else destination.received
    result = _replace(source, groups=groups, source=destination.source, received=received, **texts, **lists)
    # A name made up for want of one was equal: it goes with what it was made of.
    is_named = compared(result, fidelity).given_name == mine.given_name
    return result if is_named else _replace(result, given_name=mine.given_name)


def _merged_list(mine: tuple[_E, ...], theirs: tuple[_E, ...], fidelity: ListFidelity) -> tuple[_E, ...]:
    known = {_typed(one, fidelity): one for one in reversed(theirs)}
    wanted = _once(known.get(_typed(one, fidelity), one) for one in mine)
    held = set(_held(theirs, fidelity))
    beyond = tuple(one for one in theirs if _typed(one, fidelity) not in held and one not in wanted)
    whole = wanted + beyond
    return whole if _held(whole, fidelity) == _held(wanted, fidelity) else wanted


# --- by hand -----------------------------------------------------------------------------------------------------


def defects(contact: Contact) -> list[str]:
    """Say in one sentence each what makes a contact impossible; none for a sound one."""
    found = [] if normalized(contact).title else ["a contact needs a name, an e-mail address or a number"]
    if contact.birthday and not _BIRTHDAY.fullmatch(contact.birthday):
        found.append(f"birthday: {contact.birthday!r} is no date like 1984-02-29, or --02-29 without its year")
    for entries in (contact.emails, contact.im_addresses):
        found += [f"{one.value[:40]}…: longer than {_LONGEST_ADDRESS}" for one in entries if _is_long(one)]
    if contact.received is not None and not is_in_calendars(contact.received):
        found.append("received: Unix seconds within the years 1 to 9999")
    return found


def _is_long(entry: Labelled) -> bool:
    return len(entry.value) > _LONGEST_ADDRESS
