"""The whole way on PostgreSQL: the same product without a change of code."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from nylasadmin.services.views import SnapshotState
from tests.adapters.storage.conftest import reachable
from tests.services.undone import in_crm, undone
from tests.services.worlds import DAY, OLGA, World, world_of


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


def test_changes_that_arrive_are_numbered_on_postgresql(world: World) -> None:
    link = world.link().id
    first, second = (world.services.arrivals.accept(link, f"event {n}") for n in range(2))

    with world.product.storage.write() as tx:
        assert tx.arrivals.since(link, first) == [(second, "event 1")]
        assert tx.arrivals.newest(link) == second
        assert tx.arrivals.prune(2**40, 10) == 2
        assert tx.arrivals.newest(link) == 0


def test_undo_and_the_end_of_before_images_on_postgresql(world: World) -> None:
    world.get()
    before = in_crm(world)
    item = next(i for i in world.items().values() if not i.item.rules)
    world.edit(item, title="Renamed in the CRM")
    overwritten = world.get()
    assert overwritten.counters.updated == 1
    assert undone(world, overwritten).counters.updated == 1
    assert in_crm(world)[item.id].title == "Renamed in the CRM"

    world.put("Made in the CRM")
    sent = world.send()
    assert undone(world, sent).counters.deleted == 1
    assert "Made in the CRM" not in world.titles_at_nylas()

    kept = world.services.undo.kept(world.target.id)
    assert (kept.versions > 2, kept.size_bytes > 0, len(in_crm(world))) == (True, True, len(before) + 1)
    with world.product.storage.write() as tx:
        over = tx.writes.over(int(world.product.clock.now()) + 33 * DAY, 100)
        assert tx.writes.drop(over, 1_000) == kept.versions
        assert tx.writes.lacks_images(overwritten.id)
