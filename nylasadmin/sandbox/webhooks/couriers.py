"""Deliveries: rounds of attempts to all subscribed destinations, and what their answers lead to."""

from __future__ import annotations

import gzip
import threading
from dataclasses import dataclass, field

from nylasadmin.sandbox.identifiers import Identifiers
from nylasadmin.sandbox.webhooks.delivery_log import DeliveryLog
from nylasadmin.sandbox.webhooks.destinations import Destination, DestinationBook
from nylasadmin.sandbox.webhooks.health import FAILED_AFTER_S, FAILING_AFTER_S, Health
from nylasadmin.sandbox.webhooks.lanes import Lanes
from nylasadmin.sandbox.webhooks.notifications import Notification
from nylasadmin.sandbox.webhooks.schedules import Schedule
from nylasadmin.sandbox.webhooks.sending import Answer, deliver
from nylasadmin.sandbox.webhooks.settings import DeliverySettings
from nylasadmin.sandbox.webhooks.signatures import HEADER, signature_of


@dataclass
class _Round:
    """One attempt of one notification, at all destinations."""

    notification: Notification
    attempt: int
    at: int
    open: int
    to_repeat: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ends(self, *, repeat: bool) -> bool:
        """Note that one destination is through; tell whether it was the last and the attempt is to be repeated."""
        with self.lock:
            self.open -= 1
            self.to_repeat |= repeat
            return self.open == 0 and self.to_repeat


class Courier:
    """Delivers notifications. A repetition goes to all destinations of the trigger, as the service does it."""

    def __init__(
        self,
        book: DestinationBook,
        lock: threading.RLock,
        schedule: Schedule,
        settings: DeliverySettings,
        identifiers: Identifiers,
    ) -> None:
        self._book = book
        self._lock = lock
        self._schedule = schedule
        self._settings = settings
        self._identifiers = identifiers
        self._lanes = Lanes()
        self.log = DeliveryLog()

    def send(self, notification: Notification, due: int, attempt: int = 1) -> None:
        """Deliver a notification when its time has come."""
        self._schedule.add(due, lambda at: self._begin(notification, attempt, at))

    def leave(self, destination: Destination | None = None) -> None:
        """Deliver nothing more to one destination, or to none of them."""
        self._lanes.close(None if destination is None else destination.id)

    def _begin(self, notification: Notification, attempt: int, at: int) -> None:
        with self._lock:
            wanting = [one for one in self._book if one.wants(notification.trigger) or one.wants(notification.type)]
        this = _Round(notification, attempt, at, len(wanting))
        for destination in wanting:
            self._schedule.begin()
            self._lanes.put(destination.id, lambda to=destination: self._attempt(to, this))  # type: ignore[misc]

    def _attempt(self, destination: Destination, this: _Round) -> None:
        try:
            repeat = destination.is_open and self._settings.repeats(self._deliver(destination, this))
            if this.ends(repeat=repeat) and this.attempt <= len(self._settings.retry_after_s):
                due = this.at + self._settings.retry_after_s[this.attempt - 1]
                self.send(this.notification, due, this.attempt + 1)
        finally:
            self._schedule.end()

    def _deliver(self, destination: Destination, this: _Round) -> int | None:
        with self._lock:
            url, health = destination.webhook_url, destination.health
            raw, headers = self._packed(destination, this)
        answer = deliver(url, raw, headers, self._settings.timeout_s)
        self._record(destination, this, url, raw, headers, answer)
        with self._lock:
            self._judge(destination, health, this.at, good=answer.status == 200)
        return answer.status

    def _packed(self, destination: Destination, this: _Round) -> tuple[bytes, dict[str, str]]:
        """Return the bytes and headers of an attempt: compressed first, then signed."""
        raw, headers = this.notification.body(this.attempt), {}
        if destination.compressed_delivery:
            raw, headers["Content-Encoding"] = gzip.compress(raw, mtime=0), "gzip"
        if this.notification.flaw != "unsigned":
            headers[HEADER] = signature_of(self._secret(destination, this.notification), raw)
        return raw, headers

    def _secret(self, destination: Destination, notification: Notification) -> str:
        if notification.flaw != "old_secret":
            return destination.secret
        return destination.old_secret or self._identifiers.derived("webhook-secret", f"before {destination.id}")

    def _record(
        self, to: Destination, this: _Round, url: str, raw: bytes, headers: dict[str, str], answer: Answer
    ) -> None:
        told = this.notification
        self.log.record(
            notification_id=told.id,
            type=told.type,
            grant_id=told.grant_id,
            webhook_id=to.id,
            url=url,
            attempt=this.attempt,
            time=this.at,
            status=answer.status,
            problem=answer.problem,
            bytes=len(raw),
            compressed="Content-Encoding" in headers,
            signature=headers.get(HEADER),
            fault=told.fault,
            ms=answer.ms,
        )

    def _judge(self, destination: Destination, health: Health, at: int, *, good: bool) -> None:
        if health is not destination.health:
            return
        if health.note(at, good=good):
            self._schedule.add(at + FAILING_AFTER_S, lambda then: self._look_again(destination, health, then))
        if destination.status == "failing" and not health.is_bad_lately(at):
            destination.turn("active", at)
            destination.health = Health()

    def _look_again(self, destination: Destination, health: Health, at: int) -> None:
        with self._lock:
            if health is not destination.health or destination.status != "active":
                return
            if not health.is_bad_lately(at):
                health.is_watched = False
                return
            self._turn_bad(destination, "failing", at)
            self._schedule.add(at + FAILED_AFTER_S, lambda then: self._give_up(destination, health, then))

    def _give_up(self, destination: Destination, health: Health, at: int) -> None:
        with self._lock:
            if health is destination.health and destination.status == "failing" and health.is_bad_since():
                self._turn_bad(destination, "failed", at)

    def _turn_bad(self, destination: Destination, status: str, at: int) -> None:
        destination.turn(status, at)
        to = destination.notification_email_addresses
        self.log.warn(webhook_id=destination.id, status=status, time=at, to=to)
