"""One notification: the envelope, the same in all attempts but for the number of the attempt."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nylasadmin.sandbox.wire import Json, encoded

_PRODUCTS = {
    "calendar": "calendars",
    "event": "events",
    "contact": "contacts",
    "message": "emails",
    "thread": "emails",
    "folder": "folders",
}
_HEAVY = ("body", "attachments")


@dataclass(frozen=True, slots=True)
class Notification:
    """What is to be told, encoded once. `flaw` says how its signature is to be wrong, if it is."""

    id: str
    type: str
    trigger: str
    source: str
    time: int | None
    application_id: str
    grant_id: str | None
    object: bytes
    flaw: str | None = None
    fault: int | None = None

    def body(self, attempt: int) -> bytes:
        """Return the bytes of one attempt."""
        head: Json = {"specversion": "1.0", "type": self.type, "source": self.source, "id": self.id}
        if self.time is not None:
            head["time"] = self.time
        head["webhook_delivery_attempt"] = attempt
        data = b'{"application_id":%s,"object":%s}' % (encoded(self.application_id), self.object)
        return b'%s,"data":%s}' % (encoded(head)[:-1], data)


def source_of(trigger: str, provider: str | None) -> str:
    """Return where the service says it has a notification from."""
    product = _PRODUCTS.get(trigger.partition(".")[0])
    return f"/{provider}/{product}/realtime" if product and provider else "/nylas/system"


def truncated(notification: Notification, obj: Json, longest: int) -> Notification:
    """Leave the body of a message out of a notification that is too long; others stay as they are."""
    if not notification.trigger.startswith("message.") or len(notification.body(1)) <= longest:
        return notification
    light = {name: value for name, value in obj.items() if name not in _HEAVY}
    return replace(notification, type=f"{notification.type}.truncated", object=encoded(light))
