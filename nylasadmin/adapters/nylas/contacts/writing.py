"""Carrying out one order at an address book: read again, compare, write only what differs."""

from __future__ import annotations

import msgspec

from nylasadmin.adapters.nylas.contacts.conversion import Body, changes, create_body
from nylasadmin.adapters.nylas.contacts.reading import ContactReader
from nylasadmin.adapters.nylas.contacts.wire import CONTACTS, WireContact
from nylasadmin.adapters.nylas.writing import failed
from nylasadmin.domain import contacts
from nylasadmin.domain.contacts import Contact, as_held, normalized
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import fingerprint
from nylasadmin.domain.plan import ActionKind
from nylasadmin.errors import BadRequest, NotThere, NylasError
from nylasadmin.services.ports import Outcome, WriteOrder

_encode = msgspec.json.Encoder().encode


class ContactWriter:
    """Writes to one address book. Never raises :class:`NylasError`: each order's outcome says what became of it."""

    def __init__(self, reader: ContactReader) -> None:
        self._reader = reader
        self._accepts = reader.rules.accepts.contacts

    def carry_out(self, order: WriteOrder) -> Outcome:
        """Carry out one order and tell what became of it."""
        try:
            return self._create(order) if order.kind is ActionKind.CREATE else self._change(order)
        except ValueError as error:
            return Outcome(key=order.key, error=BadRequest(str(error)))
        except NylasError as error:
            return failed(order, error)

    def _create(self, order: WriteOrder) -> Outcome:
        body = create_body(self._held(order)) | self._groups(order)
        answer = self._reader.http.post(self._reader.path, {}, _encode(body))
        return Outcome(key=order.key, id=ItemId(CONTACTS.one(answer).id))

    def _change(self, order: WriteOrder) -> Outcome:
        contact_id = order.id
        if contact_id is None:
            raise ValueError("the order has no id")
        found = self._reader.find(contact_id)
        if found is None and order.kind is ActionKind.DELETE:
            return Outcome(key=order.key, id=contact_id)
        if not isinstance(found, WireContact):
            return Outcome(key=order.key, has_moved=True)
        current = self._reader.contact(found)
        if order.expected is not None and fingerprint(current, order.fidelity) != order.expected:
            return Outcome(key=order.key, has_moved=True)
        if order.kind is ActionKind.DELETE:
            self._delete(contact_id)
        elif body := changes(current, self._held(order), self._fidelity(order)):
            self._put(contact_id, body)
        return Outcome(key=order.key, id=contact_id)

    def _put(self, contact_id: ItemId, body: Body) -> None:
        self._reader.http.put((*self._reader.path, contact_id), {}, _encode(body))

    def _delete(self, contact_id: ItemId) -> None:
        try:
            self._reader.http.delete((*self._reader.path, contact_id), {})
        except NotThere:
            return  # gone already, perhaps by our own first try

    def _groups(self, order: WriteOrder) -> Body:
        """Spell the groups of a new contact that the account has; it is in no others, for Nylas can make none."""
        names = order.item.groups if isinstance(order.item, Contact) else ()
        ids = self._reader.group_ids(names) if names else []
        known = ids[: self._reader.rules.reports.contacts.most_groups]
        return {"groups": [{"id": group_id} for group_id in known]} if known else {}

    def _fidelity(self, order: WriteOrder) -> contacts.ContactFidelity:
        return contacts.meet(order.fidelity.contacts, self._accepts)

    def _held(self, order: WriteOrder) -> Contact:
        if not isinstance(order.item, Contact):
            raise ValueError("the order has no contact")
        return as_held(normalized(order.item), self._fidelity(order))
