"""How often a door may be knocked at, by address and by what is tried; counted in this process' memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, g
from flask_limiter import Limiter, RequestLimit

from nylasadmin.web import current

_KEY = "nylasadmin.limiter"


def init(app: Flask) -> None:
    app.extensions[_KEY] = Limiter(current.address, app=app, storage_uri="memory://", strategy="moving-window")


def limit(
    app: Flask, endpoint: str, limits: tuple[tuple[str, Callable[[], str]], ...], counts: Callable[[Response], bool]
) -> None:
    """Limit a view: each pair is a number of tries in a time, and what they are counted by; ``counts`` says which."""
    limiter: Limiter = app.extensions[_KEY]
    view: Any = app.view_functions[endpoint]
    for tries, key in limits:
        by = limiter.limit(tries, key_func=key, deduct_when=counts, scope=key.__name__, on_breach=_note_end)
        view = by(view)
    app.view_functions[endpoint] = view


def _note_end(breached: RequestLimit) -> None:
    """Keep when the wait is over, for the answer."""
    g.retry_at = breached.reset_at
