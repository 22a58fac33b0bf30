"""What a sandbox holds when it starts: a company, calendars from .ics files, or both."""

from __future__ import annotations

from pathlib import Path

from nylasadmin.sandbox.company.generation import employ, fill_calendars
from nylasadmin.sandbox.ics.directories import load_directory
from nylasadmin.sandbox.state import Sandbox


def fill(sandbox: Sandbox, *, users: int, events_per_user: int, ics: Path | None = None) -> None:
    """Connect the users, give them events, and load the files of a directory into their calendars."""
    staff = employ(sandbox, users)
    fill_calendars(sandbox, staff, events_per_user)
    if ics is not None:
        load_directory(sandbox, ics, list(sandbox.grants))
