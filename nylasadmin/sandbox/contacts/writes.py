"""Creating, changing and deleting contacts by the provider's rules. The caller holds the sandbox's lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nylasadmin.sandbox.contacts.books import AddressBook
from nylasadmin.sandbox.contacts.fields import checked_contact
from nylasadmin.sandbox.errors import Refusal, bad_request
from nylasadmin.sandbox.wire import Json

if TYPE_CHECKING:
    from nylasadmin.sandbox.state import Sandbox


def create_contact(sandbox: Sandbox, book: AddressBook, body: Json) -> Json:
    """Store a new contact in the address book and return it."""
    if body.get("given_name") is None:
        raise bad_request("given_name is required", given_name="is required")
    fields = checked_contact(body, book.rules, frozenset(book.groups))
    contact = book.blank(sandbox.identifiers.fresh(book.rules.id_shape), sandbox.clock.now())
    return store_contact(sandbox, book, _without_none(contact | fields))


def update_contact(sandbox: Sandbox, book: AddressBook, contact_id: str, body: Json) -> Json:
    """Change the fields that a body names, each replaced as a whole, and return the contact."""
    before = book.find(contact_id)
    _refuse_read_only(book, before)
    fields = checked_contact(body, book.rules, frozenset(book.groups))
    contact = _without_none(before | fields)
    if fields.keys() - {"metadata"}:
        contact["updated_at"] = max(sandbox.clock.now(), before.get("updated_at", 0) + 1)
        contact["source"] = "address_book"
        return store_contact(sandbox, book, contact)
    book.put(contact)
    return contact


def delete_contact(sandbox: Sandbox, book: AddressBook, contact_id: str) -> None:
    """Delete a contact."""
    before = book.find(contact_id)
    _refuse_read_only(book, before)
    book.remove(contact_id)
    gone = {"grant_id": book.grant.id, "id": contact_id, "object": "contact"}
    sandbox.changes.announce("contact.deleted", book.grant, gone)


def receive_contact(sandbox: Sandbox, book: AddressBook, contact: Json) -> Json:
    """Store a contact that comes from outside; what is left out is filled in, what is given is taken as it is."""
    contact_id = contact.get("id") or sandbox.identifiers.fresh(book.rules.id_shape)
    return store_contact(sandbox, book, book.blank(contact_id, sandbox.clock.now()) | contact)


def store_contact(sandbox: Sandbox, book: AddressBook, contact: Json) -> Json:
    """Put a contact into its book as it is; new ones are announced as updated too, there is no other trigger."""
    book.put(contact)
    sandbox.changes.announce("contact.updated", book.grant, contact)
    return contact


def _refuse_read_only(book: AddressBook, contact: Json) -> None:
    source = contact.get("source", "address_book")
    if source == "address_book" or (source == "inbox" and book.rules.adopts_inbox):
        return
    message = f"A contact of the source {source} is read-only"
    raise Refusal(403, "provider_error", message, provider_error={"error": "forbidden", "message": message})


def _without_none(contact: Json) -> Json:
    return {key: value for key, value in contact.items() if value is not None}
