"""What accounts have frozen, and a sample of a collection's items, on both databases."""

from __future__ import annotations

from sqlalchemy import Engine

from nylasadmin.adapters.storage.database import Database
from nylasadmin.domain.items import ItemId, ItemType
from nylasadmin.services.policy_views import Frozen
from nylasadmin.services.rows import CrmItem, ItemScope
from tests.adapters.storage.rows import add_links
from tests.domain.policies import at, event

MINE = ItemScope(user_id="anna", collection="primary", item_type=ItemType.EVENT, origin="test")


def test_accounts_are_counted_by_what_they_have_frozen(engine: Engine) -> None:
    with Database(engine, lambda: 0).write() as tx:
        target_id = tx.links.get(add_links(tx)[0]).target_id

        frozen = Frozen(sync_days=30, webhook_days=0, zone="UTC", notifies_of_all=True, accounts=1)
        assert tx.accounts.frozen(target_id) == [frozen]
        assert tx.accounts.frozen(target_id + 1) == []


def test_of_more_items_than_asked_for_every_so_manieth_is_given(engine: Engine) -> None:
    days = [f"2026-01-{day:02}" for day in range(1, 8)]
    with Database(engine, lambda: 0).write() as tx:
        add_links(tx)
        for day in days:
            item = event(f"{day}T09:00", f"{day}T10:00")
            tx.items.put(CrmItem(id=ItemId(day), user_id="anna", collection="primary", item=item), "test")

        assert [seen.start for seen in tx.items.sample(MINE, 3)] == [at("2026-01-03T09:00"), at("2026-01-06T09:00")]
        assert len(tx.items.sample(MINE, 7)) == 7
