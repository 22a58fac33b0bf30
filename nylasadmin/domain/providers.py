"""How the providers behind Nylas behave: one table, no conditions elsewhere. Source: section 6 of the contract."""

from __future__ import annotations

import msgspec

from nylasadmin.domain.fidelity import FULL, Fidelity, is_alike
from nylasadmin.domain.items import ScheduleItem

_ACCEPTED = Fidelity(has_reply=False, has_organizer=False, has_unaddressed=False)


class ProviderRules(msgspec.Struct, frozen=True, kw_only=True):
    """How one provider behind Nylas behaves.

    ``is_end_inclusive``: a datespan's ``end_date`` is its last day (else the day after).
    ``days_per_window``: longest listing window, ``None`` for any. ``mails_anyway``: ignores the wish not to notify.
    """

    reports: Fidelity = FULL
    accepts: Fidelity = _ACCEPTED
    is_end_inclusive: bool = False
    days_per_window: int | None = None
    shows_cancelled: bool = True
    lists_instances: bool = True  # knows ``master_event_id`` as a filter
    keeps_exceptions: bool = False  # changed occurrences survive a change of the series' rules
    mails_anyway: bool = False
    has_default_visibility: bool = True
    popup: str = "popup"  # what the provider calls a reminder on the screen
    event_types: tuple[str, ...] = ()  # to be named one by one, or a listing leaves them out


_PASSED_THROUGH = ProviderRules()


def _written(reported: Fidelity) -> Fidelity:
    """Give what a provider accepts that reports so much: answers and organizers are not ours to write."""
    return msgspec.structs.replace(reported, has_reply=False, has_organizer=False, has_unaddressed=False)


_BY_GOOGLE = Fidelity(reminder_methods=("popup", "email"))
_BY_MICROSOFT = Fidelity(has_default_visibility=False, reminder_methods=("popup",), max_reminders=1)
_BY_APPLE = Fidelity(has_visibility=False, reminder_methods=("popup", "sound"), max_reminders=1)

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
    mails_anyway=True,
    has_default_visibility=False,
)
EWS = msgspec.structs.replace(
    ICLOUD,
    reports=_BY_MICROSOFT,
    accepts=_written(_BY_MICROSOFT),
    days_per_window=None,
    lists_instances=True,
    mails_anyway=False,
)
VIRTUAL = msgspec.structs.replace(
    _PASSED_THROUGH, is_end_inclusive=True, shows_cancelled=False, has_default_visibility=False
)

PROVIDERS: dict[str, ProviderRules] = {
    "google": GOOGLE,
    "microsoft": MICROSOFT,
    "icloud": ICLOUD,
    "ews": EWS,
    "virtual-calendar": VIRTUAL,
}


def rules_for(provider: str) -> ProviderRules:
    """Give a provider's rules; an unknown one is treated much like Google, whose values Nylas passes through."""
    return PROVIDERS.get(provider, _PASSED_THROUGH)


_BITS = {reported: 1 << n for n, reported in enumerate(dict.fromkeys(r.reports for r in PROVIDERS.values()))}


def alike_mask(item: ScheduleItem) -> int:
    """Note, a bit for each fidelity that some provider reports with, under which an item loses nothing.

    Stored beside the full fingerprint: where the bit is set, that fingerprint serves without decoding the item.
    """
    return sum(bit for reported, bit in _BITS.items() if is_alike(item, reported))


def alike_bit(fidelity: Fidelity) -> int:
    """Give the bit of a fidelity; 0 for one that no provider reports with."""
    return _BITS.get(fidelity, 0)
