"""Who may do what: one guard in front of every view, denying by default.

A view declares its rule with ``@public``, ``@signed_in`` or ``@needs(Privilege.X)``; an application with a view that
declares none does not start. The guard also refuses requests that other sites make a browser send, and writes the
headers that limit what a page may do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from flask import Flask, Response, g, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import BadRequest, Unauthorized

from nylasadmin.domain.privileges import Privilege
from nylasadmin.errors import Forbidden
from nylasadmin.web import current, deeds, htmx, login

if TYPE_CHECKING:
    from nylasadmin.web.settings import WebSettings

View = TypeVar("View", bound=Callable[..., Any])
_RULE = "_nylasadmin_rule"
_FORMS_LEAD_TO = "forms_lead_to"


class OtherSite(BadRequest):
    """The page of another site made the browser send this."""


class Rule(msgspec.Struct, frozen=True):
    """What a view asks of its caller: nothing, a session, or a session whose operator holds ``privilege``."""

    session: bool
    privilege: Privilege | None = None


def public(view: View) -> View:
    """Let everybody in."""
    return _declare(view, Rule(session=False))


def signed_in(view: View) -> View:
    """Let every signed-in operator in. Such a view shows nothing of any server."""
    return _declare(view, Rule(session=True))


def needs(privilege: Privilege) -> Callable[[View], View]:
    """Let operators in who hold ``privilege``."""
    return lambda view: _declare(view, Rule(session=True, privilege=privilege))


def _declare(view: View, rule: Rule) -> View:
    setattr(view, _RULE, rule)
    return view


def rule_of(app: Flask, endpoint: str) -> Rule:
    """Give the declared rule of an endpoint. Raises RuntimeError where none is declared."""
    rule = getattr(app.view_functions.get(endpoint), _RULE, None)
    if not isinstance(rule, Rule):
        raise RuntimeError(f"{endpoint} declares no privilege: use @public, @signed_in or @needs(...)")
    return rule


def init(app: Flask, settings: WebSettings) -> None:
    """Put guard, CSRF protection and headers in place, in this order."""
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # the token lives as long as the session
    app.config["WTF_CSRF_SSL_STRICT"] = False  # refuse_other_sites does that, for http too
    app.before_request(refuse_other_sites)
    app.before_request(guard)
    CSRFProtect(app)
    app.after_request(_headers(settings))


def check_every_rule(app: Flask) -> None:
    """Refuse to start with a view that declares no rule. After all blueprints are registered."""
    public(app.view_functions["static"])
    for rule in app.url_map.iter_rules():
        rule_of(app, rule.endpoint)


# --- the guard ---------------------------------------------------------------------------------------------------


def guard() -> None:
    """Let the request through, or raise. A path without a view is left to the 404 and 405 answers."""
    if request.endpoint is None:
        return
    rule = rule_of(current.app(), request.endpoint)
    if not rule.session:
        return
    operator = current.operator()
    if operator is None:
        raise Unauthorized
    if not htmx.refreshes_itself():
        login.stay_awake()  # polls do not count as something a person does
    if rule.privilege is not None and not operator.may(rule.privilege):
        deeds.denied()
        raise Forbidden(rule.privilege)


def refuse_other_sites() -> None:
    """Refuse a write that another site's page made the browser send (beside the CSRF token, not instead of it)."""
    if not deeds.changes_something():
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise OtherSite
        return
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin)[:2] != (request.scheme, request.host):
        raise OtherSite


# --- headers -----------------------------------------------------------------------------------------------------


def let_forms_lead_to(*sources: str) -> None:
    """Let the forms of this answer's page end at other sites, too: browsers check where a form's redirects lead."""
    setattr(g, _FORMS_LEAD_TO, sources)


def _headers(settings: WebSettings) -> Callable[[Response], Response]:
    ancestors = " ".join(settings.allowed_frame_ancestors) or "'none'"
    policy = "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            f"frame-ancestors {ancestors}",
            "form-action 'self'",
        )
    )

    def write(answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] = " ".join((policy, *g.get(_FORMS_LEAD_TO, ())))
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "same-origin"
        if not settings.allowed_frame_ancestors:
            answer.headers["X-Frame-Options"] = "DENY"
        if request.endpoint == "static":
            is_named = "v" in request.args or "/vendor/" in request.path
            answer.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_named else "no-cache"
        else:
            answer.headers.setdefault("Cache-Control", "no-store")
            answer.vary.add("HX-Request")
        return answer

    return write
