"""`/v3/grants/{grant}/contacts`: the address book of an account."""

from __future__ import annotations

from base64 import b64encode

from flask import Blueprint, Response, request

from nylasadmin.sandbox.contacts.books import AddressBook
from nylasadmin.sandbox.contacts.queries import contact_page, contact_query
from nylasadmin.sandbox.contacts.writes import create_contact, delete_contact, update_contact
from nylasadmin.sandbox.errors import bad_request
from nylasadmin.sandbox.events.cursors import Cursor, decode_cursor, encode_cursor
from nylasadmin.sandbox.events.listings import selected
from nylasadmin.sandbox.events.queries import MAX_LIMIT, boolean, limit_of, selection
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.http.pages import leading_on, page_size
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import Json, encoded

_LIST = "/v3/grants/<segment:grant_name>/contacts"
_ONE = f"{_LIST}/<segment:contact_id>"
_DEFAULT_LIMIT = 30


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of contacts and contact groups."""
    blueprint = Blueprint("contacts", __name__)
    _reading(blueprint, sandbox)
    _writing(blueprint, sandbox)
    return blueprint


def _reading(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.get(_LIST)
    def list_contacts(grant_name: str) -> Response:
        limit = limit_of(request.args, MAX_LIMIT, _DEFAULT_LIMIT)
        with sandbox.lock:
            book = _book(sandbox, grant_name)
            contacts, cursor = contact_page(book, contact_query(request.args, book), page_size(limit))
        return _many(contacts, cursor)

    @blueprint.get(f"{_LIST}/groups")
    def list_groups(grant_name: str) -> Response:
        limit = limit_of(request.args, MAX_LIMIT)
        with sandbox.lock:
            return _page_of_groups(_book(sandbox, grant_name), page_size(limit))

    @blueprint.get(_ONE)
    def find_contact(grant_name: str, contact_id: str) -> Response:
        with sandbox.lock:
            book = _book(sandbox, grant_name)
            contact = book.find(contact_id)
            picture = book.pictures.get(contact_id)
        if boolean(request.args, "profile_picture") and picture and contact.get("picture_url"):
            contact["picture"] = b64encode(picture).decode()
        return _one(contact)


def _writing(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.post(_LIST)
    def create(grant_name: str) -> Response:
        body = replies.body()
        with sandbox.lock:
            return _one(create_contact(sandbox, _book(sandbox, grant_name), body))

    @blueprint.put(_ONE)
    def update(grant_name: str, contact_id: str) -> Response:
        body = replies.body()
        with sandbox.lock:
            return _one(update_contact(sandbox, _book(sandbox, grant_name), contact_id, body))

    @blueprint.delete(_ONE)
    def delete(grant_name: str, contact_id: str) -> Response:
        with sandbox.lock:
            delete_contact(sandbox, _book(sandbox, grant_name), contact_id)
        return replies.done()


def _book(sandbox: Sandbox, grant_name: str) -> AddressBook:
    grant = sandbox.grants.find(grant_name)
    grant.require_valid()
    return sandbox.contacts.of(grant)


def _page_of_groups(book: AddressBook, limit: int) -> Response:
    if not book.rules.has_groups:
        raise bad_request(f"contact groups are not supported for {book.grant.rules.name}")
    scope, token = f"groups {book.grant.id}", request.args.get("page_token")
    first = max(decode_cursor(token, scope, parts=1).key[0], 0) if token else 0
    groups = [group.wire(book.grant.id) for group in book.groups.values()]
    stop = first + limit
    return _many(groups[first:stop], encode_cursor(Cursor(scope, (stop,))) if stop < len(groups) else None)


def _one(contact: Json) -> Response:
    return replies.one(selected(contact, selection(request.args)))


def _many(objects: list[Json], cursor: str | None) -> Response:
    names = selection(request.args)
    return replies.many_encoded([encoded(selected(one, names)) for one in objects], leading_on(cursor))
