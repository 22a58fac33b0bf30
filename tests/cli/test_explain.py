"""``nylasadmin explain``."""

from __future__ import annotations

import time

import pytest

from nylasadmin.sandbox.testing import RunningSandbox
from tests.cli.shell import Shell
from tests.cli.test_snapshots import GET


@pytest.fixture
def link(linked: Shell, box: RunningSandbox) -> str:
    """Both sides agree, then two events are made at Nylas; gives the link of their calendar."""
    assert linked(*GET).code == 0
    calendar, start = box.calendar(box.grants[0].id), int(time.time())
    when = {"start_time": start, "end_time": start + 3600}
    for title in ("Budget round", "Budget vote"):
        box.create_event(calendar, {"title": title, "when": when})
    rows = linked("link", "list", "--json").json
    (found,) = [r for r in rows if r["folder_owner"] == r["folder_name"] == calendar.id and r["item_type"] == "event"]
    return str(found["id"])


def test_why_an_item_is_not_here_is_said_in_words_and_as_json(linked: Shell, link: str) -> None:
    said = linked("explain", "--link", link, "--item", "budget round")
    assert (said.code, said.out.splitlines()[0].startswith("This event is not in the CRM because")) == (0, True)

    told = linked("explain", "--link", link, "--item", "budget round", "--json").json
    assert (told["finding"], told["in_crm"], told["at_nylas"]) == ("not copied since it changed", False, True)
    assert told["now"]["get"] | {"title": "", "advice": ""} == {
        "kind": "create",
        "reason": "created at source",
        "title": "",
        "advice": "",
    }
    assert told["sync"]["takes_part"] is True
    again = linked("explain", "--link", link, "--item", told["nylas_id"], "--json").json
    assert (again["headline"], again["nylas_id"]) == (told["headline"], told["nylas_id"])


def test_several_that_may_be_meant_are_listed_and_the_exit_code_says_so(linked: Shell, link: str) -> None:
    listed = linked("explain", "--link", link, "--item", "budget")
    assert (listed.code, "Budget vote" in listed.out, "Budget round" in listed.out) == (1, True, True)
    assert len(linked("explain", "--link", link, "--item", "budget", "--json").json["candidates"]) == 2


def test_what_nobody_knows_and_what_cannot_be_asked_have_their_exit_codes(linked: Shell, link: str) -> None:
    nothing = linked("explain", "--link", link, "--item", "no such thing anywhere")
    assert (nothing.code, "Nothing like that is known" in nothing.out) == (1, True)
    assert linked("explain", "--link", link, "--item", " ").code == 2
    assert linked("explain", "--link", "987654", "--item", "budget").code == 2
