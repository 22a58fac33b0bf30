"""Everything that knows htmx: what its requests say and which headers it obeys. Views call these functions only.

htmx-flask reads the request headers; its response helper does not know htmx 4, so headers are set here.
"""

from __future__ import annotations

import json
from typing import Any, cast
from urllib.parse import urlsplit

import htmx_flask
from flask import Flask, Response, flash, make_response, redirect, render_template, request

DIALOG_DONE = "dialog-done"


def init(app: Flask) -> None:
    htmx_flask.Htmx(app)


def is_htmx() -> bool:
    """Say whether the request came from htmx and so expects a fragment."""
    return bool(htmx_flask.request.htmx)


def refreshes_itself() -> bool:
    """Say whether a panel asks for itself (a poll or an event) rather than a person for something."""
    source = request.headers.get("HX-Source", "")
    return is_htmx() and request.method == "GET" and "#" in source and source == request.headers.get("HX-Target")


def page_path() -> str:
    """Give path and query of the page the browser shows, as the browser says; may be empty. Not to be trusted."""
    parts = urlsplit(htmx_flask.request.htmx.current_url or "")
    return parts.path + (f"?{parts.query}" if parts.query else "")


def panel(template: str, *, page_url: str | None = None, events: tuple[str, ...] = (), **values: Any) -> Response:
    """Render a panel. ``page_url``, the page that shows it, goes into the address bar; ``events`` wake others.

    A link adds to the browser's history; a form that is typed in only changes the address.
    """
    answer = make_response(render_template(template, **values))
    if page_url:
        is_typed = request.headers.get("HX-Source", "").startswith("form")
        answer.headers["HX-Replace-Url" if is_typed else "HX-Push-Url"] = page_url
    return _with_events(answer, {name: {} for name in events})


def form(template: str, status: int = 200, **values: Any) -> Response:
    """Render a form in the frame that fits: a dialog, the form alone (inside the open dialog), or a page of its own.

    The template extends ``frame`` and fills the blocks ``title`` and ``form``.
    """
    if not is_htmx():
        frame = "frames/page.html"
    else:
        frame = "frames/dialog.html" if request.method == "GET" else "frames/form.html"
    return make_response(render_template(template, frame=frame, **values), status)


def done(back: str, said: str = "", **events: dict[str, Any]) -> Response:
    """Answer a dialog's success: it closes, ``said`` is shown for a moment, ``events`` wake the panels.

    Without htmx, and where the form is a page of its own: on to ``back``, where ``said`` is shown. No event detail may
    have the key ``target``: htmx would read it as a selector.
    """
    if not is_htmx() or "Form-Page" in request.headers:
        if said:
            flash(said)
        return go(back)
    answer = make_response("", 200)
    answer.headers["HX-Reswap"] = "none"
    toast: dict[str, dict[str, Any]] = {"toast": {"text": said}} if said else {}
    return _with_events(answer, {**events, **toast, DIALOG_DONE: {}})


def go(url: str) -> Response:
    """Lead the browser to another page after a success."""
    if not is_htmx():
        return see_other(url)
    answer = make_response("", 200)
    answer.headers["HX-Redirect"] = url
    return answer


def wake(answer: Response, **events: dict[str, Any]) -> Response:
    """Let an answer wake the panels that listen to ``events``."""
    return _with_events(answer, events)


def see_other(url: str) -> Response:
    return cast(Response, redirect(url, 303))


def _with_events(answer: Response, events: dict[str, dict[str, Any]]) -> Response:
    if events:
        answer.headers["HX-Trigger"] = json.dumps(events)
    return answer
