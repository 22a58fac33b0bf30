"""Runs: claims, leases, fences, and the record of writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from nylasadmin.adapters.storage.database import Database
from nylasadmin.adapters.storage.repositories import SqlUnitOfWork
from nylasadmin.domain.guard import Hold, Limit
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import ActionKind, Direction
from nylasadmin.domain.runs import Counters, Failure, Run, RunState
from nylasadmin.errors import NotFound
from nylasadmin.services.rows import WriteRow
from nylasadmin.services.views import LinkQuery
from tests.adapters.storage.rows import add_links, add_runs, run_of

LEASE = 60.0


@pytest.fixture
def queued(storage: Database) -> int:
    """One queued run."""
    with storage.write() as tx:
        links = add_links(tx)
        add_runs(tx, links)
        return run_of(tx, links[0])


def claim(storage: Database, run_id: int, worker: str = "one", now: float = 0.0) -> Run | None:
    with storage.write() as tx:
        return tx.runs.claim(run_id, worker, now, LEASE)


def claimed(storage: Database, run_id: int, worker: str = "one", now: float = 0.0) -> Run:
    run = claim(storage, run_id, worker, now)
    assert run is not None
    return run


def test_a_run_is_claimed_once(storage: Database, queued: int) -> None:
    first = claim(storage, queued)

    assert first is not None
    assert (first.state, first.fence) == (RunState.PLANNING, 1)
    assert claim(storage, queued, "two", now=LEASE) is None
    with storage.read() as tx:
        assert tx.runs.claimable(LEASE, None, 9) == []


def test_a_run_whose_lease_has_ended_is_taken_over(storage: Database, queued: int) -> None:
    claimed(storage, queued)

    with storage.read() as tx:
        assert tx.runs.claimable(LEASE + 1, None, 9) == [queued]
    second = claimed(storage, queued, "two", now=LEASE + 1)

    assert second.fence == 2


def test_a_late_worker_can_neither_commit_nor_release(storage: Database, queued: int) -> None:
    late = claimed(storage, queued)
    claimed(storage, queued, "two", now=LEASE + 1)

    with storage.write() as tx:
        assert tx.runs.renew(late, 10_000) is None
        assert tx.runs.planned(late, Counters(to_create=5), RunState.RUNNING) is False
        hold = Hold(limit=Limit.DELETES, deletes=1, destination_items=1, source_items=1, source_before=1)
        assert tx.holds.hold(late, hold, b"") is False
        assert tx.runs.finish(late, RunState.DONE) is False
        tx.runs.release(late)
        tx.runs.let_go(late)

    with storage.read() as tx:
        assert tx.runs.holders(LEASE + 2) == ["two"]
        assert tx.runs.counters(queued) == Counters()
        assert tx.runs.claimable(LEASE + 2, None, 9) == []


def test_a_renewed_lease_lasts_longer(storage: Database, queued: int) -> None:
    run = claimed(storage, queued)

    with storage.write() as tx:
        assert tx.runs.renew(run, 500.0) is RunState.PLANNING

    assert claim(storage, queued, "two", now=400) is None


def test_the_lease_of_a_run_that_is_over_does_not_come_back(storage: Database, queued: int) -> None:
    run = claimed(storage, queued)
    with storage.write() as tx:
        tx.runs.finish(run, RunState.DONE)
        assert tx.runs.renew(run, 500.0) is None  # its keeper had waited for the very transaction that ended it
        add_runs(tx, [run.link_id])
        next_run = run_of(tx, run.link_id)

    assert claim(storage, next_run, now=1.0) is not None


def test_a_cancelled_run_never_becomes_anything_else(storage: Database, queued: int) -> None:
    run = claimed(storage, queued)

    with storage.write() as tx:
        assert tx.runs.cancel(run_id=queued) == [queued]
        assert tx.runs.renew(run, 500.0) is RunState.CANCELLED
        assert tx.runs.planned(run, Counters(), RunState.RUNNING) is False
        assert tx.runs.finish(run, RunState.DONE) is False
        tx.runs.release(run)

    with storage.read() as tx:
        assert tx.runs.claimable(10_000, None, 9) == []
        assert tx.runs.live_by_link([run.link_id]) == {}


def test_a_link_is_not_taken_while_the_worker_of_a_cancelled_run_is_busy_with_it(
    storage: Database, queued: int
) -> None:
    run = claimed(storage, queued)
    with storage.write() as tx:
        tx.runs.cancel(run_id=queued)
        add_runs(tx, [run.link_id])
        next_run = run_of(tx, run.link_id)
        assert tx.runs.claimable(1.0, None, 9) == []
    assert claim(storage, next_run, now=1.0) is None

    with storage.write() as tx:
        tx.runs.let_go(run)

    assert claim(storage, next_run, now=1.0) is not None


def test_a_preview_need_not_wait_for_anybody(storage: Database, queued: int) -> None:
    run = claimed(storage, queued)
    with storage.write() as tx:
        snapshot_id = add_runs(tx, [run.link_id], is_preview=True)
        (preview,) = tx.runs.claimable(1.0, snapshot_id, 9)

    assert claim(storage, preview, now=1.0) is not None


def test_a_lease_that_was_let_go_is_never_prolonged(storage: Database, queued: int) -> None:
    """The keeper of leases may come a moment after the end; the link must not be occupied again."""
    run = claimed(storage, queued)
    with storage.write() as tx:
        tx.runs.finish(run, RunState.DONE)
    with storage.write() as tx:
        assert tx.runs.renew(run, 1_000.0) is None
        assert tx.runs.live_by_link([run.link_id]) == {}


def test_leases_of_a_worker_that_is_gone_end_at_once(storage: Database, queued: int) -> None:
    claimed(storage, queued, "gone")

    with storage.write() as tx:
        assert tx.runs.holders(1.0) == ["gone"]
        tx.runs.end_leases("gone")
        assert (tx.runs.holders(1.0), tx.runs.claimable(1.0, None, 9)) == ([], [queued])


def test_a_run_given_back_is_taken_at_once_and_keeps_its_counters(storage: Database, queued: int) -> None:
    run = claimed(storage, queued)

    with storage.write() as tx:
        tx.runs.add_counts(run, Counters(created=3))
        tx.runs.release(run)

    assert claimed(storage, queued, "two").fence == 2
    with storage.read() as tx:
        assert tx.runs.counters(queued).created == 3


def test_runs_of_several_snapshots_take_turns(storage: Database) -> None:
    with storage.write() as tx:
        links = add_links(tx, 5)
        first, second = add_runs(tx, links[:3]), add_runs(tx, links[3:])
        order = tx.runs.claimable(0.0, None, 9)
        snapshots = [tx.runs.snapshot_of(r) for r in order]

    assert snapshots == [first, second, first, second, first]


def test_a_run_that_has_ended_is_not_leased_again_and_leaves_its_link_free(storage: Database, queued: int) -> None:
    run = claimed(storage, queued)
    with storage.write() as tx:
        assert tx.runs.finish(run, RunState.DONE)
        assert tx.runs.renew(run, 100.0) is None
        add_runs(tx, [run.link_id])

        assert tx.runs.claimable(1.0, None, 9) == [run_of(tx, run.link_id)]


def test_a_held_run_waits_for_an_approval(storage: Database, queued: int) -> None:
    hold = Hold(limit=Limit.DELETES, deletes=60, destination_items=90, source_items=30, source_before=90)
    run = claimed(storage, queued)
    with storage.write() as tx:
        assert tx.holds.hold(run, hold, b"these")
        assert tx.runs.claimable(10_000, None, 9) == []
        assert list(tx.runs.live_by_link([run.link_id])) == [run.link_id]

    with storage.write() as tx:
        assert tx.holds.resume(queued, [], b"these", "olga")
        assert not tx.holds.resume(queued, [], b"these", "olga")

    assert claimed(storage, queued).approved == b"these"


def test_a_run_nobody_knows_is_not_found(storage: Database) -> None:
    with storage.read() as tx, pytest.raises(NotFound):
        tx.runs.snapshot_of(99)


def test_an_announced_write_is_open_until_its_end_is_known(storage: Database, queued: int) -> None:
    run = claimed(storage, queued)
    rows = [
        WriteRow(seq=n, kind=ActionKind.CREATE, crm_id=ItemId(f"crm-{n}"), nylas_id=None, title=f"No {n}")
        for n in range(4)
    ]
    with storage.write() as tx:
        tx.writes.intend(run.id, run.link_id, rows)
        tx.writes.sent(run.id, 1)
        tx.writes.sent(run.id, 2)
        tx.writes.settle(run.id, [(2, "done", ItemId("nylas-2")), (3, "unsent", None)])

    with storage.read() as tx:
        open_writes = [(w.seq, w.was_sent, w.run_ended_at) for w in tx.writes.unsettled(run.link_id)]
        assert open_writes == [(0, False, None), (1, True, None)]
        assert (tx.writes.next_seq(run.id), tx.writes.next_seq(99)) == (4, 0)


def test_failures_are_kept_per_run_and_cleared_when_it_starts_again(storage: Database, queued: int) -> None:
    run = claimed(storage, queued)
    with storage.write() as tx:
        tx.runs.add_failures(run, [Failure(title="One", action="create", cause="why")])
        tx.runs.add_counts(run, Counters(failed=1))
        tx.runs.finish(run, RunState.DONE)
        assert tx.runs.failed_links(run.snapshot_id) == [run.link_id]
        assert [f.title for f in tx.console.failures(snapshot_id=run.snapshot_id, link_id=None, offset=0, limit=9)] == [
            "One"
        ]
        tx.runs.clear_failures(run.id)
        assert tx.console.failures(snapshot_id=run.snapshot_id, link_id=None, offset=0, limit=9) == []


def test_what_the_source_had_is_remembered_from_the_last_finished_run(storage: Database, queued: int) -> None:
    run = claimed(storage, queued)
    with storage.write() as tx:
        tx.runs.planned(run, Counters(read=248), RunState.RUNNING)
        assert tx.runs.last_read(run.link_id, Direction.GET) is None
        tx.runs.finish(run, RunState.DONE)
        assert tx.runs.last_read(run.link_id, Direction.GET) == 248
        assert tx.runs.last_read(run.link_id, Direction.SEND) is None


def _open_writes(tx: SqlUnitOfWork) -> object:
    return tx.writes.unsettled(1)


def _claimable(tx: SqlUnitOfWork) -> object:
    return tx.runs.claimable(5.0, None, 9)


def _holders(tx: SqlUnitOfWork) -> object:
    return tx.runs.holders(5.0)


def _links_page(tx: SqlUnitOfWork) -> object:
    return tx.console.links(LinkQuery(target_id=1))


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (_open_writes, "ix_writes_open"),
        (_claimable, "ix_runs_claimable"),
        (_holders, "ix_runs_leased"),
        (_links_page, "uq_runs_live_link"),
    ],
)
def test_what_is_asked_for_every_link_is_found_by_its_index(
    storage: Database, ask: Callable[[SqlUnitOfWork], object], index: str
) -> None:
    if storage.engine.dialect.name != "sqlite":
        pytest.skip("plans are read from SQLite only")
    asked: list[tuple[str, Any]] = []

    @event.listens_for(storage.engine, "before_cursor_execute")
    def _note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        asked.append((statement, values))

    with storage.read() as tx:
        ask(tx)
    queries = [(statement, values) for statement, values in asked if statement.startswith("SELECT")]

    with storage.engine.connect() as connection:
        plans = [str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {s}", v).all()) for s, v in queries]
    assert any(index in plan for plan in plans), plans
    assert not any("'SCAN writes'" in plan or "'SCAN runs'" in plan for plan in plans), plans
