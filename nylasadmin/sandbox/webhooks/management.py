"""Creating, changing and removing destinations. Challenges are asked for while no lock is held."""

from __future__ import annotations

import itertools

from nylasadmin.sandbox.errors import Refusal
from nylasadmin.sandbox.webhooks.announcements import Webhooks
from nylasadmin.sandbox.webhooks.destinations import Destination, check_url, checked_destination, invalid
from nylasadmin.sandbox.webhooks.examples import example_of
from nylasadmin.sandbox.webhooks.health import Health
from nylasadmin.sandbox.webhooks.sending import challenge, deliver, unverified
from nylasadmin.sandbox.webhooks.signatures import HEADER, signature_of
from nylasadmin.sandbox.wire import Json, encoded

TEST_SECRET = "mock-webhook-secret"


class Management:
    """What the service's webhook endpoints do."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks
        self._numbers = itertools.count(1)

    def create(self, body: Json) -> Json:
        """Create a destination, after its receiver has answered the challenge; return it with its secret."""
        fields = self._checked(body)
        for name in ("trigger_types", "webhook_url"):
            if name not in fields:
                raise invalid(f"{name} is required")
        fields.pop("status", None)
        number = next(self._numbers)
        self._challenge(fields["webhook_url"], number)
        now, derived = self._webhooks.clock.now(), self._webhooks.identifiers.derived
        with self._webhooks.lock:
            made = Destination(
                id=derived("webhook", f"webhook {number}"),
                secret=derived("webhook-secret", f"webhook {number}"),
                created_at=now,
                updated_at=now,
                status_updated_at=now,
                **fields,
            )
            self._webhooks.destinations.add(made)
            return made.wire(with_secret=True)

    def all(self) -> list[Json]:
        """Return all destinations."""
        with self._webhooks.lock:
            return [one.wire() for one in self._webhooks.destinations]

    def find(self, destination_id: str) -> Json:
        """Return one destination."""
        with self._webhooks.lock:
            return self._webhooks.destinations.find(destination_id).wire()

    def change(self, destination_id: str, body: Json) -> Json:
        """Change the fields a body names; to become active, the receiver has to answer the challenge again."""
        found = self._webhooks.destinations.find(destination_id)
        fields = self._checked(body)
        status = fields.pop("status", None)
        if status == "active":
            self._challenge(fields.get("webhook_url", found.webhook_url), next(self._numbers))
        with self._webhooks.lock:
            now = self._webhooks.clock.now()
            for name, value in fields.items():
                setattr(found, name, value)
            found.updated_at = now
            if status is not None and status != found.status:
                found.turn(status, now)
                found.health = Health()
            return found.wire()

    def rotate(self, destination_id: str) -> Json:
        """Give a destination a new secret, which counts at once; return it with that."""
        with self._webhooks.lock:
            found = self._webhooks.destinations.find(destination_id)
            found.old_secret = found.secret
            text = f"after {found.secret} of {found.id}"
            found.secret = self._webhooks.identifiers.derived("webhook-secret", text)
            found.updated_at = self._webhooks.clock.now()
            return found.wire(with_secret=True)

    def remove(self, destination_id: str) -> None:
        """Forget a destination."""
        with self._webhooks.lock:
            found = self._webhooks.destinations.remove(destination_id)
            found.status = "pause"
        self._webhooks.courier.leave(found)

    def example(self, body: Json) -> Json:
        """Return an example notification of a trigger."""
        trigger = body.get("trigger_type")
        example = example_of(str(trigger), self._webhooks.application_id, self._webhooks.clock.now())
        if example is None:
            raise invalid("trigger_type is required" if trigger is None else f"trigger_type : {trigger} is unknown")
        return example

    def send_example(self, body: Json) -> None:
        """Send an example to a URL, signed with the secret that everybody knows; 400 unless it is taken."""
        url = body.get("webhook_url")
        if not isinstance(url, str) or not url:
            raise invalid("webhook_url is required")
        check_url(url, plain_http=self._webhooks.settings.plain_http)
        raw = encoded(self.example(body))
        headers = {HEADER: signature_of(TEST_SECRET, raw)}
        answer = deliver(url, raw, headers, self._webhooks.settings.timeout_s)
        if answer.status != 200:
            raise unverified(answer.problem or f"status is not ok, got {answer.status}")

    def _checked(self, body: Json) -> Json:
        return checked_destination(body, plain_http=self._webhooks.settings.plain_http)

    def _challenge(self, url: str, number: int) -> None:
        value = self._webhooks.identifiers.derived("uuid", f"challenge {number}")
        challenge(url, value, self._webhooks.settings.timeout_s)


def as_webhook_error(problem: Refusal) -> Refusal:
    """Return an error as webhook management shows it: 400 whatever it is, with a number for a type."""
    if problem.status == 401 or problem.kind.isdigit():
        return problem
    return invalid(problem.message)
