"""Bringing a database to the present tables."""

from __future__ import annotations

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from nylasadmin.adapters.storage import migrate
from nylasadmin.adapters.storage.accounts import SqlAccounts
from nylasadmin.adapters.storage.database import prepare
from nylasadmin.adapters.storage.migrate import upgrade
from nylasadmin.adapters.storage.operators import SqlOperators
from nylasadmin.adapters.storage.tables import metadata
from nylasadmin.domain.policies import Policies, freeze
from tests.adapters.storage.conftest import Open


def revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    head = ScriptDirectory.from_config(config).get_current_head()
    assert head is not None
    return head


def test_the_newest_migration_is_known_without_the_migration_library() -> None:
    assert migrate.newest_revision() == newest()


def test_a_fresh_database_gets_all_tables_and_nothing_is_copied(open_engine: Open) -> None:
    engine = open_engine()

    assert upgrade(engine) is None

    assert set(inspect(engine).get_table_names()) == metadata.tables.keys() | {"alembic_version"}
    assert revision(engine) == newest()
    assert upgrade(engine) is None


def test_migrations_lead_to_exactly_the_tables_the_program_knows(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_indexes_and_options_are_those_the_program_knows(tmp_path: Path) -> None:
    """What Alembic does not compare: conditions of indexes, tables without row ids, numbers never given twice."""
    made, migrated = (create_engine(f"sqlite:///{tmp_path / name}.db") for name in ("made", "migrated"))
    metadata.create_all(made)
    upgrade(prepare(migrated))

    assert definitions(made) == definitions(migrated)
    made.dispose()
    migrated.dispose()


def definitions(engine: Engine) -> dict[str, set[str]]:
    """Give each table's and index's definition as a set of its parts: their order says nothing."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        return {
            name: {" ".join(part.split()) for part in re.split(r"[\n,()]", sql.replace('"', ""))} - {""}
            for name, sql in rows
            if not name.startswith(("alembic", "sqlite"))
        }


def at_first_tables(path: Path, last: str = "0001") -> Engine:
    """A file as the first version left it, or a later one whose newest migration was that."""
    engine = prepare(create_engine(f"sqlite:///{path}"))
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        config.attributes["connection"] = connection
        command.upgrade(config, last)
        connection.exec_driver_sql("INSERT INTO installation VALUES ('name', 'kept')")
        connection.commit()
    return engine


def test_an_upgrade_copies_the_file_aside_first_and_keeps_the_rows(tmp_path: Path) -> None:
    engine = at_first_tables(tmp_path / "store.db")

    copy = upgrade(engine)

    assert revision(engine) == newest()
    assert copy is not None
    assert copy.parent == tmp_path
    with closing(sqlite3.connect(copy)) as old:
        assert old.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
        assert old.execute("SELECT value FROM installation").fetchall() == [("kept",)]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT value FROM installation")).scalar_one() == "kept"
    engine.dispose()


def test_names_that_differ_only_in_case_survive_the_upgrade(tmp_path: Path) -> None:
    engine = at_first_tables(tmp_path / "store.db")
    with engine.begin() as connection:
        for name in ("olga", "OLGA", "vera"):
            columns = "username, password_hash, is_disabled, sign_in_serial"
            connection.exec_driver_sql(f"INSERT INTO operators ({columns}) VALUES ('{name}', '', 0, 1)")

    upgrade(engine)

    with engine.connect() as connection:
        operators = SqlOperators(connection, lambda: 0)
        found = {name: operators.by_name(name) for name in ("olga", "OLGA", "Olga", "Vera")}
    assert {name: o.username for name, o in found.items() if o} == {
        "olga": "olga", "OLGA": "OLGA", "Olga": "olga", "Vera": "vera",
    }  # fmt: skip
    engine.dispose()


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = at_first_tables(tmp_path / "store.db")
    real = command.upgrade

    def broken_off(config: Config, to: str) -> None:
        real(config, to)
        raise OSError("the disk is full")

    monkeypatch.setattr(command, "upgrade", broken_off)
    with pytest.raises(OSError, match="the disk is full"):
        upgrade(engine)
    monkeypatch.undo()

    assert revision(engine) == "0001"
    assert "ix_writes_intended" in {i["name"] for i in inspect(engine).get_indexes("writes")}
    assert upgrade(engine) is not None
    engine.dispose()


def test_processes_that_start_together_migrate_once(open_engine: Open) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: upgrade(open_engine()), range(6)))

    assert revision(open_engine()) == newest()


def test_the_connection_that_migrated_keeps_the_rules_of_the_others(tmp_path: Path) -> None:
    engine = prepare(create_engine(f"sqlite:///{tmp_path / 'store.db'}", pool_size=1, max_overflow=0))
    upgrade(engine)

    with engine.connect() as connection:
        names = ("journal_mode", "foreign_keys", "synchronous")
        asked = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names}

    assert asked == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1}
    engine.dispose()


NOON_3_MARCH, NOON_2_OCTOBER_2020 = 1_772_539_200, 1_601_640_000
MIDNIGHT_1_FEBRUARY, MIDNIGHT_21_FEBRUARY, MIDNIGHT_2_SEPTEMBER_2020 = 1_769_904_000, 1_771_632_000, 1_599_004_800


def test_accounts_that_are_there_freeze_what_their_target_says_when_they_connected(tmp_path: Path) -> None:
    engine = at_first_tables(tmp_path / "store.db", last="0007")
    with engine.begin() as connection:
        add_accounts_before_policies(connection)

    upgrade(engine)

    with engine.connect() as connection:
        accounts = {account.email: account.policy for account in SqlAccounts(connection, lambda: 0).of_target(1)}
    anna, bruno = accounts["anna@b.example"], accounts["bruno@b.example"]
    assert (anna.sync_from, anna.webhook_from) == (MIDNIGHT_1_FEBRUARY, MIDNIGHT_21_FEBRUARY)
    assert (bruno.sync_from, bruno.webhook_from) == (MIDNIGHT_2_SEPTEMBER_2020, None)
    assert anna == freeze(Policies(sync_days=30, webhook_days=10), NOON_3_MARCH)
    assert bruno == freeze(Policies(sync_days=30, webhook_days=10), NOON_2_OCTOBER_2020)
    engine.dispose()


def add_accounts_before_policies(connection: Connection) -> None:
    """Add a target and two accounts, one of them from before webhook policies, to tables that know no policies."""
    rows = {
        "targets": "(1, 'US', 'api.us.nylas.com', 1, 1, 0, '', 'entry', 30, 10, 50, 20, 1, 'us')",
        "crm_users": "('anna', 'Anna', 'anna@b.example'), ('bruno', 'Bruno', 'bruno@b.example')",
        "accounts": f"(1, 1, 'anna', 'anna@b.example', 'google', 'g1', 'connected', {NOON_3_MARCH}),"
        f" (2, 1, 'bruno', 'bruno@b.example', 'google', 'g2', 'connected', {NOON_2_OCTOBER_2020})",
    }
    columns = {
        "targets": "id, name, host, inbound, outbound, is_disabled, application_id, plan, sync_days, webhook_days,"
        " guard_deletes, guard_share_percent, version, name_key",
        "crm_users": "id, name, email",
        "accounts": "id, target_id, user_id, email, provider, grant_id, state, connected_at",
    }
    for table, values in rows.items():
        connection.exec_driver_sql(f"INSERT INTO {table} ({columns[table]}) VALUES {values}")
