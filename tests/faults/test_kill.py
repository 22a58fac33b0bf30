"""A process that is killed at any moment: the next one goes on at once, and the end is that of an undisturbed run.

The killed process is a real one and the signal is SIGKILL. The sandbox lives in the process of the tests, so it goes on
with what had reached it.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import pytest
from msgspec.structs import replace

from nylasadmin.domain.runs import RunState
from nylasadmin.services.targets import form_of
from nylasadmin.services.views import RunRow
from tests.faults import driver
from tests.services.conftest import Worlds
from tests.services.worlds import OLGA, World, timed

ROOT = Path(__file__).parents[2]
PAGES, ITEMS = 1_300, 90
LOST_AFTER_S = 2.5

Moment = Callable[[World], object]


@pytest.fixture(params=["threads", "inline"])
def runner(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@cache
def forks() -> ForkServerContext:
    """Give what makes processes: forks of one that has imported everything, which takes two seconds otherwise."""
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.driver"])
    return context


@contextmanager
def process(world: World, runner: str, wish: str) -> Iterator[ForkServerProcess]:
    started = forks().Process(target=driver.main, args=(world.product.settings.data_dir, runner, wish))
    started.start()
    try:
        yield started
    finally:
        started.kill()
        started.join()


def killed(world: World, runner: str, wish: str, moment: Moment) -> None:
    """Start a process and kill it as soon as the moment has come."""
    with process(world, runner, wish) as victim:
        end = time.monotonic() + 20
        while not moment(world):
            assert victim.is_alive(), "it ended before the moment came"
            assert time.monotonic() < end, "the moment did not come"
            time.sleep(0.003)


def finished(world: World, runner: str) -> float:
    """Start a process that goes on, wait for its end and give how long it took."""
    began = time.monotonic()
    with process(world, runner, "go-on") as successor:
        successor.join(30)
        assert successor.exitcode == 0
    return time.monotonic() - began


# moments


def faulted(method: str) -> Moment:
    """A request that a fault has hit is under way."""

    def is_so(world: World) -> bool:
        entries = world.box.sandbox.requests.entries()
        return any(e["fault"] and e["method"] == method and e["status"] is None for e in entries)

    return is_so


def applied(method: str) -> Moment:
    """A write that a fault has hit is carried out, and its answer is on its way."""

    def is_so(world: World) -> bool:
        hit = faulted(method)(world)
        return hit and (time.sleep(0.1) is None)  # what the sandbox does takes less than a millisecond

    return is_so


def counted(column: str, at_least: int) -> Moment:
    return lambda world: sum(r[column] for r in world.rows("runs")) >= at_least


def asked(requests: int) -> Moment:
    return lambda world: len(world.writing_requests()) >= requests


# ends


def last_run(world: World) -> RunRow:
    with world.product.storage.read() as tx:
        (link,) = tx.links.of_target(world.target.id)
    return world.services.console.link(link.id).runs[0]


def let_stragglers_end(world: World) -> None:
    """Wait until the sandbox has done all that was asked of it, also for a process that is gone."""
    while any(e["status"] is None for e in world.box.sandbox.requests.entries()):
        time.sleep(0.05)


def assert_nothing_is_double_or_lost(world: World, items: int) -> None:
    let_stragglers_end(world)
    assert len(world.titles_in_crm()) == len(set(world.titles_in_crm())) == items
    assert world.titles_at_nylas() == world.titles_in_crm()
    assert not [w for w in world.rows("writes") if w["state"] in ("intended", "sent")]
    assert len(world.rows("pairs")) == items
    assert Counter(r["action"] for r in world.rows("audit"))["snapshot.request"] == 1
    assert world.services.audit.first_broken() is None
    world.get()  # learns the organizer of what was sent
    world.forget_requests()
    assert (world.get().counters.written, world.send().counters.written) == (0, 0)
    assert world.writing_requests() == []


@pytest.fixture
def full_nylas(worlds: Worlds) -> World:
    """Many events at Nylas, none in the CRM."""
    world = worlds()
    for number in range(PAGES):
        world.event(f"Meeting {number:04}")
    return world


@pytest.fixture
def full_crm(worlds: Worlds) -> World:
    """Many items in the CRM, none at Nylas, and a service that is given two seconds and a bit to answer."""
    world = worlds()
    for number in range(ITEMS):
        world.put(f"Meeting {number:02}", when=timed(number))
    target = world.services.console.target(world.target.id)
    world.services.targets.edit(OLGA, target.id, target.version, replace(form_of(target), read_timeout_s=LOST_AFTER_S))
    return world


GETS: dict[str, tuple[dict[str, object], Moment]] = {
    "before the listing": ({"after": 0}, faulted("GET")),
    "between pages": ({"after": 3}, faulted("GET")),
    "between batches": ({"after": 10_000}, counted("created", 1)),
}


@pytest.mark.parametrize("name", GETS)
def test_a_get_goes_on_after_a_kill(full_nylas: World, runner: str, name: str) -> None:
    fault, moment = GETS[name]
    full_nylas.fault("hang", path_contains="/events", seconds=2.5, **fault)

    killed(full_nylas, runner, "get", moment)
    full_nylas.heal()
    took = finished(full_nylas, runner)

    run = last_run(full_nylas)
    assert (run.state, took < 15) == (RunState.DONE, True)
    done = run.counters
    assert (done.created, done.to_create, done.unchanged, done.failed) == (PAGES, PAGES, 0, 0)
    assert_nothing_is_double_or_lost(full_nylas, PAGES)


SENDS: dict[str, tuple[str, dict[str, object], Moment]] = {
    "a create that is on its way": ("hang", {"after": 20, "seconds": 2.0}, faulted("POST")),
    "a create whose answer is lost": ("store_then_hang", {"after": 20, "seconds": 1.5}, applied("POST")),
    "any moment": ("hang", {"after": 10_000}, asked(40)),
}


@pytest.mark.parametrize("name", SENDS)
def test_a_send_goes_on_after_a_kill(full_crm: World, runner: str, name: str) -> None:
    kind, fault, moment = SENDS[name]
    full_crm.fault(kind, method="POST", **fault)

    killed(full_crm, runner, "send", moment)
    took = finished(full_crm, runner)

    run = last_run(full_crm)
    assert (run.state, took < 15) == (RunState.DONE, True)
    done = run.counters
    assert (done.created, done.to_create, done.unchanged, done.failed) == (ITEMS, ITEMS, 0, 0)
    assert full_crm.mailed == []
    assert_nothing_is_double_or_lost(full_crm, ITEMS)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_change_whose_answer_is_lost_is_made_once(full_crm: World, method: str) -> None:
    full_crm.send()
    for item in list(full_crm.items().values())[:10]:
        if method == "PUT":
            full_crm.edit(item, location="Room 9")
        else:
            full_crm.services.crm.delete(OLGA, item.id)
    with full_crm.product.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit WHERE action = 'snapshot.request'")
    full_crm.fault("store_then_hang", method=method, after=4, seconds=1.5)

    killed(full_crm, "threads", "send", applied(method))
    finished(full_crm, "threads")

    done = last_run(full_crm).counters
    assert (done.failed, done.moved) == (0, 0)
    assert done.updated + done.unchanged == ITEMS if method == "PUT" else done.deleted <= 10
    assert len(full_crm.events()) == (ITEMS if method == "PUT" else ITEMS - 10)
    assert all(e["location"] == "Room 9" for e in full_crm.events().values() if e.get("location"))


def test_killed_again_and_again_at_random_a_send_and_a_get_come_to_their_ends(full_crm: World) -> None:
    seed = random.randrange(10_000)
    chance = random.Random(seed)
    for number in range(150):
        full_crm.event(f"Event {number:03}", user=0)
    wish = "send"
    for _ in range(2):
        moment = asked(chance.randrange(1, ITEMS - 10))
        full_crm.forget_requests()
        with process(full_crm, "threads", wish) as victim:
            while not moment(full_crm) and victim.is_alive():
                time.sleep(0.003)
        wish = "go-on"
    finished(full_crm, "threads")

    sent = last_run(full_crm)
    assert (sent.state, sent.counters.created, sent.counters.failed) == (RunState.DONE, ITEMS, 0), f"seed {seed}"
    titles = Counter(full_crm.titles_at_nylas())
    assert (len(titles), max(titles.values())) == (ITEMS + 150, 1), f"seed {seed}"
