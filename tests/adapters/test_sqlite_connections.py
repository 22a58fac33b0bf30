"""Every connection to the SQLite file writes ahead, waits for its turn and keeps foreign keys: the first one, too."""

from __future__ import annotations

from pathlib import Path

from nylasadmin import bootstrap
from nylasadmin.bootstrap import Product
from nylasadmin.settings import Settings


def product_in(folder: Path) -> Product:
    return bootstrap.build(Settings(secret_key="k" * 40, data_dir=str(folder), runner="inline"))


def test_the_first_connection_after_the_tables_were_made_has_every_pragma(tmp_path: Path) -> None:
    product = product_in(tmp_path)
    with product.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        }
    product.close()
    assert found == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 20_000}


def test_a_reader_is_served_while_somebody_writes(tmp_path: Path) -> None:
    product = product_in(tmp_path)
    with product.storage.write() as writing:
        writing.operators.add("olga", "hash")
        with product.storage.read() as reading:
            assert reading.operators.by_name("olga") is None
    product.close()
