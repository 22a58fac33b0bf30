"""A worker's hold on a run: what makes it stop, and that it never trusts an old sight."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from nylasadmin.adapters.clocks import FixedClock
from nylasadmin.adapters.storage.tables import runs
from nylasadmin.domain.links import OffReason
from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.domain.runs import Run, RunState
from nylasadmin.services import leases
from nylasadmin.services.leases import Cancelled, Interrupted, Keeper, Lease, LeaseLost, SwitchedOff
from tests.services.conftest import Worlds
from tests.services.worlds import OLGA, World


@pytest.fixture
def world(worlds: Worlds) -> World:
    """A world whose runner has not been started."""
    return worlds(settings={"runner": "threads"})


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def stopping() -> threading.Event:
    return threading.Event()


@pytest.fixture
def lease(world: World, clock: FixedClock, stopping: threading.Event) -> Lease:
    """Hold the lease of a claimed Get."""
    world.services.snapshots.request(OLGA, direction=Direction.GET, target_id=1)
    with world.product.storage.write() as tx:
        run = tx.runs.claim(1, "this", clock.now(), leases.LEASE_S)
    assert run is not None
    return Lease(world.product.storage, clock, run, stopping, Keeper())


def take_over(world: World, clock: FixedClock) -> None:
    clock.move(leases.LEASE_S + 1)
    with world.product.storage.write() as tx:
        assert tx.runs.claim(1, "other", clock.now(), leases.LEASE_S) is not None


def checked_in(world: World, lease: Lease) -> None:
    with world.product.storage.write() as tx:
        lease.check_in(tx)


def test_a_lease_that_is_held_lets_the_work_go_on_and_lasts_longer(
    world: World, lease: Lease, clock: FixedClock
) -> None:
    clock.move(50)

    checked_in(world, lease)
    lease.check()

    (run,) = world.rows("runs")
    assert run["lease_until"] == clock.now() + leases.LEASE_S


def test_a_lost_lease_stops_the_work_before_it_writes(world: World, lease: Lease, clock: FixedClock) -> None:
    take_over(world, clock)

    with pytest.raises(LeaseLost):
        checked_in(world, lease)
    with pytest.raises(LeaseLost):
        lease.check()
    with pytest.raises(LeaseLost), world.product.storage.write() as tx:
        lease.renew_in(tx)


def test_after_a_pause_of_the_process_an_old_sight_is_not_trusted(
    world: World, lease: Lease, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_over(world, clock)
    lease.check()  # as far as last seen, all is well

    monkeypatch.setattr(leases, "_TRUSTED_S", -1.0)

    with pytest.raises(LeaseLost):
        lease.check()


def test_a_cancelled_run_stops_and_may_still_record_what_happened(world: World, lease: Lease) -> None:
    world.services.snapshots.cancel(OLGA, 1)

    with pytest.raises(Cancelled):
        checked_in(world, lease)
    with world.product.storage.write() as tx:
        lease.renew_in(tx)


def test_a_switch_stops_the_work_and_names_itself(world: World, lease: Lease) -> None:
    world.services.links.edit(OLGA, 1, 1, inbound=False, outbound=True)

    with pytest.raises(SwitchedOff) as off:
        checked_in(world, lease)

    assert off.value.reasons == (OffReason.LINK_SWITCH,)


def test_a_process_that_stops_ends_a_wait_at_once(lease: Lease, stopping: threading.Event) -> None:
    threading.Timer(0.1, stopping.set).start()
    began = time.monotonic()

    with pytest.raises(Interrupted):
        lease.wait(30)

    assert time.monotonic() - began < 2


def test_the_lease_is_kept_alive_while_the_work_takes_long(
    world: World, lease: Lease, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_RENEW_EVERY_S", 0.02)
    with lease:
        clock.move(45)
        _until(lambda: world.rows("runs")[0]["lease_until"] == clock.now() + leases.LEASE_S)


def test_a_renewal_that_fails_once_does_not_end_the_renewing(
    world: World, lease: Lease, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(leases, "_RENEW_EVERY_S", 0.02)
    with world.product.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE runs RENAME TO away")
    with lease:
        _until(lambda: "could not be renewed" in caplog.text)
        with world.product.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO runs")
        clock.move(45)
        _until(lambda: world.rows("runs")[0]["lease_until"] == clock.now() + leases.LEASE_S)


def _until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_two_workers_that_race_for_a_run_do_it_once(world: World) -> None:
    world.event("One")
    world.services.snapshots.request(OLGA, direction=Direction.GET, target_id=1)
    start = threading.Barrier(4)
    ends: list[object] = []

    def work() -> None:
        start.wait()
        ends.append(world.product.worker.run_link(1))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(str(e) for e in ends) == ["None", "None", "None", "done"]
    assert (world.titles_in_crm(), world.rows("runs")[0]["fence"]) == (["One"], 1)


def test_a_worker_that_lost_its_run_in_the_middle_leaves_nothing_of_its_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Get is paused after its listing; another worker takes the run and finishes it; the late one wakes up."""
    for title in ("One", "Two"):
        world.event(title)
    world.services.snapshots.request(OLGA, direction=Direction.GET, target_id=1)
    worker, storage = world.product.worker, world.product.storage
    planner = worker._planner
    real = planner.plan  # the point between reading and writing

    def paused(run: Run, *rest: object) -> object:
        planned = real(run, *rest)  # type: ignore[arg-type]
        if run.fence == 1:
            with storage.engine.begin() as connection:
                connection.execute(runs.update().values(lease_until=0))
            assert str(worker.run_link(run.id)) == "done"
        return planned

    monkeypatch.setattr(planner, "plan", paused)

    assert worker.run_link(1) is None

    (run,) = world.rows("runs")
    assert (run["state"], run["created"], run["fence"]) == ("done", 2, 2)
    assert (world.titles_in_crm(), len(world.rows("crm_changes"))) == (["One", "Two"], 2)


def test_a_keeper_that_waited_for_the_end_of_a_run_does_not_lease_it_again(
    world: World, lease: Lease, clock: FixedClock
) -> None:
    """Its renewal may have waited for the very transaction that ended the run; the link must be free all the same."""
    with world.product.storage.write() as tx:
        run = Run(id=1, snapshot_id=1, link_id=1, direction=Direction.GET, receiver_only=ReceiverOnly.KEEP, fence=1)
        assert tx.runs.finish(run, RunState.DONE)
    lease.keep()
    (row,) = [r for r in world.rows("runs") if r["id"] == 1]
    assert row["lease_until"] is None
    world.services.snapshots.request(OLGA, direction=Direction.GET, target_id=1)
    with world.product.storage.read() as tx:
        assert tx.runs.claimable(clock.now(), None, 10) != []
