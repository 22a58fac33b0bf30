"""`/v3/connectors`: the application's access to the providers, and the credentials behind it."""

from __future__ import annotations

from flask import Blueprint, Response, request

from nylasadmin.sandbox.errors import bad_request
from nylasadmin.sandbox.events.queries import integer, limit_of
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.http.pages import page_size
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import Json

_ALL = "/v3/connectors"
_ONE = f"{_ALL}/<segment:provider>"
_CREDENTIALS = f"{_ONE}/creds"
_CREDENTIAL = f"{_CREDENTIALS}/<segment:credential_id>"
_DEFAULT_LIMIT, _MAX_LIMIT = 10, 200
_CONNECTORS_LIMIT = 50
_SORT_FIELDS = ("created_at", "updated_at", "name")


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of connectors and their credentials."""
    blueprint = Blueprint("connectors", __name__)
    _connectors(blueprint, sandbox)
    _credentials(blueprint, sandbox)
    _credential(blueprint, sandbox)
    return blueprint


def _connectors(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.get(_ALL)
    def list_connectors() -> Response:
        with sandbox.lock:
            return _page([one.wire() for one in sandbox.connectors.all()], _CONNECTORS_LIMIT)

    @blueprint.post(_ALL)
    def create_connector() -> Response:
        body = replies.body()
        with sandbox.lock:
            return _created(sandbox.connectors.create(body).wire())

    @blueprint.get(_ONE)
    def find_connector(provider: str) -> Response:
        with sandbox.lock:
            return replies.one(sandbox.connectors.find(provider).wire())

    @blueprint.patch(_ONE)
    def change_connector(provider: str) -> Response:
        body = replies.body()
        with sandbox.lock:
            connector = sandbox.connectors.find(provider)
            connector.change(body)
            return replies.one(connector.wire())

    @blueprint.delete(_ONE)
    def delete_connector(provider: str) -> Response:
        with sandbox.lock:
            sandbox.connectors.remove(provider)
        return replies.done()


def _credentials(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.get(_CREDENTIALS)
    def list_credentials(provider: str) -> Response:
        with sandbox.lock:
            found = [one.wire() for one in sandbox.connectors.find(provider).credentials.values()]
        return _page(_sorted(found), _DEFAULT_LIMIT)

    @blueprint.post(_CREDENTIALS)
    def create_credential(provider: str) -> Response:
        body = replies.body()
        with sandbox.lock:
            return _created(sandbox.connectors.add_credential(provider, body, sandbox.clock.now()).wire())


def _credential(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.get(_CREDENTIAL)
    def find_credential(provider: str, credential_id: str) -> Response:
        with sandbox.lock:
            return replies.one(sandbox.connectors.find(provider).credential(credential_id).wire())

    @blueprint.patch(_CREDENTIAL)
    def change_credential(provider: str, credential_id: str) -> Response:
        body = replies.body()
        with sandbox.lock:
            now = sandbox.clock.now()
            return replies.one(sandbox.connectors.change_credential(provider, credential_id, body, now).wire())

    @blueprint.delete(_CREDENTIAL)
    def delete_credential(provider: str, credential_id: str) -> Response:
        with sandbox.lock:
            sandbox.connectors.remove_credential(provider, credential_id)
        return replies.done()


def _created(data: Json) -> Response:
    return replies.reply({"request_id": replies.request_id(), "data": data}, 201)


def _page(found: list[Json], default_limit: int) -> Response:
    limit = limit_of(request.args, _MAX_LIMIT, default_limit)
    offset = integer(request.args, "offset") or 0
    if offset < 0:
        raise bad_request("offset must not be negative", offset="must not be negative")
    page = found[offset : offset + page_size(limit)]
    return replies.reply({"request_id": replies.request_id(), "data": page, "limit": limit, "offset": offset})


def _sorted(found: list[Json]) -> list[Json]:
    sort_by, order = request.args.get("sort_by"), request.args.get("order_by", "asc")
    if sort_by is None:
        return found
    if sort_by not in _SORT_FIELDS or order not in ("asc", "desc"):
        known = f"one of {', '.join(_SORT_FIELDS)}, with asc or desc as order_by"
        raise bad_request(f"sort_by must be {known}", sort_by=f"must be {known}")
    return sorted(found, key=lambda one: (one[sort_by], one["id"]), reverse=order == "desc")
