"""An installation in a temporary directory, its shell, and a sandbox it may be pointed at."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nylasadmin import bootstrap
from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.sandbox.testing import RunningSandbox
from tests.cli.shell import SECRET, Program, Shell
from tests.made_once import QUICK, put_tables
from tests.sandbox.openapi import judged_sandbox


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def environ(data: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Settings of this installation only, whatever the environment holds."""
    for name in [name for name in os.environ if name.startswith("NYLASADMIN_")]:
        monkeypatch.delenv(name)
    values = {"NYLASADMIN_SECRET_KEY": SECRET, "NYLASADMIN_DATA_DIR": str(data)}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands of this process wait next to nothing before they ask Nylas again."""
    monkeypatch.setattr(bootstrap, "NylasHttpSide", functools.partial(NylasHttpSide, patience=QUICK))


@pytest.fixture
def shell(data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(data, capsys, monkeypatch)


@pytest.fixture
def program(environ: dict[str, str]) -> Iterator[Callable[..., Program]]:
    """``program("serve", ...)`` starts a process that does not outlive the test."""
    started: list[Program] = []

    def start(*arguments: str) -> Program:
        started.append(Program(*arguments, environ=environ))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def box() -> Iterator[RunningSandbox]:
    with judged_sandbox(users=2, events_per_user=12) as running:
        yield running


@pytest.fixture
def linked(shell: Shell, box: RunningSandbox) -> Shell:
    """A shell whose installation knows the sandbox as target "Box", with accounts and links."""
    put_tables(shell.data / "nylasadmin.db")
    users = [f'{{"type":"user","id":"u{n}","name":"{g.name}","email":"{g.email}"}}\n' for n, g in enumerate(box.grants)]
    assert shell("crm", "import", "-", stdin="".join(users)).code == 0
    add_box(shell, box)
    assert shell("target", "discover", "Box").code == 0
    return shell


def add_box(shell: Shell, box: RunningSandbox, key: str | None = None) -> None:
    host = box.url.removeprefix("http://")
    added = shell(
        "target", "add", "Box", "--host", host, "--base-url", box.url, "--api-key-stdin", stdin=key or box.api_key
    )
    assert added.code == 0, added.err
