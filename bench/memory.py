"""Memory of a Get by the number of links, the items per link being equal: it must not grow with the links.

Run as a program (``python -m bench.memory FOLDER``) it does one Get and prints items, memory before and peak in kB,
seconds on the wall and of processor time.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench.installations import get, opened, prepare
from bench.reports import Row, note
from bench.sandboxes import Company, running_company
from nylasadmin.cli.web_servers import calm_collector

LINKS = (20, 200, 2000)


class Got(NamedTuple):
    """What one Get took."""

    items: int
    before_kb: int
    peak_kb: int
    wall_s: float
    cpu_s: float

    @property
    def added_mb(self) -> float:
        return (self.peak_kb - self.before_kb) / 1024


def measure(items_per_link: int) -> list[Row]:
    """Measure what a Get adds at its peak, at a few, at more and at many links; give the rows of the table."""
    with tempfile.TemporaryDirectory() as folder, running_company(max(LINKS), items_per_link) as company:
        return [_row(links, Path(folder) / str(links), company.first(links)) for links in LINKS]


def _row(links: int, folder: Path, company: Company) -> Row:
    note(f"memory with {links} links")
    prepare(folder, company)
    got = got_in_a_process(folder)
    return Row(
        {
            "links": f"{links:,}",
            "items": f"{got.items:,}",
            "before MB": f"{got.before_kb / 1024:.1f}",
            "peak MB": f"{got.peak_kb / 1024:.1f}",
            "added MB": f"{got.added_mb:.1f}",
        }
    )


def got_in_a_process(folder: Path) -> Got:
    """Run one Get of an installation in a process of its own."""
    command = [sys.executable, "-m", "bench.memory", str(folder)]
    words = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return Got(int(words[0]), int(words[1]), int(words[2]), float(words[3]), float(words[4]))


def main() -> None:
    product = opened(Path(sys.argv[1]))
    calm_collector()
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # the start's own peak (hashing a password) would hide ours
    before = _kb("VmRSS")
    wall, cpu = time.perf_counter(), time.process_time()
    done = get(product)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(done.counters.created, before, _kb("VmHWM"), wall, cpu)
    product.close()


def _kb(field: str) -> int:
    """Give a figure of this program. The peak of getrusage begins with that of whoever started it, and hides ours."""
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(field + ":"))


if __name__ == "__main__":
    main()
