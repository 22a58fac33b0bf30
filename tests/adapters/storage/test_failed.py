"""Failed items, points of plots and pauses, on every database."""

from __future__ import annotations

import pytest

from nylasadmin.adapters.storage.database import Database
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.runs import Failure, Run, RunState
from nylasadmin.services.failed_views import FailedQuery
from nylasadmin.services.views import RunSort, SnapshotQuery, SnapshotState
from tests.adapters.storage.rows import add_links, add_runs, run_of


@pytest.fixture
def run(storage: Database) -> Run:
    """A run that is under way, the first of two of its snapshot."""
    with storage.write() as tx:
        links = add_links(tx, 2)
        add_runs(tx, links)
        claimed = tx.runs.claim(run_of(tx, links[0]), "one", 0.0, 60.0)
    assert claimed is not None
    return claimed


def failure(name: str, cause: str = "No. Try later.", *, is_transient: bool = True) -> Failure:
    return Failure(title=name, action="create", cause=cause, nylas_id=name, is_transient=is_transient)


def note(storage: Database, run: Run, *failures: Failure) -> None:
    with storage.write() as tx:
        tx.runs.add_failures(run, failures)
        tx.failed.note(run, failures)


def names(storage: Database, **fields: object) -> list[str]:
    with storage.read() as tx:
        return sorted(row.title for row in tx.failed.rows(FailedQuery(**fields)))  # type: ignore[arg-type]


def test_an_item_has_one_row_however_often_it_fails(storage: Database, run: Run) -> None:
    for _ in range(3):
        note(storage, run, failure("a"), failure("b"))

    with storage.read() as tx:
        rows = tx.failed.rows(FailedQuery())
        assert (len(rows), {row.attempts for row in rows}, tx.failed.count_open(9)) == (2, {3}, 2)
        assert tx.failed.has_open(run.link_id)


def test_items_are_found_by_words_cause_and_link(storage: Database, run: Run) -> None:
    note(storage, run, failure("alpha"), failure("beta", "Refused."))

    assert names(storage, search="ALPHA") == names(storage, search="alpha anna") == ["alpha"]
    assert names(storage, search="alpha", hides_titles=True) == names(storage, link_id=999) == []
    assert names(storage, cause="Refused.") == ["beta"]
    assert names(storage, snapshot_id=run.snapshot_id, link_id=run.link_id) == ["alpha", "beta"]
    with storage.read() as tx:
        assert tx.failed.causes(FailedQuery()) == [("No. Try later.", 1), ("Refused.", 1)]


def test_a_due_item_is_claimed_once(storage: Database, run: Run) -> None:
    note(storage, run, failure("quick"), failure("slow", is_transient=False))

    with storage.write() as tx:
        now = max(row.next_try_at or 0 for row in tx.failed.rows(FailedQuery(search="quick"))) + 1
        due = [item.id for item in tx.failed.due(now, 9)]
        assert len(due) == 1
        assert tx.failed.claim(due, now, int(now) + 100) == set(due)
        assert tx.failed.claim(due, now, int(now) + 100) == set()
        assert tx.failed.due(now, 9) == []


def test_what_a_run_did_not_fail_on_is_told_and_cleared(storage: Database, run: Run) -> None:
    note(storage, run, failure("a"))
    with storage.write() as tx:
        tx.failed.note(run, [failure("old")])

        before = tx.failed.not_failed_by(run)
        tx.failed.clear(list(before))

    assert list(before.values()) == [(None, "old")]
    assert names(storage) == ["a"]


def test_dismissing_mends_the_link_unless_its_last_run_failed(storage: Database, run: Run) -> None:
    note(storage, run, failure("a"))
    with storage.write() as tx:
        tx.links.finished(run.link_id, Direction.GET, items=None, is_failing=True)

        assert tx.failed.dismiss(FailedQuery(search="a"), "olga", "known") == 1
        assert tx.failed.dismiss(FailedQuery(search="a"), "olga", "known") == 0
        state = tx.console.link(run.link_id).state

    assert (names(storage), names(storage, dismissed=True), state) == ([], ["a"], "running")


def test_runs_are_paused_and_resumed_once(storage: Database, run: Run) -> None:
    with storage.write() as tx:
        assert len(tx.runs.pause(snapshot_id=run.snapshot_id)) == 2
        assert tx.runs.pause(snapshot_id=run.snapshot_id) == []
        assert tx.runs.renew(run, 99.0) is RunState.PAUSED
        assert tx.runs.resume(run_id=run.id) == [run.id]
        assert tx.runs.claimable(50.0, None, 9) == []
        tx.runs.let_go(run)
        assert tx.runs.claimable(50.0, None, 9) == [run.id]


def test_the_history_knows_the_states_and_the_runs_their_order(storage: Database, run: Run) -> None:
    with storage.write() as tx:
        tx.runs.pause(run_id=run.id)
        sorted_by = {sort: [r.id for r in tx.console.runs(run.snapshot_id, (), 0, 9, sort)] for sort in RunSort}
        found = {s: len(tx.console.snapshots(SnapshotQuery(state=s))) for s in SnapshotState}

    assert sorted_by[RunSort.STATE][0] == run.id
    assert all(len(ids) == 2 for ids in sorted_by.values())
    assert {state for state, count in found.items() if count} == {SnapshotState.RUNNING}


def test_a_second_has_one_point(storage: Database, run: Run) -> None:
    with storage.write() as tx:
        for _ in range(3):
            tx.samples.add(run.snapshot_id)
        first, last = tx.samples.of_snapshot(run.snapshot_id)[0], tx.samples.of_snapshot(run.snapshot_id)[-1]
        assert not tx.samples.is_over(run.snapshot_id)
    assert last.at - first.at <= 2
    assert (last.read, last.written, last.failed) == (0, 0, 0)
