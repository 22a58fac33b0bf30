"""The threads runner: a bounded pool inside the console's process.

One thread looks for runs that may be taken (when woken, and every few seconds: another process may have died) and
hands their ids to the pool. The claim decides who works; handing an id over twice does no harm.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait

from nylasadmin.runners import Claimable, RunLink

log = logging.getLogger(__name__)
_LOOK_EVERY_S = 3.0


class ThreadsRunner:
    def __init__(self, claimable: Claimable, run_link: RunLink, workers: int) -> None:
        self._claimable = claimable
        self._run_link = run_link
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="run")
        self._under_way: dict[int, Future[object]] = {}
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._is_stopping = threading.Event()
        self._looker = threading.Thread(target=self._look, name="runs", daemon=True)

    def start(self) -> None:
        self._looker.start()

    def wake(self) -> None:
        self._woken.set()

    def _look(self) -> None:
        while not self._is_stopping.is_set():
            self._woken.clear()
            try:
                self._hand_over()
            except Exception:  # a locked or absent database must not end the looking
                log.exception("looking for runs failed")
            self._woken.wait(_LOOK_EVERY_S)

    def _hand_over(self) -> None:
        with self._lock:
            free = self._workers - len(self._under_way)
        if free <= 0:
            return
        for run_id in self._claimable(free + len(self._under_way)):
            with self._lock:
                is_mine = run_id in self._under_way or len(self._under_way) >= self._workers
                if is_mine or self._is_stopping.is_set():
                    continue
                future = self._pool.submit(self._run_link, run_id)
                self._under_way[run_id] = future
            future.add_done_callback(lambda f, run_id=run_id: self._ended(run_id, f))  # type: ignore[misc]

    def _ended(self, run_id: int, future: Future[object]) -> None:
        with self._lock:
            self._under_way.pop(run_id, None)
        if not future.cancelled() and future.exception() is not None:
            log.error("run %s left its worker with an error", run_id, exc_info=future.exception())
        self._woken.set()

    def stop(self, timeout_s: float) -> bool:
        self._is_stopping.set()
        self._woken.set()
        with self._lock:
            under_way = list(self._under_way.values())
        if self._looker.is_alive():
            self._looker.join(timeout_s)  # nobody may look at a database that is closed next
        left = wait(under_way, timeout_s).not_done
        self._pool.shutdown(wait=not left, cancel_futures=True)
        return not left
