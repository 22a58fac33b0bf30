"""Files for spreadsheets: lines of CSV in which no cell is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from flask import Response

_FORMULAS = tuple("=+-@\t\r\n＝＋－＠")


def line(cells: Iterable[str]) -> str:
    """Write one line of CSV."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow([harmless(cell) for cell in cells])
    return buffer.getvalue()


def harmless(text: str) -> str:
    """Keep a spreadsheet from running what a cell says."""
    return f"'{text}" if text.startswith(_FORMULAS) else text


def download(parts: Iterator[str] | Iterator[bytes], name: str, mimetype: str) -> Response:
    """Answer with a file that is written while it is sent."""
    answer = Response(parts, mimetype=mimetype)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
