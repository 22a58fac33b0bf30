"""Accounts as the page asks for them: by address, a page at a time, counted by state and provider."""

from __future__ import annotations

from sqlalchemy import Engine, update

from nylasadmin.adapters.storage.database import Database
from nylasadmin.adapters.storage.repositories import SqlUnitOfWork
from nylasadmin.adapters.storage.tables import accounts
from nylasadmin.domain.links import FIRST_SYNC_S, Account, AccountState, CrmUser
from nylasadmin.domain.runs import RunState
from nylasadmin.services.account_views import AccountQuery, AccountStatus
from nylasadmin.services.views import LinkQuery, LinkState
from tests.adapters.storage.conftest import NOW
from tests.adapters.storage.rows import add_links, add_runs, run_of


def add_accounts(tx: SqlUnitOfWork, count: int) -> None:
    """Add so many accounts beside Anna's, every second one at Microsoft."""
    for number in range(count):
        user = CrmUser(id=f"u{number}", name=f"Person {number}", email=f"p{number}@x.example")
        tx.users.save(user)
        provider = "microsoft" if number % 2 else "google"
        tx.accounts.save(
            Account(id=0, target_id=1, user_id=user.id, email=user.email, provider=provider, grant_id=f"g{number}")
        )


def test_accounts_are_counted_by_state_and_provider_and_come_by_address(engine: Engine, storage: Database) -> None:
    with storage.write() as tx:
        add_links(tx, 2)
        add_accounts(tx, 5)
        tx.accounts.set_state(3, AccountState.NEEDS_SIGN_IN)
        tx.accounts.disconnect(4)
    with engine.begin() as connection:
        syncing = {"first_snapshot_id": 1, "connected_at": NOW - FIRST_SYNC_S}
        connection.execute(update(accounts).where(accounts.c.id.in_([5, 6])).values(**syncing))
        connection.execute(update(accounts).where(accounts.c.id == 6).values(connected_at=NOW - FIRST_SYNC_S - 1))

    with storage.read() as tx:
        page = tx.console.accounts(AccountQuery(size=4), NOW)
        microsoft = tx.console.accounts(AccountQuery(provider="microsoft"), NOW)
        gone = tx.console.accounts(AccountQuery(status=AccountStatus.DISCONNECTED), NOW)

    assert page.by_status == {
        AccountStatus.NEEDS_SIGN_IN: 1, AccountStatus.OVERDUE: 1, AccountStatus.SYNCING: 1,
        AccountStatus.CONNECTED: 2, AccountStatus.DISCONNECTED: 1,
    }  # fmt: skip
    assert (page.by_provider, page.pages) == ({"google": 4, "microsoft": 2}, 2)
    assert [row.account.email for row in page.rows][:2] == ["anna@brightwater.example", "p0@x.example"]
    assert (page.rows[0].links, page.rows[1].links) == (2, 0)
    assert (sum(microsoft.by_status.values()), microsoft.by_provider) == (2, {"google": 4, "microsoft": 2})
    assert (gone.matching, [row.account.id for row in gone.rows]) == (1, [4])


def test_a_search_finds_names_and_addresses_former_ones_too(storage: Database) -> None:
    with storage.write() as tx:
        add_links(tx)
        add_accounts(tx, 3)
        tx.accounts.rename(2, "elsewhere@x.example")

    with storage.read() as tx:
        found = {w: [r.account.id for r in tx.console.accounts(AccountQuery(search=w), NOW).rows] for w in
                 ("p0@x", "ELSEWHERE", "person 1", "anna", "%")}  # fmt: skip

    assert found == {"p0@x": [2], "ELSEWHERE": [2], "person 1": [3], "anna": [1], "%": []}


def test_a_run_is_parked_once_and_goes_on_with_its_account(storage: Database) -> None:
    with storage.write() as tx:
        add_runs(tx, add_links(tx, 2))
        run = tx.runs.claim(run_of(tx, 1), "worker", NOW, 60)
        assert run is not None
        assert (run.account_id, tx.runs.park(run, "cause", "detail"), tx.runs.park(run, "cause", "")) == (
            1,
            True,
            False,
        )
        assert tx.console.account(1, NOW).parked == 1
        tx.accounts.set_state(1, AccountState.NEEDS_SIGN_IN)
        links = tx.console.links(LinkQuery(target_id=1))
        assert [row.state for row in links.rows] == [LinkState.NEEDS_SIGN_IN, LinkState.RUNNING]
        assert links.by_state == {LinkState.NEEDS_SIGN_IN: 1, LinkState.RUNNING: 1}
        assert tx.runs.pause(run_id=run_of(tx, 2)) == [run_of(tx, 2)]

    with storage.write() as tx:
        assert tx.runs.resume_parked(1) == [run.id], "what an operator paused stays paused"
        assert tx.runs.resume_parked(1) == []
        states = {row.id: (row.state, row.cause, row.detail) for row in tx.console.runs(1, (), 0, 9)}
        assert states[run.id] == (RunState.QUEUED, "", "")


def test_a_try_to_revoke_is_taken_by_one_process_only(storage: Database) -> None:
    with storage.write() as tx:
        add_links(tx)
        tx.accounts.disconnect(1)
        assert tx.accounts.to_revoke(NOW, 9) == [1]
        assert [tx.accounts.claim_revoke(1, NOW, lambda tries: 60 * tries) for _ in range(2)] == [True, False]
        assert (tx.accounts.to_revoke(NOW + 59, 9), tx.accounts.to_revoke(NOW + 60, 9)) == ([], [1])
        assert tx.accounts.revoked(1, "another grant") is False
        assert (tx.accounts.count_to_revoke(1), tx.accounts.revoked(1, "grant")) == (1, True)
        assert (tx.accounts.count_to_revoke(1), tx.accounts.to_revoke(NOW + 999, 9)) == (0, [])


def test_links_fall_behind_until_a_get_is_asked_for_and_busy_ones_wait(storage: Database) -> None:
    with storage.write() as tx:
        link_ids = add_links(tx, 3)
        tx.links.switch(link_ids[2], 1, inbound=False, outbound=True)
        add_runs(tx, link_ids[:1])
        assert (tx.links.has_behind(), tx.links.fall_behind(1), tx.links.has_behind()) == (False, 2, True)
        assert [link.id for link in tx.links.behind()] == [link_ids[1]]
        tx.links.caught_up([link_ids[1]])
        assert tx.links.has_behind() is False
        tx.runs.cancel_of_links(link_ids)
        assert [link.id for link in tx.links.behind()] == [link_ids[0]]
        tx.accounts.set_state(1, AccountState.NEEDS_SIGN_IN)
        assert tx.links.behind() == []
