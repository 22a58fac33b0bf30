"""The command: one line of JSON when ready, a clean end, clear refusals."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from nylasadmin.sandbox.command import main


@contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    command = [sys.executable, "-m", "nylasadmin.sandbox", "--port", "0", *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_cleanly(how: signal.Signals) -> None:
    with started("--users", "2", "--events-per-user", "5") as (process, line):
        headers = {"Authorization": f"Bearer {line['api_key']}"}
        answer = requests.get(f"{line['url']}/v3/applications", headers=headers, timeout=10).json()
        assert answer["data"]["application_id"] == line["application_id"]
        assert [grant["name"] for grant in line["grants"]] == ["Anna Berg", "Bruno Kessler"]
        assert line["grants"][0]["calendars"][0].keys() == {"id", "name", "is_primary", "read_only"}
        process.send_signal(how)
        rest, errors = process.communicate(timeout=10)
        assert (process.returncode, rest, errors) == (0, "", "")


def test_it_ends_with_whoever_started_it_if_asked_to() -> None:
    with started("--users", "1", "--until-input-ends") as (process, _):
        assert process.communicate(timeout=10) == ("", "")
        assert process.returncode == 0


def test_key_provider_and_seed_are_taken_from_the_options() -> None:
    options = ("--users", "1", "--api-key", "k", "--provider", "icloud", "--clock", "1767225600")
    with started(*options, "--seed", "5") as (_, first), started(*options, "--seed", "5") as (_, second):
        assert first | {"url": ""} == second | {"url": ""}
        assert (first["api_key"], first["grants"][0]["provider"]) == ("k", "icloud")


def test_a_port_in_use_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["--port", str(port), "--users", "1", "--events-per-user", "0"]) == 1
    assert f"127.0.0.1:{port} cannot be used" in capsys.readouterr().err


def test_a_missing_directory_is_wrong_usage(tmp_path: Path) -> None:
    assert main(["--ics", str(tmp_path / "none")]) == 2


@pytest.mark.parametrize("options", [["--users", "-1"], ["--provider", "imaginary"], ["--users", "many"]])
def test_wrong_options_are_wrong_usage(options: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(options)
    assert ended.value.code == 2


def test_losses_of_calendar_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.ics").write_text("BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:t1\nEND:VTODO\nEND:VCALENDAR\n")
    with started("--ics", str(tmp_path), "--users", "1") as (process, line):
        report = requests.get(f"{line['url']}/sandbox/report", timeout=10).json()["data"]
        process.terminate()
        assert "sandbox: a.ics t1: VTODO: only events are loaded" in process.communicate(timeout=10)[1]
    assert report == [{"file": "a.ics", "uid": "t1", "what": "VTODO", "why": "only events are loaded"}]


def test_contacts_and_mail_are_made_up_unless_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.vcf").write_text("BEGIN:VCARD\nFN:Ida Lund\nEND:VCARD\n")
    for options, contacts, messages in (((), 40, 60), (("--vcard", str(tmp_path), "--messages-per-user", "3"), 1, 3)):
        with started("--users", "1", *options) as (_, line):
            headers = {"Authorization": f"Bearer {line['api_key']}"}
            found = [
                requests.get(f"{line['url']}/v3/grants/{line['grants'][0]['id']}/{name}", headers=headers, timeout=10)
                for name in ("contacts?limit=200", "messages?limit=200")
            ]
            assert [len(one.json()["data"]) for one in found] == [contacts, messages]


@pytest.mark.parametrize("option", ["--vcard", "--mbox"])
def test_a_missing_file_is_wrong_usage(tmp_path: Path, option: str) -> None:
    assert main([option, str(tmp_path / "none")]) == 2
