"""Accounts of all targets: find them, see how far they are, disconnect them, change their address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, request, url_for
from flask.typing import ResponseReturnValue

from nylasadmin.domain.privileges import Privilege
from nylasadmin.errors import InvalidInput
from nylasadmin.services.account_views import AccountQuery, AccountRow, AccountStatus
from nylasadmin.services.account_wording import policy_words
from nylasadmin.web import htmx, numbers
from nylasadmin.web.current import actor, services
from nylasadmin.web.list_addresses import ListAddresses
from nylasadmin.web.security import needs

blueprint = Blueprint("accounts", __name__)

SIZE = 50
_ADDRESSES = ListAddresses("accounts", frozenset({"target_id", "state", "provider", "search", "page"}))


def init(app: Flask) -> None:
    app.jinja_env.filters.update(policy_words=policy_words)


@blueprint.get("/accounts")
@needs(Privilege.VIEW)
def page() -> ResponseReturnValue:
    return htmx.panel("accounts/page.html", **_values())


@blueprint.get("/panels/accounts")
@needs(Privilege.VIEW)
def panel() -> ResponseReturnValue:
    shown_at = None if htmx.refreshes_itself() else url_for(".page", **_ADDRESSES.given())
    return htmx.panel("accounts/_panel.html", page_url=shown_at, **_values())


@blueprint.get("/accounts/<int:account_id>/disconnect")
@needs(Privilege.MANAGE)
def disconnect_form(account_id: int) -> ResponseReturnValue:
    return _disconnect_form(services().accounts.get(account_id))


@blueprint.post("/accounts/<int:account_id>/disconnect")
@needs(Privilege.MANAGE)
def disconnect(account_id: int) -> ResponseReturnValue:
    """End the connection of an account, typed to confirm."""
    typed = request.form.get("typed", "")
    try:
        row = services().accounts.disconnect(actor(), account_id, typed=typed)
    except InvalidInput as error:
        return _disconnect_form(services().accounts.get(account_id), 422, typed=typed, wrong=error.fields)
    return _done(row, f"{row.account.email} is disconnected. {_revoked_words(row)}")


def _revoked_words(row: AccountRow) -> str:
    if row.account.revoke_due_at is None:
        return "Its grant is revoked at Nylas."
    return "Its grant is still to be revoked at Nylas; that is tried again by itself until it is done."


def _disconnect_form(row: AccountRow, status: int = 200, **more: Any) -> ResponseReturnValue:
    values: dict[str, Any] = {"typed": "", "wrong": {}} | more
    return htmx.form("accounts/disconnect.html", status, row=row, **values)


@blueprint.get("/accounts/<int:account_id>/rename")
@needs(Privilege.MANAGE)
def rename_form(account_id: int) -> ResponseReturnValue:
    return _rename_form(services().accounts.get(account_id))


@blueprint.post("/accounts/<int:account_id>/rename")
@needs(Privilege.MANAGE)
def rename(account_id: int) -> ResponseReturnValue:
    """Give an account another address."""
    email = request.form.get("email", "")
    try:
        row = services().accounts.rename(actor(), account_id, email)
    except InvalidInput as error:
        return _rename_form(services().accounts.get(account_id), 422, email=email, wrong=error.fields)
    return _done(row, f"The address is {row.account.email} now. Links and pairs stay as they were.")


def _rename_form(row: AccountRow, status: int = 200, **more: Any) -> ResponseReturnValue:
    values: dict[str, Any] = {"email": row.account.email, "wrong": {}} | more
    return htmx.form("accounts/rename.html", status, row=row, **values)


def _done(row: AccountRow, said: str) -> ResponseReturnValue:
    back = url_for(".page", target_id=row.account.target_id, search=row.account.email)
    return htmx.done(back, said, accountsChanged={}, linksChanged={})


def _values() -> dict[str, Any]:
    found = services().accounts.rows(_query(request.args))
    return {
        "accounts": found,
        "query": found.query,
        "targets": services().console.targets(),
        "account_states": [s for s in AccountStatus if found.by_status.get(s) or s is found.query.status],
        "accounts_are_live": bool(found.by_status.get(AccountStatus.SYNCING)),
        **_ADDRESSES.for_templates(),
    }


def _query(args: Mapping[str, str]) -> AccountQuery:
    """Read the query out of an address. What makes no sense counts as not given."""
    state = args.get("state", "")
    return AccountQuery(
        target_id=numbers.optional(args, "target_id"),
        status=AccountStatus(state) if state in list(AccountStatus) else None,
        provider=args.get("provider", "")[:40],
        search=args.get("search", "").strip()[:200],
        page=numbers.page(args),
        size=SIZE,
    )
