"""Memory of a Get by the number of links, the items per link being equal: it must not grow with the links.

Run as a program (``python -m bench.memory FOLDER``) it does one Get and prints its own peak in kB.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.installations import get, opened, prepare
from bench.reports import Row, note
from bench.sandboxes import Company, running_company

FEW, MANY = 20, 200


def measure(items_per_link: int) -> list[Row]:
    """Measure the peak at a few and at many links; give the rows of the table."""
    with tempfile.TemporaryDirectory() as folder, running_company(MANY, items_per_link) as company:
        few, many = (_peak_mb(Path(folder) / str(links), company.first(links)) for links in (FEW, MANY))
    rows = [_row(links, peak) for links, peak in ((FEW, few), (MANY, many))]
    return [*rows, Row({"links": "difference", "peak MB": f"{many - few:+.1f}"})]


def _row(links: int, peak_mb: float) -> Row:
    return Row({"links": f"{links:,}", "peak MB": f"{peak_mb:.1f}"})


def _peak_mb(folder: Path, company: Company) -> float:
    note(f"memory with {len(company.grants)} links")
    prepare(folder, company)
    done = subprocess.run(
        [sys.executable, "-m", "bench.memory", str(folder)], check=True, capture_output=True, text=True
    )
    return int(done.stdout) / 1024


def main() -> None:
    product = opened(Path(sys.argv[1]))
    get(product)
    product.close()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    main()
