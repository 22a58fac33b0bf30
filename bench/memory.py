"""Memory of a Get by the number of links, the items per link being equal: it must not grow with the links.

Run as a program (``python -m bench.memory FOLDER``) it does one Get and prints items, memory before and peak in kB.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from bench.installations import get, opened, prepare
from bench.reports import Row, note
from bench.sandboxes import Company, running_company

LINKS = (20, 200, 2000)


def measure(items_per_link: int) -> list[Row]:
    """Measure what a Get adds at its peak, at a few, at more and at many links; give the rows of the table."""
    with tempfile.TemporaryDirectory() as folder, running_company(max(LINKS), items_per_link) as company:
        return [_row(links, Path(folder) / str(links), company.first(links)) for links in LINKS]


def _row(links: int, folder: Path, company: Company) -> Row:
    note(f"memory with {links} links")
    prepare(folder, company)
    command = [sys.executable, "-m", "bench.memory", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    items, before, peak = map(int, done.stdout.split())
    return Row(
        {
            "links": f"{links:,}",
            "items": f"{items:,}",
            "before MB": f"{before / 1024:.1f}",
            "peak MB": f"{peak / 1024:.1f}",
            "added MB": f"{(peak - before) / 1024:.1f}",
        }
    )


def main() -> None:
    product = opened(Path(sys.argv[1]))
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # the start's own peak (hashing a password) would hide ours
    before = _kb("VmRSS")
    done = get(product)
    print(done.counters.created, before, _kb("VmHWM"))
    product.close()


def _kb(field: str) -> int:
    """Give a figure of this program. The peak of getrusage begins with that of whoever started it, and hides ours."""
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(field + ":"))


if __name__ == "__main__":
    main()
