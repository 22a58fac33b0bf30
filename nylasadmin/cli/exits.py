"""What a command's exit code means."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Scripts look at these; they never change their meaning."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    HELD = 3
    INTERRUPTED = 130  # what shells report for Ctrl-C


EXIT_CODES = (
    "exit codes: 0 done, 1 failed or failed items, 2 wrong usage or configuration, 3 held or paused, 130 interrupted"
)
