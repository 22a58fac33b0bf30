"""The whole way on PostgreSQL: the same product without a change of code."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from nylasadmin.services.views import SnapshotState
from tests.adapters.storage.conftest import reachable
from tests.services.worlds import OLGA, World, world_of


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    address = reachable()
    if address is None:
        pytest.skip("no PostgreSQL at 127.0.0.1:5432 with a database “test”")
    schema = f"nylasadmin_{secrets.token_hex(6)}"
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    url = f"{address}?options=-csearch_path%3D{schema}"
    try:
        with world_of(tmp_path, users=2, events_per_user=40, settings={"database_url": url}) as world:
            yield world
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        engine.dispose()


def test_a_get_a_change_and_a_send_on_postgresql(world: World) -> None:
    got = world.get()
    assert (got.state, got.counters.created) == (SnapshotState.DONE, got.counters.read)
    assert world.get().counters.written == 0
    first, second = list(world.items())[:2]
    world.edit(world.items()[first], title="Renamed in the CRM")
    world.services.crm.delete(OLGA, second)
    world.put("Made in the CRM")
    world.forget_requests()

    sent = world.send()

    done = sent.counters
    assert (sent.state, done.created, done.deleted, done.failed) == (SnapshotState.DONE, 1, 1, 0)
    assert {"Renamed in the CRM", "Made in the CRM"} <= set(world.titles_at_nylas()) or done.skipped
    assert world.send().counters.written == 0


def test_an_item_with_text_that_postgresql_refuses_does_not_stop_the_others(world: World) -> None:
    world.event("with a \0 in its title")
    world.event("with a very long UID", ical_uid="u" * 600)
    good = world.event("good")

    view = world.get()

    assert good in world.events()
    assert view.counters.failed == 1
    (failure,) = world.services.console.failures(view.id)
    assert (failure.title, "cannot hold" in failure.cause) == ("with a very long UID", True)
    assert {"good", "with a \0 in its title"} <= set(world.titles_in_crm())
