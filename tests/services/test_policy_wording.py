"""How policies, and what other settings would change, are said."""

from __future__ import annotations

import pytest

from nylasadmin.domain.policies import FrozenPolicy, PlanLevel, Policies
from nylasadmin.services.policy_views import AccountChange, Changes, Frozen
from nylasadmin.services.policy_wording import (
    change_words,
    counted_words,
    frozen_words,
    history_words,
    settings_words,
    sync_words,
    webhook_words,
)
from nylasadmin.services.wording import Wording
from tests.domain.policies import at, frozen

TROUBLE = Wording("Nylas did not answer.", "Try again.")


def anna(**changes: object) -> AccountChange:
    return AccountChange(user_name="Anna", email="anna@b.example", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("connected", "policy", "sync", "webhook"),
    [
        (
            "2026-03-03T14:20", frozen("2026-03-03T14:20", 30, 1),
            "30 days before 3 March 2026: from 1 February", "1 day before 3 March 2026: from 2 March",
        ),
        (
            "2026-01-05T14:20", frozen("2026-01-05T14:20", 30, 0),
            "30 days before 5 January 2026: from 6 December 2025", "from the day of connecting, 5 January 2026",
        ),
        (
            "2026-03-03T23:30", frozen("2026-03-04T08:30", 1, 1, zone="Asia/Tokyo"),
            "1 day before 4 March 2026: from 3 March", "1 day before 4 March 2026: from 3 March",
        ),
        (
            "2026-03-03T14:20", frozen("2026-03-03T14:20", 0, is_legacy=True),
            "from the day of connecting, 3 March 2026",
            "everything that takes part: a legacy application has no webhook policy",
        ),
        (
            "2020-11-09T14:20", frozen("2020-11-09T14:20", 0),
            "from the day of connecting, 9 November 2020",
            "everything that takes part: connected before 10 November 2020",
        ),
    ],
)  # fmt: skip
def test_a_frozen_policy_is_said_with_its_days(connected: str, policy: FrozenPolicy, sync: str, webhook: str) -> None:
    assert sync_words(policy, at(connected)) == sync
    assert webhook_words(policy, at(connected)) == webhook


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (anna(more=41), "+41 items for Anna"),
        (anna(more=1, more_notify=1), "+1 item for Anna; +1 in notifications"),
        (anna(fewer=1200, fewer_notify=3), "−1,200 items for Anna; −3 in notifications"),
        (anna(more=2, is_at_least=True), "at least +2 items for Anna"),
        (anna(), "no item more or fewer for Anna"),
        (anna(problem=TROUBLE), "Anna: not counted. Nylas did not answer."),
    ],
)
def test_what_would_change_is_said_by_account(change: AccountChange, words: str) -> None:
    assert change_words(change) == words


def test_how_many_accounts_were_counted_is_said_with_those_that_were_not() -> None:
    assert counted_words(Changes(accounts=(anna(),))) == "1 of 1 account counted"
    some = Changes(accounts=(anna(), anna(problem=TROUBLE)), left_out=3)
    assert counted_words(some) == "1 of 5 accounts counted, 1 failed, 3 not asked: only 2 at once"


def test_what_accounts_keep_is_said_in_a_line() -> None:
    alike = {"sync_days": 30, "webhook_days": 0, "zone": "UTC", "notifies_of_all": False}
    twelve = "12 accounts connected before keep 30 days (notifications: the day of connecting)"
    one = "1 account connected before keeps the day of connecting (notifications: everything, days of America/New York)"
    other = {"sync_days": 0, "zone": "America/New_York", "notifies_of_all": True}
    assert frozen_words(Frozen(accounts=12, **alike)) == twelve  # type: ignore[arg-type]
    assert frozen_words(Frozen(accounts=1, **alike | other)) == one  # type: ignore[arg-type]


def test_settings_are_said_in_short() -> None:
    assert (
        settings_words(Policies(plan=PlanLevel.CORE, sync_days=60, webhook_days=1)) == "60 days (notifications: 1 day)"
    )
    assert settings_words(Policies(sync_days=0, is_legacy=True)) == "the day of connecting (notifications: everything)"


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((0, 0, 0, 0), "No items in the CRM yet."),
        ((1, 0, 0, 1), "1 item in the CRM: 1 takes part."),
        ((30, 4, 1, 34), "34 items in the CRM: 30 take part, 4 lie before the cut-off, untouched. "
                         "1 of them always takes part and has no dot."),
        ((150, 50, 0, 6000), "200 of 6,000 items in the CRM: 150 take part, 50 lie before the cut-off, untouched."),
    ],
)  # fmt: skip
def test_the_items_of_a_time_line_are_said(counts: tuple[int, int, int, int], words: str) -> None:
    assert history_words(*counts) == words
