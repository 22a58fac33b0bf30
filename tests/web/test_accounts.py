"""The page of accounts: find them, see how far they are, disconnect them, change their address."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import update

from nylasadmin.adapters.clocks import FixedClock
from nylasadmin.adapters.storage.tables import accounts
from nylasadmin.bootstrap import Product
from nylasadmin.domain.links import FIRST_SYNC_S, AccountState
from nylasadmin.services.account_views import AccountQuery, AccountRow
from tests.web.stage import Stage
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]


def rows(product: Product) -> tuple[AccountRow, ...]:
    return product.services.accounts.rows(AccountQuery()).rows


def listed(page: str) -> list[int]:
    return [int(n) for n in re.findall(r'<tr id="account-(\d+)"', page)]


def audited(product: Product) -> list[tuple[str, str, str]]:
    return [(row.actor, row.action, row.outcome) for row in product.services.audit.rows(size=3)]


def set_up(product: Product, account_id: int, **values: object) -> None:
    with product.engine.begin() as connection:
        connection.execute(update(accounts).where(accounts.c.id == account_id).values(**values))


@pytest.fixture
def mixed(stage: Stage) -> Stage:
    """The first account syncs, the second needs sign-in, the third is connected."""
    one, two, _ = rows(stage.product)
    now = int(stage.product.clock.now())
    set_up(stage.product, one.account.id, first_snapshot_id=1, synced_at=None, connected_at=now - 60)
    with stage.product.storage.write() as tx:
        tx.accounts.set_state(two.account.id, AccountState.NEEDS_SIGN_IN)
    return stage


def test_the_page_says_of_each_account_how_far_it_is(visit: Visit, mixed: Stage, clock: FixedClock) -> None:
    page = visit("vera").get("/accounts").text

    assert listed(page) == [row.account.id for row in rows(mixed.product)]
    assert (page.count(">Syncing<"), page.count(">Needs sign-in<"), page.count(">Connected<")) == (1, 1, 1)
    assert re.search(r"0 of \d+ links?, 0 items", page)
    assert "all items" in page
    assert 'id="account-1-disconnect"' not in page, "who may only look is offered nothing"
    clock.move(FIRST_SYNC_S)
    later = visit("olga").get("/accounts").text
    assert (">Overdue<" in later, 'id="account-1-disconnect"' in later) == (True, True)


def test_what_is_filtered_and_searched_stands_in_the_address(visit: Visit, mixed: Stage) -> None:
    one, two, three = rows(mixed.product)
    vera = visit("vera")

    assert listed(vera.get("/accounts?state=needs_sign_in").text) == [two.account.id]
    assert listed(vera.get(f"/accounts?search={three.user_name.split()[0]}").text) == [three.account.id]
    assert listed(vera.get(f"/accounts?target_id={mixed.target.id}&provider=google&state=syncing").text) == [
        one.account.id
    ]
    assert listed(vera.get("/accounts?provider=icloud").text) == []
    assert listed(vera.get("/accounts?state=nonsense&page=9&target_id=x").text) == [
        r.account.id for r in (one, two, three)
    ]
    answer = vera.ask("/panels/accounts?state=syncing", source="a#x", target="section#accounts")
    assert answer.headers["HX-Push-Url"] == "/accounts?state=syncing"


def test_disconnecting_is_confirmed_by_typing_the_address(visit: Visit, stage: Stage) -> None:
    row = rows(stage.product)[0]
    path = f"/accounts/{row.account.id}/disconnect"
    olga = visit("olga")
    assert "have to sign in again" in olga.ask(path).text

    refused = olga.send(path, {"typed": "no@such.example"})

    assert (refused.status_code, 'value="no@such.example"' in refused.text) == (422, True)
    assert audited(stage.product)[0] == ("olga", "account.disconnect", "refused")
    done = olga.send(path, {"typed": row.account.email.upper()})
    assert (done.status_code, "accountsChanged" in done.headers["HX-Trigger"]) == (200, True)
    assert audited(stage.product)[:2] == [
        ("(engine)", "account.revoke", "done"),
        ("olga", "account.disconnect", "done"),
    ]
    page = olga.get("/accounts?state=disconnected").text
    assert (listed(page), "still to be revoked" in page) == ([row.account.id], False)
    assert "disconnected already" in olga.ask(path).text


def test_a_grant_that_nylas_would_not_revoke_is_said_on_the_page(visit: Visit, stage: Stage) -> None:
    row = rows(stage.product)[0]
    stage.box.sandbox.faults.add({"kind": "status", "status": 503, "method": "DELETE", "count": None})

    done = visit("olga").post(f"/accounts/{row.account.id}/disconnect", {"typed": row.account.email})

    assert done.status_code == 303
    page = visit("vera").get(done.location).text
    assert (
        "still to be revoked at Nylas; tried again by itself. Last try: Nylas or the provider behind it is in trouble."
        in page
    )


def test_an_address_is_changed_and_what_was_typed_survives_a_refusal(visit: Visit, stage: Stage) -> None:
    one, two, _ = rows(stage.product)
    path = f"/accounts/{one.account.id}/rename"
    olga = visit("olga")

    refused = olga.send(path, {"email": two.account.email})

    assert (refused.status_code, f'value="{two.account.email}"' in refused.text) == (422, True)
    assert f"has that address already ({two.user_name}, connected)" in refused.text
    assert audited(stage.product)[0] == ("olga", "account.rename", "refused")
    done = olga.post(path, {"email": "new@brightwater.example"})
    page = olga.get(done.location).text
    assert (listed(page), f"before: {one.account.email.replace('@', '<wbr>@')}" in page) == ([one.account.id], True)
    assert audited(stage.product)[0] == ("olga", "account.rename", "done")


def test_who_needs_to_sign_in_is_invited(visit: Visit, mixed: Stage) -> None:
    page = visit("olga").get("/accounts").text
    assert re.findall(r'href="/accounts/(\d+)/invite"', page) == [str(rows(mixed.product)[1].account.id)]
    assert "Invite to sign in" not in visit("vera").get("/accounts").text
