"""The floor: the same pages as bytes through a requests session, the same rows through the raw SQLite driver."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import requests

from bench.sandboxes import Company

TABLES = ("crm_items", "crm_changes", "pairs", "writes")
_BATCH = 500
_CURSOR = re.compile(rb'"next_cursor": ?"([^"]+)"')
_ENDLESS = 4_102_444_800
_TYPES = ["default", "outOfOffice", "focusTime", "workingLocation"]


class Table(NamedTuple):
    """A table's rows as Get wrote them."""

    name: str
    columns: list[str]
    rows: list[tuple[Any, ...]]


def written_rows(folder: Path) -> list[Table]:
    """Read what a Get wrote into an installation's database."""
    with closing(sqlite3.connect(folder / "nylasadmin.db")) as db:
        return [_table(db, name) for name in TABLES]


def _table(db: sqlite3.Connection, name: str) -> Table:
    found = db.execute(f"SELECT * FROM {name}")
    return Table(name, [column[0] for column in found.description], found.fetchall())


def floor(company: Company, folder: Path, tables: list[Table]) -> int:
    """Read all pages, write all rows; give the number of events (items) written."""
    fetch(company)
    write(folder, tables)
    return len(tables[0].rows)


def fetch(company: Company) -> int:
    """Read all pages and do nothing with them; give their number."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {company.api_key}"
    with session:
        return sum(1 for grant in company.grants for _ in pages(session, company.url, grant.id, grant.primary.id))


def pages(session: requests.Session, url: str, grant_id: str, calendar_id: str) -> Iterator[bytes]:
    """Yield a calendar's pages as the engine asks for them, unread but for the cursor."""
    query: dict[str, Any] = {"calendar_id": calendar_id, "start": 0, "end": _ENDLESS, "limit": 200}
    query |= {"expand_recurring": "false", "show_cancelled": "true", "event_type": _TYPES}
    while True:
        body = session.get(f"{url}/v3/grants/{grant_id}/events", params=query, timeout=60).content
        yield body
        cursor = _CURSOR.search(body[-500:]) or _CURSOR.search(body)
        if cursor is None:
            return
        query["page_token"] = cursor[1].decode()


def write(folder: Path, tables: list[Table]) -> None:
    """Insert all rows with ``executemany``, in batches of one transaction each."""
    with closing(sqlite3.connect(folder / "nylasadmin.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        for begin in range(0, max(len(table.rows) for table in tables), _BATCH):
            db.execute("BEGIN IMMEDIATE")
            for table in tables:
                marks = ",".join("?" * len(table.columns))
                names = ",".join(f'"{name}"' for name in table.columns)
                statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"
                db.executemany(statement, table.rows[begin : begin + _BATCH])
            db.execute("COMMIT")
