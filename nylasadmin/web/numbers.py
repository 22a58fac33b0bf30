"""What addresses and forms give, read with care: a number that no row can have counts as not given."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask import Flask
from werkzeug.routing import IntegerConverter

_WHOLE = re.compile(r"[+-]?[0-9]{1,15}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")

LARGEST = 2**63 - 1
"""The largest number a database holds; a longer one in an address is a typing error or an attack."""


def init(app: Flask) -> None:
    """Let ``<int:...>`` in a route match only what can be the id of a row; other addresses are not there."""
    app.url_map.converters["int"] = _RowId


def number(text: str) -> int:
    """Read an id, a version or a page. Raises ``ValueError``, so it serves as ``type`` of ``request.args.get``."""
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(LARGEST)) or int(text) > LARGEST:
        raise ValueError("not a number of a row")
    return int(text)


def whole(text: str) -> int:
    """Read a whole number that somebody types. Python's own spellings, such as 1_000 or １２, raise ``ValueError``."""
    if not _WHOLE.fullmatch(text):
        raise ValueError("not a whole number")
    return int(text)


def decimal(text: str) -> float:
    """Read a number that somebody types, such as 5 or 0.5; 1e3, nan and the like raise ``ValueError``."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError("not a number")
    return float(text)


def optional(args: Mapping[str, str], name: str) -> int | None:
    """Give such a number out of an address or a form; None where there is none."""
    try:
        return number(args.get(name, ""))
    except ValueError:
        return None


def page(args: Mapping[str, str], name: str = "page") -> int:
    """Give which page is asked for, from 1; one that makes no sense is the first."""
    text = args.get(name, "")
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) < 9 else 1


class _RowId(IntegerConverter):
    regex = r"[0-9]{1,18}"
