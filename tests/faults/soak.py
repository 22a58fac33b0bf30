"""The long proofs: many stories in several processes, every point of the crash matrix, kills at random moments.

python -m tests.faults.soak [--stories N] [--jobs N] [--seed N] [--kills N]
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SHARE = 2_000
"""Stories of one process: what it has learnt of them is forgotten now and then, and a seed is soon told again."""


class Task(NamedTuple):
    """One run of the tests, with what it is told by its environment."""

    arguments: tuple[str, ...]
    settings: dict[str, str]

    def __str__(self) -> str:
        return " ".join([*(f"{k}={v}" for k, v in self.settings.items()), "python -m pytest", *self.arguments])


def tasks(stories: int, seed: int, kills: int) -> list[Task]:
    """Give everything that is to be run, the longest first."""
    every = {"NYLASADMIN_EVERY_POINT": "1"}
    found = [Task(("tests/faults/test_crash_matrix.py", "tests/faults/test_crash_upgrade.py"), every)]
    for number, begun in enumerate(range(0, stories, SHARE)):
        settings = {"NYLASADMIN_STORIES": str(min(SHARE, stories - begun)), "NYLASADMIN_SEED": str(seed + number)}
        found.append(Task(("tests/faults/test_stories.py",), settings))
    return found + [Task(("tests/faults/test_kill.py", "-k", "random"), {})] * kills


def carried_out(task: Task) -> bool:
    """Run one task, and say at once how it ended: with its settings it is run again."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *task.arguments]
    ended = subprocess.run(command, cwd=ROOT, env=os.environ | task.settings, capture_output=True, text=True)
    said = "passed" if ended.returncode == 0 else f"FAILED\n{ended.stdout}{ended.stderr}"
    print(f"{said}: {task}", flush=True)  # noqa: T201 - what the command is for
    return ended.returncode == 0


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak")
    parser.add_argument("--stories", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--kills", type=int, default=100)
    asked = parser.parse_args(arguments)
    todo = tasks(asked.stories, asked.seed, asked.kills)
    print(f"{asked.stories} stories from seed {asked.seed} on, {len(todo)} tasks", flush=True)  # noqa: T201
    with ThreadPoolExecutor(asked.jobs) as pool:
        return 0 if all(list(pool.map(carried_out, todo))) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
