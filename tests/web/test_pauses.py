"""Pausing, resuming and asking again from the snapshot's page, and its plot."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nylasadmin.bootstrap import Product
from nylasadmin.domain.runs import RunState
from nylasadmin.services.views import SnapshotState
from tests.web.stage import Stage
from tests.web.test_snapshots import waiting
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]


@pytest.fixture
def queued(stage: Stage) -> int:
    """A snapshot of one link that nobody has begun."""
    return waiting(stage)


def run_id(stage: Stage, snapshot_id: int) -> int:
    return stage.product.services.console.runs(snapshot_id)[0].id


def state(stage: Stage, snapshot_id: int) -> SnapshotState:
    return stage.product.services.console.snapshot(snapshot_id).state


def last_rows(product: Product, count: int) -> list[tuple[str, str, str]]:
    return [(row.actor, row.action, row.outcome) for row in product.services.audit.rows(size=count)][::-1]


def test_a_waiting_snapshot_offers_to_pause_and_a_paused_one_to_resume(visit: Visit, stage: Stage, queued: int) -> None:
    olga = visit("olga")
    assert f'id="pause-{queued}"' in olga.get(f"/snapshots/{queued}").text

    answer = olga.send(f"/snapshots/{queued}/pause")

    assert (answer.status_code, "snapshotsChanged" in answer.headers["HX-Trigger"]) == (200, True)
    page = olga.get(f"/snapshots/{queued}").text
    assert (f'id="pause-{queued}"' in page, f'id="resume-{queued}"' in page) == (False, True)
    assert "Paused: nothing is read or written" in page
    assert f'id="cancel-{queued}"' in page


def test_resuming_lets_it_go_on_to_its_end(visit: Visit, stage: Stage, queued: int) -> None:
    olga = visit("olga")
    olga.send(f"/snapshots/{queued}/pause")

    olga.send(f"/snapshots/{queued}/resume")

    assert state(stage, queued) is SnapshotState.DONE
    assert last_rows(stage.product, 2) == [("olga", "snapshot.pause", "done"), ("olga", "snapshot.resume", "done")]


def test_one_run_is_paused_and_resumed(visit: Visit, stage: Stage, queued: int) -> None:
    olga, run = visit("olga"), run_id(stage, queued)
    olga.send(f"/snapshots/{queued}/runs/{run}/pause")
    assert stage.product.services.console.runs(queued)[0].state is RunState.PAUSED

    olga.send(f"/snapshots/{queued}/runs/{run}/resume")

    assert stage.product.services.console.runs(queued)[0].state is RunState.DONE
    assert last_rows(stage.product, 2) == [("olga", "run.pause", "done"), ("olga", "run.resume", "done")]


def test_a_run_that_was_cancelled_is_asked_for_again(visit: Visit, stage: Stage, queued: int) -> None:
    olga, run = visit("olga"), run_id(stage, queued)
    olga.send(f"/snapshots/{queued}/runs/{run}/cancel")

    answer = olga.send(f"/snapshots/{queued}/runs/{run}/retry")

    assert answer.headers["HX-Redirect"] == f"/snapshots/{queued + 1}"
    again = stage.product.services.console.snapshot(queued + 1)
    assert (again.state, again.link_id, again.links) == (SnapshotState.DONE, stage.link.id, 1)


def test_a_run_without_a_failure_is_not_asked_for_again(visit: Visit, stage: Stage) -> None:
    snapshot = stage.get(stage.link.id)

    answer = visit("olga").send(f"/snapshots/{snapshot.id}/runs/{run_id(stage, snapshot.id)}/retry")

    assert (answer.status_code, "Nothing failed" in answer.text) == (409, True)
    assert last_rows(stage.product, 1) == [("olga", "run.retry", "refused")]


@pytest.mark.parametrize("what", ["pause", "resume", "runs/{run}/pause", "runs/{run}/resume", "runs/{run}/retry"])
def test_each_needs_nylas_manage_a_session_and_a_post(visit: Visit, stage: Stage, queued: int, what: str) -> None:
    address = f"/snapshots/{queued}/{what.format(run=run_id(stage, queued))}"

    assert visit("vera").send(address).status_code == 403
    assert visit().post(address).status_code == 401
    assert visit("olga").get(address).status_code == 405
    assert state(stage, queued) is SnapshotState.RUNNING


@pytest.mark.parametrize("what", ["pause", "resume", "runs/987/pause", "runs/987/resume", "runs/987/retry"])
def test_what_is_not_there_is_not_found(visit: Visit, stage: Stage, what: str) -> None:
    assert visit("olga").send(f"/snapshots/987/{what}").status_code == 404


@pytest.mark.parametrize("what", ["pause", "resume", "cancel", "retry"])
def test_a_run_of_another_snapshot_is_not_found_in_this_one(visit: Visit, stage: Stage, what: str) -> None:
    done = stage.get(stage.link.id)
    queued = waiting(stage)
    run = run_id(stage, queued)
    assert visit("olga").send(f"/snapshots/{done.id}/runs/{run}/{what}").status_code == 404
    assert state(stage, queued) is SnapshotState.RUNNING
    assert last_rows(stage.product, 1) == [("olga", f"run.{what}", "refused")]


def test_a_plan_cannot_be_paused(visit: Visit, stage: Stage) -> None:
    plan = waiting(stage, is_preview=True)
    answer = visit("olga").send(f"/snapshots/{plan}/pause")
    assert (answer.status_code, "A preview cannot be paused" in answer.text) == (409, True)


def test_without_javascript_the_page_is_shown_again(visit: Visit, queued: int) -> None:
    answer = visit("olga").post(f"/snapshots/{queued}/pause")
    assert (answer.status_code, answer.location) == (303, f"/snapshots/{queued}")


def test_vera_sees_that_it_is_paused_and_is_offered_nothing(visit: Visit, queued: int) -> None:
    visit("olga").send(f"/snapshots/{queued}/pause")
    page = visit("vera").get(f"/snapshots/{queued}").text
    assert "Paused: nothing is read or written" in page
    assert "/resume" not in page


def test_runs_are_listed_in_the_order_that_is_asked_for(visit: Visit, stage: Stage) -> None:
    snapshot, olga = stage.get(), visit("olga")
    names = sorted(run.user_name for run in stage.product.services.console.runs(snapshot.id))

    page = olga.get(f"/snapshots/{snapshot.id}?sort=link").text

    places = [page.index(f"<bdi>{name}</bdi></a>") for name in dict.fromkeys(names)]
    assert places == sorted(places)
    assert olga.get(f"/snapshots/{snapshot.id}?sort=nonsense").status_code == 200
