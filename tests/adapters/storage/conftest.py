"""Each database in turn: SQLite in a file, and PostgreSQL in a schema of its own where one is running."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from nylasadmin.adapters.storage.database import Database, prepare
from nylasadmin.adapters.storage.migrate import upgrade
from nylasadmin.adapters.storage.tables import metadata
from tests.made_once import put_tables

NOW = 1_772_445_600
POSTGRESQL = "postgresql+psycopg://{user}@127.0.0.1:5432/test"

Open = Callable[[], Engine]


@cache
def reachable() -> str | None:
    """Give the address of a PostgreSQL that lets us in without a password, if there is one."""
    pytest.importorskip("psycopg", reason="no driver for PostgreSQL")
    for user in ("root", "postgres"):
        engine = create_engine(POSTGRESQL.format(user=user), connect_args={"connect_timeout": 2})
        try:
            with engine.connect():
                return POSTGRESQL.format(user=user)
        except Exception:  # noqa: BLE001, S112 - whatever is wrong with it: the next one
            continue
        finally:
            engine.dispose()
    return None


@pytest.fixture(params=["sqlite", "postgresql"])
def open_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Open engines on one empty database, as several processes would."""
    engines: list[Engine] = []
    if request.param == "sqlite":
        yield lambda: _kept(engines, prepare(create_engine(f"sqlite:///{tmp_path / 'store.db'}", pool_size=20)))
    else:
        schema = request.getfixturevalue("schema_with_tables" if "engine" in request.fixturenames else "schema")
        yield lambda: _kept(engines, engine_of(schema))
    for engine in engines:
        engine.dispose()


@pytest.fixture
def schema() -> Iterator[str]:
    """An empty schema at PostgreSQL."""
    with schema_of_its_own() as made:
        yield made


@pytest.fixture(scope="session")
def migrated_schema() -> Iterator[str]:
    """One schema with the present tables for all tests of this process: migrations take most of a test's time."""
    with schema_of_its_own() as made:
        engine = engine_of(made)
        upgrade(engine)
        engine.dispose()
        yield made


@pytest.fixture
def schema_with_tables(migrated_schema: str) -> Iterator[str]:
    """The present tables at PostgreSQL, without rows and with all numbers still to be given."""
    yield migrated_schema
    engine = engine_of(migrated_schema)
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
        connection.execute(text(_GIVE_NUMBERS_AGAIN))
    engine.dispose()


_GIVE_NUMBERS_AGAIN = """
    SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false)
    FROM pg_sequences WHERE schemaname = current_schema()
"""


@contextmanager
def schema_of_its_own() -> Iterator[str]:
    """Make a schema at PostgreSQL that goes with the block."""
    address = reachable()
    if address is None:
        pytest.skip("no PostgreSQL at 127.0.0.1:5432 with a database “test”")
    name = f"nylasadmin_{secrets.token_hex(6)}"
    _run(address, f"CREATE SCHEMA {name}")
    try:
        yield name
    finally:
        _run(address, f"DROP SCHEMA {name} CASCADE")


def engine_of(schema: str) -> Engine:
    """Open an engine on a schema; what it commits need not survive the machine."""
    options = {"options": f"-csearch_path={schema} -csynchronous_commit=off"}
    return prepare(create_engine(reachable() or "", pool_size=20, connect_args=options))


def _kept(engines: list[Engine], engine: Engine) -> Engine:
    engines.append(engine)
    return engine


def _run(address: str, statement: str) -> None:
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def engine(open_engine: Open, tmp_path: Path) -> Engine:
    """A database with the present tables."""
    put_tables(tmp_path / "store.db")  # not looked at by PostgreSQL
    engine = open_engine()
    upgrade(engine)
    return engine


@pytest.fixture
def storage(engine: Engine) -> Database:
    return Database(engine, lambda: NOW)
