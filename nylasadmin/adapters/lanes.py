"""Work in a few lanes at once, fed lazily: a lane takes its next input itself, as soon as it is free."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from threading import Lock
from typing import Generic, TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def in_lanes(width: int, work: Callable[[_In], _Out], inputs: Iterable[_In]) -> Iterator[_Out]:
    """Yield the results in the order they are ready.

    Inputs are taken by the lanes' threads, one at a time. A caller that falls behind by as many results as there are
    lanes lets them wait. When taking an input raises, what is under way is finished and yielded first. When the caller
    stops early, or a piece of work raises, what is under way is still finished: nothing happens behind its back.
    """
    lanes = _Lanes(width, work, inputs)
    with ThreadPoolExecutor(max_workers=width, thread_name_prefix="lane") as pool:
        for _ in range(width):
            pool.submit(lanes.go)
        yield from lanes.results()


class _Raised:
    """What a lane could not do."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class _Ended:
    """A lane that takes nothing any more."""


class _Lanes(Generic[_In, _Out]):
    def __init__(self, width: int, work: Callable[[_In], _Out], inputs: Iterable[_In]) -> None:
        self._work = work
        self._source = iter(inputs)
        self._turn = Lock()
        self._is_open = True
        self._broken: BaseException | None = None
        self._ready: Queue[_Out | _Raised | _Ended] = Queue(width)
        self._going = width

    def go(self) -> None:
        """Work in one lane until there are no more inputs."""
        while taken := self._taken():
            try:
                self._ready.put(self._work(taken[0]))
            except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
                self._is_open = False
                self._ready.put(_Raised(error))
        self._ready.put(_Ended())

    def _taken(self) -> tuple[_In] | None:
        with self._turn:
            if not self._is_open:
                return None
            try:
                return (next(self._source),)
            except StopIteration:
                self._is_open = False
            except BaseException as error:  # noqa: BLE001 - raised in the caller's thread, after what is under way
                self._is_open, self._broken = False, error
            return None

    def results(self) -> Iterator[_Out]:
        """Yield what the lanes give until all have ended."""
        try:
            for given in self._given():
                if isinstance(given, _Raised):
                    raise given.error
                yield given
        finally:
            self._is_open = False
            for _ in self._given():
                pass  # nobody waits for it any more
        if self._broken is not None:
            raise self._broken

    def _given(self) -> Iterator[_Out | _Raised]:
        while self._going:
            given = self._ready.get()
            if isinstance(given, _Ended):
                self._going -= 1
            else:
                yield given
