"""A process that may be killed: asks for a snapshot, or goes on with what an earlier one left, until nothing is live.

python -m tests.faults.driver FOLDER inline|threads WISH|run-plan-NUMBER, where WISH is one of WISHES below
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from nylasadmin import bootstrap
from nylasadmin.adapters.storage.tables import runs
from nylasadmin.bootstrap import Product
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.runs import LIVE, RunState
from nylasadmin.services.failed_views import FailedQuery
from tests.services.worlds import OLGA, settings_in

Wish = Callable[[Product], object]


def ask(direction: Direction, *, is_preview: bool = False) -> Wish:
    return lambda product: product.services.snapshots.request(
        OLGA, direction=direction, target_id=1, is_preview=is_preview
    )


def carry_out(product: Product) -> None:
    """Preview a Get, and run what it shows."""
    view = product.services.snapshots.request(OLGA, direction=Direction.GET, target_id=1, is_preview=True)
    _let_it_end(product)
    product.services.plans.run(OLGA, view.id)


def approve(product: Product) -> None:
    """Approve what is held, once all that goes on by itself has come to an end."""
    _let_it_end(product)
    with product.engine.connect() as connection:
        held = connection.execute(select(runs.c.snapshot_id).where(runs.c.state == str(RunState.HELD))).scalars().all()
    for snapshot_id in sorted(set(held)):
        deletes = sum(run.rest for run in product.services.answers.held(snapshot_id))
        product.services.answers.approve_all(OLGA, snapshot_id, deletes, "they are right")


def _and_approve(wish: Wish) -> Wish:
    def both(product: Product) -> None:
        wish(product)
        approve(product)

    return both


def retry_failed(product: Product) -> None:
    product.services.failed.retry(OLGA, FailedQuery())


WISHES: dict[str, Wish] = {
    "get": ask(Direction.GET),
    "send": ask(Direction.SEND),
    "plan": carry_out,
    "get-and-approve": _and_approve(ask(Direction.GET)),
    "send-and-approve": _and_approve(ask(Direction.SEND)),
    "approve": approve,
    "retry-failed": retry_failed,
    "go-on": lambda product: None,
}


def wish_of(name: str) -> Wish:
    """Give what a name stands for; `run-plan-7` carries out plan 7."""
    if name.startswith("run-plan-"):
        return lambda product: product.services.plans.run(OLGA, int(name.removeprefix("run-plan-")))
    return WISHES[name]


def main(folder: str, runner: str, wish: str) -> None:
    product = bootstrap.build(settings_in(Path(folder), runner=runner))
    drive(product, wish_of(wish))


def drive(product: Product, wish: Wish) -> None:
    """Let a product work until nothing is under way any more."""
    product.runner.start()
    wish(product)
    _let_it_end(product)
    product.close()


def _let_it_end(product: Product) -> None:
    while is_under_way(product):
        time.sleep(0.005)


def is_under_way(product: Product) -> bool:
    """Say whether a run can still go on by itself; a held or paused one waits for somebody."""
    by_itself = sorted(LIVE - {RunState.HELD, RunState.PAUSED})
    with product.engine.connect() as connection:
        return connection.execute(select(runs.c.id).where(runs.c.state.in_(by_itself)).limit(1)).first() is not None


if __name__ == "__main__":
    main(*sys.argv[1:])
