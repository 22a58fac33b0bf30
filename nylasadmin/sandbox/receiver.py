"""A small receiver of notifications: answers challenges, keeps what comes, says whether it is genuine.

For tests, together with a sandbox or with the real service:

    with running_receiver() as hook:
        made = client.webhooks.create({"trigger_types": ["event.created"], "webhook_url": hook.url})
        hook.secrets.append(made.data.webhook_secret)
        ...
        [told] = hook.wait_for(1)
        assert hook.is_genuine(told) and told.type == "event.created"

`hook.answers` decides what senders are answered. From a shell, `python -m nylasadmin.sandbox.receiver --port 9000`
prints one line of JSON per notification.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from nylasadmin.sandbox.webhooks.signatures import HEADER, is_genuine
from nylasadmin.sandbox.wire import Json, decoded

_LONGEST = 16 * 1024 * 1024


@dataclass(frozen=True)
class Received:
    """One delivery: the bytes as they came, and what they say."""

    raw: bytes
    headers: dict[str, str]
    at: float

    @property
    def signature(self) -> str | None:
        """The signature that came along."""
        return self.headers.get(HEADER)

    @property
    def is_compressed(self) -> bool:
        """Tell whether the body came compressed."""
        return self.headers.get("content-encoding") == "gzip"

    @property
    def notification(self) -> Json:
        """The envelope, inflated if need be, but never beyond 16 MiB."""
        return decoded(zlib.decompressobj(31).decompress(self.raw, _LONGEST) if self.is_compressed else self.raw)

    @property
    def id(self) -> str:
        """The notification's id, the same in all attempts."""
        return str(self.notification["id"])

    @property
    def type(self) -> str:
        """The notification's type."""
        return str(self.notification["type"])

    @property
    def attempt(self) -> int:
        """The number of the attempt, 1 to 3."""
        return int(self.notification["webhook_delivery_attempt"])

    @property
    def object(self) -> Json:
        """What the notification is about."""
        found: Json = self.notification["data"]["object"]
        return found


def _taken(_received: Received) -> int:
    return 200


@dataclass
class Receiver:
    """What a receiver knows and how it behaves. Everything may be changed while it runs."""

    url: str = ""
    secrets: list[str] = field(default_factory=list)
    answers: Callable[[Received], int] = _taken
    """The status that a delivery is answered with; it may take its time."""
    answers_challenges: bool = True
    received: list[Received] = field(default_factory=list)
    challenges: list[str] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def is_genuine(self, received: Received) -> bool:
        """Tell whether a delivery was signed with one of the known secrets."""
        return any(is_genuine(secret, received.raw, received.signature) for secret in self.secrets)

    def take(self, received: Received) -> int:
        """Keep a delivery and return the status to answer with."""
        with self._arrived:
            self.received.append(received)
            self._arrived.notify_all()
        return self.answers(received)

    def wait_for(self, count: int, timeout_s: float = 10.0) -> list[Received]:
        """Wait until so many deliveries have come and return all; raise TimeoutError otherwise."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.received) >= count, timeout_s):
                raise TimeoutError(f"{len(self.received)} of {count} deliveries came within {timeout_s:g} s")
            return list(self.received)

    def clear(self) -> None:
        """Forget what came."""
        with self._arrived:
            self.received.clear()


class ReceiverServer(ThreadingHTTPServer):
    """The HTTP side of a receiver."""

    daemon_threads = True

    def __init__(self, receiver: Receiver, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__((host, port), _Handler)
        self.receiver = receiver
        receiver.url = f"http://{host}:{self.server_port}/notifications"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing about senders that go away; other problems are reported."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ReceiverServer

    def do_GET(self) -> None:
        receiver = self.server.receiver
        [*_, value] = parse_qs(urlsplit(self.path).query).get("challenge", [""])
        receiver.challenges.append(value)
        good = bool(value) and receiver.answers_challenges
        self._answer(200 if good else 404, value.encode() if good else b"")

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._answer(self.server.receiver.take(Received(raw, headers, time.time())), b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Write no log: what came is kept."""


@contextmanager
def running_receiver(
    *, answers: Callable[[Received], int] = _taken, host: str = "127.0.0.1", port: int = 0
) -> Iterator[Receiver]:
    """Receive as long as the block runs."""
    receiver = Receiver(answers=answers)
    server = ReceiverServer(receiver, host, port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="receiver", daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


def main(argv: list[str] | None = None) -> int:
    """Receive until interrupted, and print what comes, one line of JSON each."""
    parser = argparse.ArgumentParser(prog="receiver", description="Receive notifications and print them.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=9000, help="port, 0 for a free one (default: %(default)s)")
    parser.add_argument("--secret", action="append", default=[], help="secret that signatures are checked with")
    parser.add_argument("--status", type=int, default=200, help="status to answer with (default: %(default)s)")
    options = parser.parse_args(argv)
    receiver = Receiver(secrets=options.secret)

    def show(received: Received) -> int:
        genuine = receiver.is_genuine(received) if receiver.secrets else None
        line = {"genuine": genuine, "signature": received.signature, "notification": received.notification}
        print(json.dumps(line, ensure_ascii=False), flush=True)  # noqa: T201
        return int(options.status)

    receiver.answers = show
    with ReceiverServer(receiver, options.host, options.port) as server:
        print(json.dumps({"url": receiver.url}), flush=True)  # noqa: T201
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
