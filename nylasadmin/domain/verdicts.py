"""What both policies of an account say about one object: does it take part, does it notify, and by which date.

Pure arithmetic on what the planner looks at, too: a verdict and a plan cannot disagree. Source of the rules: the table
of dates in the product's description of policies.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from nylasadmin.domain.contacts import Contact
from nylasadmin.domain.items import ItemType, day_of
from nylasadmin.domain.kinds import Item, kind_of, outline
from nylasadmin.domain.mail import Thread
from nylasadmin.domain.observations import Observed, Reason, Spanning, Window, lasts_whole_days
from nylasadmin.domain.policies import MOST_DAYS, FrozenPolicy, local_day
from nylasadmin.domain.recurrence import FOREVER


class Rule(StrEnum):
    """By which rule an object was judged: a closed set. Those of a date name it; the others need none."""

    MESSAGE = "received date of the message"
    THREAD = "received date of the newest message"
    EVENT_END = "end of the event"
    EVENT_START = "start of the event, which has no end"
    LAST_DAY = "end of the last day"
    SERIES_END = "end of the final occurrence"
    CONTACT_FROM_MAIL = "received date of the message that the contact was made from"
    ENDLESS_SERIES = "never-ending series always take part"
    ADDRESS_BOOK = "contacts of the address book always take part"
    DATE_UNKNOWN = "nobody knows the date, so nothing keeps it out"
    NOT_SYNCED = "what is not synchronized does not notify"
    LEGACY_APPLICATION = "the webhook policy does not apply to a legacy application"
    EARLY_ACCOUNT = "accounts connected before 10 November 2020 notify of everything synchronized"


BY_DATE = frozenset(
    {
        *(Rule.MESSAGE, Rule.THREAD, Rule.CONTACT_FROM_MAIL),
        *(Rule.EVENT_END, Rule.EVENT_START, Rule.LAST_DAY, Rule.SERIES_END),
    }
)
"""The rules that compare a date; by the others an object is in, or out, whatever the date."""


class Dated(msgspec.Struct, frozen=True, kw_only=True):
    """What of an object decides: where it lies, ``[start, end)`` in Unix seconds, and the rule for its kind.

    ``began``: the first message of a thread. ``is_cut``: a thread whose earlier messages are known to be missing.
    """

    rule: Rule
    start: int
    end: int
    began: int | None = None
    is_cut: bool = False

    @property
    def date(self) -> int | None:
        """Give the moment that is compared; ``None`` where none is. Ends are exclusive."""
        if self.rule not in BY_DATE:
            return None
        return self.start if self.rule is Rule.EVENT_START else self.end


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one policy says. ``takes_part``: the object is synchronized (sync policy), or notifies (webhook policy).

    ``date`` and ``cut_off`` are what was compared, in Unix seconds; ``None`` where no date counts. ``is_in_days``: both
    are days, given as 00:00 UTC; ``date`` is then the day after the last one. ``days_needed``: the smallest number of
    days before connecting that would let the object in; ``None`` where no number of days decides, or would do.
    ``is_incomplete``: a thread that takes part and began before what is synchronized.
    """

    takes_part: bool
    rule: Rule
    date: int | None = None
    cut_off: int | None = None
    days_needed: int | None = None
    is_in_days: bool = False
    is_incomplete: bool = False


# --- which date --------------------------------------------------------------------------------------------------


def dated(item: Item) -> Dated:
    """Say which date of an item is compared."""
    lies = outline(item)
    found = dated_span(kind_of(item).item_type, lies, is_recurring=lies.is_recurring)
    if isinstance(item, Contact) and item.is_from_mail and item.received is None:
        return msgspec.structs.replace(found, rule=Rule.DATE_UNKNOWN)
    if isinstance(item, Thread):
        return msgspec.structs.replace(found, began=item.began, is_cut=not item.is_complete)
    return found


def dated_as_seen(seen: Observed, item_type: ItemType) -> Dated:
    """Say which date is compared of an item that is known without its contents.

    Such a contact without a date counts as one of the address book.
    """
    found = dated_span(item_type, seen, is_recurring=seen.is_recurring)
    if seen.blocked is Reason.UNREADABLE and seen.end >= FOREVER:
        return msgspec.structs.replace(found, rule=Rule.DATE_UNKNOWN)
    return found


def dated_span(item_type: ItemType, lies: Spanning, *, is_recurring: bool) -> Dated:
    """Say which date is compared of an item of which only its place in time is known."""
    rule = _rule_of_event(lies, is_recurring) if item_type is ItemType.EVENT else _rule_of(item_type, lies)
    return Dated(rule=rule, start=lies.start, end=lies.end)


def _rule_of_event(lies: Spanning, is_recurring: bool) -> Rule:
    if is_recurring:
        return Rule.ENDLESS_SERIES if lies.end >= FOREVER else Rule.SERIES_END
    if lies.end <= lies.start:
        return Rule.EVENT_START
    return Rule.LAST_DAY if lasts_whole_days(lies) else Rule.EVENT_END


def _rule_of(item_type: ItemType, lies: Spanning) -> Rule:
    if item_type is ItemType.CONTACT:
        return Rule.ADDRESS_BOOK if lies.end >= FOREVER else Rule.CONTACT_FROM_MAIL
    return Rule.MESSAGE if item_type is ItemType.MESSAGE else Rule.THREAD


# --- verdicts ----------------------------------------------------------------------------------------------------


def sync_verdict(item: Dated, policy: FrozenPolicy) -> Verdict:
    """Say whether an object takes part in synchronization: what :meth:`Window.holds` tells the planner, explained."""
    return _compared(item, policy.window, policy)


def webhook_verdict(item: Dated, policy: FrozenPolicy, *, is_synced: bool = True) -> Verdict:
    """Say whether a change of an object causes a notification to the CRM.

    ``is_synced``: the object is synchronized, as far as the caller knows; the sync policy is asked here. Nothing
    notifies that is not synchronized. Address-book contacts always notify, and so does everything of an account or
    application that is older than the policy.
    """
    synced = sync_verdict(item, policy)
    if not synced.takes_part:
        return msgspec.structs.replace(synced, rule=Rule.NOT_SYNCED)
    if not is_synced:
        return Verdict(takes_part=False, rule=Rule.NOT_SYNCED)
    if item.rule not in BY_DATE:
        return synced
    if policy.is_legacy:
        return Verdict(takes_part=True, rule=Rule.LEGACY_APPLICATION)
    if policy.webhook_from is None:
        return Verdict(takes_part=True, rule=Rule.EARLY_ACCOUNT)
    return _compared(item, policy.webhook_window, policy)


def _compared(item: Dated, window: Window, policy: FrozenPolicy) -> Verdict:
    takes_part = window.holds(item)
    if item.rule not in BY_DATE:
        return Verdict(takes_part=takes_part, rule=item.rule)
    is_in_days = window.first_day is not None and lasts_whole_days(item)
    return Verdict(
        takes_part=takes_part,
        rule=item.rule,
        date=item.date,
        cut_off=window.first_day if is_in_days else window.start,
        days_needed=days_needed(item, policy),
        is_in_days=is_in_days,
        is_incomplete=takes_part and _lacks_its_beginning(item, policy.sync_from),
    )


def _lacks_its_beginning(item: Dated, cut_off: int) -> bool:
    return item.is_cut or (item.began is not None and item.began < cut_off)


def days_needed(item: Dated, policy: FrozenPolicy) -> int | None:
    """Give the smallest number of days before connecting that lets an object in, for either policy.

    ``None`` where no number decides, or none that may be entered would do.
    """
    if item.rule not in BY_DATE or not policy.window_of(MOST_DAYS).holds(item):
        return None
    if policy.window_of(0).holds(item):
        return 0
    last = max(item.end - 1, item.start)
    day = day_of(last) if lasts_whole_days(item) else local_day(last, policy.zone)
    first = local_day(policy.window_of(0).start, policy.zone)
    days = (first - day).days
    while policy.window_of(days - 1).holds(item):  # a clock that goes back past midnight shows a day twice
        days -= 1
    return days
