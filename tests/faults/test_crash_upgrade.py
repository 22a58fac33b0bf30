"""A real process, really killed, before every statement of an upgrade and around its commit: no row is ever lost.

The database is one of revision 0006, filled by the product and taken back to it. Whatever the killed process leaves is
upgraded by the next one, which is all that a start does before anything else.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event

from nylasadmin.adapters.storage import migrate
from nylasadmin.adapters.storage.database import prepare
from nylasadmin.adapters.storage.migrate import newest_revision, upgrade
from nylasadmin.domain.plan import Direction
from tests.services.conftest import Worlds
from tests.services.worlds import timed

BEFORE = "0006"
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def old(worlds: Worlds, tmp_path: Path) -> Path:
    """A database that has seen runs, failures and plans, as the version before left it."""
    world = worlds()
    for number in range(20):
        world.event(f"Meeting {number:02}")
    world.get()
    for item in list(world.items().values())[:10]:
        world.edit(item, location="Room 9")
    world.put("Refused", when=timed(5))
    world.fault("status", status=400, method="POST")
    world.send()
    world.snapshot(Direction.GET, is_preview=True)
    world.product.close()
    path = tmp_path / "old.db"
    shutil.copy(Path(world.product.settings.data_dir) / "nylasadmin.db", path)
    engine = opened(path)
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        config.attributes["connection"] = connection
        command.downgrade(config, BEFORE)
        connection.commit()
    engine.dispose()
    assert revision(path) == BEFORE
    return path


def opened(path: Path) -> Engine:
    return prepare(create_engine(f"sqlite:///{path}"))


def held(path: Path) -> Rows:
    """Give all rows of all tables."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        assert [row[0] for row in connection.execute("PRAGMA integrity_check")] == ["ok"]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        return {
            name: sorted(map(dict, connection.execute(f"SELECT * FROM {name}")), key=repr)
            for name in [row["name"] for row in found]
        }


def revision(path: Path) -> str:
    return str(held(path)["alembic_version"][0]["version_num"])


def as_before(rows: Rows, before: Rows) -> Rows:
    """Give what rows hold in the tables and columns of before; the revision itself is left out."""
    return {
        table: sorted(({name: row[name] for name in was[0]} for row in rows[table]), key=repr)
        for table, was in before.items()
        if was and table != "alembic_version"
    }


def forked(deed: Callable[[], None]) -> int:
    """Do something in a process of its own; give how that ended."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            deed()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def upgraded(path: Path, dies_at: int | None, log: Path) -> None:
    engine, passed = opened(path), 0

    def point(*_: Any) -> None:
        nonlocal passed
        passed += 1
        log.write_text(str(passed))
        if passed == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, "before_cursor_execute", point)
    event.listen(engine, "after_cursor_execute", point)
    event.listen(engine, "commit", point)
    upgrade(engine)
    point()
    engine.dispose()


def test_an_upgrade_that_is_killed_anywhere_is_finished_by_the_next_start(old: Path, tmp_path: Path) -> None:
    log, path = tmp_path / "points", tmp_path / "new.db"
    before = held(old)
    assert all(before[table] for table in ("runs", "snapshots", "pairs", "writes", "crm_items", "plan_items", "audit"))
    shutil.copy(old, path)
    assert forked(lambda: upgraded(path, None, log)) == 0
    undisturbed, points = held(path), int(log.read_text())
    assert points > 100
    chosen = (
        range(1, points + 1) if os.environ.get("NYLASADMIN_EVERY_POINT") == "1" else {*range(1, points, 12), points}
    )

    for number in chosen:
        for left in tmp_path.glob("new*"):
            left.unlink()
        shutil.copy(old, path)
        assert forked(lambda at=number: upgraded(path, at, log)) == -signal.SIGKILL  # type: ignore[misc]
        assert revision(path) in (BEFORE, newest_revision())
        assert forked(lambda: upgraded(path, None, log)) == 0
        assert held(path) == undisturbed, f"killed at point {number} of {points}"
    assert as_before(undisturbed, before) == as_before(before, before)
