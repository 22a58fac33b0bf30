"""How the providers behind Nylas behave: one table, no conditions elsewhere. Source: section 6 of the contract."""

from __future__ import annotations

import msgspec

from nylasadmin.domain.contacts import ContactFidelity, ListFidelity
from nylasadmin.domain.fidelity import FULL, Fidelity
from nylasadmin.domain.items import ItemType
from nylasadmin.domain.kinds import Item, is_alike, is_inbound_only
from nylasadmin.domain.observations import ALWAYS, Window

_DAY_S = 86_400


def _written(reported: Fidelity) -> Fidelity:
    """Give what a provider accepts that reports so much: answers and organizers are not ours to write.

    Nor are groups of contacts: Nylas can make none.
    """
    return msgspec.structs.replace(
        reported,
        has_reply=False,
        has_organizer=False,
        has_unaddressed=False,
        contacts=msgspec.structs.replace(reported.contacts, has_groups=False),
    )


class ProviderRules(msgspec.Struct, frozen=True, kw_only=True):
    """How one provider behind Nylas behaves.

    ``is_end_inclusive``: a datespan's ``end_date`` is its last day (else the day after).
    ``days_per_window``: longest listing window, ``None`` for any. ``mails_anyway``: ignores the wish not to notify.
    """

    reports: Fidelity = FULL
    accepts: Fidelity = _written(FULL)
    is_end_inclusive: bool = False
    days_per_window: int | None = None
    shows_cancelled: bool = True
    lists_instances: bool = True  # knows ``master_event_id`` as a filter
    finds_uid: bool = True  # knows ``ical_uid`` as a filter
    keeps_exceptions: bool = False  # changed occurrences survive a change of the series' rules
    may_become_single: bool = True  # takes the rules away from a series
    mails_anyway: bool = False
    has_calendars: bool = True
    has_default_visibility: bool = True
    popup: str = "popup"  # what the provider calls a reminder on the screen
    event_types: tuple[str, ...] = ()  # to be named one by one, or a listing leaves them out
    has_mail: bool = True
    mail_cache_days: int | None = None  # how far back mail is listed: it comes from a rolling cache


_PASSED_THROUGH = ProviderRules()

_WORK_HOME_OTHER = ("work", "home", "other")
_THREE = ListFidelity(most=3)
_ONE = ListFidelity(most=1, types=_WORK_HOME_OTHER)
_ONE_OF_EACH = ListFidelity(most_of_each=1, types=_WORK_HOME_OTHER)

_OF_GOOGLE = ContactFidelity(needs_given_name=True)
_OF_MICROSOFT = ContactFidelity(
    emails=ListFidelity(most=3, types=()),
    phones=ListFidelity(types=("work", "home", "mobile"), most_of=(("work", 2), ("home", 2), ("mobile", 1))),
    web_pages=ListFidelity(most=1, types=("work",)),
    im_addresses=_THREE,
    addresses=_ONE_OF_EACH,
    most_groups=1,
    needs_given_name=True,
)
_OF_EXCHANGE = msgspec.structs.replace(
    _OF_MICROSOFT,
    phones=ListFidelity(types=_WORK_HOME_OTHER, most_of=(("work", 2), ("home", 2), ("other", 1))),
    has_suffix=False,
    has_groups=False,
)
_OF_APPLE = ContactFidelity(
    emails=_ONE,
    phones=ListFidelity(most=1, types=("work", "home")),
    web_pages=_ONE,
    im_addresses=ListFidelity(most=1),
    addresses=_ONE,
    most_groups=1,
    needs_given_name=True,
)

_BY_GOOGLE = Fidelity(reminder_methods=("popup", "email"), contacts=_OF_GOOGLE)
_BY_MICROSOFT = Fidelity(
    has_default_visibility=False, reminder_methods=("popup",), max_reminders=1, contacts=_OF_MICROSOFT
)
_BY_EXCHANGE = msgspec.structs.replace(_BY_MICROSOFT, contacts=_OF_EXCHANGE)
_BY_APPLE = Fidelity(
    has_visibility=False,
    reminder_methods=("popup", "sound"),
    max_reminders=1,
    contacts=_OF_APPLE,
    has_whole_threads=False,
)

GOOGLE = ProviderRules(
    reports=_BY_GOOGLE,
    accepts=_written(_BY_GOOGLE),
    keeps_exceptions=True,
    event_types=("default", "outOfOffice", "focusTime", "workingLocation"),
)
MICROSOFT = ProviderRules(
    reports=_BY_MICROSOFT,
    accepts=_written(_BY_MICROSOFT),
    mails_anyway=True,
    has_default_visibility=False,
)
ICLOUD = ProviderRules(
    reports=_BY_APPLE,
    accepts=_written(_BY_APPLE),
    popup="display",
    is_end_inclusive=True,
    days_per_window=180,
    shows_cancelled=False,
    lists_instances=False,
    finds_uid=False,
    may_become_single=False,
    mails_anyway=True,
    has_default_visibility=False,
    mail_cache_days=90,
)
EWS = msgspec.structs.replace(
    ICLOUD,
    reports=_BY_EXCHANGE,
    accepts=_written(_BY_EXCHANGE),
    days_per_window=None,
    lists_instances=True,
    finds_uid=True,
    may_become_single=True,
    mails_anyway=False,
    mail_cache_days=None,
)
VIRTUAL = msgspec.structs.replace(
    _PASSED_THROUGH, is_end_inclusive=True, shows_cancelled=False, has_default_visibility=False, has_mail=False
)
ZOOM = msgspec.structs.replace(_PASSED_THROUGH, has_mail=False)

_BY_YAHOO = Fidelity(contacts=_OF_APPLE, has_whole_threads=False)
YAHOO = msgspec.structs.replace(
    _PASSED_THROUGH, reports=_BY_YAHOO, accepts=_written(_BY_YAHOO), mail_cache_days=ICLOUD.mail_cache_days
)
IMAP = msgspec.structs.replace(YAHOO, has_calendars=False)

PROVIDERS: dict[str, ProviderRules] = {
    "google": GOOGLE,
    "microsoft": MICROSOFT,
    "icloud": ICLOUD,
    "ews": EWS,
    "imap": IMAP,
    "yahoo": YAHOO,
    "virtual-calendar": VIRTUAL,
    "zoom": ZOOM,
}


def rules_for(provider: str) -> ProviderRules:
    """Give a provider's rules; an unknown one is treated much like Google, whose values Nylas passes through."""
    return PROVIDERS.get(provider, _PASSED_THROUGH)


def known_time(item_type: ItemType, provider: str, now: int) -> Window:
    """Give the time whose items a provider lists: what lies before it may exist all the same.

    A day less than the provider promises, which drops old mail a little earlier or later. ``now`` is Unix seconds.
    """
    days = rules_for(provider).mail_cache_days
    if days is None or not is_inbound_only(item_type):
        return ALWAYS
    return Window(now - (days - 1) * _DAY_S)


_BITS = {rules.reports: 1 << n for n, rules in enumerate((GOOGLE, MICROSOFT, ICLOUD, VIRTUAL, EWS, YAHOO))}
"""Stored with every item: a new one comes last, and none is ever given another meaning."""


def alike_mask(item: Item) -> int:
    """Note, a bit for each fidelity that some provider reports with, under which an item loses nothing.

    Stored beside the full fingerprint: where the bit is set, that fingerprint serves without decoding the item.
    """
    return sum(bit for reported, bit in _BITS.items() if is_alike(item, reported))


def alike_bit(fidelity: Fidelity) -> int:
    """Give the bit of a fidelity; 0 for one that no provider reports with."""
    return _BITS.get(fidelity, 0)
