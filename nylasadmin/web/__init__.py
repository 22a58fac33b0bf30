"""The web shell: pages and panels over the services. Nothing is made at import: ``create_app`` makes an application."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from nylasadmin import resources
from nylasadmin.web import (
    accounts,
    audit,
    connect,
    current,
    deeds,
    errors,
    explain,
    failed,
    held,
    htmx,
    invitations,
    links,
    login,
    navigation,
    numbers,
    operators,
    pages,
    pauses,
    plans,
    policies,
    rejections,
    security,
    session,
    snapshots,
    targets,
    templating,
    throttling,
    undo,
    unwritten,
    words,
)
from nylasadmin.web.settings import WebSettings

if TYPE_CHECKING:
    from nylasadmin.services import Services

__all__ = ["WebSettings", "create_app"]

_NOUNS = (
    session,
    pages,
    operators,
    audit,
    targets,
    policies,
    accounts,
    links,
    explain,
    snapshots,
    pauses,
    held,
    rejections,
    unwritten,
    plans,
    failed,
    undo,
    connect,
    invitations,
)
_LARGEST_REQUEST = 1_000_000


def create_app(services: Services, settings: WebSettings, *, clock: Callable[[], float] = time.time) -> Flask:
    """Make the application. Raises RuntimeError where a view declares no privilege."""
    app = Flask(
        "nylasadmin", template_folder=str(resources.folder("templates")), static_folder=str(resources.folder("static"))
    )
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_REQUEST
    numbers.init(app)
    current.hold(app, services, settings, clock)
    deeds.init(app)
    htmx.init(app)
    login.init(app, settings)
    security.init(app, settings)
    errors.init(app)
    templating.init(app)
    words.init(app)
    accounts.init(app)
    undo.init(app)
    navigation.init(app)
    for noun in _NOUNS:
        app.register_blueprint(noun.blueprint)
    throttling.init(app)
    session.init(app, settings)
    connect.init(app, settings)
    security.check_every_rule(app)
    _trust_proxies(app, settings.trusted_proxies)
    return app


def _trust_proxies(app: Flask, count: int) -> None:
    if count:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count, x_prefix=count
        )
