"""Sign-in and sign-out: a new session for each sign-in, and no more tries than a person makes."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, make_response, render_template, request, url_for
from flask_wtf.csrf import generate_csrf

from nylasadmin.domain import limits
from nylasadmin.errors import InvalidInput
from nylasadmin.web import current, htmx, login, throttling
from nylasadmin.web.errors import is_safe_next
from nylasadmin.web.security import public, signed_in
from nylasadmin.web.settings import WebSettings

blueprint = Blueprint("session", __name__)


def init(app: Flask, settings: WebSettings) -> None:
    """Throttle sign-in by address and by username: what fails counts, in this process' memory."""
    tries = ((settings.tries_per_address, current.address), (settings.tries_per_username, _username))
    throttling.limit(app, "session.sign_in", tries, _has_failed)


@blueprint.get("/sign-in")
@public
def form() -> Response:
    if current.operator() is not None:
        return htmx.see_other(_next())
    return _form(200, {}, "")


@blueprint.post("/sign-in")
@public
def sign_in() -> Response:
    """Start a new session for the operator, whatever session the browser had before."""
    username = request.form.get("username", "").strip()
    password = request.form.get("password", "")
    try:
        if max(len(username), len(password)) > limits.PASSWORD:
            raise InvalidInput({"password": "Username and password do not belong together."})
        operator = current.services().operators.sign_in(username, password, current.address())
    except InvalidInput as problem:
        return _form(422, problem.fields, username)
    login.start(operator)
    return _back(operator.username) if htmx.is_htmx() else htmx.see_other(_next())


@blueprint.post("/sign-out")
@signed_in
def sign_out() -> Response:
    current.services().operators.sign_out(current.actor())
    login.end()
    return htmx.see_other(url_for("session.form"))


def _form(status: int, problems: dict[str, str], username: str) -> Response:
    """Show the page; or only the form, inside the dialog during which the session ended."""
    values = {"problems": problems, "username": username, "has_ended": "ended" in request.args}
    template = "session/_again.html" if htmx.is_htmx() else "session/sign_in.html"
    return make_response(render_template(template, **values), status)


def _back(username: str) -> Response:
    """Tell the page that it may go on, with the new session's token for its forms."""
    answer = make_response(render_template("session/_back.html"))
    return htmx.wake(answer, **{"signed-in": {"username": username, "token": generate_csrf()}})


def _next() -> str:
    """Give the page the operator was on the way to, if it is one of this console, else the start page."""
    wanted = request.values.get("next", "")
    return request.script_root + wanted if is_safe_next(wanted) else url_for("pages.home")


def _username() -> str:
    return request.form.get("username", "").strip().casefold()[: limits.PASSWORD]


def _has_failed(answer: Response) -> bool:
    return answer.status_code == 422
