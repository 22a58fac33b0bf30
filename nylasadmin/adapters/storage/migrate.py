"""Bring a database to the present tables. A SQLite file is copied aside before anything in it is changed."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 7_310_041  # any number of our own: PostgreSQL processes that start together migrate one after the other


def upgrade(engine: Engine) -> Path | None:
    """Apply what is missing; give the copy that was made of a SQLite file, ``None`` if there was nothing to do."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    newest = ScriptDirectory.from_config(config).get_current_head()
    if _current(engine) == newest:
        return None
    copy = _copied_aside(engine)
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    return copy


def _current(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _copied_aside(engine: Engine) -> Path | None:
    name = engine.url.database
    if engine.dialect.name != "sqlite" or not name or _current(engine) is None:
        return None
    source = Path(name)
    copy = source.with_name(f"{source.stem}-before-upgrade-{time.strftime('%Y%m%d-%H%M%S')}{source.suffix}")
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)
    return copy
