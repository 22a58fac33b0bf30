"""The dialogs with which an operator makes a link for a CRM user: to connect, or to sign in again."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from nylasadmin.domain.links import Account
from nylasadmin.domain.privileges import Privilege
from nylasadmin.domain.sign_ins import DEFAULT_HOURS, HOUR_S, MOST_HOURS
from nylasadmin.domain.targets import Target
from nylasadmin.errors import InvalidInput, NotFound
from nylasadmin.web import connect, current, htmx, numbers
from nylasadmin.web.current import actor, services
from nylasadmin.web.security import needs

blueprint = Blueprint("invitations", __name__)

_SUGGESTED = 200


@blueprint.get("/targets/<int:target_id>/invite")
@needs(Privilege.MANAGE)
def add(target_id: int) -> ResponseReturnValue:
    return _form(target_id, {"user": "", "hours": str(DEFAULT_HOURS)})


@blueprint.post("/targets/<int:target_id>/invite")
@needs(Privilege.MANAGE)
def create(target_id: int) -> ResponseReturnValue:
    """Make a link and show it, once: it is not stored."""
    typed = {name: request.form.get(name, "").strip() for name in ("user", "hours")}
    hours = numbers.optional(typed, "hours") or 0
    target = services().targets.get(target_id)
    try:
        path = services().connecting.invite(actor(), target_id, typed["user"], lives_s=hours * HOUR_S)
    except InvalidInput as error:
        return _form(target_id, typed, error.fields)
    except NotFound as error:
        if error.kind != "user":
            raise
        return _form(target_id, typed, {"user": "No CRM user has that id or e-mail address. Correct it."})
    return _link(target, typed["user"], path, hours)


@blueprint.get("/accounts/<int:account_id>/invite")
@needs(Privilege.MANAGE)
def again(account_id: int) -> ResponseReturnValue:
    return _again_form(services().accounts.get(account_id).account, {"hours": str(DEFAULT_HOURS)})


@blueprint.post("/accounts/<int:account_id>/invite")
@needs(Privilege.MANAGE)
def create_again(account_id: int) -> ResponseReturnValue:
    """Make a link with which the user of an account signs in again, and show it."""
    account = services().accounts.get(account_id).account
    typed = {"hours": request.form.get("hours", "").strip()}
    hours = numbers.optional(typed, "hours") or 0
    who = {"account_id": account.id, "lives_s": hours * HOUR_S}
    try:
        path = services().connecting.invite(actor(), account.target_id, account.user_id, **who)
    except InvalidInput as error:
        return _again_form(account, typed, error.fields)
    return _link(services().targets.get(account.target_id), account.user_id, path, hours, is_again=True)


def _link(target: Target, user: str, path: str, hours: int, *, is_again: bool = False) -> ResponseReturnValue:
    return htmx.form(
        "invitations/link.html",
        target=target,
        user=services().connecting.user(user),
        link=connect.external(request.script_root + path),
        until=current.now() + hours * HOUR_S,
        is_again=is_again,
        back_address=connect.external(url_for("connect.back")),
    )


def _again_form(account: Account, typed: dict[str, str], wrong: dict[str, str] | None = None) -> ResponseReturnValue:
    values = {"account": account, "typed": typed, "wrong": wrong or {}, "most_hours": MOST_HOURS}
    return htmx.form("invitations/again.html", 422 if wrong else 200, **values)


def _form(target_id: int, typed: dict[str, str], wrong: dict[str, str] | None = None) -> ResponseReturnValue:
    return htmx.form(
        "invitations/add.html",
        422 if wrong else 200,
        target=services().targets.get(target_id),
        typed=typed,
        wrong=wrong or {},
        users=services().connecting.suggested(target_id, _SUGGESTED),
        most_hours=MOST_HOURS,
        url=url_for(".create", target_id=target_id),
    )
