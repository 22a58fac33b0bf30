"""How templates are rendered: undefined names are errors, macros are there as ``ui``, static files have addresses.

No character of a foreign text rearranges a page, see :mod:`nylasadmin.web.bidi`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from flask import Flask, url_for
from jinja2 import StrictUndefined

from nylasadmin.domain import limits
from nylasadmin.web import bidi, current, format

_MACROS = ("_macros.html", "_fields.html")


def init(app: Flask) -> None:
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(format.filters(current.now))
    bidi.init(app)
    app.jinja_env.globals["limits"] = limits
    app.jinja_env.globals["asset"] = _asset(Path(app.static_folder or ""))
    app.context_processor(lambda: {"ui": _macros(app)})


def _macros(app: Flask) -> SimpleNamespace:
    modules = (app.jinja_env.get_template(name).module for name in _MACROS)
    return SimpleNamespace(**{name: macro for module in modules for name, macro in vars(module).items()})


def _asset(folder: Path) -> Callable[[str], str]:
    """Make the function that gives a static file's address; it names the content, so browsers may keep it for good."""

    @cache
    def digest(filename: str) -> str:
        return hashlib.sha256((folder / filename).read_bytes()).hexdigest()[:12]

    return lambda filename: url_for("static", filename=filename, v=digest(filename))
