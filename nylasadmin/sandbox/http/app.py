"""The Flask application of a sandbox."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import Map

from nylasadmin.sandbox.http import (
    applications,
    calendars,
    contacts,
    control,
    events,
    folders,
    grants,
    messages,
    threads,
    watch,
)
from nylasadmin.sandbox.http.paths import RawPath, SegmentConverter
from nylasadmin.sandbox.state import Sandbox


def create_app(sandbox: Sandbox) -> Flask:
    """Return the WSGI application that serves one sandbox."""
    app = Flask("nylasadmin.sandbox", static_folder=None, template_folder=None)
    app.url_map = Map(merge_slashes=False, strict_slashes=False)
    app.url_map.converters["segment"] = SegmentConverter
    watch.install(app, sandbox)
    for resource in (applications, grants, calendars, events, contacts, messages, threads, folders, control):
        app.register_blueprint(resource.routes(sandbox))
    app.wsgi_app = RawPath(app.wsgi_app)  # type: ignore[method-assign]
    return app
