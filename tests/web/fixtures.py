"""The console with real services on a database of its own, and the cast: olga, vera, peter and adam."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from nylasadmin import bootstrap
from nylasadmin.adapters.clocks import FixedClock
from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.bootstrap import Product
from nylasadmin.domain.privileges import COMMAND_LINE, Privilege
from nylasadmin.settings import Settings
from tests.made_once import QUICK, QuickPasswords
from tests.web.visitor import PASSWORD, Visitor

CAST = {
    "olga": {Privilege.MANAGE},
    "vera": {Privilege.VIEW},
    "peter": set[Privilege](),
    "adam": {Privilege.OPERATORS},
}


def settings_in(folder: Path) -> Settings:
    return Settings(
        secret_key="a key for tests only, 32 letters or more",
        data_dir=str(folder),
        runner="inline",
        cookie_secure=False,
    )


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a database with the cast once; each test works on a copy."""
    folder = tmp_path_factory.mktemp("seeded")
    product = bootstrap.build(settings_in(folder), clock=FixedClock(), passwords=QuickPasswords())
    for username, privileges in CAST.items():
        product.services.operators.add(COMMAND_LINE, username, PASSWORD, privileges)
    product.close()
    return folder


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def product(seeded: Path, tmp_path: Path, clock: FixedClock) -> Iterator[Product]:
    shutil.copytree(seeded, tmp_path, dirs_exist_ok=True)
    side = NylasHttpSide(patience=QUICK)
    product = bootstrap.build(settings_in(tmp_path), nylas=side, clock=clock, passwords=QuickPasswords())
    yield product
    product.close()
    side.close()


@pytest.fixture
def app(product: Product) -> Flask:
    return bootstrap.create_app(product=product)


@pytest.fixture
def visit(app: Flask) -> Callable[..., Visitor]:
    """``visit("olga")`` gives olga, signed in; ``visit()`` somebody who is not."""

    def visitor(username: str = "") -> Visitor:
        person = Visitor(app)
        if username:
            assert person.sign_in(username).status_code == 303
        return person

    return visitor
