"""From an announced change to notifications on their way: whom it concerns, in which form, spoilt by which fault."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from nylasadmin.sandbox.clocks import Clock
from nylasadmin.sandbox.identifiers import Identifiers
from nylasadmin.sandbox.webhooks.bursts import Bursts, key_of
from nylasadmin.sandbox.webhooks.couriers import Courier
from nylasadmin.sandbox.webhooks.destinations import DestinationBook
from nylasadmin.sandbox.webhooks.faults import NotificationFault, NotificationFaults
from nylasadmin.sandbox.webhooks.missed import Change, MissedChanges
from nylasadmin.sandbox.webhooks.notifications import Notification, source_of, truncated
from nylasadmin.sandbox.webhooks.payloads import Payload, payloads_of
from nylasadmin.sandbox.webhooks.schedules import Schedule
from nylasadmin.sandbox.webhooks.settings import DeliverySettings
from nylasadmin.sandbox.wire import Json, encoded

if TYPE_CHECKING:
    from nylasadmin.sandbox.grants import Grant


class Webhooks:
    """All of the application's webhooks: destinations, settings, faults, deliveries and their log."""

    def __init__(self, clock: Clock, identifiers: Identifiers, application_id: str) -> None:
        self.clock = clock
        self.identifiers = identifiers
        self.application_id = application_id
        self.lock = threading.RLock()
        self.destinations = DestinationBook()
        self.settings = DeliverySettings()
        self.faults = NotificationFaults()
        self.schedule = Schedule(clock)
        self.courier = Courier(self.destinations, self.lock, self.schedule, self.settings, identifiers)
        self._numbers = itertools.count(1)
        self._missed = MissedChanges()
        self._bursts = Bursts()
        self._held: list[Notification] = []

    def announce(self, trigger: str, grant: Grant | None, obj: Json) -> None:
        """Notify a change, now or when the account is good again; each takes a number, wanted or not."""
        with self.lock:
            now = self.clock.now()
            change = Change(next(self._numbers), trigger, grant, obj, now)
            if grant is not None and not trigger.startswith("grant.") and not grant.is_valid:
                self._missed.keep(grant, change)
                return
            missed = self._missed.released(grant, now) if grant is not None and grant.is_valid else []
            if trigger.startswith("grant."):
                self._follow_grant(change)
            for one in [change, *missed] if trigger.startswith("grant.") else [*missed, change]:
                self._take(one, now)

    def settle(self, timeout_s: float = 10.0) -> bool:
        """Wait until all that is due has been delivered; tell whether that came in time."""
        return self.schedule.settle(timeout_s)

    def close(self) -> None:
        """Deliver nothing more."""
        self.schedule.close()
        self.courier.leave()

    def _follow_grant(self, change: Change) -> None:
        if change.grant is not None and change.trigger == "grant.expired":
            self._missed.expired(change.grant, change.time)
        if change.grant is not None and change.trigger == "grant.deleted":
            self._missed.forget(change.grant)

    def _take(self, change: Change, now: int) -> None:
        if not self.settings.debounce_s or change.trigger.startswith("grant."):
            self._publish(change, now)
        elif self._bursts.begins(change):
            self.schedule.add(now + self.settings.debounce_s, lambda at: self._end_burst(change, at), is_soon=True)

    def _end_burst(self, first: Change, at: int) -> None:
        with self.lock:
            self._publish(self._bursts.end(key_of(first)), at)

    def _publish(self, change: Change, at: int) -> None:
        if not self.destinations:
            return
        for number, payload in enumerate(payloads_of(change.trigger, change.grant, change.object, self.settings)):
            if any(one.wants(payload.trigger) or one.wants(payload.type) for one in self.destinations):
                text = f"notification {change.number}" + (f".{number}" if number else "")
                made = self._notification(change, payload, text)
                self.courier.log.keep(made)
                self._offer(made, change.grant, at)

    def _notification(self, change: Change, payload: Payload, text: str) -> Notification:
        made = Notification(
            id=self.identifiers.derived("webhook", text),
            type=payload.type,
            trigger=payload.trigger,
            source=source_of(payload.trigger, change.grant.rules.name if change.grant else None),
            time=change.time,
            application_id=self.application_id,
            grant_id=change.grant.id if change.grant else None,
            object=encoded(payload.object),
        )
        return truncated(made, payload.object, self.settings.truncate_over_bytes)

    def _offer(self, notification: Notification, grant: Grant | None, at: int) -> None:
        names = () if grant is None else (grant.id, grant.email.casefold())
        fault = self.faults.hit(notification.trigger, names)
        held = self._held
        if fault is None:
            self.courier.send(notification, at)
        elif fault.kind == "reordered":
            self._held = [*held, replace(notification, fault=fault.id)]
            return
        else:
            self._spoil(replace(notification, fault=fault.id), fault, at)
        self._held = []
        for one in held:
            self.courier.send(one, at)

    def _spoil(self, notification: Notification, fault: NotificationFault, at: int) -> None:
        match fault.kind:
            case "lost":
                self._lose(notification, at)
                return
            case "doubled":
                self.courier.send(notification, at)
            case "delayed":
                at += fault.seconds
            case "updated_before_created":
                self.courier.send(self._update_of(notification), at)
            case "without_time":
                notification = replace(notification, time=None)
            case "unknown_type":
                notification = replace(notification, type=fault.type)
            case flaw:
                notification = replace(notification, flaw=flaw)
        self.courier.send(notification, at)

    def _update_of(self, created: Notification) -> Notification:
        """Return the update that a creation is made to follow, with an id of its own."""
        trigger, kind = (text.replace(".created", ".updated", 1) for text in (created.trigger, created.type))
        own_id = self.identifiers.derived("webhook", f"update of {created.id}")
        return replace(created, id=own_id, trigger=trigger, type=kind)

    def _lose(self, notification: Notification, at: int) -> None:
        self.courier.log.record(
            notification_id=notification.id,
            type=notification.type,
            grant_id=notification.grant_id,
            webhook_id=None,
            url=None,
            attempt=0,
            time=at,
            status=None,
            problem="lost on command",
            bytes=len(notification.body(1)),
            compressed=False,
            signature=None,
            fault=notification.fault,
            ms=0.0,
        )
