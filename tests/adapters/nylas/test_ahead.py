"""The next page is asked for before the one at hand is worked on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from nylasadmin.adapters.nylas import ahead
from nylasadmin.adapters.nylas.ahead import Ahead
from nylasadmin.adapters.nylas.http import NylasHttp, Patience, Sessions
from nylasadmin.adapters.nylas.pacing import GrantPace
from nylasadmin.errors import NylasError
from nylasadmin.services.ports import SenderSettings


class SlowService:
    """Reads a request at once and answers when it is allowed to."""

    def __init__(self) -> None:
        self.was_asked = threading.Event()
        self.may_answer = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        with connection:
            connection.recv(65_536)
            self.was_asked.set()
            self.may_answer.wait(10)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    def close(self) -> None:
        self.may_answer.set()
        self._thread.join()
        self._socket.close()


@pytest.fixture
def service() -> Iterator[SlowService]:
    slow = SlowService()
    yield slow
    slow.close()


def test_a_request_has_left_when_asking_returns_and_its_answer_may_take_its_time(
    service: SlowService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "_LONGEST_WAIT_S", 10)  # on a busy machine too it is the leaving that is waited for
    sessions = Sessions()
    sender = SenderSettings(base_url=service.url, api_key="secret-key")
    http = NylasHttp(sender, sessions, GrantPace(4, 0), patience=Patience(tries=1))

    with Ahead() as asking:
        coming = asking.ask(lambda: http.get(("v3", "things"), {}))
        assert service.was_asked.wait(5)
        assert not coming.done()
        service.may_answer.set()
        assert coming.result() == b"{}"
    sessions.close()


def test_a_request_that_fails_does_so_where_its_answer_is_taken() -> None:
    def fail() -> bytes:
        raise NylasError("no")

    with Ahead() as asking:
        coming = asking.ask(fail)
        with pytest.raises(NylasError):
            coming.result()


def test_nobody_waits_for_a_request_that_has_to_wait_for_its_turn() -> None:
    turn = threading.Event()

    with Ahead() as asking:
        coming = asking.ask(lambda: turn.wait(10))
        assert not coming.done()
        turn.set()
        assert coming.result() is True
