"""The demo's sandbox: a process of its own that ends with the demo."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from nylasadmin.cli.problems import UnusableInput

_STOP_S = 5.0


class SandboxCalendar(msgspec.Struct, frozen=True):
    """One calendar of an account."""

    id: str
    name: str


class SandboxGrant(msgspec.Struct, frozen=True):
    """One account of the sandbox."""

    id: str
    email: str
    name: str
    calendars: list[SandboxCalendar]


class RunningSandbox(msgspec.Struct, frozen=True):
    """Where the sandbox is and what it holds: the line it prints when it is ready."""

    url: str
    api_key: str
    application_id: str
    grants: list[SandboxGrant]


@contextmanager
def running_sandbox(arguments: Sequence[str], log: Path) -> Iterator[RunningSandbox]:
    """Run ``nylasadmin sandbox`` with these arguments as long as the block runs; what it reports goes into ``log``."""
    with log.open("wb") as reports:
        process = subprocess.Popen(
            [sys.executable, "-m", "nylasadmin.sandbox", "--until-input-ends", *arguments],
            stdin=subprocess.PIPE,  # closed by the system however this process ends: the sandbox never outlives it
            stdout=subprocess.PIPE,
            stderr=reports,
            start_new_session=True,  # Ctrl-C is for this process; the sandbox is needed until the runs have ended
        )
    with process:
        try:
            yield _ready(process, log)
        finally:
            _end(process)


def _ready(process: subprocess.Popen[bytes], log: Path) -> RunningSandbox:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait()
        said = log.read_text("utf-8", "replace").strip().splitlines()
        why = said[-1] if said else "it said nothing"
        raise UnusableInput(
            f"The sandbox did not start. {why}. Choose another port with --sandbox-port (0: a free one)."
        )
    return msgspec.convert(json.loads(line), RunningSandbox)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
