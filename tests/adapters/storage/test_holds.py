"""Runs that wait and answers that are remembered, on each database."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from nylasadmin.adapters.storage.database import Database
from nylasadmin.domain.guard import Hold, Limit, Tally, held_with
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import ActionKind, Direction, Reason
from nylasadmin.domain.runs import Counters, Run, RunState
from nylasadmin.errors import NotFound
from nylasadmin.services.rows import HeldRun, PlanItem, Victim
from tests.adapters.storage.rows import add_links, add_runs, run_of

TALLY = Tally(deletes=2, destination_items=9, source_items=7)
HOLD = Hold(limit=Limit.DELETES, deletes=2, destination_items=9, source_items=7, source_before=None)


@pytest.fixture
def links(storage: Database) -> list[int]:
    with storage.write() as tx:
        return add_links(tx, 2)


@pytest.fixture
def snapshot(storage: Database, links: list[int]) -> int:
    with storage.write() as tx:
        return add_runs(tx, links)


def claimed(storage: Database, link_id: int) -> Run:
    with storage.write() as tx:
        run = tx.runs.claim(run_of(tx, link_id), "one", 0.0, 60.0)
    assert run is not None
    return run


def waiting(storage: Database, link_id: int) -> Run:
    run = claimed(storage, link_id)
    with storage.write() as tx:
        tx.holds.note(run, TALLY)
        assert tx.holds.wait(run, b"these")
    return run


def victims(run: Run) -> list[PlanItem]:
    ids = (("s0", "d0"), (None, "d1"))
    return [
        PlanItem(
            seq=n,
            kind=ActionKind.DELETE,
            reason=Reason.DELETED_AT_SOURCE,
            source_id=ItemId(source) if source else None,
            destination_id=ItemId(destination),
            title=f"Item {n}",
            is_recurring=False,
            source_fingerprint=None,
            expected=b"x",
            before=None,
            after=None,
        )
        for n, (source, destination) in enumerate(ids)
    ]


def held(storage: Database, link_id: int) -> tuple[Run, HeldRun]:
    run = claimed(storage, link_id)
    with storage.write() as tx:
        tx.plans.add(run.snapshot_id, run.id, victims(run))
        assert tx.holds.hold(run, HOLD, b"these")
        found = tx.holds.of_run(run.id)
    assert found is not None
    return run, found


def test_a_snapshot_is_judged_when_no_run_is_left_to_plan(storage: Database, links: list[int], snapshot: int) -> None:
    waiting(storage, links[0])
    with storage.read() as tx:
        assert tx.holds.unjudged() == []

    waiting(storage, links[1])

    with storage.read() as tx:
        assert [found[0] for found in tx.holds.unjudged()] == [snapshot]
        assert tx.holds.tallies(snapshot) == [TALLY, TALLY]


def test_a_run_under_way_or_over_keeps_nobody_waiting(storage: Database, links: list[int], snapshot: int) -> None:
    waiting(storage, links[0])
    other = claimed(storage, links[1])
    with storage.write() as tx:
        tx.runs.planned(other, Counters(), RunState.RUNNING)
        assert len(tx.holds.unjudged()) == 1
        tx.runs.finish(other, RunState.FAILED)
        assert len(tx.holds.unjudged()) == 1


def test_waiting_runs_pass_with_exactly_their_deletes(storage: Database, links: list[int], snapshot: int) -> None:
    run = waiting(storage, links[0])
    with storage.write() as tx:
        assert (tx.holds.let_pass(snapshot), tx.holds.let_pass(snapshot)) == (1, 0)
        again = tx.runs.claim(run.id, "two", 1.0, 60.0)

    assert again is not None
    assert (again.approved, again.is_one_of_many, again.fence) == (b"these", True, 2)


def test_a_waiting_run_is_held_once_with_the_snapshots_counts(
    storage: Database, links: list[int], snapshot: int
) -> None:
    run = waiting(storage, links[0])
    hold = held_with(HOLD, TALLY)
    with storage.write() as tx:
        assert tx.holds.hold_waiting(run.id, hold)
        assert not tx.holds.hold_waiting(run.id, hold)
        found = tx.holds.of_run(run.id)

    assert found is not None
    assert (found.hold, found.victims, found.rest) == (hold, b"these", 2)


def test_a_late_worker_neither_waits_nor_holds(storage: Database, links: list[int], snapshot: int) -> None:
    late = claimed(storage, links[0])
    with storage.write() as tx:
        assert tx.runs.claim(late.id, "two", 100.0, 60.0) is not None
        assert not tx.holds.wait(late, b"these")
        assert not tx.holds.hold(late, HOLD, b"these")


def test_what_is_spared_stays_spared(storage: Database, links: list[int], snapshot: int) -> None:
    run, _ = held(storage, links[0])
    with storage.write() as tx:
        tx.plans.exclude(snapshot, [(run.id, 0)], "olga")
        found = tx.holds.of_run(run.id)
        assert found is not None
        assert (found.left_out, found.rest) == (1, 1)
        assert [v.is_left_out for v in tx.holds.victims(run.id)] == [True, False]
        assert tx.holds.resume(run.id, [ItemId("d0")], b"rest", "olga")
        again = tx.runs.claim(run.id, "two", 1.0, 60.0)
        assert again is not None
        assert tx.holds.hold(again, HOLD, b"others")
        assert tx.holds.resume(run.id, [ItemId("d7")])
        last = tx.runs.claim(run.id, "three", 2.0, 60.0)

    assert last is not None
    assert (again.approved, again.spared) == (b"rest", {"d0"})
    assert (last.approved, last.spared) == (None, {"d0", "d7"})


def test_deletes_that_were_approved_count_by_operator(storage: Database, links: list[int], snapshot: int) -> None:
    run = claimed(storage, links[0])
    with storage.write() as tx:
        tx.runs.planned(run, Counters(to_delete=5), RunState.PLANNING)
        tx.holds.hold(run, HOLD, b"these")
        tx.holds.resume(run.id, [], b"these", "olga")

        assert [tx.holds.approved_deletes(snapshot, name) for name in ("olga", "bea")] == [5, 0]


def test_answers_are_remembered_per_direction_and_item(storage: Database, links: list[int], snapshot: int) -> None:
    _, found = held(storage, links[0])
    with storage.write() as tx:
        for _ in range(2):  # giving the same answer twice remembers it once
            tx.rejections.add(found, tx.holds.victims(found.run_id), "olga", "why", is_due=True)

        assert tx.rejections.of_link(links[0]) == {Direction.GET: {"d0", "d1"}}
        assert tx.rejections.of_link(links[1]) == {}
        assert tx.rejections.count(links[0]) == 2
        listed = tx.rejections.page(links[0], 0, 9)
        assert [(r.title, r.is_due) for r in listed] == [("Item 1", False), ("Item 0", True)]
        tx.rejections.paired(links[0], [ItemId("d0")], [ItemId("d1")])
        assert tx.rejections.of_link(links[0]) == {Direction.GET: {"d1"}}


def test_what_is_due_waits_for_the_link_to_be_free(storage: Database, links: list[int], snapshot: int) -> None:
    run, found = held(storage, links[0])
    gone = [Victim(source_id=ItemId("s0"), destination_id=ItemId("d0"), title="Item 0")]
    with storage.write() as tx:
        tx.rejections.add(found, gone, "olga", "", is_due=True)
        (busy,) = tx.rejections.due()
        assert (tx.rejections.has_due(), busy.busy) == (True, RunState.HELD)
        tx.runs.cancel(run_id=run.id)

        (due,) = tx.rejections.due()
        assert (due.rejection.destination_id, due.busy) == ("d0", None)
        tx.rejections.settle([due.rejection.id])

        assert (tx.rejections.has_due(), tx.rejections.count(links[0])) == (False, 1)


def test_an_answer_is_forgotten_once(storage: Database, links: list[int], snapshot: int) -> None:
    _, found = held(storage, links[0])
    with storage.write() as tx:
        tx.rejections.add(found, tx.holds.victims(found.run_id), "olga", "", is_due=False)
        (first, *_) = tx.rejections.page(links[0], 0, 9)
        assert tx.rejections.forget(first.id)
        assert not tx.rejections.forget(first.id)
        with pytest.raises(NotFound):
            tx.rejections.get(first.id)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("SELECT * FROM runs WHERE runs.state = 'waiting'", "ix_runs_waiting"),
        ("SELECT rejections.id FROM rejections WHERE rejections.is_due LIMIT 1", "ix_rejections_due"),
    ],
)
def test_conditions_of_indexes_are_those_of_the_queries(storage: Database, query: str, index: str) -> None:
    if storage.engine.dialect.name != "sqlite":
        pytest.skip("plans are read from SQLite only")
    with storage.engine.connect() as connection:
        assert index in str(connection.execute(text(f"EXPLAIN QUERY PLAN {query}")).all())
