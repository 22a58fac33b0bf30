"""`GET /sandbox/`: the control page. Plain HTML and forms, for people; the control API does the same for programs."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, render_template, request

from nylasadmin.sandbox.errors import Refusal, forbidden
from nylasadmin.sandbox.fault_kinds import SWITCHES
from nylasadmin.sandbox.http import page_views
from nylasadmin.sandbox.http.misbehaviour import expire
from nylasadmin.sandbox.http.paths import raw_path
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import Json

_FOLDER = Path(__file__).resolve().parent.parent
_SAME_SITE = ("same-origin", "none", "")
_TEXTS = ("grant", "calendar", "path_contains", "query_contains", "method")
_NUMBERS = ("after", "count")


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of the control page."""
    blueprint = Blueprint(
        "page",
        __name__,
        url_prefix="/sandbox",
        template_folder=str(_FOLDER / "templates"),
        static_folder=str(_FOLDER / "static"),
        static_url_path="/static",
    )
    blueprint.before_request(_refuse_other_sites)
    _page_route(blueprint, sandbox)
    _fault_forms(blueprint, sandbox)
    _other_forms(blueprint, sandbox)
    return blueprint


def _page_route(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.get("/")
    def page() -> Response:
        if not raw_path(request.environ).endswith("/"):
            return _to("sandbox/")
        return _rendered(sandbox)


def _fault_forms(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.post("/forms/fault")
    def order() -> Response:
        try:
            sandbox.faults.add(_wish())
        except Refusal as problem:
            return _rendered(sandbox, problem.message)
        return _back("faults")

    @blueprint.post("/forms/fault/remove")
    def withdraw() -> Response:
        number = request.form.get("id", "")
        sandbox.faults.clear(int(number) if number.isdecimal() else None)
        return _back("faults")


def _other_forms(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.post("/forms/grant")
    def switch_grant() -> Response:
        grant = sandbox.grants.find(request.form.get("grant", ""))
        if request.form.get("action") == "restore":
            grant.is_valid, grant.updated_at = True, sandbox.clock.now()
        else:
            expire(sandbox, grant)
        return _back("accounts")

    @blueprint.post("/forms/clock")
    def move_clock() -> Response:
        try:
            page_views.advance(sandbox, request.form.get("seconds", ""))
        except Refusal as problem:
            return _rendered(sandbox, problem.message)
        return _back("clock")

    @blueprint.post("/forms/forget")
    def forget() -> Response:
        if request.form.get("what") == "mailed":
            sandbox.mailed.entries.clear()
            return _back("mailed")
        sandbox.requests.clear()
        return _back("requests")


def _wish() -> Json:
    """Read an order from the form: a switch by name, and whom it is to hit."""
    name = request.form.get("switch", "")
    wish: Json = dict(SWITCHES.get(name, {"kind": name}))
    wish |= {field: text for field in _TEXTS if (text := request.form.get(field, "").strip())}
    for field in _NUMBERS:
        text = request.form.get(field, "").strip()
        if text:
            wish[field] = int(text) if text.isdecimal() else text
    if request.form.get("endless"):
        wish["count"] = None
    return wish


def _rendered(sandbox: Sandbox, problem: str | None = None) -> Response:
    text = render_template("sandbox.html", problem=problem, **page_views.view(sandbox, request.args))
    return Response(text, 400 if problem else 200, content_type="text/html; charset=utf-8")


def _back(place: str) -> Response:
    """Return to the page as it was asked for, at the section of the form."""
    query = request.query_string.decode("latin-1")
    depth = raw_path(request.environ).rpartition("/sandbox/")[2].count("/")
    return _to("../" * depth + (f"?{query}" if query else "") + f"#{place}")


def _to(target: str) -> Response:
    return Response(status=303, headers={"Location": target})


def _refuse_other_sites() -> None:
    """Refuse forms that another site sends through somebody's browser; the control API wants no key."""
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "") not in _SAME_SITE:
        raise forbidden("Only the page itself may send this form")
