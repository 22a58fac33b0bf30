"""Get side by side with its floor and with the script people write, interleaved in one run, medians of the rounds."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from bench.floors import TABLES, fetch, floor, written_rows
from bench.installations import copied, get, opened, opened_at_work, prepare
from bench.reports import Row, note
from bench.sandboxes import Company, running_company
from bench.sdk_scripts import script
from bench.stopwatches import Took, median, timed
from nylasadmin.bootstrap import Product

FLOOR, FETCH, OURS, AGAIN, ALONE, ALONE_AGAIN, SDK = (
    "floor: bytes and raw rows",
    "fetch floor: bytes, nothing written",
    "our Get, four workers (as installed)",
    "our Get again, four workers",
    "our Get, one worker",
    "our Get again, one worker",
    "official SDK and ORM",
)
_SDK_USERS = 1


def measure(events: int, users: int, rounds: int) -> list[Row]:
    """Measure all contestants; give the rows of the table."""
    with tempfile.TemporaryDirectory() as folder, running_company(users, events // users) as company:
        return _Contest(Path(folder), company).rows(rounds)


class _Contest:
    def __init__(self, folder: Path, company: Company) -> None:
        self._folder = folder
        self._company = company
        self._prepared = prepare(folder / "prepared", company)
        self._took: dict[str, list[Took]] = {name: [] for name in (FLOOR, FETCH, OURS, AGAIN, ALONE, ALONE_AGAIN, SDK)}

    def rows(self, rounds: int) -> list[Row]:
        self._round("warm-up")
        tables = written_rows(self._folder / "warm-up-four")
        for took in self._took.values():
            took.clear()
        for number in range(rounds):
            note(f"round {number + 1} of {rounds}")
            place = copied(self._prepared, self._folder / f"floor-{number}")
            self._took[FLOOR].append(timed(lambda place=place: floor(self._company, place, tables)))  # type: ignore[misc]
            self._took[FETCH].append(timed(lambda: fetch(self._company) and len(tables[0].rows)))
            self._round(f"ours-{number}")
        return self._table()

    def _round(self, name: str) -> None:
        place = copied(self._prepared, self._folder / f"{name}-four")
        self._get_twice(place, opened_at_work(place), OURS, AGAIN)
        place = copied(self._prepared, self._folder / f"{name}-one")
        self._get_twice(place, opened(place), ALONE, ALONE_AGAIN)
        self._took[SDK].append(timed(lambda: script(self._company, place, _SDK_USERS)))

    def _get_twice(self, place: Path, product: Product, first: str, again: str) -> None:
        self._took[first].append(timed(lambda: get(product).counters.created))
        before = fingerprint(place)
        self._took[again].append(timed(lambda: get(product).counters.unchanged))
        product.close()
        if fingerprint(place) != before:
            raise RuntimeError("Get with nothing changed has written rows")

    def _table(self) -> list[Row]:
        base = median(self._took[FLOOR])
        fetched, sdk = median(self._took[FETCH]), median(self._took[SDK])
        return [_row(name, median(rounds), base, fetched, sdk) for name, rounds in self._took.items()]


def _row(name: str, took: Took, base: Took, fetched: Took, sdk: Took) -> Row:
    return Row(
        {
            "what": name,
            "events": f"{took.events:,}",
            "events/s": f"{1e6 / took.us_per_event:,.0f}",
            "us/event": f"{took.us_per_event:,.1f}",
            "own CPU us/event": f"{took.cpu_us_per_event:,.1f}",
            "x floor": f"{took.us_per_event / base.us_per_event:.2f}",
            "x fetch floor": f"{took.us_per_event / fetched.us_per_event:.2f}",
            "x faster than the SDK": f"{sdk.us_per_event / took.us_per_event:.1f}",
        }
    )


def fingerprint(place: Path) -> list[tuple[object, ...]]:
    """Give what would differ if any row of the items, the change feed, the pairs or the writes had been touched."""
    with closing(sqlite3.connect(place / "nylasadmin.db")) as db:
        counts = [db.execute(f"SELECT '{name}', count(*) FROM {name}").fetchone() for name in TABLES]
        items = db.execute("SELECT max(updated_at), max(rowid) FROM crm_items").fetchone()
        feed = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'crm_changes'").fetchone()
        return [*counts, items, feed]
