"""``nylasadmin serve`` in a process of its own."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

import requests

from tests.cli.shell import Program


def address(program: Program) -> str:
    return program.wait_for(lambda line: line.startswith("nylasadmin serves ")).split()[-1]


def asked(url: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=20)


def test_the_console_answers_until_it_is_told_to_stop(program: Callable[..., Program]) -> None:
    serving = program("serve", "--port", "0")
    assert asked(address(serving) + "healthz").json() == {"status": "ok"}
    serving.send(signal.SIGTERM)
    assert serving.end() == 0


def test_a_port_in_use_is_said_with_the_option_that_helps(program: Callable[..., Program]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = program("serve", "--port", str(port))
        assert refused.end() == 2
    assert f"Port {port} of 127.0.0.1 is in use by another program. Choose another one with --port" in refused.lines[-1]
