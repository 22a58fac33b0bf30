"""Calendars of a grant: what they are, how they read on the wire, how they may be changed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nylasadmin.sandbox.errors import Refusal, bad_request, forbidden
from nylasadmin.sandbox.events.fields import checked_metadata
from nylasadmin.sandbox.events.tables import EventTable
from nylasadmin.sandbox.events.zones import zone
from nylasadmin.sandbox.pending import Pending
from nylasadmin.sandbox.providers import ProviderRules
from nylasadmin.sandbox.wire import Json

if TYPE_CHECKING:
    from nylasadmin.sandbox.grants import Grant

_TEXTS = ("description", "location")
_COLOURS = ("hex_color", "hex_foreground_color")


@dataclass
class Calendar:
    """One calendar and its events."""

    id: str
    grant: Grant
    name: str
    is_primary: bool = False
    read_only: bool = False
    is_owned_by_user: bool = True
    timezone: str | None = None
    texts: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    filling: Pending | None = None
    """What puts the events in, when they are first asked for."""
    _events: EventTable | None = None

    @property
    def rules(self) -> ProviderRules:
        """The rules of the provider behind this calendar."""
        return self.grant.rules

    @property
    def events(self) -> EventTable:
        """The events, made now if they were put off."""
        if self.filling is not None and not self.filling.is_done:
            self.filling.settle()
        if self._events is None:
            self._events = EventTable()
        return self._events

    @property
    def size(self) -> int | None:
        """How many events are stored; None as long as nobody has asked for them."""
        if self.filling is not None and not self.filling.is_done:
            return None
        return 0 if self._events is None else len(self._events)

    def wire(self) -> Json:
        """Return the calendar as the service shows it."""
        shown: Json = {
            "id": self.id,
            "grant_id": self.grant.id,
            "object": "calendar",
            "name": self.name,
            "read_only": self.read_only,
            "is_owned_by_user": self.is_owned_by_user,
            "is_primary": self.is_primary,
        }
        if self.rules.calendar_has_timezone and self.timezone:
            shown["timezone"] = self.timezone
        if self.rules.calendar_has_owner:
            shown["owner_email"] = self.grant.email
        return shown | self.texts | ({"metadata": self.metadata} if self.metadata else {})

    def blank_event(self, event_id: str, now: int) -> Json:
        """Return what every new event here begins with, before its own fields."""
        rules = self.rules
        event: Json = {
            "id": event_id,
            "grant_id": self.grant.id,
            "calendar_id": self.id,
            "object": "event",
            "busy": True,
            "read_only": self.read_only,
            "participants": [],
            "organizer": {"email": self.organizer_address, "name": self.grant.name},
            "creator": {"email": self.grant.email, "name": self.grant.name},
            "ical_uid": f"{event_id.casefold().replace('=', '')}@{rules.name}.example",
            "reminders": {"use_default": True, "overrides": []},
            "html_link": f"https://calendar.{rules.name}.example/event?eid={event_id}",
            "created_at": now,
            "updated_at": now,
        }
        if rules.has_status:
            event["status"] = "confirmed"
        if rules.default_visibility:
            event["visibility"] = rules.default_visibility
        return event

    @property
    def organizer_address(self) -> str:
        """The address that organizes what is made here."""
        is_other = self.rules.organizer_is_calendar and not self.is_primary
        return self.id if is_other else self.grant.email

    def change(self, body: Json) -> None:
        """Take over the fields a body names; refuse what the provider would refuse."""
        if self.read_only:
            raise forbidden("The calendar is read-only")
        changes = checked_calendar(body, self.rules, with_colours=True)
        if self.is_primary and not self.rules.primary_may_be_renamed and changes.get("name", self.name) != self.name:
            raise bad_request(
                "the primary calendar cannot be renamed", name="cannot be changed on the primary calendar"
            )
        self.take(changes)

    def take(self, changes: Json) -> None:
        """Take over checked fields."""
        self.name = changes.pop("name", self.name)
        self.timezone = changes.pop("timezone", self.timezone)
        self.metadata = changes.pop("metadata", self.metadata)
        self.texts = {name: text for name, text in (self.texts | changes).items() if text is not None}


def checked_calendar(body: Json, rules: ProviderRules, *, with_colours: bool = False) -> Json:
    """Return the writable fields of a body; fields the provider does not know are ignored."""
    changes: Json = {}
    if "name" in body:
        changes["name"] = _text(body, "name")
    if body.get("metadata") is not None:
        changes["metadata"] = checked_metadata(body["metadata"])
    if body.get("timezone") is not None and rules.calendar_has_timezone:
        changes["timezone"] = _zone(body["timezone"])
    for name in (*_TEXTS, *(_COLOURS if with_colours else ())) if rules.calendar_has_text else ():
        if name in body:
            changes[name] = (
                None if body[name] is None else _colour(body, name) if name in _COLOURS else _text(body, name)
            )
    return changes


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or (name == "name" and not value.strip()):
        raise _invalid(name, "must be text")
    return value


def _colour(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not re.fullmatch(r"(#[0-9a-fA-F]{6})?", value):
        raise _invalid(name, "must look like #0099EE")
    return value


def _zone(value: object) -> str:
    if not isinstance(value, str) or zone(value) is None:
        raise _invalid("timezone", "is not a time zone")
    return value


def _invalid(name: str, problem: str) -> Refusal:
    return bad_request(f"{name} {problem}", **{name: problem})
