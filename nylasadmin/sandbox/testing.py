"""A sandbox inside the running process, for tests; outside projects may use it too.

    with running_sandbox(users=3, events_per_user=20) as box:
        client = nylas.Client(api_key=box.api_key, api_uri=box.url)

As a pytest fixture:

    @pytest.fixture
    def box():
        with running_sandbox() as running:
            yield running

It serves on a free port of the loop-back address, in a thread, until the block ends.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nylasadmin.sandbox.calendars import Calendar
from nylasadmin.sandbox.clocks import Clock
from nylasadmin.sandbox.events.writes import create_event, delete_event, read_event, store, update_event
from nylasadmin.sandbox.filling import fill
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.server import SandboxServer
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import Json


@dataclass(frozen=True)
class RunningSandbox:
    """A serving sandbox. Edits made here are the provider's own: nobody is mailed and nothing is logged."""

    url: str
    sandbox: Sandbox

    @property
    def api_key(self) -> str:
        """The key that clients send."""
        return self.sandbox.api_key

    @property
    def grants(self) -> list[Grant]:
        """The accounts, in the order in which they were made."""
        return list(self.sandbox.grants)

    def settle(self, timeout_s: float = 10.0) -> None:
        """Wait until every notification that is due was delivered; raise TimeoutError otherwise.

        Repetitions that are due later are not waited for: let the clock reach them first.
        """
        if not self.sandbox.webhooks.settle(timeout_s):
            raise TimeoutError(f"notifications are still under way after {timeout_s:g} s")

    def calendar(self, grant: str, calendar: str = "primary") -> Calendar:
        """Return a calendar of a grant (id or address) by id, name or `primary`."""
        owner = self.sandbox.grants.find(grant)
        if calendar == "primary" and owner.primary is not None:
            return owner.primary
        named = next((one for one in owner.calendars.values() if one.name == calendar), None)
        return named or owner.calendar(calendar)

    def add_calendar(
        self, grant: str, name: str, *, calendar_id: str | None = None, read_only: bool = False
    ) -> Calendar:
        """Give an account one more calendar, with an id of your choice."""
        with self.sandbox.lock:
            owner = self.sandbox.grants.find(grant)
            calendar = self.sandbox.add_calendar(owner, name, calendar_id=calendar_id, read_only=read_only)
            self.sandbox.changes.announce("calendar.created", owner, calendar.wire())
            return calendar

    def add_event(self, calendar: Calendar, event: Json, *, event_type: str | None = None) -> Json:
        """Store an event; what is left out is filled in, what is given is taken as it is (`id`, `status`, ...)."""
        with self.sandbox.lock:
            event_id = event.get("id") or self.sandbox.identifiers.fresh(calendar.rules.event_id_shape)
            whole = calendar.blank_event(event_id, self.sandbox.clock.now()) | event
            trigger = "event.created" if calendar.events.get(event_id) is None else "event.updated"
            store(calendar, whole, event_type)
            self.sandbox.changes.announce(trigger, calendar.grant, whole)
            return whole

    def create_event(self, calendar: Calendar, body: Json) -> Json:
        """Create an event as the owner would in the provider's own program."""
        with self.sandbox.lock:
            return create_event(self.sandbox, calendar, body)

    def read_event(self, calendar: Calendar, event_id: str) -> Json:
        """Return an event or an occurrence."""
        with self.sandbox.lock:
            return read_event(calendar, event_id)

    def change_event(self, calendar: Calendar, event_id: str, fields: Json) -> Json:
        """Change an event or an occurrence."""
        with self.sandbox.lock:
            return update_event(self.sandbox, calendar, event_id, fields)

    def delete_event(self, calendar: Calendar, event_id: str) -> None:
        """Delete an event or an occurrence."""
        with self.sandbox.lock:
            delete_event(self.sandbox, calendar, event_id)


@contextmanager
def running_sandbox(
    *,
    users: int = 3,
    events_per_user: int = 0,
    provider: str = "google",
    seed: int = 1,
    api_key: str | None = None,
    clock: Clock | None = None,
    ics: Path | None = None,
) -> Iterator[RunningSandbox]:
    """Serve a sandbox as long as the block runs."""
    sandbox = Sandbox(seed=seed, provider=provider, api_key=api_key, clock=clock)
    fill(sandbox, users=users, events_per_user=events_per_user, ics=ics)
    server = SandboxServer(sandbox)
    thread = threading.Thread(target=server.serve, name="nylas-sandbox", daemon=True)
    thread.start()
    try:
        yield RunningSandbox(server.url, sandbox)
    finally:
        server.stop()
        thread.join(timeout=10)
