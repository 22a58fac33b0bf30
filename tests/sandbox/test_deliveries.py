"""Deliveries: to whom, how often, how fast, and what becomes of receivers that refuse."""

from __future__ import annotations

import gzip
import json
import threading
from typing import Any

import pytest

from nylasadmin.sandbox.receiver import Receiver, running_receiver

from .conftest import ANNA, NOW, Api, span
from .hooks import (
    delete,
    log,
    pass_time,
    spoil,
    subscribe,
    switch,
    told,
)


def test_only_subscribed_triggers_are_delivered_and_each_destination_has_its_secret(api: Api, hook: Receiver) -> None:
    with running_receiver() as other:
        subscribe(api, hook, "event.created")
        subscribe(api, other, "event.created", "event.deleted")
        delete(api, api.create(when=span(0))["id"])
        api.box.settle()
        assert [one.type for one in hook.received] == ["event.created"]
        assert [one.type for one in other.received] == ["event.created", "event.deleted"]
        assert hook.is_genuine(hook.received[0])
        assert not hook.is_genuine(other.received[0])
        assert other.is_genuine(other.received[0])
        assert hook.received[0].id == other.received[0].id


def test_compressed_bodies_are_signed_as_they_travel(api: Api, hook: Receiver) -> None:
    subscribe(api, hook, compressed_delivery=True)
    event = api.create(when=span(0), title="x" * 900)
    [one] = hook.wait_for(1)
    assert one.is_compressed
    assert hook.is_genuine(one)
    assert json.loads(gzip.decompress(one.raw))["data"]["object"] == one.object == event
    [entry] = log(api)
    assert (entry["compressed"], entry["bytes"], entry["signature"]) == (True, len(one.raw), one.signature)


def test_a_rotated_secret_counts_at_once(api: Api, hook: Receiver) -> None:
    made = subscribe(api, hook)
    new = api.call("POST", f"/v3/webhooks/rotate-secret/{made['id']}", {})[1]["data"]["webhook_secret"]
    api.create(when=span(0))
    [one] = hook.wait_for(1)
    assert not hook.is_genuine(one)
    hook.secrets.append(new)
    assert hook.is_genuine(one)


def test_a_refused_delivery_is_repeated_twice_with_growing_pauses(api: Api, hook: Receiver) -> None:
    subscribe(api, hook)
    hook.answers = lambda _told: 503
    api.create(when=span(0))
    api.box.settle()
    for seconds in (299, 1, 599, 1, 86_400):
        pass_time(api, seconds)
    assert [(entry["attempt"], entry["time"] - NOW, entry["status"]) for entry in log(api)] == [
        (1, 0, 503),
        (2, 300, 503),
        (3, 900, 503),
    ]
    assert [one.attempt for one in hook.received] == [1, 2, 3]
    assert len({one.id for one in hook.received}) == 1
    assert len({one.signature for one in hook.received}) == 3
    assert all(map(hook.is_genuine, hook.received))


def test_one_long_jump_of_the_clock_leads_to_the_same_attempts(api: Api, hook: Receiver) -> None:
    subscribe(api, hook)
    hook.answers = lambda _told: 500
    api.create(when=span(0))
    pass_time(api, 86_400)
    assert [(entry["attempt"], entry["time"] - NOW) for entry in log(api)] == [(1, 0), (2, 300), (3, 900)]


def test_a_repetition_ends_with_the_first_good_answer(api: Api, hook: Receiver) -> None:
    subscribe(api, hook)
    hook.answers = lambda one: 200 if one.attempt == 2 else 429
    api.create(when=span(0))
    pass_time(api, 3600)
    assert [one.attempt for one in hook.received] == [1, 2]


def test_a_repetition_goes_to_all_destinations_of_the_trigger(api: Api, hook: Receiver) -> None:
    with running_receiver(answers=lambda _told: 502) as bad, running_receiver() as late:
        subscribe(api, hook, "event.created")
        subscribe(api, bad, "event.created")
        api.create(when=span(0))
        api.box.settle()
        subscribe(api, late, "event.created")
        pass_time(api, 3600)
        assert [one.attempt for one in hook.received] == [1, 2, 3]
        assert [one.attempt for one in late.received] == [2, 3]


@pytest.mark.parametrize(("status", "attempts"), [(500, 1), (504, 3), (201, 1)])
def test_repetitions_can_be_limited_to_the_listed_answers(api: Api, hook: Receiver, status: int, attempts: int) -> None:
    subscribe(api, hook)
    switch(api, retry_on="listed")
    hook.answers = lambda _told: status
    api.create(when=span(0))
    pass_time(api, 3600)
    assert len(hook.received) == attempts


def test_a_receiver_that_is_too_slow_gets_the_notification_again(api: Api, hook: Receiver) -> None:
    subscribe(api, hook)
    switch(api, timeout_s=0.2)
    going_on = threading.Event()
    hook.answers = lambda one: 200 if one.attempt > 1 or going_on.wait(5) else 500
    api.create(when=span(0))
    api.box.settle()
    going_on.set()
    switch(api, timeout_s=10)
    pass_time(api, 300)
    assert [(entry["status"], entry["problem"]) for entry in log(api)] == [
        (None, "no answer within 0.2 s"),
        (200, None),
    ]


def test_a_receiver_that_is_gone_is_tried_again(api: Api) -> None:
    with running_receiver() as hook:
        subscribe(api, hook)
    api.create(when=span(0))
    pass_time(api, 3600)
    assert [(entry["attempt"], entry["status"]) for entry in log(api)] == [(1, None), (2, None), (3, None)]
    assert "Refused" in log(api)[0]["problem"]


def test_a_slow_receiver_does_not_hold_up_others(api: Api, hook: Receiver) -> None:
    going_on = threading.Event()
    with running_receiver(answers=lambda _told: 200 if going_on.wait(10) else 500) as slow:
        subscribe(api, slow)
        subscribe(api, hook)
        for _ in range(3):
            api.create(when=span(0))
        assert len(hook.wait_for(3, 5)) == 3
        assert len(slow.wait_for(1)) == 1
        going_on.set()
        api.box.settle()
        assert len(slow.received) == 3


def status_of(api: Api, destination: Any) -> tuple[str, int]:
    shown = api.get(f"/v3/webhooks/{destination['id']}")["data"]
    return shown["status"], shown["status_updated_at"] - NOW


def test_a_receiver_that_always_refuses_is_failing_then_failed_until_activated(api: Api, hook: Receiver) -> None:
    made = subscribe(api, hook, notification_email_addresses=["ops@example.com"])
    hook.answers = lambda _told: 500
    api.create(when=span(0))
    api.box.settle()
    pass_time(api, 899)
    assert status_of(api, made) == ("active", 0)
    pass_time(api, 1)
    assert status_of(api, made) == ("failing", 900)
    api.create(when=span(0))
    pass_time(api, 72 * 3600)
    assert status_of(api, made) == ("failed", 900 + 72 * 3600)
    assert [alert["to"] for alert in api.get("/sandbox/webhooks/log")["alerts"]] == [["ops@example.com"]] * 2

    hook.answers, seen = (lambda _told: 200), len(hook.received)
    api.create(when=span(0))
    pass_time(api, 86_400)
    assert len(hook.received) == seen
    assert status_of(api, made)[0] == "failed"
    assert api.call("PUT", f"/v3/webhooks/{made['id']}", {"status": "active"})[0] == 200
    api.create(when=span(0))
    pass_time(api, 86_400)
    assert len(hook.received) == seen + 1
    assert status_of(api, made)[0] == "active"


def test_a_failing_receiver_that_recovers_is_active_again(api: Api, hook: Receiver) -> None:
    made = subscribe(api, hook)
    hook.answers = lambda _told: 500
    api.create(when=span(0))
    pass_time(api, 1000)
    assert status_of(api, made)[0] == "failing"
    hook.answers = lambda _told: 200
    for _ in range(2):
        api.create(when=span(0))
    api.box.settle()
    assert status_of(api, made)[0] == "active"
    pass_time(api, 80 * 3600)
    assert status_of(api, made)[0] == "active"


def test_some_failures_among_many_successes_do_no_harm(api: Api, hook: Receiver) -> None:
    made = subscribe(api, hook)
    refused = iter([True])
    hook.answers = lambda _told: 500 if next(refused, False) else 200
    for _ in range(3):
        api.create(when=span(0))
    pass_time(api, 80 * 3600)
    assert status_of(api, made) == ("active", 0)


def test_a_paused_destination_gets_nothing_and_nothing_later(api: Api, hook: Receiver) -> None:
    one = f"/v3/webhooks/{subscribe(api, hook)['id']}"
    api.call("PUT", one, {"status": "pause"})
    api.create(when=span(0))
    api.box.settle()
    api.call("PUT", one, {"status": "active"})
    pass_time(api, 3600)
    assert hook.received == []


def test_a_removed_destination_gets_no_repetition(api: Api, hook: Receiver) -> None:
    made = subscribe(api, hook)
    hook.answers = lambda _told: 503
    api.create(when=span(0))
    api.box.settle()
    api.call("DELETE", f"/v3/webhooks/{made['id']}")
    pass_time(api, 3600)
    assert len(hook.received) == 1


def test_many_changes_arrive_in_order(api: Api, hook: Receiver) -> None:
    subscribe(api, hook)
    made = [api.box.create_event(api.box.calendar(ANNA), {"when": span(0)})["id"] for _ in range(300)]
    assert [obj["id"] for _, obj in told(api, hook)] == made


def test_the_log_can_be_filtered_and_forgotten(api: Api, hook: Receiver) -> None:
    made = subscribe(api, hook)
    event = api.create(when=span(0))
    delete(api, event["id"])
    api.box.settle()
    [entry] = log(api, type="event.deleted")
    assert (entry["webhook_id"], entry["url"], entry["status"]) == (made["id"], hook.url, 200)
    assert (entry["bytes"], entry["signature"]) == (len(hook.received[1].raw), hook.received[1].signature)
    assert len(log(api, webhook_id=made["id"])) == 2
    assert log(api, webhook_id="other") == []
    assert api.call("DELETE", "/sandbox/webhooks/log")[0] == 200
    assert log(api) == []


@pytest.mark.parametrize("wish", [{"debounce": 1}, {"debounce_s": -1}, {"timeout_s": 0}, {"retry_on": "some"}])
def test_wrong_settings_are_refused(api: Api, wish: dict[str, Any]) -> None:
    assert api.call("POST", "/sandbox/webhooks/settings", {"legacy": True} | wish)[0] == 400
    assert api.get("/sandbox/webhooks/settings")["data"]["legacy"] is False


def test_quiet_can_be_asked_for_over_http(api: Api, hook: Receiver) -> None:
    going_on = threading.Event()
    hook.answers = lambda _told: 200 if going_on.wait(10) else 500
    subscribe(api, hook)
    api.create(when=span(0))
    assert api.call("POST", "/sandbox/webhooks/settle", None, timeout_s=0.1)[1] == {"quiet": False}
    with pytest.raises(TimeoutError):
        api.box.settle(0.1)
    going_on.set()
    assert api.call("POST", "/sandbox/webhooks/settle")[1] == {"quiet": True}


def test_notifications_can_be_read_even_when_lost(api: Api, hook: Receiver) -> None:
    subscribe(api, hook)
    spoil(api, kind="lost")
    event = api.create(when=span(0))
    api.box.settle()
    [one] = api.get("/sandbox/webhooks/notifications")["data"]
    assert (hook.received, one["type"], one["data"]["object"]) == ([], "event.created", event)


def test_anything_can_be_announced_by_hand(api: Api, hook: Receiver) -> None:
    subscribe(api, hook, "message.bounce_detected")
    wish = {"trigger": "message.bounce_detected", "grant": ANNA, "object": {"bounced_addresses": "x@y.example"}}
    assert api.call("POST", "/sandbox/webhooks/announce", wish)[0] == 200
    assert told(api, hook) == [("message.bounce_detected", wish["object"])]
    for wrong in ({"trigger": "x"}, {"object": None}, {"grant": "nobody"}):
        assert api.call("POST", "/sandbox/webhooks/announce", wish | wrong)[0] in (400, 404)
