"""What a notification says, by kind of object and provider; what is merged, kept back and told later."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nylasadmin.sandbox.clocks import FrozenClock
from nylasadmin.sandbox.receiver import Receiver, running_receiver
from nylasadmin.sandbox.webhooks.signatures import signature_of

from .conftest import ANNA, NOW, Api, span
from .hooks import (
    CALENDARS,
    EVENTS,
    MAIN,
    announce,
    delete,
    expire,
    message,
    pass_time,
    restore,
    subscribe,
    switch,
    told,
    update,
)

WEEKLY = {"when": span(3600), "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"]}


def test_a_created_event_is_notified_whole_and_signed(api: Api, hook: Receiver) -> None:
    made = subscribe(api, hook)
    event = api.create(title="Offer ü", when=span(0), metadata={"key1": "7"})
    [one] = hook.wait_for(1)
    envelope = one.notification
    assert one.signature == signature_of(made["webhook_secret"], one.raw)
    assert one.signature == one.signature.lower()
    assert one.headers["content-type"] == "application/json"
    assert envelope["data"] == {"application_id": api.box.sandbox.application_id, "object": event}
    assert {**envelope, "data": None, "id": None} == {
        "specversion": "1.0",
        "type": "event.created",
        "source": "/google/events/realtime",
        "id": None,
        "time": NOW,
        "webhook_delivery_attempt": 1,
        "data": None,
    }


def test_changes_come_in_order_and_metadata_alone_is_silent(api: Api, hook: Receiver) -> None:
    subscribe(api, hook)
    event = api.create(when=span(0))
    update(api, event["id"], {"metadata": {"key1": "7"}})
    update(api, event["id"], {"title": "x", "metadata": {"key1": "8"}})
    delete(api, event["id"])
    assert [kind for kind, _ in told(api, hook)] == ["event.created", "event.updated", "event.deleted"]
    assert hook.received[1].object["metadata"] == {"key1": "8"}
    assert hook.received[2].object == {name: event[name] for name in ("grant_id", "calendar_id", "id", "object")}


def test_refused_writes_are_not_notified(api: Api, hook: Receiver) -> None:
    subscribe(api, hook)
    assert api.call("POST", EVENTS, {"title": "x"}, **MAIN)[0] == 400
    assert told(api, hook) == []


def test_a_deletion_may_carry_metadata(api: Api, hook: Receiver) -> None:
    subscribe(api, hook, "event.deleted")
    switch(api, deleted_metadata=True)
    delete(api, api.create(when=span(0), metadata={"key1": "7"})["id"])
    assert told(api, hook)[0][1]["metadata"] == {"key1": "7"}


def test_the_owners_own_edits_are_notified(api: Api, hook: Receiver) -> None:
    subscribe(api, hook)
    calendar = api.box.calendar(ANNA)
    event = api.box.create_event(calendar, {"when": span(0)})
    api.box.change_event(calendar, event["id"], {"title": "x"})
    api.box.delete_event(calendar, event["id"])
    api.box.add_event(calendar, {"when": {"object": "date", "date": "2026-02-01"}})
    kinds = [kind for kind, _ in told(api, hook)]
    assert kinds == ["event.created", "event.updated", "event.deleted", "event.created"]


def test_a_calendar_is_notified_with_its_name_even_when_deleted(api: Api, hook: Receiver) -> None:
    subscribe(api, hook, "calendar.created", "calendar.updated", "calendar.deleted")
    made = api.call("POST", CALENDARS, {"name": "Trips"})[1]["data"]
    one = f"{CALENDARS}/{made['id'].replace('@', '%40')}"
    assert api.call("PUT", one, {"metadata": {"key1": "x"}})[0] == 200
    assert api.call("PUT", one, {"name": "Journeys"})[0] == 200
    assert api.call("DELETE", one)[0] == 200
    came = told(api, hook)
    assert [(kind, obj["name"]) for kind, obj in came] == [
        ("calendar.created", "Trips"),
        ("calendar.updated", "Journeys"),
        ("calendar.deleted", "Journeys"),
    ]
    assert hook.received[0].notification["source"] == "/google/calendars/realtime"


def test_icloud_notifies_all_calendars_for_one(start: Callable[..., Api], hook: Receiver) -> None:
    api = start(provider="icloud")
    subscribe(api, hook, "calendar.updated")
    owner = api.box.grants[0]
    extra = api.box.add_calendar(ANNA, "Trips")
    assert api.call("PUT", f"{CALENDARS}/{extra.id}", {"name": "Journeys"})[0] == 200
    assert {obj["id"] for _, obj in told(api, hook)} == set(owner.calendars)


def test_google_lists_a_changed_occurrence_and_deletes_it_by_its_own_id(api: Api, hook: Receiver) -> None:
    series = api.create(**WEEKLY)
    subscribe(api, hook)
    first = api.events(expand_recurring=True, start=NOW, end=NOW + 30 * 86_400)[0]
    update(api, first["id"], {"title": "x"})
    delete(api, first["id"])
    [(_, changed), (kind, gone)] = told(api, hook)
    assert (changed["id"], changed["occurrences"]) == (first["id"], [first["id"]])
    assert not {"master_event_id", "original_start_time"} & set(changed)
    assert (kind, gone["id"], gone["master_event_id"]) == ("event.deleted", first["id"], series["id"])


def test_microsoft_notifies_the_series_of_a_deleted_occurrence(start: Callable[..., Api], hook: Receiver) -> None:
    api = start(provider="microsoft")
    series = api.create(**WEEKLY)
    subscribe(api, hook)
    first = api.events(expand_recurring=True, start=NOW, end=NOW + 30 * 86_400)[0]
    delete(api, first["id"].replace("=", "%3D"))
    [(kind, changed)] = told(api, hook)
    assert (kind, changed["id"]) == ("event.updated", series["id"])
    assert changed["cancelled_occurrences"] == [first["id"]]
    assert any(line.startswith("EXDATE") for line in changed["recurrence"])


@pytest.mark.parametrize(("form", "count"), [("master", 1), ("both", 2)])
def test_an_occurrence_may_be_notified_by_its_series(api: Api, hook: Receiver, form: str, count: int) -> None:
    series = api.create(**WEEKLY)
    subscribe(api, hook)
    switch(api, occurrence_form=form)
    first = api.events(expand_recurring=True, start=NOW, end=NOW + 30 * 86_400)[0]
    update(api, first["id"], {"title": "x"})
    delete(api, first["id"])
    came = told(api, hook)
    assert len(came) == 2 * count
    assert (came[count - 1][1]["id"], came[count - 1][1]["occurrences"]) == (series["id"], [first["id"]])
    assert (came[-1][0], came[-1][1]["cancelled_occurrences"]) == ("event.updated", [first["id"]])


def test_bursts_on_one_object_become_one_notification(api: Api, hook: Receiver) -> None:
    subscribe(api, hook)
    switch(api, debounce_s=5)
    first, second = api.create(when=span(0)), api.create(when=span(0))
    for title in "xyz":
        update(api, first["id"], {"title": title})
    delete(api, second["id"])
    api.box.settle()
    assert hook.received == []
    pass_time(api, 5)
    assert [(kind, obj.get("title")) for kind, obj in told(api, hook)] == [
        ("event.created", "z"),
        ("event.deleted", None),
    ]
    update(api, first["id"], {"title": "later"})
    pass_time(api, 5)
    assert [one.type for one in hook.received][2:] == ["event.updated"]


def test_with_a_running_clock_settling_waits_for_bursts(start: Callable[..., Api], hook: Receiver) -> None:
    api = start(clock=None)
    subscribe(api, hook)
    switch(api, debounce_s=1)
    event = api.create(when=span(0))
    update(api, event["id"], {"title": "x"})
    assert [kind for kind, _ in told(api, hook)] == ["event.created"]


def test_events_may_be_transformed(api: Api, hook: Receiver) -> None:
    subscribe(api, hook)
    switch(api, transformed=True, transformed_fields=["id", "grant_id", "title"])
    event = api.create(when=span(0), title="x")
    delete(api, event["id"])
    [(kind, obj), (gone, _)] = told(api, hook)
    assert (kind, set(obj)) == ("event.created.transformed", {"id", "grant_id", "title"})
    assert gone == "event.deleted"


def test_a_long_message_is_notified_without_its_body(api: Api, hook: Receiver) -> None:
    subscribe(api, hook, "message.created", "message.deleted")
    announce(api, "message.created", message(api, body="x" * 1_000_001))
    announce(api, "message.created", message(api))
    announce(api, "message.deleted", message(api))
    long, short, gone = told(api, hook)
    assert (long[0], "body" in long[1], long[1]["snippet"]) == ("message.created.truncated", False, "s")
    assert short == ("message.created", message(api))
    assert set(gone[1]) == {"grant_id", "id", "object"}
    assert all(map(hook.is_genuine, hook.received))


def test_suffixes_need_no_subscription_and_combine(api: Api, hook: Receiver) -> None:
    subscribe(api, hook, "message.created", "message.opened")
    api.box.grants[0].scope = ["https://www.googleapis.com/auth/gmail.metadata"]
    announce(api, "message.created", message(api))
    switch(api, transformed=True, transformed_fields=["id", "subject"], truncate_over_bytes=1000)
    announce(api, "message.created", message(api, subject="x" * 1001))
    api.box.grants[0].scope = None
    switch(api, transformed=False, legacy=True)
    announce(api, "message.opened", {"message_id": "m1"})
    came = told(api, hook)
    assert [kind for kind, _ in came] == [
        "message.created.metadata",
        "message.created.metadata.transformed.truncated",
        "message.opened.legacy",
    ]
    assert "body" not in came[0][1]


def test_contacts_are_notified_whole_or_as_a_name(api: Api, hook: Receiver) -> None:
    subscribe(api, hook, "contact.updated", "contact.deleted")
    contact = {"grant_id": api.box.grants[0].id, "id": "c1", "object": "contact", "emails": None}
    announce(api, "contact.updated", contact)
    announce(api, "contact.deleted", contact)
    assert told(api, hook) == [
        ("contact.updated", contact),
        ("contact.deleted", {name: contact[name] for name in ("grant_id", "id", "object")}),
    ]


def test_grants_are_notified_with_their_codes(api: Api, hook: Receiver) -> None:
    subscribe(api, hook, "grant.created", "grant.updated", "grant.expired", "grant.deleted")
    for trigger in ("grant.created", "grant.updated", "grant.expired", "grant.deleted"):
        announce(api, trigger, {})
    announce(api, "grant.updated", {"reauthentication_flag": True})
    codes = [obj["code"] for _, obj in told(api, hook)]
    assert codes == [25012, 25014, 25009, 25013, 25027]
    assert [one.object["reauthentication_flag"] for one in hook.received[1::3]] == [False, True]
    assert hook.received[2].object["grant_updated_at"] == api.box.grants[0].updated_at
    assert all("id" not in one.object for one in hook.received)
    assert {one.notification["source"] for one in hook.received} == {"/nylas/system"}


@pytest.mark.parametrize(("hours", "kinds"), [(72, ["event.created"]), (73, [])])
def test_missed_changes_come_later_within_72_hours_only(api: Api, hook: Receiver, hours: int, kinds: list[str]) -> None:
    subscribe(api, hook, "event.created", "grant.expired", "grant.updated")
    expire(api)
    api.box.create_event(api.box.calendar(ANNA), {"when": span(0)})
    pass_time(api, hours * 3600)
    assert [kind for kind, _ in told(api, hook)] == ["grant.expired"]
    restore(api)
    assert [kind for kind, _ in told(api, hook)] == ["grant.expired", "grant.updated", *kinds]
    api.create(when=span(0))
    assert [kind for kind, _ in told(api, hook)][2 + len(kinds) :] == ["event.created"]


def story(api: Api) -> list[tuple[str, str]]:
    """Live through the same small story and return types and ids of what was notified."""
    with running_receiver() as hook:
        subscribe(api, hook)
        event = api.create(when=span(0))
        update(api, event["id"], {"title": "x"})
        delete(api, event["id"])
        api.box.settle()
        return [(one.type, one.id) for one in hook.received]


def test_the_same_seed_makes_the_same_notifications(start: Callable[..., Api]) -> None:
    first, second, third = (story(start(seed=seed, clock=FrozenClock(NOW))) for seed in (7, 7, 8))
    assert first == second
    assert not {told_id for _, told_id in first} & {told_id for _, told_id in third}
