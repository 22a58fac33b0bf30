"""The settings of a target, what an account freezes of them, and where days begin."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from nylasadmin.domain.items import day_of
from nylasadmin.domain.links import FIRST_SYNC_S, Account, AccountState
from nylasadmin.domain.observations import Window
from nylasadmin.domain.policies import DEFAULT, MOST_DAYS, PlanLevel, Policies, cut_off, freeze, problems
from tests.domain.policies import all_day, at, event, frozen, seen

DAY = 86_400


# --- settings ----------------------------------------------------------------------------------------------------


def test_without_a_choice_items_of_30_days_take_part_and_those_from_connecting_on_notify() -> None:
    assert (DEFAULT.sync_days, DEFAULT.webhook_days, DEFAULT.zone, DEFAULT.is_legacy) == (30, 0, "UTC", False)
    assert problems(DEFAULT) == {}


@pytest.mark.parametrize(("plan", "most"), [(PlanLevel.ENTRY, 30), (PlanLevel.CORE, 90), (PlanLevel.PLUS, MOST_DAYS)])
def test_a_plan_limits_how_far_back_items_may_take_part(plan: PlanLevel, most: int) -> None:
    assert problems(Policies(plan=plan, sync_days=most)) == {}
    assert str(f"{most:,}") in problems(Policies(plan=plan, sync_days=most + 1))["sync_days"]
    assert "sync_days" in problems(Policies(plan=plan, sync_days=-1))


def test_notifications_never_reach_further_back_than_what_is_synchronized() -> None:
    assert problems(Policies(sync_days=30, webhook_days=30)) == {}
    assert "at most 30" in problems(Policies(sync_days=30, webhook_days=31))["webhook_days"]
    assert "webhook_days" in problems(Policies(webhook_days=-1))


def test_a_zone_has_to_be_one_that_can_be_computed_with() -> None:
    assert problems(Policies(zone="Europe/Berlin")) == {}
    assert "zone" in problems(Policies(zone="Europe/Atlantis"))


# --- the start of a day ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("connected", "days", "zone", "expected"),
    [
        pytest.param("2026-03-03T14:20", 0, "UTC", "2026-03-03T00:00", id="the day of connecting itself"),
        pytest.param("2026-03-03T14:20", 30, "UTC", "2026-02-01T00:00", id="30 days before"),
        pytest.param("2026-03-03T00:00", 30, "UTC", "2026-02-01T00:00", id="connected in the first moment of a day"),
        pytest.param("2026-03-03T23:59:59", 30, "UTC", "2026-02-01T00:00", id="connected in the last moment of a day"),
        pytest.param("2024-03-01T09:00", 1, "UTC", "2024-02-29T00:00", id="a leap day"),
        pytest.param("2026-01-05T09:00", 10, "UTC", "2025-12-26T00:00", id="over the year's end"),
        pytest.param("2026-04-10T09:00", 20, "Europe/Berlin", "2026-03-21T00:00", id="on to summer time"),
        pytest.param("2026-11-05T09:00", 20, "America/New_York", "2026-10-16T00:00", id="back to winter time"),
        pytest.param("2026-03-03T00:30", 1, "Pacific/Kiritimati", "2026-03-02T00:00", id="far in the east"),
        pytest.param("2026-03-03T23:30", 1, "Pacific/Pago_Pago", "2026-03-02T00:00", id="far in the west"),
    ],
)
def test_the_cut_off_is_the_start_of_a_day_in_the_targets_zone(
    connected: str, days: int, zone: str, expected: str
) -> None:
    assert cut_off(at(connected, zone), days, zone) == at(expected, zone)


def test_the_day_of_connecting_is_that_of_the_targets_zone() -> None:
    evening = at("2026-03-03T23:30")

    assert cut_off(evening, 0, "UTC") == at("2026-03-03T00:00")
    assert cut_off(evening, 0, "Asia/Tokyo") == at("2026-03-03T15:00")
    assert cut_off(evening, 0, "America/New_York") == at("2026-03-03T05:00")


def test_a_midnight_that_the_clock_skips_is_the_moment_after_it() -> None:
    """In Beirut summer time began on 26 March 2017 at 00:00: the day's first moment shows 01:00."""
    found = cut_off(at("2017-03-28T12:00", "Asia/Beirut"), 2, "Asia/Beirut")

    assert found == at("2017-03-26T01:00", "Asia/Beirut")
    assert found - 1 == at("2017-03-25T23:59:59", "Asia/Beirut")


def test_of_a_midnight_that_the_clock_repeats_the_first_counts() -> None:
    """In Havana winter time began on 1 November 2026 at 01:00, which became 00:00 again."""
    first, second = (at("2026-11-01T00:00", "America/Havana", fold=fold) for fold in (0, 1))

    assert second - first == 3600
    assert cut_off(at("2026-11-03T12:00", "America/Havana"), 2, "America/Havana") == first
    assert cut_off(second, 0, "America/Havana") == first


# --- freezing ----------------------------------------------------------------------------------------------------


def test_an_account_freezes_both_cut_offs_when_it_connects() -> None:
    policy = freeze(Policies(sync_days=20, webhook_days=7, zone="Europe/Berlin"), at("2026-03-03T08:00"))

    assert policy.sync_from == at("2026-02-11T00:00", "Europe/Berlin")
    assert policy.webhook_from == at("2026-02-24T00:00", "Europe/Berlin")
    assert (policy.sync_days, policy.webhook_days, policy.zone) == (20, 7, "Europe/Berlin")


def test_what_a_target_says_later_changes_nothing_frozen() -> None:
    settings = Policies(sync_days=20)
    policy = freeze(settings, at("2026-03-03T08:00"))

    replace(settings, sync_days=5)

    assert policy == frozen("2026-03-03T08:00", 20)


@pytest.mark.parametrize(
    ("connected", "is_legacy", "notifies_of_all"),
    [
        ("2020-11-09T23:59:59", False, True),
        ("2020-11-10T00:00:00", False, False),
        ("2026-03-03T08:00:00", True, True),
    ],
)
def test_old_accounts_and_legacy_applications_have_no_cut_off_for_notifications(
    connected: str, is_legacy: bool, notifies_of_all: bool
) -> None:
    policy = frozen(connected, is_legacy=is_legacy)

    assert (policy.webhook_from is None) is notifies_of_all


def test_another_number_of_days_counts_from_the_same_day_of_connecting() -> None:
    policy = frozen("2026-04-10T23:30", 20, zone="Europe/Berlin")

    for days in (0, 1, 19, 20, 21, 365):
        assert policy.window_of(days) == frozen("2026-04-10T00:10", days, zone="Europe/Berlin").window


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago"]
)
def test_whole_days_are_compared_as_days_wherever_one_is(zone: str) -> None:
    assert day_of(frozen("2026-03-03T14:20", zone=zone).window.first_day or 0).isoformat() == "2026-02-01"


@pytest.mark.parametrize("known", [Window(), Window(0), Window(at("2026-02-10T12:00")), Window(0, at("2026-02-20"))])
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_what_lies_in_two_windows_lies_in_both(known: Window, zone: str) -> None:
    policy = frozen("2026-03-03T14:20", zone=zone).window
    days = [seen(all_day(f"2026-{month}-{day:02}")) for month, day in (("01", 30), ("01", 31), ("02", 1), ("02", 11))]
    times = [seen(event(f"2026-02-{day:02}T06:00", f"2026-02-{day:02}T07:00")) for day in (1, 10, 11, 25)]

    for item in days + times:
        assert policy.meet(known).holds(item) is (policy.holds(item) and known.holds(item))
        assert known.meet(policy) == policy.meet(known)


# --- the first synchronization -----------------------------------------------------------------------------------


def test_a_first_synchronization_is_overdue_after_24_hours() -> None:
    account = Account(
        id=1, target_id=1, user_id="anna", email="a@b.example", provider="google", grant_id="g",
        state=AccountState.CONNECTED, connected_at=1_000_000, first_snapshot_id=7,
    )  # fmt: skip

    assert account.is_syncing
    assert not account.is_overdue(1_000_000 + FIRST_SYNC_S)
    assert account.is_overdue(1_000_000 + FIRST_SYNC_S + 1)
    assert not replace(account, synced_at=1_000_100).is_overdue(1_000_000 + DAY * 9)
