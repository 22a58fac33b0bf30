"""``nylasadmin snapshot approve``, ``narrow``, ``reject`` and ``cancel``: answers to held runs."""

from __future__ import annotations

from typing import Any

import pytest

from nylasadmin.sandbox.testing import RunningSandbox
from tests.cli.shell import Shell
from tests.cli.test_snapshots import GET, crm_items, empty_crm

Json = dict[str, Any]


@pytest.fixture
def held(linked: Shell, box: RunningSandbox) -> Json:
    """A Get of all links, of which every one is held: the calendars were emptied."""
    linked(*GET)
    empty_crm(linked, box)
    snapshot: Json = linked(*GET, "--json").json
    assert {run["state"] for run in snapshot["runs"] if run["counters"]["to_delete"]} == {"held"}
    return snapshot


def runs(snapshot: Json) -> list[Json]:
    return [run for run in snapshot["runs"] if run["state"] == "held"]


def total(snapshot: Json) -> int:
    return sum(run["hold"]["deletes"] for run in runs(snapshot))


def at_nylas(box: RunningSandbox) -> int:
    return sum(len(list(c.events.rows())) for grant in box.grants for c in grant.calendars.values())


def test_a_preview_says_what_the_guard_would_hold(linked: Shell, box: RunningSandbox) -> None:
    linked(*GET)
    empty_crm(linked, box)
    said, read = linked(*GET, "--preview"), linked(*GET, "--preview", "--json").json
    assert "The deletion guard would hold:" in said.out
    assert "every link that deletes; all links together" in said.out
    assert read["would_hold"]["snapshot"]["limit"] == "source came back empty"
    assert {link["hold"]["scope"] for link in read["would_hold"]["links"]} == {"link"}


def test_all_held_runs_are_approved_by_their_total(linked: Shell, held: Json) -> None:
    number = str(held["id"])
    wrong = linked("snapshot", "approve", number, "--deletes", "1", "--reason", "they left")
    right = linked("snapshot", "approve", number, "--deletes", str(total(held)), "--reason", "they left")
    again = linked("snapshot", "approve", number, "--deletes", str(total(held)), "--reason", "they left")
    assert (wrong.code, right.code, again.code) == (2, 0, 1)
    assert "Nothing of this snapshot is held any more." in again.err
    assert crm_items(linked) == []


def test_what_is_left_out_is_spared(linked: Shell, held: Json) -> None:
    run = runs(held)[0]
    narrow = ("snapshot", "narrow", str(held["id"]), "--run", str(run["id"]), "--item", "0", "--item", "1")
    rest = str(run["hold"]["deletes"] - 2)
    before = len(crm_items(linked))
    narrowed = linked(*narrow)
    back = linked(*narrow, "--again")
    linked(*narrow)
    approve = ("snapshot", "approve", str(held["id"]), "--run", str(run["id"]), "--deletes", rest, "--reason", "x")
    assert narrowed.out == f"2 items left out; approving run {run['id']} would delete {rest}.\n"
    assert back.out.startswith("2 items taken in again")
    assert linked(*approve).code == 3  # the others are still held
    assert len(crm_items(linked)) == before - int(rest)


def test_an_item_nobody_knows_is_not_left_out(linked: Shell, held: Json) -> None:
    run = runs(held)[0]
    unknown = linked("snapshot", "narrow", str(held["id"]), "--run", str(run["id"]), "--item", "9999")
    assert (unknown.code, unknown.out.startswith("0 items left out")) == (1, True)
    several = linked("snapshot", "narrow", str(held["id"]), "--item", "0")
    assert (several.code, "say which one with --run" in several.err) == (2, True)


def test_rejected_items_stay_and_come_back_at_the_source(linked: Shell, box: RunningSandbox, held: Json) -> None:
    before = len(crm_items(linked))
    rejected = linked("snapshot", "reject", str(held["id"]), "--reason", "a mistake")
    assert rejected.code == 0
    assert f"{total(held)} items will not be deleted." in rejected.err
    assert f"Send snapshot {held['id'] + 1} of Box" in rejected.out
    assert len(crm_items(linked)) == before
    assert at_nylas(box) > 0
    assert linked(*GET).code == 0


def test_the_json_of_a_rejection_is_one_value(linked: Shell, held: Json) -> None:
    read = linked("snapshot", "reject", str(held["id"]), "--json").json
    assert (read["id"], read["state"], read["counters"]["deleted"]) == (held["id"], "done", 0)


def test_one_held_run_is_cancelled_alone(linked: Shell, held: Json) -> None:
    run = runs(held)[0]
    assert linked("snapshot", "cancel", str(held["id"]), "--run", str(run["id"])).code == 0
    assert linked("snapshot", "cancel", str(held["id"])).out != "It was over already.\n"


@pytest.mark.parametrize("verb", ["approve", "reject", "cancel"])
def test_a_run_of_another_snapshot_is_refused(linked: Shell, held: Json, verb: str) -> None:
    more = ("--deletes", "1", "--reason", "x") if verb == "approve" else ()
    refused = linked("snapshot", verb, "1", "--run", str(runs(held)[0]["id"]), *more)
    said = "does not belong to snapshot 1" if verb == "cancel" else f"There is no run {runs(held)[0]['id']}."
    assert (refused.code, said in refused.err) == (2, True)
