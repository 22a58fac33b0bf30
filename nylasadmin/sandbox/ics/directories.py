"""A directory of .ics files becomes calendars: one file, one calendar, spread over the users."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nylasadmin.sandbox.calendars import Calendar
from nylasadmin.sandbox.events.zones import zone
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.ics.files import IcsFile, read_file
from nylasadmin.sandbox.ics.loading import Loader
from nylasadmin.sandbox.state import Sandbox


def load_directory(sandbox: Sandbox, directory: Path, grants: Sequence[Grant]) -> None:
    """Load every .ics file: the i-th into a calendar of the i-th user, going round; losses go to the report.

    A user without events gets the first file into the primary calendar, everything else into additional ones.
    """
    empty = [one for one in grants if one.primary is not None and len(one.primary.events) == 0]
    paths = sorted(path for path in directory.iterdir() if path.suffix.lower() == ".ics")
    for number, path in enumerate(paths):
        file = read_file(path)
        if file.is_calendar and grants:
            grant = grants[number % len(grants)]
            calendar = _calendar_for(sandbox, grant, file, primary=grant in empty)
            empty = [one for one in empty if one is not grant]
            Loader(sandbox, calendar, file).load()
        elif file.is_calendar:
            file.report.add(None, "the file", "there is no user to hold it")
        sandbox.report += file.report.entries()


def _calendar_for(sandbox: Sandbox, grant: Grant, file: IcsFile, *, primary: bool) -> Calendar:
    timezone = file.timezone if file.timezone and zone(file.timezone) else None
    if not primary or grant.primary is None:
        return sandbox.add_calendar(grant, file.title, timezone=timezone or "UTC")
    grant.primary.name = file.title
    grant.primary.timezone = timezone or grant.primary.timezone
    return grant.primary
