"""Which cancelled moments mean anything: those that their series has.

After a change of rules some providers keep cancellations of moments that are no longer in the series; others drop
them. They are the same series, so such moments are left out when items are compared.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import islice

from nylasadmin.domain.items import AllDay, Moment, When, moment_seconds
from nylasadmin.domain.recurrence import normalized_rule, occurrences
from nylasadmin.domain.zones import zone_or_utc

_MOST_OCCURRENCES = 20_000
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def real_cancellations(rules: tuple[str, ...], when: When, cancelled: tuple[Moment, ...]) -> tuple[Moment, ...]:
    """Keep the moments that the series has. Where its rules cannot be read all are kept."""
    if not rules or not cancelled:
        return ()
    return tuple(moment for moment in cancelled if has_occurrence(rules, when, moment))


def has_occurrence(rules: tuple[str, ...], when: When, moment: Moment) -> bool:
    """Say whether a series has an occurrence that originally begins at a moment."""
    if len(rules) == 1 and _is_met(rules[0], when, moment):
        return True  # the quick way: most cancelled moments are occurrences of a plain endless rule
    found, is_complete = _starts(rules, when, moment_seconds(moment))
    return moment in found or not is_complete


def _is_met(rule: str, when: When, moment: Moment) -> bool:
    """Say whether a plain daily or weekly rule without an end surely has a moment."""
    parts = _plain_parts(rule)
    if parts is None:
        return False
    begin, at = _local(when, None), _local(when, moment)
    if at is None or begin is None or at < begin or at.time() != begin.time():
        return False
    every = int(parts["INTERVAL"])
    if parts["FREQ"] == "DAILY":
        return (at.date() - begin.date()).days % every == 0
    days = parts["BYDAY"].split(",") if parts["BYDAY"] else [_WEEKDAYS[begin.weekday()]]
    weeks = (_monday(at.date()) - _monday(begin.date())).days // 7
    return _WEEKDAYS[at.weekday()] in days and weeks % every == 0


@lru_cache(maxsize=1024)
def _plain_parts(rule: str) -> dict[str, str] | None:
    text = normalized_rule(rule)
    parts = dict(p.partition("=")[::2] for p in text.removeprefix("RRULE:").split(";"))
    is_plain = parts.get("FREQ") == "DAILY" and parts.keys() <= {"FREQ", "INTERVAL"}
    is_plain |= parts.get("FREQ") == "WEEKLY" and parts.keys() <= {"FREQ", "INTERVAL", "BYDAY"}
    found = {"INTERVAL": "1", "BYDAY": ""} | parts
    return found if is_plain and found["INTERVAL"].isdigit() and int(found["INTERVAL"]) > 0 else None


def _local(when: When, moment: Moment | None) -> datetime | None:
    """Give a moment (or the first start) as the clock on the series' wall shows it; ``None`` for the other kind."""
    if isinstance(when, AllDay):
        day = when.start if moment is None else moment
        return None if isinstance(day, int) else datetime(day.year, day.month, day.day)
    at = when.start if moment is None else moment
    if not isinstance(at, int):
        return None
    try:
        return datetime.fromtimestamp(at, zone_or_utc(when.zone)).replace(tzinfo=None)
    except (OverflowError, OSError, ValueError):
        return None


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


@lru_cache(maxsize=256)
def _starts(rules: tuple[str, ...], when: When, until: int) -> tuple[frozenset[Moment], bool]:
    """Give a series' starts up to an instant, and whether they are all that are known to be there."""
    found: set[Moment] = set()
    try:
        for moment in islice(occurrences(rules, when), _MOST_OCCURRENCES):
            if moment_seconds(moment) > until:
                return frozenset(found), True
            found.add(moment)
    except ValueError:
        return frozenset(found), False
    return frozenset(found), len(found) < _MOST_OCCURRENCES
