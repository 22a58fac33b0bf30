"""Both policies of a target: what is refused and noted, what accounts keep, and what other settings would change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from nylasadmin import bootstrap
from nylasadmin.adapters.clocks import FixedClock
from nylasadmin.adapters.memory import MemoryItemStore
from nylasadmin.adapters.storage.repositories import SqlUnitOfWork
from nylasadmin.bootstrap import Product
from nylasadmin.domain.items import ItemId, ItemType, ScheduleItem, Timed
from nylasadmin.domain.links import Account, AccountState, CrmUser
from nylasadmin.domain.policies import PlanLevel, Policies, freeze
from nylasadmin.domain.targets import TargetForm
from nylasadmin.errors import InvalidInput, Refused, ServiceFailed, StaleVersion
from nylasadmin.services.policies import MOST_ACCOUNTS
from nylasadmin.services.policy_views import AccountChange, Frozen
from nylasadmin.services.ports import Directory, FolderRef, SenderSettings
from nylasadmin.services.rows import CrmItem, NewLink
from tests.domain.policies import at
from tests.services.worlds import OLGA, settings_in

CONNECTED = at("2026-03-03T14:20")
CORE = Policies(plan=PlanLevel.CORE)


def event(day: str) -> ScheduleItem:
    return ScheduleItem(title=day, when=Timed(at(f"{day}T09:00"), at(f"{day}T10:00"), "UTC"))


class FakeNylas:
    """Folders in memory, by grant; a grant that is down raises."""

    def __init__(self) -> None:
        self.folders: dict[str, MemoryItemStore] = {}
        self.down: set[str] = set()
        self.opened: list[FolderRef] = []

    def directory(self, sender: SenderSettings) -> Directory:
        raise Refused("not asked for")

    def reader(self, sender: SenderSettings, folder: FolderRef) -> MemoryItemStore:
        self.opened.append(folder)
        if folder.grant_id in self.down:
            raise ServiceFailed(status=503)
        return self.folders.setdefault(folder.grant_id, MemoryItemStore())

    store = reader


class Office:
    """A target with accounts, their links, and items on both sides."""

    def __init__(self, product: Product, nylas: FakeNylas) -> None:
        self.product, self.nylas = product, nylas
        form = TargetForm(name="US", host="api.us.nylas.com", base_url="https://api.us.nylas.com", api_key="nyk_1")
        self.target_id = product.services.targets.add(OLGA, form).id

    @property
    def policies(self) -> Any:
        return self.product.services.policies

    def connect(self, name: str, connected_at: int = CONNECTED, days: int = 30, **more: Any) -> None:
        """Connect a user who has one calendar."""
        user = CrmUser(id=name, name=name.capitalize(), email=f"{name}@b.example")
        item_type = more.pop("item_type", ItemType.EVENT)
        with self.product.storage.write() as tx:
            tx.users.save(user)
            account = Account(
                id=0, target_id=self.target_id, user_id=name, email=user.email, grant_id=name,
                connected_at=connected_at,
                policy=freeze(replace(CORE, sync_days=days), connected_at), **{"provider": "google", **more},
            )  # fmt: skip
            self._link(tx, user, tx.accounts.save(account), item_type)

    def _link(self, tx: SqlUnitOfWork, user: CrmUser, account_id: int, item_type: ItemType) -> None:
        tx.links.save(
            NewLink(
                account_id=account_id,
                target_id=self.target_id,
                user=user,
                folder_id="c1",
                folder_name="Calendar",
                folder_owner=user.email,
                collection="primary",
                is_primary=True,
                is_read_only=False,
                outbound=True,
                item_type=item_type,
            )
        )

    def at_nylas(self, name: str, *days: str) -> None:
        items = {ItemId(day): event(day) for day in days}
        self.nylas.folders[name] = MemoryItemStore(dict(items))

    def in_crm(self, name: str, *days: str) -> None:
        with self.product.storage.write() as tx:
            for day in days:
                item = CrmItem(id=ItemId(f"{name} {day}"), user_id=name, collection="primary", item=event(day))
                tx.items.put(item, "test")

    def count(self, **wanted: Any) -> dict[str, AccountChange]:
        changes = self.policies.count(OLGA, self.target_id, replace(CORE, **wanted))
        return {account.email.split("@")[0]: account for account in changes.accounts}

    def trail(self) -> list[tuple[str, str]]:
        rows = self.product.services.audit.rows()
        return [(row.action, row.outcome) for row in rows if row.action != "target.add"]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    nylas = FakeNylas()
    product = bootstrap.build(settings_in(tmp_path), nylas=nylas, clock=FixedClock(at("2026-06-01T12:00")))
    yield Office(product, nylas)
    product.close()


# --- settings ----------------------------------------------------------------------------------------------------


def changes_nothing(change: AccountChange) -> bool:
    counted = (change.more, change.fewer, change.more_notify, change.fewer_notify)
    return change.problem is None and not any(counted)


def test_settings_are_stored_and_noted_with_old_and_new_values(office: Office) -> None:
    wanted = Policies(plan=PlanLevel.CORE, sync_days=60, webhook_days=5, zone="Europe/Berlin", is_legacy=True)

    saved = office.policies.save(OLGA, office.target_id, 1, wanted)

    assert (saved.policies, saved.version) == (wanted, 2)
    row = office.product.services.audit.rows()[0]
    assert (row.action, row.subject, row.outcome) == ("target.policies", "target US", "done")
    assert '"sync_days":30' in row.old
    assert '"sync_days":60' in row.new


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Policies(plan=PlanLevel.ENTRY, sync_days=31), "sync_days"),
        (Policies(sync_days=10, webhook_days=11), "webhook_days"),
        (Policies(zone="Berlin"), "zone"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_field_and_noted(office: Office, wanted: Policies, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        office.policies.save(OLGA, office.target_id, 1, wanted)

    assert list(refused.value.fields) == [field]
    assert office.trail() == [("target.policies", "refused")]
    assert office.product.services.targets.get(office.target_id).policies == Policies()


def test_settings_on_top_of_an_older_version_are_refused_with_the_stored_ones(office: Office) -> None:
    office.policies.save(OLGA, office.target_id, 1, replace(CORE, sync_days=60))

    with pytest.raises(StaleVersion) as refused:
        office.policies.save(OLGA, office.target_id, 1, replace(CORE, sync_days=45))

    assert (refused.value.current["sync_days"], refused.value.current["version"]) == (60, 2)
    assert [outcome for _, outcome in office.trail()] == ["refused", "done"]


def test_connected_accounts_keep_what_they_froze(office: Office) -> None:
    for name in ("anna", "bruno", "chen"):
        office.connect(name, days=30 if name != "chen" else 7)
    office.connect("dora", state=AccountState.DISCONNECTED)

    office.policies.save(OLGA, office.target_id, 1, replace(CORE, sync_days=90, webhook_days=90))

    alike = {"webhook_days": 0, "zone": "UTC", "notifies_of_all": False}
    assert office.policies.frozen(office.target_id) == [
        Frozen(sync_days=30, accounts=2, **alike),
        Frozen(sync_days=7, accounts=1, **alike),
    ]


# --- what would change -------------------------------------------------------------------------------------------


def test_what_would_take_part_as_well_is_counted_at_nylas(office: Office) -> None:
    office.connect("anna")
    office.connect("bruno")
    office.at_nylas("anna", "2026-01-01", "2026-01-02", "2026-01-31", "2026-02-01", "2026-04-01")
    office.at_nylas("bruno", "2026-02-01")

    counted = office.count(sync_days=60)

    assert (counted["anna"].user_name, counted["anna"].more, counted["anna"].fewer) == ("Anna", 2, 0)
    assert changes_nothing(counted["bruno"])
    assert office.trail() == [("target.count_policies", "done")]


def test_of_what_would_take_part_as_well_some_would_notify(office: Office) -> None:
    office.connect("anna")
    office.at_nylas("anna", "2026-01-03", "2026-01-25")
    office.in_crm("anna", "2026-02-10", "2026-03-10")

    counted = office.count(sync_days=60, webhook_days=40)

    assert (counted["anna"].more, counted["anna"].more_notify) == (2, 2)


def test_what_would_no_longer_take_part_is_counted_from_the_crm(office: Office) -> None:
    office.connect("anna")
    office.in_crm("anna", "2026-01-10", "2026-02-01", "2026-02-20", "2026-03-02", "2026-03-03")

    counted = office.count(sync_days=5)

    assert (counted["anna"].more, counted["anna"].fewer) == (0, 2)
    assert office.nylas.opened == []


def test_other_days_for_notifications_are_counted_from_the_crm(office: Office) -> None:
    office.connect("anna")
    office.in_crm("anna", "2026-02-10", "2026-02-25", "2026-03-10")

    counted = office.count(sync_days=30, webhook_days=10)["anna"]

    assert (counted.more, counted.fewer, counted.more_notify, counted.fewer_notify) == (0, 0, 1, 0)


def test_accounts_whose_policy_would_stay_are_not_asked(office: Office) -> None:
    office.connect("anna")
    office.connect("bruno", days=60)
    office.connect("chen", days=60, state=AccountState.DISCONNECTED)

    changes = office.policies.count(OLGA, office.target_id, replace(CORE, sync_days=60))

    assert [account.user_name for account in changes.accounts] == ["Anna"]
    assert changes.untouched == 1
    assert {folder.grant_id for folder in office.nylas.opened} == {"anna"}


def test_trouble_with_one_account_is_told_beside_it(office: Office) -> None:
    for name in ("anna", "bruno", "chen"):
        office.connect(name, state=AccountState.NEEDS_SIGN_IN if name == "chen" else AccountState.CONNECTED)
        office.at_nylas(name, "2026-01-15")
    office.nylas.down = {"bruno"}

    counted = office.count(sync_days=60)

    assert counted["anna"].more == 1
    assert counted["bruno"].problem is not None
    assert "Nylas" in counted["bruno"].problem.title
    assert counted["chen"].problem is not None
    assert counted["chen"].problem.title == "Needs sign-in"
    assert office.trail() == [("target.count_policies", "failed")]


def test_only_so_many_accounts_are_counted_at_once(office: Office) -> None:
    for number in range(MOST_ACCOUNTS + 3):
        office.connect(f"user{number:02}")

    changes = office.policies.count(OLGA, office.target_id, replace(CORE, sync_days=60))

    assert (len(changes.accounts), changes.left_out) == (MOST_ACCOUNTS, 3)


def test_a_provider_that_tells_of_recent_mail_only_may_have_more(office: Office) -> None:
    office.connect("anna", provider="imap", item_type=ItemType.MESSAGE)
    office.connect("bruno", provider="google", item_type=ItemType.MESSAGE)

    counted = office.count(sync_days=90)

    assert (counted["anna"].is_at_least, counted["bruno"].is_at_least) == (True, False)


def test_an_address_book_is_not_read(office: Office) -> None:
    office.connect("anna", item_type=ItemType.CONTACT)

    assert changes_nothing(office.count(sync_days=60)["anna"])
    assert office.nylas.opened == []


def test_settings_that_cannot_be_are_not_counted(office: Office) -> None:
    office.connect("anna")

    with pytest.raises(InvalidInput):
        office.count(sync_days=91)

    assert office.trail() == [("target.count_policies", "refused")]


# --- the time line's items ---------------------------------------------------------------------------------------


def test_the_items_of_a_link_are_told_with_the_policy_of_its_account(office: Office) -> None:
    office.connect("anna")
    office.in_crm("anna", "2026-01-10", "2026-02-10")
    office.policies.save(OLGA, office.target_id, 1, replace(CORE, sync_days=90))

    history = office.policies.history(1)

    assert (history.items, len(history.seen), history.connected_at) == (2, 2, CONNECTED)
    assert [seen.start for seen in history.seen] == [at("2026-01-10T09:00"), at("2026-02-10T09:00")]
    assert history.policy.sync_from == at("2026-02-01")


def test_of_many_items_some_are_told_from_all_over_their_time(office: Office) -> None:
    office.connect("anna")
    days = [f"20{year}-{month:02}-{day:02}" for year in (24, 25) for month in range(1, 13) for day in range(1, 26)]
    office.in_crm("anna", *days)

    history = office.policies.history(1)

    assert history.items == 600
    assert len(history.seen) == 200
    assert history.seen[-1].start == at("2025-12-25T09:00")
