"""Errors shown: one table from an error to its status and words, as a page, a fragment, or JSON for machines.

A fragment goes into the page's notice area, whatever the request's target was: a refusal never destroys a panel.
"""

from __future__ import annotations

import logging
import secrets
from urllib.parse import urlsplit

import msgspec
from flask import Flask, Response, g, jsonify, make_response, render_template, request, url_for
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, Unauthorized
from werkzeug.routing import RequestRedirect

from nylasadmin.domain.privileges import Privilege
from nylasadmin.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    NylasAdminError,
    NylasError,
    Refused,
    StaleVersion,
)
from nylasadmin.services.wording import explain
from nylasadmin.web import current, deeds, format, htmx, security

log = logging.getLogger(__name__)

_STATUS: tuple[tuple[type[NylasAdminError], int], ...] = (
    (NotFound, 404),
    (StaleVersion, 409),
    (Refused, 409),
    (InvalidInput, 422),
    (Forbidden, 403),
    (NylasError, 502),
)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a person reads: what happened, and what to do next."""

    status: int
    title: str
    advice: str


# What a person reads where the error is not one of ours; those are put into words by services.wording.
_NOTHING_CHANGED = "nothing was changed."
_WORDS: dict[int, tuple[str, str]] = {
    400: (
        "The form was not accepted",
        f"It was opened in an earlier session or by another site. Reload the page and try again; {_NOTHING_CHANGED}",
    ),
    401: ("You are signed out", f"Sign in again; {_NOTHING_CHANGED}"),
    404: ("There is no such page", "It may have been removed meanwhile. Go back to the start page."),
    405: (
        "That address cannot be used this way",
        f"Go back to the page and use its buttons; {_NOTHING_CHANGED}",
    ),
    413: ("That is too much at once", f"Send less than 1 MB; {_NOTHING_CHANGED}"),
    429: ("Too many tries", "Wait {wait}, then try again."),
    500: (
        "Something failed inside the console",
        "What was finished is stored. Try again; if it stays so, tell your system administrator this number: {number}.",
    ),
}


def status_of(error: NylasAdminError) -> int:
    """Give the HTTP status of one of our errors."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def init(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _http)
    app.register_error_handler(Unauthorized, _signed_out)
    app.register_error_handler(RateLimitExceeded, _too_many)
    app.register_error_handler(Forbidden, _forbidden)
    app.register_error_handler(NylasAdminError, _ours)
    app.register_error_handler(Exception, _bug)


def _http(error: HTTPException) -> Response:
    if isinstance(error, CSRFError):
        deeds.refused("the form is of an earlier session, or not of this console")
    if isinstance(error, security.OtherSite):
        deeds.refused("another site made the browser send it")
    code = error.code or 500
    answer = _answer(_shown(code if code in _WORDS else 400), code)
    for name, value in error.get_headers(request.environ):
        if name == "Allow":
            answer.headers[name] = value
    return answer


def _ours(error: NylasAdminError) -> Response:
    words = explain(error)
    advice = " ".join(error.fields.values()) if isinstance(error, InvalidInput) else words.advice
    return _answer(Shown(status=status_of(error), title=words.title.removesuffix("."), advice=advice))


def _signed_out(_: Unauthorized) -> Response:
    """Send a browser to the sign-in page; a page with an open dialog stays and offers the form answered here."""
    deeds.refused("signed out", outcome="denied")
    if htmx.is_htmx():
        form = render_template("session/_again.html", problems={}, username="")
        answer = _as_notice(form, 401)
        answer.headers["HX-Redirect"] = _sign_in_url(_app_path(htmx.page_path()), ended="yes")
        return answer
    if request.method in ("GET", "HEAD"):
        return htmx.see_other(_sign_in_url(request.full_path.rstrip("?")))
    return _answer(_shown(401))


def _forbidden(error: Forbidden) -> Response:
    values = {"privilege": error.privilege, "holders": current.services().operators.holders(Privilege.OPERATORS)}
    if not htmx.is_htmx():
        return make_response(render_template("errors/forbidden.html", **values), 403)
    answer = _as_notice(render_template("errors/_forbidden.html", **values), 403)
    if htmx.refreshes_itself():
        answer.headers["HX-Refresh"] = "true"  # a privilege was taken away while its page is open: show what is left
    return answer


def _too_many(_: RateLimitExceeded) -> Response:
    deeds.refused("too many tries", outcome="denied")
    wait = max(1, int(g.get("retry_at", 0)) - current.now())
    answer = _answer(_shown(429, wait=format.duration(wait)))
    answer.headers["Retry-After"] = str(wait)
    return answer


def _bug(error: Exception) -> Response:
    """Log an unexpected error under a number and show only that number."""
    number = secrets.token_hex(4)
    log.error("request failed, shown as %s: %s %s", number, request.method, request.endpoint, exc_info=error)
    _note_fault(number)
    return _answer(_shown(500, number=number))


def _note_fault(number: str) -> None:
    """Note that a change was tried and failed. The storage itself may be what is broken: then the log has to do."""
    try:
        deeds.refused(f"fault {number}", outcome="failed")
    except Exception:
        log.exception("the fault %s is not in the audit trail", number)


def _shown(status: int, **facts: str) -> Shown:
    title, advice = _WORDS[status]
    return Shown(status=status, title=title, advice=advice.format(**facts))


def _answer(shown: Shown, status: int | None = None) -> Response:
    code = status or shown.status
    if request.path == "/healthz" or request.accept_mimetypes.best == "application/json":
        return make_response(jsonify(error=shown.title, advice=shown.advice), code)
    if htmx.is_htmx():
        return _as_notice(render_template("errors/_error.html", shown=shown), code)
    return make_response(render_template("errors/error.html", shown=shown), code)


def _as_notice(html: str, status: int) -> Response:
    answer = make_response(html, status)
    answer.headers["HX-Retarget"] = "#notices"
    answer.headers["HX-Reswap"] = "innerHTML"
    return answer


# --- the way to sign in and back ---------------------------------------------------------------------------------


def _sign_in_url(path: str, ended: str | None = None) -> str:
    return url_for("session.form", next=path if is_safe_next(path) else None, ended=ended)


def is_safe_next(path: str) -> bool:
    """Say whether that is a page of this console (path within the console, with query) one may be sent to."""
    if not path.startswith("/") or path.startswith(("//", "/panels/", "/sign-")) or path == "/":
        return False
    return "\\" not in path and path.isprintable() and urlsplit(path)[:2] == ("", "") and _is_page(urlsplit(path).path)


def _is_page(path: str) -> bool:
    """Say whether one of the console's own pages answers to a path; one that only redirects does not count."""
    try:
        endpoint, _ = current.app().url_map.bind("").match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return False
    return bool(endpoint != "static")


def _app_path(path: str) -> str:
    """Take the sub-path off that the console is mounted under."""
    return path.removeprefix(request.script_root) if request.script_root else path
