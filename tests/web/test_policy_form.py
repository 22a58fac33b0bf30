"""The form of the advanced settings: what is typed becomes settings, or is named with what to enter."""

from __future__ import annotations

import pytest

from nylasadmin.domain.policies import PlanLevel, Policies, problems
from nylasadmin.web.policy_form import differing, parse, stored

TYPED = {"sync": "before", "sync_days": "60", "webhook": "before", "webhook_days": "5", "plan": "core", "zone": "UTC"}


def test_what_is_typed_is_read() -> None:
    typed = TYPED | {"zone": " Europe/Berlin ", "is_legacy": "on"}
    wanted = Policies(plan=PlanLevel.CORE, sync_days=60, webhook_days=5, zone="Europe/Berlin", is_legacy=True)
    assert parse(typed) == (wanted, {})


def test_the_day_of_connecting_counts_whatever_stands_in_the_field() -> None:
    wanted, wrong = parse(TYPED | {"sync": "day", "sync_days": "x", "webhook": "day"})
    assert wanted is not None
    assert (wanted.sync_days, wanted.webhook_days, wrong) == (0, 0, {})


def test_no_zone_is_utc() -> None:
    wanted, _ = parse(TYPED | {"zone": " "})
    assert wanted is not None
    assert wanted.zone == "UTC"


@pytest.mark.parametrize("days", ["", "many", "-1", "1.5", "٣", "9999999999"])
def test_days_that_are_no_number_are_named(days: str) -> None:
    assert list(parse(TYPED | {"sync_days": days})[1]) == ["sync_days"]
    assert list(parse(TYPED | {"webhook_days": days})[1]) == ["webhook_days"]


def test_without_a_plan_nothing_is_read() -> None:
    assert parse(TYPED | {"plan": "free"}) == (None, {"plan": "Choose one of the plans."})
    assert set(parse({})[1]) == {"plan", "sync_days", "webhook_days"}


def test_days_for_notifications_before_the_day_of_connecting_need_items_of_those_days() -> None:
    wanted, _ = parse(TYPED | {"sync": "day"})
    assert wanted is not None
    assert "Enter at most 0" in problems(wanted)["webhook_days"]


@pytest.mark.parametrize("policies", [Policies(), Policies(sync_days=0, is_legacy=True, zone="Asia/Tokyo")])
def test_what_is_stored_is_written_as_it_is_read(policies: Policies) -> None:
    assert parse(stored(policies)) == (policies, {})
    assert differing(stored(policies), policies) == {}


def test_only_what_differs_from_what_is_stored_is_named() -> None:
    later = Policies(plan=PlanLevel.CORE, sync_days=7, webhook_days=5, is_legacy=True)
    assert differing(TYPED, later) == {"sync_days": "7", "is_legacy": "on"}
    assert differing(TYPED | {"sync_days": "x"}, later) == {"sync_days": "7", "is_legacy": "on"}
    assert differing(TYPED | {"sync": "day", "sync_days": "60"}, later) == {
        "sync": "before",
        "sync_days": "7",
        "is_legacy": "on",
    }
