"""How the cost of a Get grows from a thousand items to a million: processor time by a fitted exponent, and memory.

Two ways to a large number: many links of a thousand items each, as installations have them, and one link that holds
everything, as none should. Each size runs in a process of its own on a fresh database.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

from bench.installations import prepare
from bench.memory import Got, got_in_a_process
from bench.reports import Row, note
from bench.sandboxes import Company, running_company

PER_LINK = 1_000
_ONE_LINK = (1_000, 10_000, 100_000)


def measure(most: int) -> list[Row]:
    """Measure sizes from a thousand to ``most`` items over many links, then one link; give the rows of the table."""
    sizes = [size for size in (1_000, 10_000, 100_000, 1_000_000) if size <= most]
    with running_company(max(sizes) // PER_LINK, PER_LINK) as company:
        many = [_measured(company.first(size // PER_LINK), f"{size:,} items over links") for size in sizes]
    one = [_one_link(size) for size in _ONE_LINK if size <= most]
    return [*_rows("many links of 1,000 items", many), *_rows("one link", one)]


def _one_link(items: int) -> Got:
    with running_company(1, items) as company:
        return _measured(company, f"{items:,} items in one link")


def _measured(company: Company, what: str) -> Got:
    note(what)
    with tempfile.TemporaryDirectory() as folder:
        return got_in_a_process(prepare(Path(folder) / "installation", company))


def _rows(how: str, found: list[Got]) -> list[Row]:
    first = found[0]
    return [
        Row(
            {
                "items": f"{got.items:,}",
                "how": how,
                "seconds": f"{got.wall_s:.1f}",
                "CPU us/item": f"{got.cpu_s * 1e6 / got.items:.1f}",
                "exponent so far": "" if got is first else f"{exponent(found[: at + 1]):.3f}",
                "added MB": f"{got.added_mb:.1f}",
                "more than the first": "" if got is first else f"{got.added_mb - first.added_mb:+.1f} MB",
            }
        )
        for at, got in enumerate(found)
    ]


def exponent(found: list[Got]) -> float:
    """Fit processor time to items: the slope of a straight line through the logarithms of both; 1 is linear."""
    xs, ys = [math.log(got.items) for got in found], [math.log(got.cpu_s) for got in found]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread
