"""What is said of accounts, by the console and the command line alike."""

from __future__ import annotations

from datetime import UTC, datetime

from nylasadmin.domain.policies import MOST_DAYS, FrozenPolicy
from nylasadmin.domain.zones import zone_or_utc
from nylasadmin.services.account_views import AccountStatus

STATUS = {
    AccountStatus.NEEDS_SIGN_IN: "needs sign-in",
    AccountStatus.OVERDUE: "overdue",
    AccountStatus.SYNCING: "syncing",
    AccountStatus.CONNECTED: "connected",
    AccountStatus.DISCONNECTED: "disconnected",
}


def policy_words(policy: FrozenPolicy) -> tuple[str, str]:
    """Say which policies an account has frozen: what takes part (with the days before it connected), what notifies."""
    if policy.sync_days >= MOST_DAYS:
        takes_part = "all items"
    else:
        takes_part = f"items from {_day(policy.sync_from, policy.zone)} on ({_days(policy.sync_days)})"
    if policy.webhook_from is None or policy.webhook_from <= policy.sync_from:
        return takes_part, "notifies of all of them"
    return takes_part, f"notifies from {_day(policy.webhook_from, policy.zone)} on"


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number:,} days"


def _day(at: int, zone: str) -> str:
    day = datetime.fromtimestamp(at, UTC).astimezone(zone_or_utc(zone))
    return f"{day.day} {day:%b %Y}"
