"""Notifications that go astray on command."""

from __future__ import annotations

from typing import Any

import pytest

from nylasadmin.sandbox.receiver import Receiver

from .conftest import ANNA, Api, span
from .hooks import (
    delete,
    log,
    pass_time,
    spoil,
    subscribe,
    told,
    update,
)

FAULT_CASES: list[tuple[str, list[str]]] = [
    ("lost", ["event.updated", "event.deleted"]),
    ("doubled", ["event.created", "event.created", "event.updated", "event.deleted"]),
    ("delayed", ["event.updated", "event.deleted", "event.created"]),
    ("reordered", ["event.updated", "event.created", "event.deleted"]),
    ("updated_before_created", ["event.updated", "event.created", "event.updated", "event.deleted"]),
    ("unknown_type", ["sandbox.unknown", "event.updated", "event.deleted"]),
]


@pytest.mark.parametrize(("kind", "kinds"), FAULT_CASES)
def test_notifications_go_astray_on_command(api: Api, hook: Receiver, kind: str, kinds: list[str]) -> None:
    subscribe(api, hook)
    number = spoil(api, kind=kind)
    event = api.create(when=span(0))
    update(api, event["id"], {"title": "x"})
    delete(api, event["id"])
    api.box.settle()
    pass_time(api, 60)
    assert [one.type for one in hook.received] == kinds
    assert number in {entry["fault"] for entry in log(api)}
    assert api.get("/sandbox/webhooks/faults")["data"][0]["fired"] == 1


def test_a_doubled_notification_has_one_id_and_an_invented_update_its_own(api: Api, hook: Receiver) -> None:
    subscribe(api, hook, "event.created", "event.updated")
    spoil(api, kind="doubled")
    spoil(api, kind="updated_before_created")
    for _ in range(2):
        api.create(when=span(0))
    told(api, hook)
    assert len({one.id for one in hook.received[:2]}) == 1
    assert len({one.id for one in hook.received[2:]}) == 2


def test_notifications_may_lack_time_or_be_signed_wrongly(api: Api, hook: Receiver) -> None:
    made = subscribe(api, hook)
    for kind in ("without_time", "old_secret", "unsigned", "old_secret"):
        spoil(api, kind=kind)
    for _ in range(3):
        api.create(when=span(0))
    api.box.settle()
    api.call("POST", f"/v3/webhooks/rotate-secret/{made['id']}", {})
    api.create(when=span(0))
    told(api, hook)
    assert "time" not in hook.received[0].notification
    assert [hook.is_genuine(one) for one in hook.received] == [True, False, False, True]
    assert hook.received[1].signature
    assert hook.received[2].signature is None


def test_a_fault_hits_only_its_trigger_and_grant(api: Api, hook: Receiver) -> None:
    subscribe(api, hook, "event.created", "calendar.created")
    spoil(api, kind="lost", trigger="calendar", count=None)
    spoil(api, kind="lost", trigger="event.created", grant=ANNA, after=1)
    for grant in (ANNA, api.box.grants[1].email, ANNA):
        api.box.add_calendar(grant, "x")
        api.create(grant, when=span(0))
    assert [obj["grant_id"] for _, obj in told(api, hook)] == [one.id for one in api.box.grants[:2]]
    assert api.call("DELETE", "/sandbox/webhooks/faults/1")[0] == 200
    assert len(api.get("/sandbox/webhooks/faults")["data"]) == 1
    assert api.call("DELETE", "/sandbox/webhooks/faults")[0] == 200
    api.box.add_calendar(ANNA, "y")
    assert told(api, hook)[-1][0] == "calendar.created"


@pytest.mark.parametrize("wish", [{"kind": "curse"}, {"kind": "lost", "until": 1}, {"kind": "lost", "after": "x"}])
def test_unknown_wishes_are_refused(api: Api, wish: dict[str, Any]) -> None:
    assert api.call("POST", "/sandbox/webhooks/faults", wish)[0] == 400
