"""Transactions: what is read may be written upon, what raises leaves nothing, readers see one moment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from nylasadmin.adapters.storage.database import Database
from nylasadmin.domain.links import CrmUser
from nylasadmin.services.audit import record
from nylasadmin.services.storage import UnitOfWork
from tests.adapters.storage.conftest import NOW, Open
from tests.adapters.storage.rows import ANNA, add_links, add_runs

THREADS, EACH = 8, 50


def test_read_then_write_in_many_threads_loses_nothing(storage: Database) -> None:
    with storage.write() as tx:
        tx.users.save(CrmUser(id="counter", name="0", email="counter@x.example"))

    def count(_: int) -> None:
        for _ in range(EACH):
            with storage.write() as tx:
                known = tx.users.get("counter")
                assert known is not None
                tx.users.save(CrmUser(id="counter", name=str(int(known.name) + 1), email=known.email))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(count, range(THREADS)))

    with storage.read() as tx:
        known = tx.users.get("counter")
    assert known is not None
    assert known.name == str(THREADS * EACH)


def test_processes_with_engines_of_their_own_take_turns_too(storage: Database, open_engine: Open) -> None:
    stores = [Database(open_engine(), lambda: NOW) for _ in range(4)]
    with storage.write() as tx:
        tx.users.save(CrmUser(id="counter", name="0", email="counter@x.example"))

    def count(store: Database) -> None:
        for _ in range(20):
            with store.write() as tx:
                known = tx.users.get("counter")
                assert known is not None
                tx.users.save(CrmUser(id="counter", name=str(int(known.name) + 1), email=known.email))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, stores))

    with storage.read() as tx:
        known = tx.users.get("counter")
    assert known is not None
    assert known.name == "80"


def test_what_raises_leaves_nothing_behind(storage: Database) -> None:
    def fail(tx: UnitOfWork) -> None:
        tx.users.save(ANNA)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError), storage.write() as tx:
        fail(tx)

    with storage.read() as tx:
        assert tx.users.all() == []


def test_a_reader_sees_one_moment_while_others_write(storage: Database) -> None:
    with storage.read() as reading:
        before = reading.users.all()
        with storage.write() as tx:
            tx.users.save(ANNA)
        assert reading.users.all() == before == []

    with storage.read() as reading:
        assert reading.users.all() == [ANNA]


def test_readers_are_not_kept_waiting_by_a_writer(storage: Database) -> None:
    with storage.write() as tx:
        tx.users.save(ANNA)
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(lambda: _users(storage)).result(timeout=5) == []


def _users(storage: Database) -> list[CrmUser]:
    with storage.read() as tx:
        return tx.users.all()


def test_what_is_only_read_is_never_stored(storage: Database) -> None:
    with storage.read() as tx:
        tx.users.save(ANNA)

    assert _users(storage) == []


def test_a_row_that_refers_to_nothing_is_refused(storage: Database) -> None:
    with storage.engine.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(
            text("INSERT INTO operator_privileges (operator_id, privilege) VALUES (99, 'nylas:NylasView')")
        )


def test_the_database_itself_allows_one_live_run_per_link(storage: Database) -> None:
    with storage.write() as tx:
        links = add_links(tx)
        add_runs(tx, links)

    with pytest.raises(IntegrityError), storage.write() as tx:
        add_runs(tx, links)

    with storage.write() as tx:
        add_runs(tx, links, is_preview=True)
        tx.runs.cancel(run_id=tx.runs.live_by_link(links)[links[0]][0])
        add_runs(tx, links)


def test_the_audit_trail_stays_a_chain_under_many_writers(storage: Database) -> None:
    from nylasadmin.domain.privileges import Actor

    def note(number: int) -> None:
        for _ in range(10):
            with storage.write() as tx:
                record(tx, Actor(name=f"writer {number}"), "test", "row", new={"ü": number})

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(note, range(THREADS)))

    with storage.read() as tx:
        assert (tx.audit.count(""), tx.audit.first_broken()) == (THREADS * 10, None)
        assert tx.audit.count("writer 3") == 10


def test_a_value_made_once_is_the_same_for_everybody(storage: Database) -> None:
    names: list[str] = []
    start = threading.Barrier(6)

    def name(number: int) -> None:
        start.wait()
        with storage.write() as tx:
            names.append(tx.installation_value("name", lambda: f"name {number}"))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(name, range(6)))

    assert len(set(names)) == 1
