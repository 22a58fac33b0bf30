"""The Flask application of a sandbox."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import Map

from nylasadmin.sandbox.http import (
    accounts,
    applications,
    calendars,
    clocks,
    compression,
    connectors,
    contacts,
    control,
    custom_auth,
    deliveries,
    events,
    exports,
    folders,
    free_busy,
    grants,
    hosted_auth,
    injections,
    messages,
    page,
    rsvps,
    threads,
    tokens,
    watch,
    webhooks,
)
from nylasadmin.sandbox.http.paths import RawPath, SegmentConverter
from nylasadmin.sandbox.state import Sandbox

_RESOURCES = (
    applications,
    connectors,
    hosted_auth,
    tokens,
    custom_auth,
    grants,
    calendars,
    free_busy,
    events,
    rsvps,
    contacts,
    messages,
    threads,
    folders,
    injections,
    control,
    accounts,
    webhooks,
    clocks,
    deliveries,
    exports,
    page,
)


def create_app(sandbox: Sandbox) -> Flask:
    """Return the WSGI application that serves one sandbox."""
    app = Flask("nylasadmin.sandbox", static_folder=None, template_folder=None)
    app.url_map = Map(merge_slashes=False, strict_slashes=False)
    app.url_map.converters["segment"] = SegmentConverter
    # What is installed first sees an answer last: it is compressed after a fault has spoilt it.
    compression.install(app)
    watch.install(app, sandbox)
    for resource in _RESOURCES:
        app.register_blueprint(resource.routes(sandbox))
    app.wsgi_app = RawPath(app.wsgi_app)  # type: ignore[method-assign]
    return app
