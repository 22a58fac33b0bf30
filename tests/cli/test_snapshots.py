"""``nylasadmin snapshot``."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from nylasadmin import bootstrap, settings
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.sandbox.testing import RunningSandbox
from tests.cli.shell import Program, Shell

GET = ("snapshot", "get", "--target", "Box")
SEND = ("snapshot", "send", "--target", "Box")


def crm_items(shell: Shell) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in shell("crm", "export").out.splitlines()]
    return [line for line in lines if line["type"] == "event"]


def first_link(shell: Shell) -> dict[str, object]:
    return min(shell("link", "list", "--json").json, key=lambda link: (not link["outbound"], link["id"]))


def empty_crm(shell: Shell, box: RunningSandbox) -> None:
    """Delete every event at Nylas, in read-only calendars too."""
    for grant in box.grants:
        for calendar in grant.calendars.values():
            masters = [row.id for _, row in calendar.events.rows() if row.master_id is None]
            for event_id in masters:
                calendar.events.remove(event_id)


def test_get_copies_everything_and_the_second_time_writes_nothing(linked: Shell) -> None:
    first, second = linked(*GET, "--json"), linked(*GET, "--json")
    assert (first.code, second.code) == (0, 0)
    assert first.json["counters"]["created"] == first.json["counters"]["read"] == len(crm_items(linked)) > 0
    assert second.json["counters"]["unchanged"] == first.json["counters"]["read"]
    assert second.json["counters"]["created"] == second.json["counters"]["updated"] == 0


def test_the_result_is_told_in_words(linked: Shell) -> None:
    done = linked(*GET)
    assert done.out.startswith("Get snapshot 1 of Box (Nylas → CRM): done")
    assert " created." in done.out
    assert done.err == ""


def test_a_preview_counts_per_link_and_writes_nothing(linked: Shell) -> None:
    previewed = linked(*GET, "--preview")
    assert previewed.code == 0
    assert len([line for line in previewed.out.splitlines() if line.endswith("done")]) > len(["total"])
    assert "Nothing was written." in previewed.out
    assert crm_items(linked) == []


def test_a_preview_and_the_snapshot_agree(linked: Shell) -> None:
    previewed, done = linked(*GET, "--preview", "--json").json, linked(*GET, "--json").json
    assert previewed["is_preview"]
    assert previewed["counters"]["to_create"] == done["counters"]["created"]


def test_a_plan_is_carried_out_as_it_was_shown_and_only_once(linked: Shell) -> None:
    said = linked(*GET, "--preview").out
    plan = linked(*GET, "--preview", "--json").json
    done = linked("snapshot", "run-plan", str(plan["plan"]), "--json")
    again = linked("snapshot", "run-plan", str(plan["plan"]))
    assert "Plan 1. Nothing was written." in said
    assert "nylasadmin snapshot run-plan 1" in said
    assert (done.code, done.json["plan"], done.json["is_preview"]) == (0, plan["plan"], False)
    assert done.json["counters"]["created"] == plan["counters"]["to_create"] == len(crm_items(linked)) > 0
    assert again.code == 1
    assert f"carried out already, as snapshot {done.json['id']}" in again.err


def test_a_plan_with_other_deletions_than_expected_is_not_carried_out(linked: Shell) -> None:
    plan = str(linked(*GET, "--preview", "--json").json["plan"])
    wrong = linked("snapshot", "run-plan", plan, "--deletes", "7")
    assert (wrong.code, crm_items(linked)) == (2, [])
    assert "deletes: Type 0" in wrong.err


def test_what_changed_after_the_plan_is_named_and_left_alone(linked: Shell, box: RunningSandbox) -> None:
    link = str(first_link(linked)["id"])
    plan = linked("snapshot", "get", "--link", link, "--preview", "--json").json
    empty_crm(linked, box)
    done = linked("snapshot", "run-plan", str(plan["plan"]))
    assert done.code == 0
    assert f"{plan['counters']['to_create']} changed meanwhile and left alone" in done.out
    assert crm_items(linked) == []


@pytest.mark.parametrize("number", ["1", "99"])
def test_what_is_no_plan_cannot_be_carried_out(linked: Shell, number: str) -> None:
    linked(*GET)
    refused = linked("snapshot", "run-plan", number)
    assert (refused.code, f"There is no plan {number}." in refused.err) == (2, True)


def test_one_link_is_copied_alone(linked: Shell) -> None:
    link = first_link(linked)
    done = linked("snapshot", "get", "--link", str(link["id"]), "--json").json
    assert [run["link"] for run in done["runs"]] == [done["link"]] == [link["id"]]


def test_send_leaves_out_read_only_folders_and_says_why(linked: Shell, box: RunningSandbox) -> None:
    box.add_calendar(box.grants[0].email, "Holidays", read_only=True)
    linked("target", "discover", "Box")
    linked(*GET)
    sent = linked(*SEND)
    assert sent.code == 0
    assert "Left out:" in sent.out
    assert "Outbound is off at this link" in sent.out


def test_a_link_whose_direction_is_off_explains_instead_of_acting(linked: Shell, box: RunningSandbox) -> None:
    box.add_calendar(box.grants[0].email, "Rota", read_only=True)
    linked("target", "discover", "Box")
    link = next(link for link in linked("link", "list", "--json").json if link["folder_name"] == "Rota")
    refused = linked("snapshot", "send", "--link", str(link["id"]))
    assert refused.code == 1
    assert "Outbound is off at this link" in refused.err


def test_a_held_run_is_explained_and_writes_nothing(linked: Shell, box: RunningSandbox) -> None:
    linked(*GET)
    before = crm_items(linked)
    empty_crm(linked, box)
    held = linked(*GET)
    assert held.code == 3
    assert " would be deleted." in held.out
    assert "came back empty" in held.out
    assert "nylasadmin snapshot approve 2 --run" in held.out
    assert "”: Was deleted in Nylas" in held.out
    assert len([line for line in held.out.splitlines() if line.startswith("    - “")]) > len(["one"])
    assert crm_items(linked) == before


def test_approving_deletes_exactly_what_was_held(linked: Shell, box: RunningSandbox) -> None:
    link = str(first_link(linked)["id"])
    linked("snapshot", "get", "--link", link)
    empty_crm(linked, box)
    (run,) = linked("snapshot", "get", "--link", link, "--json").json["runs"]
    held = ("snapshot", "approve", "2", "--run", str(run["id"]))
    wrong = linked(*held, "--deletes", "1", "--reason", "they left")
    right = linked(*held, "--deletes", str(run["hold"]["deletes"]), "--reason", "they left")
    assert wrong.code == 2
    assert "deletes: Type" in wrong.err
    assert right.code == 0
    assert crm_items(linked) == []


def test_a_held_snapshot_can_be_cancelled(linked: Shell, box: RunningSandbox) -> None:
    linked(*GET)
    empty_crm(linked, box)
    linked(*GET)
    assert linked("snapshot", "cancel", "2").code == 0
    assert linked("snapshot", "cancel", "2").out == "It was over already.\n"


def test_a_second_request_for_a_held_link_is_refused_by_the_name_of_the_run(linked: Shell, box: RunningSandbox) -> None:
    link = str(first_link(linked)["id"])
    linked("snapshot", "get", "--link", link)
    empty_crm(linked, box)
    (run,) = linked("snapshot", "get", "--link", link, "--json").json["runs"]
    busy = linked("snapshot", "get", "--link", link)
    assert busy.code == 1
    assert f"This link is held: run {run['id']} of snapshot" in busy.err


def test_failed_items_are_listed_with_their_cause(linked: Shell, box: RunningSandbox) -> None:
    linked(*GET)
    user = json.loads(linked("crm", "export").out.splitlines()[0])["id"]
    item = {"when": {"kind": "timed", "start": 1_800_000_000, "end": 1_800_003_600}, "title": "Refused"}
    linked("crm", "import", "-", stdin=json.dumps({"type": "event", "user": user, "item": item}))
    box.sandbox.faults.add({"kind": "status", "status": 400, "method": "POST", "count": None})
    failed = linked(*SEND)
    assert failed.code == 1
    assert "Failed items:" in failed.out
    assert "create “Refused”: Nylas refused the item." in failed.out


def test_a_link_that_cannot_be_read_fails_alone(linked: Shell, box: RunningSandbox) -> None:
    box.sandbox.faults.add(
        {"kind": "status", "status": 403, "path_contains": "/events", "grant": box.grants[0].email, "count": None}
    )
    failed = linked(*GET, "--json")
    states = {run["state"] for run in failed.json["runs"]}
    assert failed.code == 1
    assert states == {"failed", "done"}


def test_ctrl_c_cancels_the_snapshot_and_says_so(
    linked: Shell, box: RunningSandbox, program: Callable[..., Program]
) -> None:
    box.sandbox.faults.add({"kind": "hang", "seconds": 3, "path_contains": "/events", "count": None})
    running = program(*GET)
    box_is_asked(box)
    running.send(signal.SIGINT)
    assert running.end() == 130
    running.wait_for(lambda line: line.startswith("Cancelled snapshot 1:"))
    running.wait_for(lambda line: line.startswith("Get snapshot 1 of Box (Nylas → CRM): cancelled"))


def box_is_asked(box: RunningSandbox) -> None:
    """Wait until a listing of events hangs at the sandbox."""
    deadline = time.monotonic() + 20
    while not box.sandbox.faults.all()[0].fired:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("arguments", [("snapshot", "get"), ("snapshot", "get", "--target", "A", "--link", "1")])
def test_the_scope_is_one_target_or_one_link(shell: Shell, arguments: tuple[str, ...]) -> None:
    assert shell(*arguments).code == 2


def test_an_unknown_link_is_named(shell: Shell) -> None:
    refused = shell("snapshot", "get", "--link", "77")
    assert refused.code == 2
    assert "There is no link 77." in refused.err


def test_cancelling_counts_its_runs_in_words(linked: Shell) -> None:
    link = str(first_link(linked)["id"])
    linked("snapshot", "get", "--link", link)
    made = bootstrap.build(settings.load())
    made.services.snapshots.request(COMMAND_LINE, direction=Direction.GET, link_id=int(link))
    made.close()

    assert linked("snapshot", "cancel", "2").out == "Snapshot 2: 1 run cancelled.\n"


def test_a_preview_uses_the_words_of_the_console(linked: Shell) -> None:
    previewed = linked(*GET, "--preview").out
    assert "Calendar" in previewed
    assert "OVERWRITE" in previewed
    assert "EQUAL" in previewed


def test_what_cannot_be_written_is_counted_by_reason(linked: Shell, box: RunningSandbox) -> None:
    calendar = box.calendar(box.grants[0].id, "primary")
    foreign = {"email": "boss@elsewhere.example", "name": "Boss"}
    box.add_event(calendar, {"title": "Theirs", "when": {"object": "date", "date": "2030-03-04"}, "organizer": foreign})
    linked(*GET)
    (item,) = [line for line in crm_items(linked) if line["item"]["title"] == "Theirs"]
    linked("crm", "import", "-", stdin=json.dumps(item | {"item": item["item"] | {"location": "Room 9"}}))

    sent, again = linked(*SEND), linked(*SEND, "--json")

    assert "1 x Somebody else organizes it" in sent.out
    assert again.json["unwritable"] == {"organizer is somebody else": 1}


# --- filters -----------------------------------------------------------------------------------------------------

OCTOBER = ("--start-from", "2026-10-01", "--start-until", "2026-10-31", "--only", "single")


def test_a_filter_lets_only_some_items_take_part(linked: Shell) -> None:
    whole = linked(*GET, "--preview", "--json").json["counters"]
    done = linked(*GET, *OCTOBER, "--json").json
    assert done["filter"] == {
        "by": "start",
        "since": "2026-10-01",
        "until": "2026-10-31",
        "zone": "UTC",
        "kinds": "single",
        "item_types": [],
    }
    assert done["counters"]["created"] + done["counters"]["outside"] == whole["to_create"]
    assert len(crm_items(linked)) == done["counters"]["created"] < whole["to_create"]


@pytest.mark.parametrize("ask", [GET, SEND])
def test_a_filtered_preview_says_its_filter_and_its_plan_keeps_it(linked: Shell, ask: tuple[str, ...]) -> None:
    linked(*GET)
    previewed = linked(*ask, "--preview", "--modified-from", "2000-01-01", "--zone", "Europe/Berlin")
    plan = linked(*ask, "--preview", "--type", "event", "--json").json
    assert (previewed.code, plan["filter"]["item_types"]) == (0, ["event"])
    assert "Filter: last modified from 1 Jan 2000 (Europe/Berlin)." in previewed.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--start-from", "2026-10-02", "--start-until", "2026-10-01"), "--start-until: The last day lies before"),
        (("--modified-until", "yesterday"), "--modified-until: Enter a day as YYYY-MM-DD"),
        (("--start-from", "2026-10-02", "--zone", "Berlin"), "--zone: Enter a time zone such as Europe/Berlin"),
        (
            ("--start-from", "2026-10-02", "--modified-from", "2026-10-02"),
            "or one of --modified-..., not both",
        ),
        (("--zone", "Europe/Berlin"), "--zone says whose days are meant"),
    ],
)
def test_an_unusable_filter_names_the_option(linked: Shell, options: tuple[str, ...], words: str) -> None:
    refused = linked(*GET, *options)
    assert refused.code == 2
    assert words in refused.err
    assert crm_items(linked) == []


def test_only_takes_one_of_its_words(linked: Shell) -> None:
    refused = linked(*GET, "--only", "both")
    assert refused.code == 2
    assert "--only" in refused.err


def test_links_of_other_types_are_named_with_the_reason(linked: Shell) -> None:
    refused = linked("snapshot", "get", "--link", "1", "--type", "contact")
    assert refused.code == 1
    assert "the filter leaves items of this type out" in refused.err
