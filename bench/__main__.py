"""All measurements: ``python -m bench`` prints the tables, ``--write`` also puts them into ``docs/performance.md``."""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
from collections.abc import Callable

from bench import consoles, copying, memory, planning, scaling, sending
from bench.reports import Row, markdown, write

PARTS = ("copying", "planning", "scaling", "sending", "memory", "start", "panels")


def main() -> None:
    options = _parser().parse_args()
    measures: dict[str, Callable[[], list[Row]]] = {
        "copying": lambda: copying.measure(options.events, options.users, options.rounds),
        "planning": lambda: planning.measure(10_000, options.rounds + 2),
        "scaling": lambda: scaling.measure(options.most_items),
        "sending": sending.measure,
        "memory": lambda: memory.measure(options.items_per_link),
        "start": lambda: consoles.measure_start(options.rounds + 2),
        "panels": lambda: consoles.measure_panels(options.links, options.asked),
    }
    for part in options.parts or PARTS:
        table = markdown(measures[part]())
        print(f"\n{part}\n\n{table}")
        if options.write:
            write(part, table)
    print(f"\n{machine()}")
    if options.write:
        write("machine", machine())


def machine() -> str:
    """Say what the figures were taken on."""
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {versions}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", type=_part, metavar="PART", help=f"{', '.join(PARTS)} (default: all)")
    parser.add_argument("--events", type=int, default=20_000, help="default: %(default)s")
    parser.add_argument("--users", type=int, default=20, help="calendars, one per user (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--links", type=int, default=10_000, help="behind the panels (default: %(default)s)")
    parser.add_argument("--items-per-link", type=int, default=50, help="for the memory (default: %(default)s)")
    parser.add_argument("--most-items", type=int, default=1_000_000, help="for the scaling (default: %(default)s)")
    parser.add_argument("--asked", type=int, default=150, help="times each panel is asked (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    return parser


def _part(text: str) -> str:
    if text not in PARTS:
        raise argparse.ArgumentTypeError(f"there is no {text}; choose from {', '.join(PARTS)}")
    return text


if __name__ == "__main__":
    main()
