"""Text that somebody else wrote, shown so that it cannot rearrange or hide what stands around it.

A title may be Hebrew or Arabic, and it may hold characters that turn the order of letters round (U+202E makes
``exe.gpj`` of ``jpg.exe``). Two means: no page ever holds such a character, and the filter ``bdi`` isolates the text.
"""

from __future__ import annotations

import re
from typing import TypeVar

from flask import Flask
from markupsafe import Markup, escape

_T = TypeVar("_T")
_SHOWN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e]")
"""Control characters and overrides: each is shown as one replacement character, so that it is seen to be there."""

_DROPPED = re.compile(r"[\u202a-\u202c\u2066-\u2069]")
"""Embeddings and isolates, which programs put around telephone numbers and names: ``bdi`` does their work."""


def init(app: Flask) -> None:
    """Clean whatever a template writes, attributes too; markup that is already safe was cleaned when it was made."""
    app.jinja_env.finalize = visible
    app.jinja_env.filters["bdi"] = isolated


def visible(value: _T) -> _T | str:
    """Give a text without characters that act on its surroundings; what is no plain text stays as it is."""
    if not isinstance(value, str) or isinstance(value, Markup) or (value.isascii() and value.isprintable()):
        return value
    return _DROPPED.sub("", _SHOWN.sub("\N{REPLACEMENT CHARACTER}", value))


def isolated(text: str) -> Markup:
    """Put a text into an element of its own direction: punctuation and numbers around it stay where they are."""
    return Markup("<bdi>%s</bdi>") % escape(visible(text))
