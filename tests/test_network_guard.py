"""The guard of conftest.py: tests reach this machine and nothing else."""

import os
import socket

import pytest
import requests

from tests.conftest import BeyondThisMachine


def test_a_connection_to_another_machine_is_refused() -> None:
    with socket.socket() as plug, pytest.raises(BeyondThisMachine):
        plug.connect(("192.0.2.1", 443))


def test_a_datagram_connection_to_another_machine_is_refused() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as plug, pytest.raises(BeyondThisMachine):
        plug.connect_ex(("2001:db8::1", 53))


def test_looking_up_a_public_name_is_refused_even_below_requests() -> None:
    with pytest.raises(BeyondThisMachine):
        requests.get("http://api.example.com/", timeout=1)


def test_a_reserved_name_is_unknown_as_it_would_be_in_production() -> None:
    with pytest.raises(requests.ConnectionError, match="Name or service not known"):
        requests.get("http://nylas.invalid/", timeout=1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_reachable_by_address_and_by_name(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection((host, server.getsockname()[1])):
        caller, address = server.accept()
        caller.close()
    assert address[0] == "127.0.0.1"


def test_no_proxy_is_left_in_the_environment() -> None:
    assert not [name for name in os.environ if name.lower() in ("http_proxy", "https_proxy", "all_proxy")]
