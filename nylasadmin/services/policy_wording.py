"""Policies in people's words: settings of a target, what an account has frozen, and what other settings would change.

Days are those of the zone whose days count.
"""

from __future__ import annotations

from datetime import date

from nylasadmin.domain.policies import NOTIFIED_OF_ALL_BEFORE, FrozenPolicy, Policies, local_day
from nylasadmin.services.policy_views import AccountChange, Changes, Frozen


def day_words(on: date) -> str:
    """Say a day: 1 February 2026."""
    return f"{on.day} {on:%B %Y}"


def sync_words(policy: FrozenPolicy, connected_at: int) -> str:
    """Say what takes part: 30 days before 3 March 2026: from 1 February."""
    return _since(policy.sync_days, policy.sync_from, policy.zone, connected_at)


def webhook_words(policy: FrozenPolicy, connected_at: int) -> str:
    """Say what notifies, in the same form; or why everything does that takes part."""
    if policy.is_legacy:
        return "everything that takes part: a legacy application has no webhook policy"
    if policy.webhook_from is None:
        before = day_words(local_day(NOTIFIED_OF_ALL_BEFORE, "UTC"))
        return f"everything that takes part: connected before {before}"
    return _since(policy.webhook_days, policy.webhook_from, policy.zone, connected_at)


def _since(days: int, cut_off: int, zone: str, connected_at: int) -> str:
    connected, first = local_day(connected_at, zone), local_day(cut_off, zone)
    if not days:
        return f"from the day of connecting, {day_words(first)}"
    since = day_words(first) if first.year != connected.year else f"{first.day} {first:%B}"
    return f"{_days(days)} before {day_words(connected)}: from {since}"


def history_words(inside: int, outside: int, undated: int, items: int) -> str:
    """Say what a time line shows of a link's items in the CRM, of which it may show only some."""
    shown = inside + outside
    if not shown:
        return "No items in the CRM yet."
    of_all = f"{_items(items)} in the CRM" if shown == items else f"{shown:,} of {_items(items)} in the CRM"
    parts = [f"{inside:,} take{_s(inside)} part"] if inside else []
    parts += [f"{outside:,} lie{_s(outside)} before the cut-off, untouched"] if outside else []
    endless = f" {undated:,} of them always take{_s(undated)} part and ha{'s' if undated == 1 else 've'} no dot."
    return f"{of_all}: {', '.join(parts)}.{endless if undated else ''}"


def _s(count: int) -> str:
    return "s" if count == 1 else ""


def frozen_words(frozen: Frozen) -> str:
    """Say what some accounts keep: 12 accounts connected before keep 30 days (notifications: the day of connecting)."""
    verb = "keeps" if frozen.accounts == 1 else "keep"
    notify = "everything" if frozen.notifies_of_all else _kept(frozen.webhook_days)
    zone = "" if frozen.zone == "UTC" else f", days of {frozen.zone.replace('_', ' ')}"
    kept = f"{_accounts(frozen.accounts)} connected before {verb} {_kept(frozen.sync_days)}"
    return f"{kept} (notifications: {notify}{zone})"


def _kept(days: int) -> str:
    return _days(days) if days else "the day of connecting"


def settings_words(policies: Policies) -> str:
    """Say both policies of a target in short: 60 days (notifications: 5 days)."""
    notify = "everything" if policies.is_legacy else _kept(policies.webhook_days)
    return f"{_kept(policies.sync_days)} (notifications: {notify})"


def change_words(change: AccountChange) -> str:
    """Say what would change for an account: +41 items for Anna; +3 in notifications."""
    if change.problem is not None:
        return f"{change.user_name}: not counted. {change.problem.title}"
    least = "at least " if change.is_at_least else ""
    parts = [f"{least}{sign}{_items(count)}" for sign, count in (("+", change.more), ("−", change.fewer)) if count]
    notify = [f"{sign}{count:,}" for sign, count in (("+", change.more_notify), ("−", change.fewer_notify)) if count]
    words = " and ".join(parts) or f"{least}no item more or fewer"
    also = f"; {' and '.join(notify)} in notifications" if notify else ""
    return f"{words} for {change.user_name}{also}"


def counted_words(changes: Changes) -> str:
    """Say how many accounts were counted and how many not: 18 of 23 accounts counted, 2 failed, 3 left out."""
    counted, touched = len(changes.accounts) - changes.failed, len(changes.accounts) + changes.left_out
    parts = [f"{counted:,} of {_accounts(touched)} counted"]
    parts += [f"{changes.failed:,} failed"] if changes.failed else []
    parts += [f"{changes.left_out:,} not asked: only {len(changes.accounts)} at once"] if changes.left_out else []
    return ", ".join(parts)


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count:,} days"


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count:,} items"


def _accounts(count: int) -> str:
    return "1 account" if count == 1 else f"{count:,} accounts"
