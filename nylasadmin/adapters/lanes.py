"""Work in a few lanes at once, fed lazily: the next input is taken only when a lane is free."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def in_lanes(width: int, work: Callable[[_In], _Out], inputs: Iterable[_In]) -> Iterator[_Out]:
    """Yield the results in the order they are ready.

    Inputs are taken in the caller's thread. When taking one raises, what is under way is finished and yielded first.
    When the caller stops early, what is under way is still finished, so that nothing happens behind its back.
    """
    with ThreadPoolExecutor(max_workers=width, thread_name_prefix="lane") as pool:
        running: set[Future[_Out]] = set()
        source = iter(inputs)
        broken: Exception | None = None
        is_open = True
        while is_open or running:
            while is_open and len(running) < width:
                try:
                    running.add(pool.submit(work, next(source)))
                except StopIteration:
                    is_open = False
                except Exception as error:  # noqa: BLE001 - raised below, after the work under way is told
                    is_open, broken = False, error
            done, running = wait(running, return_when=FIRST_COMPLETED) if running else (set(), running)
            for future in done:
                yield future.result()
        if broken is not None:
            raise broken
