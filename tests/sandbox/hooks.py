"""A receiver beside a sandbox, and the few calls that tests of webhooks need."""

from __future__ import annotations

from typing import Any

from nylasadmin.sandbox.receiver import Receiver

from .conftest import Api


def subscribe(api: Api, hook: Receiver, *triggers: str, **more: Any) -> Any:
    """Create a destination for a receiver and tell it the secret."""
    body = {"trigger_types": list(triggers or ("event.created", "event.updated", "event.deleted"))}
    status, answer = api.call("POST", "/v3/webhooks", body | {"webhook_url": hook.url} | more)
    assert status == 200, answer
    hook.secrets.append(answer["data"]["webhook_secret"])
    return answer["data"]


def switch(api: Api, **settings: Any) -> None:
    """Change settings of deliveries."""
    status, answer = api.call("POST", "/sandbox/webhooks/settings", settings)
    assert status == 200, answer


def spoil(api: Api, **fault: Any) -> int:
    """Order a fault and return its number."""
    status, answer = api.call("POST", "/sandbox/webhooks/faults", fault)
    assert status == 200, answer
    return int(answer["data"]["id"])


def pass_time(api: Api, seconds: int) -> None:
    """Let the frozen clock move on and wait for what that causes."""
    assert api.call("POST", "/sandbox/clock", {"advance_s": seconds})[0] == 200
    api.box.settle()


def log(api: Api, **query: Any) -> Any:
    """Return the delivery log."""
    return api.get("/sandbox/webhooks/log", **query)["data"]
