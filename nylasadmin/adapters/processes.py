"""Which process of which machine holds a lease, and whether it is surely gone."""

from __future__ import annotations

import os
import secrets
import socket


class ThisProcess:
    """Names this process in leases: machine, process id, and a word of its own, because process ids come again."""

    def __init__(self, machine: str | None = None) -> None:
        self._machine = (machine or socket.gethostname()).replace(":", "-")[:50]
        self._word = secrets.token_hex(4)

    def name(self) -> str:
        """Give the name that this process writes into leases."""
        return f"{self._machine}:{os.getpid()}:{self._word}"

    def is_gone(self, name: str) -> bool:
        """Say whether a process of this machine has ended for sure. Of other machines nothing is known."""
        machine, pid, word = (*name.split(":"), "", "")[:3]
        if machine != self._machine or not pid.isdigit():
            return False
        if int(pid) == os.getpid():
            return word != self._word
        return not _is_running(int(pid))


def _is_running(pid: int) -> bool:
    if os.name != "posix":  # elsewhere asking with signal 0 may end the process that is asked
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
