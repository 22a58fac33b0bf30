"""Names of processes in leases: which of them are surely gone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from nylasadmin.adapters.processes import ThisProcess

pytestmark = pytest.mark.skipif(os.name != "posix", reason="asks the operating system for other processes")


def ended_pid() -> int:
    """Give the id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_this_process_is_not_gone() -> None:
    this = ThisProcess()

    assert not this.is_gone(this.name())


def test_a_process_of_this_machine_that_has_ended_is_gone() -> None:
    assert ThisProcess("here").is_gone(f"here:{ended_pid()}:abcd1234")


def test_a_process_of_this_machine_that_runs_is_not_gone() -> None:
    assert not ThisProcess("here").is_gone(f"here:{os.getppid()}:abcd1234")


def test_an_earlier_process_that_had_our_id_is_gone() -> None:
    """As in a container that was started again."""
    assert ThisProcess("here").is_gone(f"here:{os.getpid()}:abcd1234")


def test_of_other_machines_nothing_is_known() -> None:
    assert not ThisProcess("here").is_gone(f"there:{ended_pid()}:abcd1234")


@pytest.mark.parametrize("name", ["", "here", "here:", "here:word:word", "::"])
def test_a_name_of_another_make_is_left_alone(name: str) -> None:
    assert not ThisProcess("here").is_gone(name)


def test_a_name_fits_its_column_and_keeps_its_parts_apart() -> None:
    name = ThisProcess("a" * 100 + ":b").name()

    assert len(name) <= 80
    assert name.count(":") == 2
