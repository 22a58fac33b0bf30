"""Verdicts of policies in people's words. Their days are those of the zone that the account froze."""

from __future__ import annotations

from datetime import UTC, date, datetime

from nylasadmin.domain.policies import FrozenPolicy
from nylasadmin.domain.verdicts import Rule, Verdict
from nylasadmin.domain.zones import zone_or_utc
from nylasadmin.services.policy_wording import day_words

_OVER = {
    Rule.MESSAGE: "it was received on {day}",
    Rule.THREAD: "its newest message was received on {day}",
    Rule.EVENT_END: "it ended on {day}",
    Rule.EVENT_START: "it was on {day}",
    Rule.LAST_DAY: "its last day was {day}",
    Rule.SERIES_END: "its final occurrence ended on {day}",
    Rule.CONTACT_FROM_MAIL: "the message it was made from was received on {day}",
}
_ENDS = frozenset({Rule.EVENT_END, Rule.SERIES_END, Rule.LAST_DAY})


def over_words(verdict: Verdict, policy: FrozenPolicy) -> str:
    """Say why something is too old by the date that was compared: ``it ended on 3 May 2026``."""
    return _OVER[verdict.rule].format(day=deciding_day(verdict, policy))


def deciding_day(verdict: Verdict, policy: FrozenPolicy) -> str:
    """Say the day that was compared."""
    return day_words(_last_day(verdict, policy))


def cut_off_words(verdict: Verdict, policy: FrozenPolicy) -> str:
    """Say the day from which on items take part."""
    return day_words(_day(verdict.cut_off or 0, verdict, policy))


def days_before(verdict: Verdict, policy: FrozenPolicy) -> int:
    """Give how many days the date lies before the cut-off; negative after it."""
    return (_day(verdict.cut_off or 0, verdict, policy) - _last_day(verdict, policy)).days


def days_words(verdict: Verdict, days: int, verb: str = "take part") -> str:
    """Say how many days would be enough, where ``days`` are frozen."""
    if verdict.days_needed is None:
        return ""
    needed = plural_days(verdict.days_needed)
    if verdict.takes_part:
        return f"{needed} would be enough, instead of {days:,}." if verdict.days_needed < days else ""
    return f"With {needed} instead of {days:,} it would {verb}."


def _last_day(verdict: Verdict, policy: FrozenPolicy) -> date:
    """Give the day that a date lies on; ends are exclusive, so one at midnight belongs to the day before."""
    at = verdict.date or 0
    return _day(at - 1 if verdict.rule in _ENDS else at, verdict, policy)


def _day(at: int, verdict: Verdict, policy: FrozenPolicy) -> date:
    zone = UTC if verdict.is_in_days else zone_or_utc(policy.zone)
    return datetime.fromtimestamp(at, zone).date()


def plural_days(count: int) -> str:
    return "1 day" if count == 1 else f"{count:,} days"


def day(at: int | None) -> str:
    """Say a day in UTC."""
    return "a day that is not known" if at is None else day_words(datetime.fromtimestamp(at, UTC).date())


def moment(at: int) -> str:
    """Say a moment in UTC."""
    return f"{day(at)}, {datetime.fromtimestamp(at, UTC):%H:%M} UTC"
