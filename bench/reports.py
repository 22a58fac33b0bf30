"""Tables: on the terminal, and between markers in ``docs/performance.md``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"


class Row(dict[str, str]):
    """One line of a table, by heading."""


def note(text: str) -> None:
    """Say how far the measuring is."""
    sys.stderr.write(f"bench: {text}\n")


def markdown(rows: list[Row]) -> str:
    """Give a table in Markdown, aligned for those who read it as text."""
    headings = list(rows[0])
    lines = [headings, *([row.get(heading, "") for heading in headings] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(headings))]
    cells = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([cells[0], rule, *cells[1:]])


def write(name: str, text: str) -> None:
    """Put a text between the markers of that name; everything around them stays."""
    page = PAGE.read_text("utf-8")
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    if begin not in page or end not in page:
        raise ValueError(f"{PAGE.name} has no place for {name}")
    PAGE.write_text(re.sub(f"{begin}.*?{end}", lambda _: f"{begin}\n{text}\n{end}", page, flags=re.S), "utf-8")
