"""How long a snapshot can be taken back: the days of its target; then earlier versions go and the record stays."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from nylasadmin.errors import Refused
from nylasadmin.services.retention import Retention
from nylasadmin.services.targets import form_of
from nylasadmin.services.undo import Undo
from nylasadmin.services.views import KeptVersions
from tests.services.conftest import Worlds
from tests.services.undone import Got, agreed, got, run, undo_plan
from tests.services.worlds import DAY, OLGA, World

__all__ = ["agreed", "got"]


class Later:
    """A clock some days ahead of the world's."""

    def __init__(self, world: World, days: float) -> None:
        self._clock, self._days = world.product.clock, days

    def now(self) -> float:
        return self._clock.now() + self._days * DAY


def prune(world: World, days: float) -> int:
    return Retention(world.product.storage, Later(world, days)).drop()


def test_an_undo_is_refused_after_the_days_of_the_target(got: Got) -> None:
    world, view, _ = got
    late = Undo(world.product.storage, Later(world, 31), lambda: None)
    with pytest.raises(Refused, match="undo_over"):
        late.plan(OLGA, view.id)


def test_earlier_versions_are_dropped_after_their_days_and_the_record_stays(got: Got) -> None:
    world, view, _ = got
    records = len(world.rows("writes"))
    assert (prune(world, 31), prune(world, 33), prune(world, 33)) == (0, 2, 0)
    assert (len(world.rows("writes")), [w for w in world.rows("writes") if w["before"]]) == (records, [])
    with pytest.raises(Refused, match="undo_over"):
        undo_plan(world, view)


def test_the_days_are_the_targets(got: Got) -> None:
    world, _, _ = got
    target = world.services.targets.get(world.target.id)
    world.services.targets.edit(OLGA, target.id, target.version, replace(form_of(target), undo_days=5))
    assert (prune(world, 6), prune(world, 8)) == (0, 2)


def test_no_more_versions_are_dropped_at_once_than_asked(got: Got) -> None:
    world, view, _ = got
    run_id = world.run(view).id
    for _ in range(2):
        with world.product.storage.write() as tx:
            assert tx.writes.drop([run_id], 1) == 1
    with world.product.storage.write() as tx:
        assert tx.writes.drop([run_id], 1) == 0
        assert tx.writes.kept(world.target.id) == KeptVersions()


def test_versions_are_dropped_when_runs_end_and_not_all_the_time(got: Got) -> None:
    world, _, _ = got
    retention = Retention(world.product.storage, Later(world, 33))
    assert (retention.step(), retention.step()) == (2, 0)
    world.edit(world.named("Meeting 1"), location="Room 7")
    world.get()
    assert (retention.step(), retention.drop()) == (0, 1)  # within the minute nothing is looked for


def test_versions_of_a_snapshot_that_is_being_taken_back_stay(worlds: Worlds) -> None:
    world = worlds()
    for number in range(30):
        world.event(f"Meeting {number:02}")
    world.get()
    for item in list(world.items().values()):
        world.edit(item, location="Room 9")
    view = world.get()
    plan = undo_plan(world, view)
    started = run(world, plan)
    with world.product.engine.begin() as db:
        db.exec_driver_sql(f"UPDATE runs SET state = 'held' WHERE snapshot_id = {started.id}")
    assert prune(world, 40) == 30  # those of the undo itself have gone, the ones it works with have not
    with world.product.storage.read() as tx:
        assert not tx.writes.lacks_images(view.id)


def test_the_figure_of_what_is_kept_equals_the_rows(got: Got) -> None:
    world, _, _ = got
    images = [w["before"] for w in world.rows("writes") if w["before"]]
    assert world.services.undo.kept(world.target.id) == KeptVersions(
        versions=len(images), size_bytes=sum(map(len, images))
    )


def test_the_time_until_which_it_can_be_undone_is_said(got: Got) -> None:
    world, view, _ = got
    assert view.undo_until == (view.finished_at or 0) + 30 * DAY
    assert world.get().undo_until is None  # nothing was written
