"""Tables of the control page about webhooks: the destinations and what was delivered to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nylasadmin.sandbox.http.page_views import moment
from nylasadmin.sandbox.state import Sandbox

_DESTINATION = ("Webhook", "Triggers", "Status")
_DELIVERY = ("Time", "Trigger", "To", "Attempt", "Answer", "ms", "Fault")


def add(sandbox: Sandbox) -> None:
    """Put the tables on the page."""
    sandbox.panels.add_table("Webhooks", _DESTINATION, lambda: _destinations(sandbox), "No webhook is registered.")
    sandbox.panels.add_table("Webhook deliveries", _DELIVERY, lambda: _deliveries(sandbox), "Nothing was delivered.")


def _destinations(sandbox: Sandbox) -> Iterator[Sequence[object]]:
    with sandbox.webhooks.lock:
        for one in sandbox.webhooks.destinations:
            yield one.webhook_url, ", ".join(one.trigger_types), one.status


def _deliveries(sandbox: Sandbox) -> Iterator[Sequence[object]]:
    for one in reversed(sandbox.webhooks.courier.log.entries()):
        answer = one.get("status") or one.get("problem")
        yield moment(one["time"]), one["type"], one["url"], one["attempt"], answer, one.get("ms"), one.get("fault")
