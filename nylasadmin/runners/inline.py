"""The inline runner: whoever asks works, before the call returns. For tests, commands and tiny installations."""

from __future__ import annotations

import threading

from nylasadmin.runners import Claimable, RunLink

_AT_ONCE = 50


class InlineRunner:
    def __init__(self, claimable: Claimable, run_link: RunLink) -> None:
        self._claimable = claimable
        self._run_link = run_link
        self._working = threading.local()

    def wake(self) -> None:
        """Work until nothing can be taken; a call from inside a run returns at once."""
        if getattr(self._working, "is_on", False):
            return
        self._working.is_on = True
        try:
            while ids := self._claimable(_AT_ONCE):
                for run_id in ids:
                    self._run_link(run_id)
        finally:
            self._working.is_on = False

    def start(self) -> None:
        self.wake()

    def stop(self, timeout_s: float) -> bool:  # noqa: ARG002 - nothing is ever under way outside a call
        return True
