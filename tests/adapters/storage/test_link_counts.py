"""The numbers above the list of links: they are those of the rows below, right after every change."""

from __future__ import annotations

from collections import Counter

import pytest

from nylasadmin.adapters.storage.database import Database
from nylasadmin.adapters.storage.repositories import SqlUnitOfWork
from nylasadmin.domain.guard import Hold, Limit
from nylasadmin.domain.links import AccountState
from nylasadmin.domain.plan import Direction
from nylasadmin.services.views import LinkQuery, LinkState
from tests.adapters.storage.rows import add_links, add_runs, run_of


@pytest.fixture
def link_ids(storage: Database) -> list[int]:
    """One link in each state, but for signing in: that is of a whole account."""
    with storage.write() as tx:
        ids = add_links(tx, 8)
        add_runs(tx, ids[:2])
        held = tx.runs.claim(run_of(tx, ids[0]), "one", 0.0, 60.0)
        assert held is not None
        tx.holds.hold(
            held, Hold(limit=Limit.DELETES, deletes=1, destination_items=1, source_items=1, source_before=1), b""
        )
        tx.links.finished(ids[2], Direction.GET, items=None, is_failing=True)
        tx.links.finished(ids[3], Direction.GET, items=5, is_failing=False, is_copy=True)
        tx.links.switch(ids[4], 1, inbound=False, outbound=False)
        add_runs(tx, [ids[5]], is_preview=True)
        tx.links.remove(ids[6], 1)
    return ids


def counted(tx: SqlUnitOfWork, **narrowed: str) -> dict[LinkState, int]:
    page = tx.console.links(LinkQuery(target_id=1, **narrowed))  # type: ignore[arg-type]
    assert page.by_state == Counter(row.state for row in page.rows)
    assert page.total == len(page.rows)
    return page.by_state


def test_every_state_is_counted_as_its_rows_say(storage: Database, link_ids: list[int]) -> None:
    with storage.read() as tx:
        assert counted(tx) == {
            LinkState.HELD: 1,
            LinkState.RUNNING: 1,
            LinkState.FAILING: 1,
            LinkState.HEALTHY: 1,
            LinkState.OFF: 1,
            LinkState.NEW: 2,
        }


def test_a_search_is_counted_by_itself(storage: Database, link_ids: list[int]) -> None:
    with storage.read() as tx:
        assert counted(tx, search="folder 1") == {LinkState.RUNNING: 1}
        assert counted(tx, search="folder 2") == {LinkState.FAILING: 1}
        assert counted(tx, search="nobody") == {}


def test_a_page_of_one_state_counts_them_all(storage: Database, link_ids: list[int]) -> None:
    with storage.read() as tx:
        page = tx.console.links(LinkQuery(target_id=1, state=LinkState.NEW))

    assert [row.state for row in page.rows] == [LinkState.NEW, LinkState.NEW]
    assert page.total == 7


def test_a_lost_sign_in_is_counted_at_once(storage: Database, link_ids: list[int]) -> None:
    with storage.write() as tx:
        tx.accounts.set_state(1, AccountState.NEEDS_SIGN_IN)
        assert counted(tx) == {LinkState.HELD: 1, LinkState.RUNNING: 1, LinkState.NEEDS_SIGN_IN: 5}


def test_the_runs_of_another_target_are_not_counted_here(storage: Database, link_ids: list[int]) -> None:
    with storage.read() as tx:
        page = tx.console.links(LinkQuery(target_id=2))

    assert (page.by_state, page.total, page.rows) == ({}, 0, ())


@pytest.mark.parametrize("size", [1, 3])
def test_pages_put_together_are_the_whole_list(storage: Database, link_ids: list[int], size: int) -> None:
    with storage.read() as tx:
        whole = tx.console.links(LinkQuery(target_id=1)).rows
        pages = [tx.console.links(LinkQuery(target_id=1, page=n, size=size)).rows for n in range(1, 9)]

    assert tuple(row for page in pages for row in page) == whole
