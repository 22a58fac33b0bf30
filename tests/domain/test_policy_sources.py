"""Both policies against what the original service's page on historical sync and webhooks says, section by section.

The page's example under "Sync policy" speaks of an account connected on 1 February, two months, 1 January, and then of
a 1 March account: it contradicts itself, so no arithmetic is taken from it.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from nylasadmin.domain.kinds import Item
from nylasadmin.domain.links import FIRST_SYNC_S
from nylasadmin.domain.policies import DEFAULT, MOST_SYNC_DAYS, PlanLevel, Policies, freeze, problems
from nylasadmin.domain.verdicts import Rule, Verdict, dated, sync_verdict, webhook_verdict
from tests.domain.policies import IN_THE_BOOK, at, event, from_mail, frozen, message, thread


def synced(item: Item, connected: str, days: int = 30) -> bool:
    return sync_verdict(dated(item), frozen(connected, days)).takes_part


def notifies(item: Item, connected: str, days: int = 30, webhook: int = 0) -> Verdict:
    return webhook_verdict(dated(item), frozen(connected, days, webhook))


def test_sync_policy_default() -> None:
    """Sync policy: "by default" the last 30 days are synchronized."""
    assert freeze(DEFAULT, at("2023-05-31T10:00")).sync_from == at("2023-05-01")


def test_plans() -> None:
    """The note at the top: Entry up to 30 days, Core 90, custom for Plus."""
    assert MOST_SYNC_DAYS == {PlanLevel.ENTRY: 30, PlanLevel.CORE: 90, PlanLevel.PLUS: None}
    assert "sync_days" in problems(Policies(plan=PlanLevel.ENTRY, sync_days=90))
    assert problems(Policies(plan=PlanLevel.CORE, sync_days=90)) == {}
    assert problems(Policies(plan=PlanLevel.PLUS, sync_days=5000)) == {}


def test_thirty_days_before_connecting() -> None:
    """Configure webhook and sync policy: "to sync data from 30 days before", enter 30."""
    assert synced(message("2023-05-01T00:00"), "2023-05-31T10:00", days=30)
    assert not synced(message("2023-04-30T23:59:59"), "2023-05-31T10:00", days=30)


def test_december_account_synchronized_back_to_november() -> None:
    """Webhook policy, first example: connected on 1 December 2020, synchronized back to 1 November 2020."""
    assert synced(message("2020-11-01T00:00"), "2020-12-01T09:00", days=30)
    assert not synced(message("2020-10-31T23:59:59"), "2020-12-01T09:00", days=30)


def test_notifications_cannot_begin_after_the_day_of_connecting() -> None:
    """The same example wants webhooks from a later day on; the setting counts days *before* connecting, least 0."""
    assert "webhook_days" in problems(Policies(webhook_days=-31))


def test_the_day_the_account_is_connected() -> None:
    """Configure webhook and sync policy, second choice: "the day the account is connected", whole, for either."""
    assert synced(message("2023-05-31T00:00"), "2023-05-31T10:00", days=0)
    assert not synced(message("2023-05-30T23:59:59"), "2023-05-31T10:00", days=0)
    assert notifies(message("2023-05-31T00:00"), "2023-05-31T10:00", days=0).takes_part


def test_february_account_notifies_from_its_day_on() -> None:
    """Webhook policy: connected on 10 February 2021, data "starting on that date and forward" notifies."""
    assert notifies(message("2021-02-10T00:00"), "2021-02-10T15:00").takes_part
    assert notifies(message("2021-03-01T00:00"), "2021-02-10T15:00").takes_part
    assert not notifies(message("2021-02-09T23:59:59"), "2021-02-10T15:00").takes_part


@pytest.mark.parametrize(
    ("connected", "rule"), [("2020-11-09T12:00", Rule.EARLY_ACCOUNT), ("2020-11-10T12:00", Rule.MESSAGE)]
)
def test_users_connected_before_10_november_2020(connected: str, rule: Rule) -> None:
    """Webhook policy: users connected before that day "trigger all webhooks"; new ones from their own day on."""
    old = notifies(message("2020-10-20T08:00"), connected)

    assert (old.takes_part, old.rule) == (rule is Rule.EARLY_ACCOUNT, rule)


def test_applications_that_existed_then() -> None:
    """Keep in mind: the webhook policy "only applies to new applications"."""
    policy = frozen("2026-03-03T09:00", 30, 0, is_legacy=True)

    assert webhook_verdict(dated(message("2026-02-10T08:00")), policy).takes_part


def test_both_are_set_independently() -> None:
    """Configure webhook and sync policy: data may be synchronized without notifying until a later date."""
    item = message("2023-05-20T08:00")

    assert synced(item, "2023-05-31T10:00", days=30)
    assert not notifies(item, "2023-05-31T10:00", days=30, webhook=5).takes_part
    assert notifies(item, "2023-05-31T10:00", days=30, webhook=11).takes_part


CONNECTED = "2023-05-31T10:00"
TABLE = [
    pytest.param(message("2023-05-05T08:00"), message("2023-04-05T08:00"), id="Messages: received date"),
    pytest.param(
        thread("2023-05-05T08:00", "2022-01-01T08:00"), thread("2023-04-05T08:00", "2022-01-01T08:00"),
        id="Thread: most recent received date",
    ),
    pytest.param(
        event("2023-01-02T08:00", "2023-01-02T09:00", "RRULE:FREQ=WEEKLY;UNTIL=20230508T080000Z"),
        event("2023-01-02T08:00", "2023-01-02T09:00", "RRULE:FREQ=WEEKLY;UNTIL=20230424T080000Z"),
        id="Events, recurring: final event end time",
    ),
    pytest.param(
        event("2023-04-05T08:00", "2023-05-05T08:00"), event("2023-04-05T08:00", "2023-04-30T08:00"),
        id="Events, other: end time",
    ),
    pytest.param(event("2023-05-05T08:00"), event("2023-04-05T08:00"), id="Events, other: start time without an end"),
    pytest.param(from_mail("2023-05-05T08:00"), from_mail("2023-04-05T08:00"), id="Contacts made from mail"),
]  # fmt: skip


@pytest.mark.parametrize(("inside", "outside"), TABLE)
def test_sync_column_of_the_table(inside: Item, outside: Item) -> None:
    """Webhook and data sync objects, column Sync Policy."""
    assert synced(inside, CONNECTED)
    assert not synced(outside, CONNECTED)


@pytest.mark.parametrize(("inside", "outside"), TABLE)
def test_webhook_column_of_the_table(inside: Item, outside: Item) -> None:
    """Webhook and data sync objects, column Webhook Policy: the same dates against its own cut-off."""
    assert webhook_verdict(dated(inside), frozen(CONNECTED, 3000, 30)).takes_part
    assert not webhook_verdict(dated(outside), frozen(CONNECTED, 3000, 30)).takes_part


def test_address_book_contacts() -> None:
    """Webhook and data sync objects, Contacts: the address book "in full", and notified of regardless of settings."""
    assert synced(IN_THE_BOOK, CONNECTED, days=0)
    assert notifies(IN_THE_BOOK, CONNECTED, days=0).takes_part


def test_incomplete_threads() -> None:
    """Keep in mind: a conversation may be incomplete that goes on for longer than the sync date reaches back."""
    long, short = thread("2023-05-20T08:00", "2023-04-20T08:00"), thread("2023-05-20T08:00", "2023-05-10T08:00")

    policy = frozen(CONNECTED)
    assert [sync_verdict(dated(item), policy).is_incomplete for item in (long, short)] == [True, False]


def test_only_what_is_synchronized_notifies() -> None:
    """Keep in mind: webhooks are sent "for data that it has synced" only, so they begin no earlier."""
    assert "webhook_days" in problems(Policies(sync_days=10, webhook_days=11))
    assert notifies(message("2023-04-30T08:00"), CONNECTED, webhook=30).rule is Rule.NOT_SYNCED


def test_changed_settings() -> None:
    """Keep in mind: updates "only apply to accounts connected after the settings are changed"."""
    before, after = (freeze(Policies(sync_days=days), at(CONNECTED)) for days in (30, 7))

    assert before.sync_from == at("2023-05-01")
    assert after.sync_from == at("2023-05-24")


def test_a_full_synchronization_takes_up_to_a_day() -> None:
    """Keep in mind: "up to 24 hours" for an account to be synchronized."""
    assert timedelta(seconds=FIRST_SYNC_S) == timedelta(hours=24)
