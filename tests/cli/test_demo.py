"""``nylasadmin demo`` in a process of its own."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from nylasadmin import bootstrap, settings
from nylasadmin.bootstrap import Product
from nylasadmin.services.account_views import AccountQuery, AccountRow, AccountStatus
from nylasadmin.services.views import LinkQuery
from tests.cli.shell import ROOT, Program

DEMO = ("demo", "--port", "0", "--sandbox-port", "0", "--users", "3")


def said(program: Program, label: str) -> str:
    return program.wait_for(lambda line: line.strip().startswith(label)).split()[1]


def status(url: str) -> int:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=20).status_code


def stopped(program: Program) -> int:
    program.wait_for(lambda line: "Stop" in line)
    program.send(signal.SIGTERM)
    return program.end()


def opened(folder: Path) -> Product:
    key = (folder / "secret-key").read_text()
    return bootstrap.build(settings.load({}, data_dir=str(folder), secret_key=key))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "demo"


def test_console_and_sandbox_answer_and_end_together(program: Callable[..., Program], folder: Path) -> None:
    demo = program(*DEMO, "--data", str(folder))
    console, sandbox = said(demo, "Console"), said(demo, "Sandbox")
    assert (status(console + "healthz"), status(sandbox + "/sandbox/health")) == (200, 200)
    assert stopped(demo) == 0
    with pytest.raises(requests.ConnectionError):
        status(sandbox + "/sandbox/health")


def test_everybody_can_sign_in_and_the_links_are_there(program: Callable[..., Program], folder: Path) -> None:
    demo = program(*DEMO, "--data", str(folder), "--password", "words to remember")
    stopped(demo)
    product = opened(folder)
    operators = product.services.operators
    may = {
        name: sorted(operators.sign_in(name, "words to remember", "here").privileges)
        for name in ("olga", "vera", "peter", "adam")
    }
    (target,) = product.services.console.targets()
    contacts = product.services.console.links(LinkQuery(target_id=target.id, item_type="contact"))
    in_crm = [line for line in product.services.crm.export() if b'"type":"contact"' in line]
    product.close()
    assert len(in_crm) == 3 * len(contacts.rows) > 0
    assert may == {
        "olga": ["nylas:NylasManage", "nylas:NylasView"],
        "vera": ["nylas:NylasView"],
        "peter": [],
        "adam": ["admin:OperatorManage"],
    }
    assert (target.name, target.links > 2) == ("Sandbox", True)


def test_the_printed_command_works_on_the_data_of_the_demo(program: Callable[..., Program], folder: Path) -> None:
    demo = program(*DEMO, "--data", str(folder))
    printed = demo.wait_for(lambda line: line.strip().startswith("CLI")).strip().removeprefix("CLI").strip()

    listed = subprocess.run(printed, shell=True, cwd=ROOT, capture_output=True, text=True, check=True)

    stopped(demo)
    assert "Sandbox" in listed.stdout


def test_a_second_start_doubles_nothing_and_keeps_the_password(program: Callable[..., Program], folder: Path) -> None:
    first = program(*DEMO, "--data", str(folder))
    password = said(first, "Password")
    stopped(first)
    links = link_ids(folder)
    second = program(*DEMO, "--data", str(folder))
    assert said(second, "Password") == password
    stopped(second)
    assert link_ids(folder) == links


def test_another_company_takes_the_place_of_the_former(program: Callable[..., Program], folder: Path) -> None:
    stopped(program(*DEMO, "--data", str(folder)))
    other = program(*DEMO, "--data", str(folder), "--seed", "7", "--users", "1")
    said = other.wait_for(lambda line: "calendars" in line)
    folders = int(said.partition(" calendars")[0].split()[-1])
    stopped(other)
    assert len(link_ids(folder)) == folders
    assert {row.status for row in accounts(folder) if not row.links} == {AccountStatus.DISCONNECTED}


def accounts(folder: Path) -> list[AccountRow]:
    product = opened(folder)
    rows = product.services.accounts.rows(AccountQuery()).rows
    product.close()
    return list(rows)


def link_ids(folder: Path) -> list[int]:
    product = opened(folder)
    target = product.services.targets.by_name("Sandbox")
    rows = product.services.console.links(LinkQuery(target_id=target.id)).rows
    product.close()
    return sorted(row.id for row in rows)


def test_a_busy_sandbox_port_is_said_with_the_option_that_helps(program: Callable[..., Program], folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = program("demo", "--port", "0", "--sandbox-port", str(port), "--data", str(folder))
        assert refused.end() == 2
    assert "--sandbox-port" in refused.lines[-1]
    assert str(port) in refused.lines[-1]


def test_what_calendars_hold_that_the_sandbox_cannot_is_summed_up(
    program: Callable[..., Program], folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.ics").write_text("this is no calendar")
    demo = program(*DEMO, "--data", str(folder), "--ics", str(tmp_path))
    demo.wait_for(lambda line: "parts of the loaded calendars could not be represented" in line)
    assert stopped(demo) == 0


def test_the_sandbox_does_not_outlive_a_demo_that_is_killed(program: Callable[..., Program], folder: Path) -> None:
    demo = program(*DEMO, "--data", str(folder))
    sandbox = said(demo, "Sandbox")
    demo.send(signal.SIGKILL)
    demo.end()
    for _ in range(50):
        try:
            status(sandbox + "/sandbox/health")
        except requests.ConnectionError:
            return
    pytest.fail(json.dumps(demo.lines))
