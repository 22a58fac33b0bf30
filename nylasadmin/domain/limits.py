"""How long the texts may be that people enter: one place for every form, service and command."""

from __future__ import annotations

REASON = 500
PASSWORD = 200
NAME = 80
ADDRESS = 300
SECRET = 1000


def too_long(text: str, most: int) -> str:
    """Say what to do about a text that is too long; nothing for one that is not."""
    return "" if len(text) <= most else f"Use {most:,} characters or fewer; these are {len(text):,}."


def problems(texts: dict[str, tuple[str, int]]) -> dict[str, str]:
    """Name each field whose text is longer than its limit."""
    found = {field: too_long(text, most) for field, (text, most) in texts.items()}
    return {field: words for field, words in found.items() if words}
