"""The unit of work: one connection, one transaction, repositories bound to it, committed on leaving.

SQLite: WAL, foreign keys on, ``BEGIN IMMEDIATE`` for writers (a deferred BEGIN that later writes fails under load, and
without one increments are lost silently). PostgreSQL: writers take turns too, by a lock that ends with the transaction,
so that what was read may be written upon, and numbers of the change feed become visible in their order; readers see one
moment. No network happens inside a unit of work.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event, text

from nylasadmin.adapters.storage.repositories import SqlUnitOfWork

_BUSY_TIMEOUT_MS = 20_000
_WRITERS_LOCK = 7_310_042  # any number of our own


class Database:
    """Opens units of work on an engine. Thread-safe; connections are pooled."""

    def __init__(self, engine: Engine, now: Callable[[], int]) -> None:
        self.engine = engine
        self._now = now

    @contextmanager
    def write(self) -> Iterator[SqlUnitOfWork]:
        """Open a unit of work that may write; roll back if the block raises."""
        with self.engine.connect() as connection:
            begin_writing(connection)
            yield SqlUnitOfWork(connection, self._now)
            connection.commit()

    @contextmanager
    def read(self) -> Iterator[SqlUnitOfWork]:
        """Open a unit of work for queries: one consistent view, never committed."""
        with self.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            else:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield SqlUnitOfWork(connection, self._now)


def begin_writing(connection: Connection) -> None:
    """Begin a transaction that may write: one at a time, others wait here."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITERS_LOCK})


def prepare(engine: Engine) -> Engine:
    """Make an engine's connections as units of work need them; to be called before the first one is opened."""
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    return engine


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not open transactions of its own
        connection.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _on_begin(_connection: Connection) -> None:
        """SQLAlchemy's own BEGIN is silent here; units of work say which kind they want."""
