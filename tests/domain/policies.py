"""Dates, objects and frozen policies for tests about policies."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from nylasadmin.domain.contacts import FROM_MAIL, Contact
from nylasadmin.domain.items import AllDay, ItemId, ScheduleItem, Timed
from nylasadmin.domain.kinds import Item, fingerprint, outline
from nylasadmin.domain.mail import Message, Thread
from nylasadmin.domain.observations import Observed
from nylasadmin.domain.policies import FrozenPolicy, PlanLevel, Policies, freeze


def at(text: str, zone: str = "UTC", fold: int = 0) -> int:
    """Give a wall-clock time in Unix seconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp())


def frozen(
    connected: str, days: int = 30, webhook: int = 0, zone: str = "UTC", *, is_legacy: bool = False
) -> FrozenPolicy:
    """Freeze what an account that connects then (in that zone) freezes."""
    policies = Policies(plan=PlanLevel.PLUS, sync_days=days, webhook_days=webhook, zone=zone, is_legacy=is_legacy)
    return freeze(policies, at(connected, zone))


def message(received: str, zone: str = "UTC") -> Message:
    return Message(received=at(received, zone))


def thread(newest: str, began: str | None = None, *, is_complete: bool = True) -> Thread:
    return Thread(received=at(newest), began=None if began is None else at(began), is_complete=is_complete)


def event(start: str, end: str | None = None, *rules: str, zone: str = "UTC") -> ScheduleItem:
    """A timed event; one without an end has both at its start."""
    when = Timed(at(start, zone), at(end or start, zone), zone)
    return ScheduleItem(when=when, rules=rules)


def all_day(first: str, *rules: str, days: int = 1) -> ScheduleItem:
    begin = date.fromisoformat(first)
    return ScheduleItem(when=AllDay(begin, begin + timedelta(days=days)), rules=rules)


def from_mail(received: str | None) -> Contact:
    return Contact(given_name="Ida", source=FROM_MAIL, received=None if received is None else at(received))


IN_THE_BOOK = Contact(given_name="Ida")


def seen(item: Item) -> Observed:
    """Give an item as the planner is told of it."""
    lies = outline(item)
    return Observed(
        id=ItemId("i"), fingerprint=fingerprint(item), start=lies.start, end=lies.end, is_recurring=lies.is_recurring
    )
