"""The fixtures of the console, for every test of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nylasadmin.bootstrap import Product
from nylasadmin.sandbox.testing import RunningSandbox, running_sandbox
from tests.web.fixtures import app, clock, product, seeded, visit
from tests.web.stage import Stage

__all__ = ["app", "clock", "product", "seeded", "visit"]


@pytest.fixture
def box() -> Iterator[RunningSandbox]:
    with running_sandbox(users=3, events_per_user=30) as running:
        yield running


@pytest.fixture
def stage(product: Product, box: RunningSandbox) -> Stage:
    """A target whose links are discovered."""
    stage = Stage(product, box)
    stage.discover()
    return stage


@pytest.fixture
def bare(product: Product, box: RunningSandbox) -> Stage:
    """A target without links; the CRM has no users."""
    return Stage(product, box)
