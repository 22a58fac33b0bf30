"""`GET /sandbox/`: the control page. Plain HTML and forms, for people; the control API does the same for programs."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, render_template, request

from nylasadmin.sandbox.connect.lifecycles import expire, restore
from nylasadmin.sandbox.errors import Refusal, forbidden
from nylasadmin.sandbox.fault_kinds import SWITCHES
from nylasadmin.sandbox.http import page_tables, page_views
from nylasadmin.sandbox.http.paths import raw_path
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.webhooks.faults import KINDS as NOTIFICATION_KINDS
from nylasadmin.sandbox.wire import Json

_FOLDER = Path(__file__).resolve().parent.parent
_SAME_SITE = ("same-origin", "none", "")
_TEXTS = ("grant", "calendar", "path_contains", "query_contains", "method")
_NUMBERS = ("after", "count")


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of the control page."""
    page_tables.add(sandbox)
    blueprint = Blueprint(
        "page",
        __name__,
        url_prefix="/sandbox",
        template_folder=str(_FOLDER / "templates"),
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

    @blueprint.get("/static/sandbox.css")
    def style() -> Response:
        return Response((_FOLDER / "static" / "sandbox.css").read_bytes(), content_type="text/css; charset=utf-8")


def _fault_forms(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.post("/forms/fault")
    def order() -> Response:
        try:
            _order(sandbox, request.form.get("switch", ""))
        except Refusal as problem:
            return _rendered(sandbox, problem.message)
        return _back("faults")

    @blueprint.post("/forms/fault/remove")
    def withdraw() -> Response:
        number = request.form.get("id", "")
        faults = sandbox.webhooks.faults if request.form.get("of") == "notifications" else sandbox.faults
        faults.clear(int(number) if number.isdecimal() else None)
        return _back("faults")


def _other_forms(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.post("/forms/grant")
    def switch_grant() -> Response:
        switch = restore if request.form.get("action") == "restore" else expire
        with sandbox.lock:
            switch(sandbox, sandbox.grants.find(request.form.get("grant", "")))
        return _back("accounts")

    @blueprint.post("/forms/clock")
    def move_clock() -> Response:
        try:
            page_views.turn(sandbox, request.form.get("action", ""), request.form.get("seconds", ""))
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


def _order(sandbox: Sandbox, name: str) -> None:
    """Order what the form says: a switch by name, and what it is to hit."""
    if name in NOTIFICATION_KINDS:
        sandbox.webhooks.faults.add({"kind": name} | _texts("grant", "trigger") | _counts())
    else:
        sandbox.faults.add(SWITCHES.get(name, {"kind": name}) | _texts(*_TEXTS) | _counts())


def _texts(*names: str) -> Json:
    return {name: text for name in names if (text := request.form.get(name, "").strip())}


def _counts() -> Json:
    numbers: Json = _texts(*_NUMBERS)
    wish = {name: int(text) if text.isdecimal() else text for name, text in numbers.items()}
    return wish | ({"count": None} if request.form.get("endless") else {})


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
