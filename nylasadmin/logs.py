"""Logging: one line per event on standard error, ids only. Titles, addresses of people and secrets are never logged."""

from __future__ import annotations

import logging
import sys


def configure(level: str) -> None:
    """Send this program's log to standard error; call once, at the start of a process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("alembic", "urllib3", "waitress.queue", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
