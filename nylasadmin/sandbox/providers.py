"""What differs between the providers behind Nylas: one table of frozen rules, so that no code asks for a name.

Sources: the wire contract's sections 5, 6 and 13; what is unverified there is a choice made here, in one place.
"""

from __future__ import annotations

from dataclasses import dataclass

from nylasadmin.sandbox.contacts.rules import (
    AGENT_CONTACTS,
    EWS_CONTACTS,
    GOOGLE_CONTACTS,
    IMAP_CONTACTS,
    MICROSOFT_CONTACTS,
    ContactRules,
)
from nylasadmin.sandbox.mail.rules import AGENT_MAIL, EWS_MAIL, GOOGLE_MAIL, IMAP_MAIL, MICROSOFT_MAIL, MailRules

_YEAR_S = 366 * 86_400


@dataclass(frozen=True, slots=True)
class ProviderRules:
    """How one provider behaves."""

    name: str
    event_id_shape: str
    calendar_id_shape: str
    primary_id_is_address: bool = False
    has_calendars: bool = True
    primary_alias: bool = True
    end_date_exclusive: bool = False
    """Whole days are always datespans that end on the day after; otherwise ends are inclusive, one day is `date`."""
    occurrence_deletion_cancels: bool = False
    """A deleted occurrence stays as a cancelled override; otherwise the series gets an EXDATE."""
    deletion_keeps_cancelled: bool = False
    """A deleted event stays readable with the status cancelled."""
    rule_change_drops_overrides: bool = False
    occurrence_has_own_uid: bool = False
    checks_calendar: bool = True
    """An event is found only under its own calendar."""
    may_become_single: bool = True
    always_notifies: bool = False
    window_limit_s: int | None = None
    has_status: bool = True
    filters_cancelled: bool = True
    filters_updated: bool = False
    filters_master: bool = True
    filters_uid: bool = True
    filters_busy: bool = True
    filters_event_type: bool = False
    tentative_may_be_free: bool = False
    max_reminders: int | None = None
    reminder_methods: tuple[str, ...] = ("popup",)
    visibilities: tuple[str, ...] = ("public", "private")
    default_visibility: str | None = "public"
    max_description: int | None = None
    has_color_id: bool = False
    calendar_has_text: bool = True
    """Calendars have a description, a location and colours."""
    calendar_has_timezone: bool = False
    calendar_has_owner: bool = False
    primary_may_be_renamed: bool = True
    organizer_is_calendar: bool = False
    contacts: ContactRules | None = None
    """How contacts are kept; None: the provider has none."""
    mail: MailRules | None = None
    """How mail is kept; None: the provider has none."""
    scopes: tuple[str, ...] = ()
    """What a connector asks for unless told otherwise."""
    is_hosted: bool = True
    """People sign in on the provider's page; otherwise accounts come by `connect/custom` only and live at Nylas."""
    has_aliases: bool = False
    notifies_occurrences: bool = False
    """Notifications of a changed occurrence list its id under `occurrences`."""
    notifies_all_calendars: bool = False
    """A change of one calendar is notified as a change of every calendar."""
    notifies_contacts: bool = True


_GOOGLE = ProviderRules(
    name="google",
    event_id_shape="google",
    calendar_id_shape="google-calendar",
    primary_id_is_address=True,
    end_date_exclusive=True,
    occurrence_deletion_cancels=True,
    deletion_keeps_cancelled=True,
    filters_updated=True,
    filters_event_type=True,
    max_reminders=5,
    reminder_methods=("popup", "email"),
    visibilities=("default", "public", "private"),
    default_visibility="default",
    max_description=8192,
    has_color_id=True,
    calendar_has_timezone=True,
    organizer_is_calendar=True,
    scopes=("https://www.googleapis.com/auth/calendar", "https://www.googleapis.com/auth/contacts"),
    has_aliases=True,
    notifies_occurrences=True,
    contacts=GOOGLE_CONTACTS,
    mail=GOOGLE_MAIL,
)

_MICROSOFT = ProviderRules(
    name="microsoft",
    event_id_shape="microsoft",
    calendar_id_shape="microsoft",
    end_date_exclusive=True,
    rule_change_drops_overrides=True,
    occurrence_has_own_uid=True,
    checks_calendar=False,
    always_notifies=True,
    filters_updated=True,
    tentative_may_be_free=True,
    max_reminders=1,
    calendar_has_owner=True,
    primary_may_be_renamed=False,
    scopes=("Calendars.ReadWrite", "Contacts.ReadWrite", "User.Read", "offline_access"),
    has_aliases=True,
    contacts=MICROSOFT_CONTACTS,
    mail=MICROSOFT_MAIL,
)

_ICLOUD = ProviderRules(
    name="icloud",
    event_id_shape="apple",
    calendar_id_shape="apple",
    primary_alias=False,
    may_become_single=False,
    always_notifies=True,
    window_limit_s=_YEAR_S,
    has_status=False,
    filters_cancelled=False,
    filters_master=False,
    filters_uid=False,
    filters_busy=False,
    max_reminders=1,
    reminder_methods=("display", "sound"),
    visibilities=(),
    default_visibility=None,
    calendar_has_text=False,
    notifies_all_calendars=True,
    contacts=IMAP_CONTACTS,
    mail=IMAP_MAIL,
)

_EWS = ProviderRules(
    name="ews",
    event_id_shape="microsoft",
    calendar_id_shape="microsoft",
    rule_change_drops_overrides=True,
    occurrence_has_own_uid=True,
    filters_cancelled=False,
    filters_updated=True,
    tentative_may_be_free=True,
    max_reminders=1,
    reminder_methods=("display",),
    calendar_has_text=False,
    contacts=EWS_CONTACTS,
    mail=EWS_MAIL,
)

_VIRTUAL = ProviderRules(
    name="virtual-calendar",
    event_id_shape="uuid",
    calendar_id_shape="uuid",
    calendar_has_timezone=True,
    is_hosted=False,
)
_AGENT = ProviderRules(
    name="nylas",
    event_id_shape="uuid",
    calendar_id_shape="uuid",
    calendar_has_timezone=True,
    is_hosted=False,
    contacts=AGENT_CONTACTS,
    mail=AGENT_MAIL,
)
_YAHOO = ProviderRules(
    name="yahoo",
    event_id_shape="apple",
    calendar_id_shape="apple",
    filters_cancelled=False,
    notifies_contacts=False,
    contacts=IMAP_CONTACTS,
    mail=IMAP_MAIL,
)
_IMAP = ProviderRules(
    name="imap",
    event_id_shape="uuid",
    calendar_id_shape="uuid",
    has_calendars=False,
    contacts=IMAP_CONTACTS,
    mail=IMAP_MAIL,
)
_ZOOM = ProviderRules(name="zoom", event_id_shape="uuid", calendar_id_shape="uuid", has_calendars=False)

PROVIDERS = {
    rules.name: rules for rules in (_GOOGLE, _MICROSOFT, _ICLOUD, _EWS, _VIRTUAL, _AGENT, _YAHOO, _IMAP, _ZOOM)
}
