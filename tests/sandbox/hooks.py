"""A receiver beside a sandbox, and the few calls that tests of webhooks need."""

from __future__ import annotations

from typing import Any

from nylasadmin.sandbox.receiver import Receiver

from .conftest import ANNA, Api

EVENTS = f"/v3/grants/{ANNA}/events"
CALENDARS = f"/v3/grants/{ANNA}/calendars"
MAIN = {"calendar_id": "primary"}


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
    """Return the delivery log once nothing is under way."""
    api.box.settle()
    return api.get("/sandbox/webhooks/log", **query)["data"]


def update(api: Api, event_id: str, body: Any) -> Any:
    status, answer = api.call("PUT", f"{EVENTS}/{event_id}", body, **MAIN)
    assert status == 200, answer
    return answer["data"]


def delete(api: Api, event_id: str, calendar: str = "primary") -> None:
    assert api.call("DELETE", f"{EVENTS}/{event_id}", None, calendar_id=calendar)[0] == 200


def told(api: Api, hook: Receiver) -> list[tuple[str, Any]]:
    """Return types and objects of what came."""
    api.box.settle()
    return [(one.type, one.object) for one in hook.received]


def announce(api: Api, trigger: str, obj: Any) -> None:
    """Announce a change as the rest of the sandbox does."""
    with api.box.sandbox.lock:
        api.box.sandbox.changes.announce(trigger, api.box.grants[0], obj)


def message(api: Api, **more: Any) -> Any:
    return {"grant_id": api.box.grants[0].id, "id": "m1", "object": "message", "body": "b", "snippet": "s"} | more


def expire(api: Api) -> None:
    api.box.grants[0].is_valid = False
    announce(api, "grant.expired", {})


def restore(api: Api) -> None:
    api.box.grants[0].is_valid = True
    announce(api, "grant.updated", {"reauthentication_flag": True})
