"""``nylasadmin snapshot undo``."""

from __future__ import annotations

from tests.cli.shell import Shell
from tests.cli.test_snapshots import GET, crm_items


def test_a_snapshot_is_taken_back(linked: Shell) -> None:
    done = linked(*GET, "--json").json
    back = linked("snapshot", "undo", str(done["id"]), "--json")
    held = {run["state"] for run in back.json["runs"]}
    assert (back.json["undoes"], back.json["direction"], held <= {"done", "held"}) == (done["id"], "get", True)
    assert back.json["counters"]["to_delete"] == done["counters"]["created"]


def test_a_preview_of_an_undo_writes_nothing_and_can_be_carried_out(linked: Shell) -> None:
    done = linked(*GET, "--json").json
    items = len(crm_items(linked))
    previewed = linked("snapshot", "undo", str(done["id"]), "--preview")
    assert previewed.out.startswith(f"Preview of Undo of snapshot {done['id']}, ")
    assert "Nothing was written." in previewed.out
    assert len(crm_items(linked)) == items


def test_a_wrong_number_of_deletes_starts_nothing(linked: Shell) -> None:
    done = linked(*GET, "--json").json
    refused = linked("snapshot", "undo", str(done["id"]), "--deletes", "1")
    assert refused.code == 2 or refused.code == 1
    assert "Type" in refused.err
    assert len(crm_items(linked)) == done["counters"]["created"]


def test_refusals_are_told_in_words(linked: Shell) -> None:
    linked(*GET)
    nothing = linked(*GET, "--json").json
    refused = linked("snapshot", "undo", str(nothing["id"]))
    assert refused.code == 1
    assert f"Snapshot {nothing['id']} has written nothing." in refused.err
    assert linked("snapshot", "undo", "999").code != 0
