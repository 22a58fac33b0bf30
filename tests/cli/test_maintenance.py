"""``nylasadmin upgrade``, ``check-config`` and what every command says about a bad configuration."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.shell import SECRET, Shell


def test_a_good_configuration_is_shown_without_secrets(shell: Shell, data: Path) -> None:
    checked = shell("check-config")
    assert checked.code == 0
    assert f"data_dir = {data}" in checked.out
    assert "secret_key = (set)" in checked.out
    assert SECRET not in checked.out


def test_all_problems_are_listed_together(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NYLASADMIN_SECRET_KEY", "short")
    monkeypatch.setenv("NYLASADMIN_PORT", "eighty")
    monkeypatch.setenv("NYLASADMIN_COLOUR", "blue")
    checked = shell("check-config")
    assert checked.code == 2
    assert {line.split(": ")[1] for line in checked.err.splitlines()} == {
        "NYLASADMIN_SECRET_KEY",
        "NYLASADMIN_PORT",
        "NYLASADMIN_COLOUR",
    }


@pytest.mark.parametrize("command", [("serve",), ("target", "list"), ("upgrade",), ("check-config",)])
def test_a_missing_secret_key_is_said_and_ends_with_2(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.delenv("NYLASADMIN_SECRET_KEY")
    refused = shell(*command)
    assert refused.code == 2
    assert "NYLASADMIN_SECRET_KEY: missing." in refused.err


def test_a_data_directory_that_cannot_be_written_is_said_and_ends_with_2(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    refused = shell("operator", "list", "--data", str(tmp_path / "file" / "data"))
    assert refused.code == 2
    assert "cannot be written" in refused.err


def test_a_database_that_is_none_is_said_and_ends_with_2(shell: Shell, data: Path) -> None:
    data.mkdir()
    (data / "nylasadmin.db").write_bytes(b"this was never a database, it only lies where one should be" * 20)
    refused = shell("operator", "list")
    assert refused.code == 2
    assert "cannot be opened" in refused.err
    assert "Traceback" not in refused.err


def test_settings_may_come_from_a_file(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("port = 9999\n")
    assert "port = 9999" in shell("check-config", "--config", str(tmp_path / "settings.toml")).out


def test_upgrading_twice_does_nothing_the_second_time(shell: Shell, data: Path) -> None:
    first, second = shell("upgrade"), shell("upgrade")
    assert (first.code, second.code) == (0, 0)
    assert second.out == "The database has the present tables.\n"


def test_an_older_database_is_copied_aside_before_it_is_changed(shell: Shell, data: Path) -> None:
    shell("upgrade")
    with closing(sqlite3.connect(data / "nylasadmin.db")) as db:
        for (name,) in db.execute(
            "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall():
            db.execute("DELETE FROM alembic_version" if name == "alembic_version" else f"DROP TABLE {name}")
        db.execute("CREATE TABLE kept (what TEXT)")
        db.commit()
    upgraded = shell("upgrade")
    copies = list(data.glob("*before-upgrade*"))
    assert upgraded.code == 0
    assert [str(copy) in upgraded.out for copy in copies] in ([True], [])


def test_help_names_every_command_and_the_exit_codes(shell: Shell) -> None:
    shown = shell("--help").out
    nouns = ("demo", "serve", "sandbox", "operator", "target", "link", "snapshot", "crm", "upgrade", "check-config")
    assert [noun for noun in nouns if noun not in shown] == []
    assert "3 held" in " ".join(shown.split())


def test_no_command_at_all_is_wrong_usage(shell: Shell) -> None:
    assert shell().code == 2


def test_checking_makes_nothing(shell: Shell, data: Path) -> None:
    checked = shell("check-config")
    assert checked.code == 0
    assert "The database will be made at the first start." in checked.out
    assert not data.exists()


def test_checking_asks_a_database_that_is_there(shell: Shell, data: Path) -> None:
    shell("operator", "list")
    assert "The database answers." in shell("check-config").out
    (data / "nylasadmin.db").write_bytes(b"no database " * 100)
    assert shell("check-config").code == 2


def test_a_database_server_that_does_not_answer_is_said(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NYLASADMIN_DATABASE_URL", "postgresql+psycopg://nobody:hidden@127.0.0.1:1/none")
    checked = shell("check-config")
    assert checked.code == 2
    assert "cannot be opened" in checked.err
    assert "hidden" not in checked.err


@pytest.mark.parametrize("address", ["nonsense", "nothing://host/name", "postgresql+nothing://host/name"])
@pytest.mark.parametrize("command", [("check-config",), ("operator", "list")])
def test_an_address_of_no_database_is_said(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], address: str
) -> None:
    monkeypatch.setenv("NYLASADMIN_DATABASE_URL", address)
    checked = shell(*command)
    assert checked.code == 2
    assert "NYLASADMIN_DATABASE_URL" in checked.err
