"""Many rows at once: the driver's own ``executemany`` with a statement that is compiled once.

SQLAlchemy prepares each row of an insert anew (a dictionary, a list, a converter per column); for the tables a snapshot
fills that was a sixth of its processor time. Only for columns whose values every driver takes as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Table, insert

Row = tuple[object, ...]


def insert_rows(db: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Insert rows whose values stand in the order of ``columns``."""
    _execute(db, table, columns, rows, "")


def replace_rows(db: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Insert rows; older ones that any unique key collides with give way. SQLite only."""
    _execute(db, table, columns, rows, "OR REPLACE")


def _execute(db: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Row], prefix: str) -> None:
    if not rows:
        return
    text, order = _compiled(db.dialect, table, columns, prefix)
    given: Any = _in_order(rows, columns, order) if order else [dict(zip(columns, row, strict=True)) for row in rows]
    db.exec_driver_sql(text, given)


def _in_order(rows: Sequence[Row], columns: tuple[str, ...], order: tuple[str, ...]) -> list[Row]:
    if order == columns:
        return list(rows)
    places = [columns.index(name) for name in order]
    return [tuple(row[place] for place in places) for row in rows]


_cache: dict[tuple[object, ...], tuple[str, tuple[str, ...]]] = {}


def _compiled(dialect: Dialect, table: Table, columns: tuple[str, ...], prefix: str) -> tuple[str, tuple[str, ...]]:
    """Give the statement's text and, for drivers that take values by position, their order."""
    key = (dialect.name, dialect.driver, table.name, columns, prefix)
    if key not in _cache:
        statement = insert(table).prefix_with(prefix) if prefix else insert(table)
        made: Any = statement.compile(dialect=dialect, column_keys=list(columns))
        _cache[key] = str(made), tuple(made.positiontup or ())
    return _cache[key]


def storable(text: str) -> str:
    """Leave out what PostgreSQL's text has no place for. Bodies are bytes and keep it."""
    return text.replace("\0", "") if "\0" in text else text
