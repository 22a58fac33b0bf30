"""Each store in turn for the contract suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.cases import FACTORIES, StoreCase


@pytest.fixture(params=FACTORIES)
def case(request: pytest.FixtureRequest) -> Iterator[StoreCase]:
    """An empty folder of each store."""
    with FACTORIES[request.param]() as opened:
        yield opened
