"""Example notifications, one per trigger, for people who want to see what comes before anything happens."""

from __future__ import annotations

from nylasadmin.sandbox.webhooks.notifications import source_of
from nylasadmin.sandbox.webhooks.triggers import TRIGGERS
from nylasadmin.sandbox.wire import Json

_GRANT_ID = "3f0a4c1e-9b1d-4d55-8a3e-6c2f5d7b9e10"
_AT = 1_767_261_600
_TRUNCATED = ("message.created.truncated", "message.updated.truncated")
_CODES = {"created": 25012, "updated": 25014, "expired": 25009, "deleted": 25013, "imap_sync_completed": 25010}


def example_of(kind: str, application_id: str, now: int) -> Json | None:
    """Return an example of a type of notification; None if there is no such type."""
    if kind not in TRIGGERS and kind not in _TRUNCATED:
        return None
    return {
        "specversion": "1.0",
        "type": kind,
        "source": source_of(kind, "google"),
        "id": "5hFq2wTn8cXkLr0ZbVdYp3MsJe",
        "time": now,
        "webhook_delivery_attempt": 1,
        "data": {"application_id": application_id, "object": _object(kind)},
    }


def _object(kind: str) -> Json:
    product, _, change = kind.partition(".")
    if product == "grant":
        return _grant(change)
    whole = _OBJECTS[product]
    if change == "deleted" and product != "calendar":
        return {name: whole[name] for name in ("grant_id", "calendar_id", "id", "object") if name in whole}
    if product == "message" and change.startswith(_TRACKED):
        return _tracked(change)
    if change.endswith(".truncated"):
        return {name: value for name, value in whole.items() if name not in ("body", "attachments")}
    return whole


def _grant(change: str) -> Json:
    told: Json = {
        "code": _CODES[change],
        "grant_id": _GRANT_ID,
        "integration_id": "7d2c9a51-0f0e-4b7a-9f43-1b8f5e2c6a70",
        "provider": "imap" if change == "imap_sync_completed" else "google",
        "email": "lena.hartmann@example.com",
    }
    more: dict[str, Json] = {
        "created": {"name": "Lena Hartmann", "scope": ["https://www.googleapis.com/auth/calendar"]},
        "updated": {"reauthentication_flag": False},
        "expired": {"grant_updated_at": _AT},
    }
    return told | more.get(change, {})


_TRACKED = ("opened", "link_clicked", "bounce", "complaint", "delivered", "rejected", "transactional", "send_")


def _tracked(change: str) -> Json:
    return {
        "grant_id": _GRANT_ID,
        "message_id": "18c5b2f0a1d34e77",
        "label": "offer",
        "message_data": {"count": 1, "timestamp": _AT},
        "recents": [{"ip": "192.0.2.7", "opened_id": 0, "timestamp": _AT, "user_agent": "Example/1.0"}],
        "sender_app_id": "sandbox",
        "event": change,
    }


_OBJECTS: dict[str, Json] = {
    "calendar": {
        "grant_id": _GRANT_ID,
        "id": "lena.hartmann@example.com",
        "object": "calendar",
        "name": "Lena Hartmann",
        "timezone": "Europe/Berlin",
        "read_only": False,
        "is_owned_by_user": True,
        "is_primary": True,
    },
    "event": {
        "grant_id": _GRANT_ID,
        "calendar_id": "lena.hartmann@example.com",
        "id": "4q1v7n2k0c9m5t8r3b6j1d0f2g",
        "object": "event",
        "title": "Quarterly review",
        "busy": True,
        "status": "confirmed",
        "participants": [{"email": "omar.said@example.org", "name": "Omar Said", "status": "noreply"}],
        "organizer": {"email": "lena.hartmann@example.com", "name": "Lena Hartmann"},
        "when": {
            "object": "timespan",
            "start_time": _AT + 7200,
            "end_time": _AT + 10_800,
            "start_timezone": "Europe/Berlin",
            "end_timezone": "Europe/Berlin",
        },
        "created_at": _AT,
        "updated_at": _AT,
    },
    "contact": {
        "grant_id": _GRANT_ID,
        "id": "c7205814308946375",
        "object": "contact",
        "given_name": "Omar",
        "surname": "Said",
        "emails": [{"email": "omar.said@example.org", "type": "work"}],
        "phone_numbers": None,
        "source": "address_book",
    },
    "message": {
        "grant_id": _GRANT_ID,
        "id": "18c5b2f0a1d34e77",
        "object": "message",
        "thread_id": "18c5b2f0a1d34e70",
        "subject": "Offer for spring",
        "from": [{"email": "omar.said@example.org", "name": "Omar Said"}],
        "to": [{"email": "lena.hartmann@example.com", "name": "Lena Hartmann"}],
        "date": _AT,
        "unread": True,
        "starred": False,
        "snippet": "Please find our offer",
        "body": "<p>Please find our offer.</p>",
        "folders": ["INBOX", "UNREAD"],
        "attachments": [],
    },
    "thread": {
        "grant_id": _GRANT_ID,
        "message_id": "18c5b2f0a1d34e79",
        "root_message_id": "18c5b2f0a1d34e77",
        "thread_id": "18c5b2f0a1d34e70",
        "reply_data": {"count": 1},
        "timestamp": _AT,
    },
    "folder": {
        "grant_id": _GRANT_ID,
        "id": "Label_7",
        "object": "folder",
        "name": "Customers",
        "attributes": [],
        "system_folder": False,
    },
    "booking": {
        "booking_id": "b2b6f0c8-2c5e-4c1c-8f7d-7d7a3a0e4f11",
        "configuration_id": "a5a2a2b4-50a5-4d5e-9f6e-5f2c4f7d9a22",
        "grant_id": _GRANT_ID,
        "object": "booking",
        "booking_info": {"event_id": "4q1v7n2k0c9m5t8r3b6j1d0f2g", "start_time": _AT + 7200, "end_time": _AT + 9000},
    },
    "notetaker": {
        "grant_id": _GRANT_ID,
        "id": "e1b0c6f4-7d11-4f40-9b43-2a1b7c5d9e33",
        "object": "notetaker",
        "state": "scheduled",
        "join_time": _AT + 7200,
    },
}
