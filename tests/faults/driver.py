"""A process that may be killed: asks for a snapshot, or goes on with what an earlier one left, until nothing is live.

python -m tests.faults.driver FOLDER inline|threads get|send|go-on
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from nylasadmin import bootstrap
from nylasadmin.bootstrap import Product
from nylasadmin.domain.plan import Direction
from tests.services.worlds import OLGA, settings_in


def main(folder: str, runner: str, wish: str) -> None:
    product = bootstrap.build(settings_in(Path(folder), runner=runner))
    product.runner.start()
    if wish != "go-on":
        product.services.snapshots.request(OLGA, direction=Direction(wish), target_id=1)
    while is_live(product):
        time.sleep(0.02)
    product.close()


def is_live(product: Product) -> bool:
    return product.services.console.live_snapshot(1) is not None


if __name__ == "__main__":
    main(*sys.argv[1:])
