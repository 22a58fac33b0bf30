"""Who would have been mailed: the list behind every question whether participants were disturbed."""

from __future__ import annotations

from nylasadmin.sandbox.calendars import Calendar
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.wire import Json


class Mailed:
    """Every invitation, change and cancellation that the provider would have sent."""

    def __init__(self) -> None:
        self.entries: list[Json] = []

    def record(
        self, calendar: Calendar, action: str, event: Json, before: Json | None, *, asked: bool, now: int
    ) -> None:
        """Note the participants of both versions, unless suppression was asked for and the provider obeys."""
        if not asked and not calendar.rules.always_notifies:
            return
        people = [*event.get("participants", []), *(before or {}).get("participants", [])]
        own = calendar.grant.email.casefold()
        addresses = {str(one.get("email", "")).casefold() for one in people} - {own, ""}
        if not addresses:
            return
        self.entries.append(
            {
                "grant_id": calendar.grant.id,
                "calendar_id": calendar.id,
                "event_id": event["id"],
                "action": action,
                "title": event.get("title"),
                "to": sorted(addresses),
                "notify_participants": asked,
                "time": now,
            }
        )

    def record_answer(self, calendar: Calendar, event: Json, now: int) -> None:
        """Note that the organizer was told the answer of the calendar's owner."""
        organizer = str((event.get("organizer") or {}).get("email") or "").casefold()
        if organizer in ("", calendar.grant.email.casefold()):
            return
        self.entries.append(
            {
                "grant_id": calendar.grant.id,
                "calendar_id": calendar.id,
                "event_id": event["id"],
                "action": "answered",
                "title": event.get("title"),
                "to": [organizer],
                "notify_participants": True,
                "time": now,
            }
        )

    def record_message(self, grant: Grant, message: Json, now: int) -> None:
        """Note a message that a client sent itself."""
        people = [one for field in ("to", "cc", "bcc") for one in message.get(field) or ()]
        self.entries.append(
            {
                "grant_id": grant.id,
                "message_id": message["id"],
                "action": "sent",
                "title": message.get("subject"),
                "to": sorted({str(one["email"]).casefold() for one in people}),
                "time": now,
            }
        )
