"""Bring a database to the present tables. A SQLite file is copied aside before anything in it is changed."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from nylasadmin.adapters.storage.database import begin_writing

_FOLDER = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> Path | None:
    """Apply what is missing; give the copy that was made of a SQLite file, ``None`` if there was nothing to do.

    All in one transaction: processes that start together migrate one after the other, and one that dies in the middle
    leaves the database as it was.
    """
    newest = newest_revision()
    with engine.connect() as connection:
        if _current(connection) == newest:
            return None
    with _rebuilding(engine) as connection:
        current = _current(connection)
        if current == newest:  # another process was first
            return None
        copy = _copied_aside(engine) if current else None
        _apply(connection)
    return copy


def newest_revision() -> str:
    """Give the number of the newest migration, which its file name begins with."""
    return max(path.name.partition("_")[0] for path in _FOLDER.glob("versions/[0-9]*.py"))


def _apply(connection: Connection) -> None:
    from alembic import command  # late: 11 MB and a tenth of a second that a start without an upgrade need not pay
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextmanager
def _rebuilding(engine: Engine) -> Iterator[Connection]:
    """Open a writing transaction in which tables may be rebuilt: SQLite checks references at its end only."""
    with engine.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        try:
            begin_writing(connection)
            yield connection
            if is_sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
                raise RuntimeError(f"the migration would leave {len(broken)} rows that refer to nothing")
            connection.commit()
        finally:
            connection.rollback()
            if is_sqlite:
                connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _copied_aside(engine: Engine) -> Path | None:
    """Copy a SQLite file as it was committed last; whoever migrates keeps others from writing meanwhile."""
    name = engine.url.database
    if engine.dialect.name != "sqlite" or not name:
        return None
    source = Path(name)
    copy = source.with_name(f"{source.stem}-before-upgrade-{time.strftime('%Y%m%d-%H%M%S')}{source.suffix}")
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)
    return copy
