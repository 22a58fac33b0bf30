"""What every test gets: no network beyond this machine, no proxy, and Hypothesis profiles (`ci`, `dev`).

The guard raises its own RuntimeError, so that no `except OSError` of the code under test can take it for a real network
failure. Names under `.invalid` stay unresolvable without asking anybody, for tests about unknown hosts.
"""

import ipaddress
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.made_once import remember_compiled

LOOPBACK_NAMES = {"localhost", "localhost.localdomain", ""}
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")

settings.register_profile("dev", max_examples=50, deadline=None, print_blob=True)
settings.register_profile(
    "ci", max_examples=200, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") == "true" else "dev"))

real_connect = socket.socket.connect
real_connect_ex = socket.socket.connect_ex
real_getaddrinfo = socket.getaddrinfo


class BeyondThisMachine(RuntimeError):
    """A test tried to reach another machine."""


def pytest_configure() -> None:
    """Send nothing through a proxy, here or in a child process; compile what applications share once."""
    remember_compiled()
    for name in PROXY_VARIABLES:
        os.environ.pop(name, None)
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "localhost,127.0.0.1,::1"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Take half as many processes again as there are cores: many tests wait for something."""
    return -(-len(os.sched_getaffinity(0)) * 3 // 2)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def is_loopback(host: str | bytes | None) -> bool:
    """Say whether a host means this machine, without asking a name server."""
    name = host.decode() if isinstance(host, bytes) else host or ""
    if name in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(name.split("%")[0]).is_loopback
    except ValueError:
        return False


def refuse(address: Any) -> None:
    """Raise for an internet address beyond this machine; local sockets have a path instead of a tuple."""
    if isinstance(address, tuple) and not is_loopback(address[0]):
        raise BeyondThisMachine(f"tests may not connect to {address[0]}:{address[1]}")


def guarded_connect(self: socket.socket, address: Any) -> None:
    refuse(address)
    real_connect(self, address)


def guarded_connect_ex(self: socket.socket, address: Any) -> int:
    refuse(address)
    return real_connect_ex(self, address)


def is_numeric(host: str | bytes | None) -> bool:
    """Say whether a host is an address already, so that resolving it asks nobody."""
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host or "")
    except ValueError:
        return False
    return True


def guarded_getaddrinfo(host: str | bytes | None, *rest: Any, **options: Any) -> Any:
    if not is_loopback(host) and not is_numeric(host):
        if str(host).rstrip(".").endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        raise BeyondThisMachine(f"tests may not look up {host!r}")
    return real_getaddrinfo(host, *rest, **options)


@pytest.fixture(autouse=True, scope="session")
def stay_on_this_machine() -> Iterator[None]:
    """Refuse every connection and look-up that would leave this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield
