"""What a person reads when something else than Nylas answers at a target's address."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import requests

from nylasadmin.adapters.nylas.answers import error_of_exception
from nylasadmin.errors import NylasError, TimedOut, TlsFailed
from nylasadmin.services.wording import explain, explain_first_contact

Talk = Callable[[socket.socket], None]
Listen = Callable[[Talk], int]


def nothing(_: socket.socket) -> None:
    time.sleep(1)


def reset(connection: socket.socket) -> None:
    connection.recv(10)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def shell(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-Something\r\n")
    connection.recv(1000)


def plain_http(connection: socket.socket) -> None:
    connection.recv(10)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Listen at a free port and talk so to whoever connects."""
    listeners = []

    def start(talk: Talk) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                talk(connection)

        threading.Thread(target=serve, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.close()


def asked(scheme: str, port: int) -> NylasError:
    with pytest.raises(requests.RequestException) as failed:
        requests.get(f"{scheme}://127.0.0.1:{port}/v3/applications", timeout=(0.3, 0.3))
    return error_of_exception(failed.value)


@pytest.mark.parametrize("talk", [shell, plain_http])
def test_https_to_a_port_without_tls_says_so(listen: Listen, talk: Talk) -> None:
    error = asked("https", listen(talk))
    assert isinstance(error, TlsFailed)
    assert "does not speak TLS" in explain(error).title
    assert not error.may_have_happened


def test_https_to_a_port_that_says_nothing_tells_of_tls_and_may_be_tried_again(listen: Listen) -> None:
    error = asked("https", listen(nothing))
    assert isinstance(error, TimedOut)
    assert "does not speak TLS" in explain(error).title
    assert not error.may_have_happened


@pytest.mark.parametrize("talk", [reset, shell])
def test_a_port_that_hangs_up_is_not_called_silent(listen: Listen, talk: Talk) -> None:
    error = asked("http", listen(talk))
    assert "Something answers at that address, but breaks the connection off." in explain(error).title
    assert error.may_have_happened


def test_a_port_where_nothing_listens_is_still_told_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    assert explain_first_contact(asked("http", port)).title == "Nothing answers at that address."


def test_a_certificate_that_is_not_trusted_is_named() -> None:
    error = TlsFailed("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate")
    assert "certificate of the other side was not accepted" in explain(error).title
