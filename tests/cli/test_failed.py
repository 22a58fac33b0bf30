"""``nylasadmin failed``, and pausing, resuming and asking again from the shell."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nylasadmin import bootstrap, settings
from nylasadmin.adapters.clocks import SystemClock
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.sandbox.testing import RunningSandbox
from tests.cli.shell import Shell
from tests.cli.test_snapshots import GET, SEND, first_link


@pytest.fixture
def failing(linked: Shell, box: RunningSandbox) -> Shell:
    """A shell whose installation has two items that Nylas refused to create, by snapshot 2."""
    linked(*GET)
    user = json.loads(linked("crm", "export").out.splitlines()[0])["id"]
    lines = [json.dumps({"type": "event", "user": user, "item": item(title)}) for title in ("First", "Second")]
    linked("crm", "import", "-", stdin="\n".join(lines))
    box.sandbox.faults.add({"kind": "status", "status": 400, "method": "POST", "count": None})
    assert linked(*SEND).code == 1
    return linked


def item(title: str) -> dict[str, Any]:
    return {"when": {"kind": "timed", "start": 1_800_000_000, "end": 1_800_003_600}, "title": title}


def listed(shell: Shell, *options: str) -> list[Any]:
    return sorted(shell("failed", "list", "--json", *options).json, key=lambda row: str(row["title"]))


def test_failed_items_are_listed_with_cause_tries_and_the_next_one(failing: Shell) -> None:
    said, (first, second) = failing("failed", "list").out, listed(failing)

    assert ("First" in said, "Nylas refused the item" in said) == (True, True)
    assert (first["title"], second["title"], first["attempts"]) == ("First", "Second", 1)
    assert first["next_try_at"] - first["last_at"] == 30 * 60


def test_the_list_is_narrowed_by_target_and_words(failing: Shell) -> None:
    assert [row["title"] for row in listed(failing, "--search", "second", "--target", "Box")] == ["Second"]
    assert failing("failed", "list", "--target", "Nowhere").code == 2


def test_one_item_is_tried_again_and_then_all(failing: Shell, box: RunningSandbox) -> None:
    box.sandbox.faults.clear()
    first, _ = listed(failing)

    one = failing("failed", "retry", str(first["id"]), "--json")

    assert (one.code, one.json["counters"]["created"], one.json["counters"]["to_create"]) == (0, 1, 1)
    assert [row["title"] for row in listed(failing)] == ["Second"]
    assert failing("failed", "retry", "--all").code == 0
    assert listed(failing) == []
    nothing = failing("failed", "retry", "--all")
    assert (nothing.code, "No such item fails any more" in nothing.err) == (1, True)


def test_which_items_are_meant_must_be_said(failing: Shell) -> None:
    for verb in (("retry",), ("dismiss", "--reason", "x")):
        assert failing("failed", *verb).code == 2
        assert failing("failed", *verb, "1", "--all").code == 2


def test_items_are_dismissed_with_a_reason(failing: Shell) -> None:
    first, _ = listed(failing)

    done = failing("failed", "dismiss", str(first["id"]), "--reason", "not needed")

    assert (done.code, done.out) == (0, "1 item dismissed.\n")
    assert [row["title"] for row in listed(failing)] == ["Second"]
    (aside,) = listed(failing, "--dismissed")
    assert (aside["dismissed_by"], aside["dismissed_reason"]) == (COMMAND_LINE.name, "not needed")
    assert failing("failed", "dismiss", "--all", "--reason", " ").code == 2


def test_dismissing_what_does_not_fail_is_an_error(failing: Shell) -> None:
    unknown = failing("failed", "dismiss", "999", "--reason", "not needed")

    assert (unknown.code, unknown.out) == (1, "")
    assert "No such item fails any more" in unknown.err
    assert len(listed(failing)) == 2


def test_items_of_a_snapshot_are_tried_again_by_its_name(failing: Shell, box: RunningSandbox) -> None:
    box.sandbox.faults.clear()
    first, second = listed(failing)

    done = failing("snapshot", "retry", "2", "--item", str(first["id"]), "--item", str(second["id"]), "--json")

    assert (done.code, done.json["counters"]["created"], listed(failing)) == (0, 2, [])


def test_a_snapshot_and_one_of_its_runs_are_asked_for_again(failing: Shell, box: RunningSandbox) -> None:
    run = next(r for r in failing("snapshot", "retry", "2", "--json").json["runs"] if r["counters"]["failed"])
    box.sandbox.faults.clear()

    again = failing("snapshot", "retry", "3", "--run", str(run["id"]), "--json")

    assert (again.code, again.json["link"], again.json["counters"]["created"]) == (0, run["link"], 2)
    assert failing("snapshot", "retry", "4").code == 1
    assert failing("snapshot", "retry", "2", "--run", "987").code == 2


def test_what_is_due_is_tried_for_cron(failing: Shell, box: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    box.sandbox.faults.clear()
    early = failing("snapshot", "retry-due")
    now = SystemClock().now()
    monkeypatch.setattr(SystemClock, "now", lambda _: now + 30 * 60 + 1)

    done = failing("snapshot", "retry-due", "--json")

    assert (early.code, "No failed item is due" in early.err) == (0, True)
    assert (done.code, done.json["counters"]["created"], listed(failing)) == (0, 2, [])


def waiting(shell: Shell) -> str:
    """Leave a snapshot of one link in the queue; give its number."""
    product = bootstrap.build(settings.load())
    link = int(str(first_link(shell)["id"]))
    made = product.services.snapshots.request(COMMAND_LINE, direction=Direction.GET, link_id=link)
    product.close()
    return str(made.id)


def test_a_snapshot_is_paused_and_resumed_to_its_end(linked: Shell) -> None:
    number = waiting(linked)

    paused, again = linked("snapshot", "pause", number), linked("snapshot", "pause", number)
    assert (paused.out, again.out) == (
        f"Snapshot {number}: 1 run paused.\n",
        "Nothing to pause: it is held, paused or over.\n",
    )
    busy = linked("snapshot", "get", "--link", str(first_link(linked)["id"]))
    assert (busy.code, f"of snapshot {number} is paused on this link" in busy.err) == (1, True)

    done = linked("snapshot", "resume", number)
    assert (done.code, f"Get snapshot {number} of Box (Nylas → CRM): done" in done.out) == (0, True)
    assert linked("snapshot", "resume", number).out == "Nothing is paused there.\n"


def test_one_run_is_paused_and_cancelled(linked: Shell) -> None:
    number = waiting(linked)

    assert linked("snapshot", "pause", number, "--run", "1").out == f"Snapshot {number}: 1 run paused.\n"
    assert linked("snapshot", "cancel", number, "--run", "1").out == f"Snapshot {number}: 1 run cancelled.\n"
    assert linked("snapshot", "pause", number, "--run", "77").code == 2


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel", "retry"])
def test_a_snapshot_that_is_not_there_is_named(shell: Shell, verb: str) -> None:
    refused = shell("snapshot", verb, "77")
    assert (refused.code, "There is no snapshot 77." in refused.err) == (2, True)


@pytest.mark.parametrize("command", ["snapshot run-plan", "snapshot pause", "snapshot undo", "failed retry"])
def test_a_number_that_no_row_can_have_is_wrong_usage(linked: Shell, command: str) -> None:
    said = linked(*command.split(), "9" * 30)
    assert (said.code, "there is no such number" in said.err) == (2, True)
    assert linked(*command.split(), "-1").code == 2


def test_a_retry_of_nothing_speaks_of_items(linked: Shell) -> None:
    said = linked("failed", "retry", "--all")
    assert (said.code, "No such item fails any more." in said.err) == (1, True)
