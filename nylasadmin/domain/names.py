"""Names of targets and operators: told apart by how they are read, not by how they are typed."""

from __future__ import annotations

import unicodedata

_LONGEST = 250


def name_key(name: str) -> str:
    """Give what two names have in common that only differ in case, width or blanks."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())[:_LONGEST]
