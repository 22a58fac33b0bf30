"""Trouble stays where it is: one bad item, one bad link, one bad account; every failure with its cause."""

from __future__ import annotations

import socket

import pytest

from nylasadmin.domain.links import AccountState, OffReason
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.runs import RunState
from nylasadmin.errors import Refused
from nylasadmin.services import wording
from nylasadmin.services.targets import form_of
from nylasadmin.services.views import LinkState, SnapshotState
from tests.services.conftest import Worlds
from tests.services.worlds import OLGA, World, timed


def account_state(world: World, user: int = 0) -> AccountState:
    return world.services.console.link(world.link(user).id).account.state


def edit_target(world: World, **fields: object) -> None:
    target = world.services.console.target(world.target.id)
    from msgspec.structs import replace

    world.services.targets.edit(OLGA, target.id, target.version, replace(form_of(target), **fields))


def test_one_bad_item_does_not_stop_its_run_and_is_listed_with_its_cause(world: World) -> None:
    ids = {title: world.event(title) for title in ("One", "Two", "Three")}
    world.get()
    for title in ids:
        world.edit(world.named(title), location="Room 9")
    world.put("New")
    world.fault("status", status=400, method="PUT", path_contains=ids["Two"], count=None)

    view = world.send()

    assert (view.state, view.counters.updated, view.counters.created, view.counters.failed) == (
        SnapshotState.FAILED, 2, 1, 1,
    )  # fmt: skip
    (failure,) = world.services.console.failures(view.id)
    assert (failure.title, failure.action) == ("Two", "update")
    assert "Nylas refused the item" in failure.cause
    assert "HTTP 400" in failure.detail
    assert world.services.console.link(world.link().id).state is LinkState.FAILING


def test_what_failed_is_tried_again_and_then_all_is_well(world: World) -> None:
    event_id = world.event("One")
    world.get()
    world.edit(world.named("One"), location="Room 9")
    world.fault("status", status=400, method="PUT", path_contains=event_id)
    failed = world.send()

    again = world.services.snapshots.retry(OLGA, failed.id)

    view = world.services.console.snapshot(again.id)
    assert (view.state, view.counters.updated, view.direction) == (SnapshotState.DONE, 1, Direction.SEND)
    assert world.services.console.link(world.link().id).state is LinkState.HEALTHY
    with pytest.raises(Refused) as nothing:
        world.services.snapshots.retry(OLGA, view.id)
    assert nothing.value.why == "nothing_failed"


def test_trying_a_failed_preview_again_is_a_preview(world: World) -> None:
    world.event("One")
    world.fault("status", status=403, path_contains="/events")
    failed = world.get(is_preview=True)

    again = world.services.snapshots.retry(OLGA, failed.id)

    assert again.is_preview
    assert world.items() == {}


def test_one_bad_calendar_does_not_stop_the_others(worlds: Worlds) -> None:
    world = worlds(users=3, events_per_user=10)
    world.fault("status", status=404, grant=world.box.grants[1].email, path_contains="/events", count=None)

    view = world.get()

    assert view.state is SnapshotState.FAILED
    assert world.run(view, user=1).state is RunState.FAILED
    assert "404" in world.run(view, user=1).cause
    assert all(world.run(view, user=u).state is RunState.DONE for u in (0, 2))
    assert world.items(1) == {}
    assert world.items(0)


def test_a_sign_in_that_expired_stops_one_account_only(worlds: Worlds) -> None:
    world = worlds(users=3, events_per_user=10)
    world.box.grants[1].is_valid = False

    view = world.get()

    assert (world.run(view, user=1).state, world.run(view, user=1).cause) == (RunState.PAUSED, wording.PARKED)
    assert [account_state(world, u) for u in range(3)] == [
        AccountState.CONNECTED, AccountState.NEEDS_SIGN_IN, AccountState.CONNECTED,
    ]  # fmt: skip
    assert world.run(view, user=2).state is RunState.DONE
    assert [r["action"] for r in world.rows("audit")].count("account.needs_sign_in") == 1
    again = world.get()
    left_out = {s.link_id: s.off for s in again.skipped}
    assert left_out[world.link(1).id] == (OffReason.NEEDS_SIGN_IN,)
    world.box.grants[1].is_valid = True
    world.services.targets.discover(OLGA, world.target.id)
    assert world.run(world.get(), user=1).state is RunState.DONE


def test_a_sign_in_that_expires_between_two_writes_parks_the_run(world: World) -> None:
    for number in range(30):
        world.put(f"Meeting {number:02}")
    edit_target(world, concurrency=1)
    world.fault("status", status=401, grant=world.box.grants[0].email, method="POST", after=10, count=None)

    view = world.send()

    run = world.run(view)
    assert (run.state, run.cause, run.counters.created) == (RunState.PAUSED, wording.PARKED, 10)
    assert (run.counters.failed, world.rows("failed_items")) == (0, [])
    assert account_state(world) is AccountState.NEEDS_SIGN_IN
    assert len(world.writing_requests()) in (11, 12)  # one more may have left before the first was told


def test_a_wrong_api_key_is_said_clearly_and_no_account_is_blamed(worlds: Worlds) -> None:
    world = worlds(users=2, events_per_user=5)
    edit_target(world, api_key="nyk_wrong")

    view = world.get()

    assert view.state is SnapshotState.FAILED
    assert all("did not accept the API key" in r.cause for r in world.services.console.runs(view.id))
    assert [account_state(world, u) for u in range(2)] == [AccountState.CONNECTED] * 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "status", "status": 500}, "is in trouble"),
        ({"kind": "status", "status": 502, "body": "html"}, "is in trouble"),
        ({"kind": "status", "status": 200, "body": "truncated"}, "was not what Nylas sends"),
        ({"kind": "status", "status": 200, "body": "html"}, "was not what Nylas sends"),
        ({"kind": "status", "status": 429}, "slow down"),
        ({"kind": "status", "status": 403}, "does not allow"),
        ({"kind": "reset"}, "breaks the connection off"),
    ],
)
def test_a_failed_listing_ends_the_run_with_a_sentence(world: World, fault: dict[str, object], words: str) -> None:
    world.event("One")
    world.fault(str(fault.pop("kind")), path_contains="/events", count=None, **fault)

    run = world.run(world.get())

    assert run.state is RunState.FAILED
    assert words in run.cause
    assert run.detail
    world.heal()
    assert world.get().counters.created == 1


@pytest.mark.parametrize(
    ("address", "words"),
    [("https://nowhere.invalid", "host name cannot be found"), ("http://127.0.0.1:{free}", "Nothing answers")],
)
def test_a_host_that_cannot_be_reached_is_told_from_one_that_is_not_there(
    world: World, address: str, words: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        free = taken.getsockname()[1]
    edit_target(world, base_url=address.format(free=free))

    assert words in world.run(world.get()).cause


def test_a_service_that_does_not_answer_ends_the_run_in_time(world: World) -> None:
    world.event("One")
    edit_target(world, read_timeout_s=0.3)
    world.fault("hang", path_contains="/events", seconds=5.0, count=None)

    run = world.run(world.get())

    assert (run.state, "No answer came in time" in run.cause) == (RunState.FAILED, True)


def test_a_service_in_lasting_trouble_is_not_asked_item_by_item(world: World) -> None:
    for number in range(60):
        world.put(f"Meeting {number}")
    world.fault("status", status=503, method="POST", count=None)

    run = world.run(world.send())

    assert run.state is RunState.FAILED
    assert "is in trouble" in run.cause
    assert run.counters.failed < 20
    assert len(world.writing_requests()) < 20
    world.heal()
    assert world.send().counters.created + len(world.events()) >= 60
    assert len(world.events()) == 60


def test_a_broken_connection_fails_one_item_and_not_the_run(world: World) -> None:
    world.put("One")
    world.put("Two", when=timed(1))
    world.put("Three", when=timed(2))
    edit_target(world, concurrency=1, read_timeout_s=0.5)
    world.fault("reset", method="POST", count=1)

    run = world.run(world.send())

    assert (run.state, run.counters.created, run.counters.failed) == (RunState.DONE, 2, 1)
    world.send()
    assert world.titles_at_nylas() == ["One", "Three", "Two"]
