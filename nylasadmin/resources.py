"""Where the files that are not code lie: templates and static files.

One rule for every way to run: a folder inside the package wins (installed wheel, frozen program), else the one beside
the package (checkout).
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """Give the absolute path of ``templates`` or ``static``."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
