"""What the tests of the Nylas adapter share: a client that does not wait, and a folder whose answers are given."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import responses

from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.adapters.nylas.http import NylasHttp, Patience, Sessions
from nylasadmin.adapters.nylas.pacing import GrantPace
from nylasadmin.adapters.nylas.reading import NylasReader
from nylasadmin.services.ports import FolderRef, SenderSettings

BASE = "https://nylas.example"
SENDER = SenderSettings(base_url=BASE, api_key="secret-key", requests_per_s=0)
FOLDER = FolderRef(
    grant_id="g1", provider="google", folder_id="cal", account_email="anna@firm.example", installation="here"
)


@pytest.fixture
def slept() -> list[float]:
    """How long the client wanted to wait, wait by wait."""
    return []


@pytest.fixture
def nylas() -> Iterator[NylasHttpSide]:
    """A client that waits next to nothing before it tries again."""
    side = NylasHttpSide(patience=Patience(first_wait_s=0.001))
    yield side
    side.close()


@pytest.fixture
def http_to(slept: list[float]) -> Iterator[Callable[..., NylasHttp]]:
    """Makes clients of one account for any address."""
    sessions = Sessions()

    def make(base_url: str = BASE, *, read_timeout_s: float = 5.0, **patience: float) -> NylasHttp:
        sender = SenderSettings(
            base_url=base_url, api_key="secret-key", connect_timeout_s=2.0, read_timeout_s=read_timeout_s
        )
        # The pace really sleeps nowhere: its clock stands still between holds.
        pace = GrantPace(4, 0, sleep=slept.append, now=lambda: sum(slept))
        return NylasHttp(sender, sessions, pace, patience=Patience(**patience), sleep=slept.append)  # type: ignore[arg-type]

    yield make
    sessions.close()


@pytest.fixture
def answers() -> Iterator[responses.RequestsMock]:
    """Registered answers only; each must be used."""
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def reader(nylas: NylasHttpSide) -> NylasReader:
    """The reader of a Google calendar whose answers a test gives."""
    return nylas.reader(SENDER, FOLDER)
