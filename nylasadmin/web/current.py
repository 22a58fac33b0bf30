"""What a view needs of the request it serves: the services, who asks, and the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from flask import current_app, request
from flask_login import current_user

from nylasadmin.domain.privileges import Actor, Operator
from nylasadmin.web.settings import WebSettings

if TYPE_CHECKING:
    from flask import Flask

    from nylasadmin.services import Services

_KEY = "nylasadmin"


class _Held:
    """What one application was made with."""

    def __init__(self, services: Services, settings: WebSettings, clock: Callable[[], float]) -> None:
        self.services = services
        self.settings = settings
        self.clock = clock


def hold(app: Flask, services: Services, settings: WebSettings, clock: Callable[[], float] = time.time) -> None:
    """Keep the services and settings with the application."""
    app.extensions[_KEY] = _Held(services, settings, clock)


def services() -> Services:
    return _held().services


def settings() -> WebSettings:
    return _held().settings


def now() -> int:
    """Unix seconds, for sentences such as "3 min ago"."""
    return int(_held().clock())


def operator() -> Operator | None:
    """Give the signed-in operator, or None."""
    return cast("Operator | None", getattr(current_user, "operator", None))


def actor() -> Actor:
    """Give who does something in this request, and from where."""
    who = operator()
    return Actor(name=who.username if who else "(nobody)", address=address())


def address() -> str:
    return request.remote_addr or ""


def _held() -> _Held:
    return cast("_Held", current_app.extensions[_KEY])


def app() -> Flask:
    return current_app
