"""Runs commands: in this process for their results, in one of their own where signals and ports matter."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nylasadmin.__main__ import main

SECRET = "a key for tests only, 32 letters or more"
ROOT = Path(__file__).resolve().parents[2]


class Result:
    """What a command left behind."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """One installation's shell: ``shell("target", "list")``."""

    def __init__(self, data: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.data = data
        self._capsys, self._patch = capsys, patch

    def __call__(self, *arguments: str, stdin: str | bytes = "") -> Result:
        content = stdin.encode() if isinstance(stdin, str) else stdin
        self._patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), "utf-8"))
        self._capsys.readouterr()
        code = main(list(arguments))
        said = self._capsys.readouterr()
        return Result(code, said.out, said.err)


class Program:
    """The program in a process of its own, its output read as it comes."""

    def __init__(self, *arguments: str, environ: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nylasadmin", *arguments],
            cwd=ROOT,
            env={**os.environ, **environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._has_more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._has_more:
                self.lines.append(line.rstrip("\n"))
                self._has_more.notify_all()

    def wait_for(self, is_it: Callable[[str], bool], timeout_s: float = 30.0) -> str:
        """Give the first line that is meant."""
        with self._has_more:
            self._has_more.wait_for(lambda: any(map(is_it, self.lines)), timeout_s)
        found = next(filter(is_it, self.lines), None)
        assert found is not None, "\n".join(self.lines)
        return found

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, timeout_s: float = 30.0) -> int:
        """Wait for the end; give the exit code."""
        code = self.process.wait(timeout_s)
        self._reader.join(timeout_s)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.end()
        assert self.process.stdout is not None
        self.process.stdout.close()
