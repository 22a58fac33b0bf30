"""A sandbox in a process of its own, so that what it costs is not counted as ours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec


class Calendar(msgspec.Struct, frozen=True):
    id: str
    name: str
    is_primary: bool = False


class Grant(msgspec.Struct, frozen=True):
    id: str
    email: str
    name: str
    provider: str
    calendars: list[Calendar]

    @property
    def primary(self) -> Calendar:
        return next(calendar for calendar in self.calendars if calendar.is_primary)


class Company(msgspec.Struct, frozen=True):
    """Where the sandbox is, and its accounts."""

    url: str
    api_key: str
    grants: list[Grant]

    def first(self, users: int) -> Company:
        """Give the same sandbox with its first accounts only."""
        return msgspec.structs.replace(self, grants=self.grants[:users])


@contextmanager
def running_company(users: int, events_per_user: int, *arguments: str) -> Iterator[Company]:
    """Serve a company as long as the block runs."""
    command = [sys.executable, "-m", "nylasadmin.sandbox", "--port", "0", "--until-input-ends", *arguments]
    command += ["--users", str(users), "--events-per-user", str(events_per_user)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield msgspec.convert(json.loads(process.stdout.readline()), Company)
        finally:
            process.terminate()
