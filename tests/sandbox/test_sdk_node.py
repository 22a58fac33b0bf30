"""The official Node client as a real client: every check of `node/checks.mjs` is a test here.

Skipped only where there is no Node, or where the client cannot be installed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nylasadmin.sandbox.clocks import FrozenClock
from nylasadmin.sandbox.receiver import running_receiver
from nylasadmin.sandbox.testing import running_sandbox

from .conftest import ANNA, NOW, span

FOLDER = Path(__file__).parent / "node"
NAMES = re.findall(r"^  async '([^']+)'", (FOLDER / "checks.mjs").read_text(encoding="utf-8"), re.MULTILINE)
ODD = "a/b c?d@e#f+g=h"
ODD_EMAIL = "user+x@elsewhere.example"


@pytest.fixture(scope="module")
def node() -> str:
    """Return the program, with the client installed as the lock file says."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        pytest.skip("no Node on this machine")
    installed = FOLDER / "node_modules" / ".package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < (FOLDER / "package-lock.json").stat().st_mtime:
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=300)
        if done.returncode and os.environ.get("CI"):
            pytest.fail(f"the Node client cannot be installed: {done.stderr}")
        if done.returncode:
            pytest.skip(f"the Node client cannot be installed: {done.stderr.strip()[-300:]}")
    return found


@pytest.fixture(scope="module")
def outcomes(node: str) -> dict[str, Any]:
    """Let the client make all its checks once and return what it says about each."""
    options = {"events_per_user": 90, "contacts_per_user": 12, "messages_per_user": 12, "clock": FrozenClock(NOW)}
    with running_sandbox(users=4, **options) as box, running_receiver() as hook:
        calendar = box.add_calendar(ANNA, "Odd", calendar_id=ODD)
        box.add_event(calendar, {"id": ODD, "title": "Odd", "when": span(3600) | {"object": "timespan"}})
        with box.sandbox.lock:
            box.sandbox.add_grant(ODD_EMAIL, "Odd One", connected_at=NOW - 5)
        seat = {
            "url": box.url,
            "apiKey": box.api_key,
            "applicationId": box.sandbox.application_id,
            "email": ANNA,
            "oddEmail": ODD_EMAIL,
            "hook": hook.url,
            "stored": len(box.calendar(ANNA).events),
        }
        command = [node, "run.mjs"]
        done = subprocess.run(command, cwd=FOLDER, input=json.dumps(seat), capture_output=True, text=True, timeout=180)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["name"]: line for line in lines} | {"": done.stderr}


@pytest.mark.parametrize("name", NAMES)
def test_the_node_client(outcomes: dict[str, Any], name: str) -> None:
    assert name in outcomes, outcomes[""]
    assert outcomes[name]["ok"], outcomes[name]["problem"]
