"""The page on which a CRM user connects. No operator's session is needed: a signed link opens it, and the way back is
only open to the browser that went there.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, make_response, render_template, request, session, url_for

from nylasadmin.domain import limits
from nylasadmin.domain.links import AccountState
from nylasadmin.domain.privileges import Actor
from nylasadmin.errors import InvalidInput, NylasError, Refused
from nylasadmin.services.account_views import AccountRow
from nylasadmin.services.invitations import Invited
from nylasadmin.services.sign_in_views import Outcome
from nylasadmin.services.wording import explain
from nylasadmin.web import current, deeds, htmx, security, throttling
from nylasadmin.web.current import services
from nylasadmin.web.security import public
from nylasadmin.web.settings import WebSettings

blueprint = Blueprint("connect", __name__)

_SESSION = "sign_ins"
_REMEMBERED = 3
_GONE = 410
_CLOSED = {"invitation_unreadable": 404, "sign_in_unknown": 404}


def init(app: Flask, settings: WebSettings) -> None:
    """Throttle what strangers may try: what fails counts by address, every beginning by its link."""
    by_address = ((settings.tries_per_address, current.address),)
    throttling.limit(app, "connect.page", by_address, _has_failed)
    throttling.limit(app, "connect.back", by_address, _has_failed)
    throttling.limit(app, "connect.begin", by_address, _has_failed)
    throttling.limit(app, "connect.disconnect", by_address, _has_failed)
    throttling.limit(app, "connect.begin", ((settings.tries_per_link, _link),), lambda _: True)


@blueprint.get("/connect/<token>")
@public
def page(token: str) -> Response:
    try:
        invited = services().connecting.look(token)
    except Refused as error:
        return _closed(error)
    return _form(200, token, invited, invited.email)


@blueprint.post("/connect/<token>")
@public
def begin(token: str) -> Response:
    """Lead on to the sign-in pages, which come back to :func:`back`."""
    email = request.form.get("email", "")
    try:
        invited = services().connecting.look(token)
    except Refused as error:
        deeds.refused(error.why)
        return _closed(error)
    try:
        begun = services().connecting.begin(
            current.address(), token, email, external(url_for(".back", _external=False))
        )
    except InvalidInput as error:
        return _form(422, token, invited, email, wrong=error.fields)
    except Refused as error:
        return _form(409, token, invited, email, refused=error)
    except NylasError:
        return _form(502, token, invited, email, is_unreachable=True)
    _remember(begun.nonce, token)
    _lead_on(invited)
    return htmx.see_other(begun.url)


@blueprint.get("/connect/<token>/disconnect")
@public
def ask(token: str) -> Response:
    """Say what disconnecting does, before it is done."""
    try:
        return _ending(services().connecting.look(token), token)
    except Refused as error:
        return _closed(error)


@blueprint.post("/connect/<token>/disconnect")
@public
def disconnect(token: str) -> Response:
    """End the connection of the user whom the link is for. Done twice, it does nothing twice."""
    try:
        invited = services().connecting.look(token)
    except Refused as error:
        deeds.refused(error.why)
        return _closed(error)
    if invited.account is None:
        deeds.refused("not connected")
        return _ending(invited, token)
    by = Actor(name=invited.actor_name, address=current.address())
    return _ending(invited, token, services().accounts.disconnect(by, invited.account.id))


@blueprint.get("/connect/return")
@public
def back() -> Response:
    """Take what the sign-in pages send back, and lead on to what becomes of it: its address holds no code."""
    nonce, asked = request.args.get("state", ""), request.args
    try:
        _check_browser(nonce)
        services().connecting.come_back(
            current.address(),
            nonce,
            code=asked.get("code", ""),
            error=asked.get("error", ""),
            said=asked.get("error_description", ""),
        )
    except Refused as error:
        return _closed(error)
    return htmx.see_other(url_for(".result", nonce=nonce))


@blueprint.get("/connect/sign-ins/<nonce>")
@public
def result(nonce: str) -> Response:
    try:
        return make_response(render_template("connect/result.html", **_outcome_values(nonce)))
    except Refused as error:
        return _closed(error)


@blueprint.get("/panels/connect/<nonce>")
@public
def progress(nonce: str) -> Response:
    return htmx.panel("connect/_outcome.html", **_outcome_values(nonce))


def external(path: str) -> str:
    """Give the address under which a browser elsewhere finds a path of this console (sub-path included)."""
    root = current.settings().public_url or request.url_root.rstrip("/")
    return root + path.removeprefix(request.script_root)


def _outcome_values(nonce: str) -> dict[str, Any]:
    _check_browser(nonce)
    outcome: Outcome = services().outcomes.of(nonce)
    token = session.get(_SESSION, {}).get(nonce)
    return {"outcome": outcome, "again_url": url_for(".page", token=token)}


def _form(
    status: int,
    token: str,
    invited: Invited,
    email: str,
    *,
    wrong: dict[str, str] | None = None,
    refused: Refused | None = None,
    is_unreachable: bool = False,
) -> Response:
    _lead_on(invited)
    html = render_template(
        "connect/page.html",
        token=token,
        invited=invited,
        typed=email[: limits.ADDRESS],
        wrong=wrong or {},
        refused=explain(refused) if refused else None,
        is_unreachable=is_unreachable,
        opens_tab=request.headers.get("Sec-Fetch-Dest") != "document",
    )
    return make_response(html, status)


def _ending(invited: Invited, token: str, ended: AccountRow | None = None) -> Response:
    is_over = invited.account is None or invited.account.state is AccountState.DISCONNECTED
    return make_response(
        render_template("connect/disconnect.html", token=token, invited=invited, ended=ended, is_over=is_over)
    )


def _closed(error: Refused) -> Response:
    """Say why a link or an attempt leads no further."""
    return make_response(render_template("connect/closed.html", words=explain(error)), _CLOSED.get(error.why, _GONE))


def _lead_on(invited: Invited) -> None:
    """Let the form lead to the sign-in pages, and from there to those of any provider: browsers check every step."""
    pages = urlsplit(invited.target.sender.base_url)
    security.let_forms_lead_to("https:", f"{pages.scheme}://{pages.netloc}")


# --- the browser that went there --------------------------------------------------------------------------------


def _remember(nonce: str, token: str) -> None:
    """Tie an attempt to this browser: else somebody could send another person to sign in for them."""
    known = list(session.get(_SESSION, {}).items())[1 - _REMEMBERED :]
    session[_SESSION] = dict([*known, (nonce, token)])


def _check_browser(nonce: str) -> None:
    if nonce not in session.get(_SESSION, {}):
        raise Refused("sign_in_unknown")


def _link() -> str:
    return str((request.view_args or {}).get("token", ""))


def _has_failed(answer: Response) -> bool:
    return answer.status_code in (404, 409, _GONE, 422)
