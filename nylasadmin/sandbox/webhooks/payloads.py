"""What a notification carries about a changed object: `data.object` by trigger and provider.

Source: the wire contract's section 8.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nylasadmin.sandbox.webhooks.settings import DeliverySettings
from nylasadmin.sandbox.webhooks.triggers import WITH_LEGACY_FORM
from nylasadmin.sandbox.wire import Json, decoded

if TYPE_CHECKING:
    from nylasadmin.sandbox.grants import Grant

_CODES = {"grant.created": 25012, "grant.updated": 25014, "grant.expired": 25009, "grant.deleted": 25013}
_REAUTHENTICATED = 25027
_NOT_TOLD = ("master_event_id", "original_start_time")
_IDENTITY = ("grant_id", "calendar_id", "id", "object", "master_event_id")
_TEXTS_OF_MAIL = ("body", "snippet", "attachments")


class Payload(NamedTuple):
    """The trigger, the type with its suffixes, and the object of one notification."""

    trigger: str
    type: str
    object: Json


def payloads_of(trigger: str, grant: Grant | None, obj: Json, settings: DeliverySettings) -> list[Payload]:
    """Return what is notified of a change: usually one payload, none where the provider tells nothing."""
    product = trigger.partition(".")[0]
    if grant is None:
        return [Payload(trigger, trigger, obj)]
    if product == "contact" and not grant.rules.notifies_contacts:
        return []
    if product == "calendar" and grant.rules.notifies_all_calendars and trigger == "calendar.updated":
        return [Payload(trigger, trigger, one.wire()) for one in list(grant.calendars.values())]
    if product == "event":
        return [_shaped(name, grant, one, settings) for name, one in _events(trigger, grant, obj, settings)]
    if product == "grant":
        return [Payload(trigger, trigger, _grant(trigger, grant, obj))]
    if trigger in ("contact.deleted", "message.deleted"):
        obj = _deleted(obj, settings)
    return [_shaped(trigger, grant, obj, settings)]


def _shaped(trigger: str, grant: Grant, obj: Json, settings: DeliverySettings) -> Payload:
    """Add the suffixes that the type needs, and drop what they stand for."""
    kind, product = trigger, trigger.partition(".")[0]
    if product == "message" and any("gmail.metadata" in one for one in grant.scope or ()):
        kind += ".metadata"
        obj = {name: value for name, value in obj.items() if name not in _TEXTS_OF_MAIL}
    if settings.legacy and trigger in WITH_LEGACY_FORM:
        kind += ".legacy"
    if settings.transformed and product in ("message", "event") and not trigger.endswith(".deleted"):
        kind += ".transformed"
        obj = {name: value for name, value in obj.items() if name in settings.transformed_fields}
    return Payload(trigger, kind, obj)


def _events(trigger: str, grant: Grant, obj: Json, settings: DeliverySettings) -> list[tuple[str, Json]]:
    master = _master(grant, obj) if settings.occurrence_form != "occurrence" else None
    told: list[tuple[str, Json]] = []
    if master is None or settings.occurrence_form == "both":
        told.append((trigger, _deleted(obj, settings) if trigger == "event.deleted" else _event(grant, obj)))
    if master is not None:
        kind = "cancelled_occurrences" if trigger == "event.deleted" else "occurrences"
        told.append(("event.updated", _event(grant, master) | {kind: [obj["id"]]}))
    return told


def _event(grant: Grant, obj: Json) -> Json:
    told = {name: value for name, value in obj.items() if name not in _NOT_TOLD}
    if obj.get("master_event_id") and grant.rules.notifies_occurrences:
        told["occurrences"] = [obj["id"]]
    return told


def _deleted(obj: Json, settings: DeliverySettings) -> Json:
    names = (*_IDENTITY, "metadata") if settings.deleted_metadata else _IDENTITY
    return {name: obj[name] for name in names if name in obj}


def _master(grant: Grant, occurrence: Json) -> Json | None:
    calendar = grant.calendars.get(occurrence.get("calendar_id") or "")
    row = calendar.events.get(occurrence.get("master_event_id") or "") if calendar else None
    return decoded(row.body) if row else None


def _grant(trigger: str, grant: Grant, obj: Json) -> Json:
    """Return the payload of a grant; what the announcer says about codes and flags counts."""
    again = bool(obj.get("reauthentication_flag"))
    code = _REAUTHENTICATED if again and trigger == "grant.updated" else _CODES.get(trigger, 0)
    told: Json = {
        "code": obj.get("code", code),
        "grant_id": grant.id,
        "integration_id": obj.get("integration_id", f"{grant.rules.name}-connector"),
        "provider": grant.rules.name,
        "email": grant.email,
    }
    if trigger == "grant.created":
        told |= {"name": grant.name, "scope": grant.wire()["scope"]}
    if trigger == "grant.updated":
        told["reauthentication_flag"] = again or told["code"] == _REAUTHENTICATED
    if trigger == "grant.expired":
        told["grant_updated_at"] = grant.updated_at
    return told | {name: obj[name] for name in ("login_id", "type", "grant_updated_at") if name in obj}
