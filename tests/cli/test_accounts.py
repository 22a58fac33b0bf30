"""Accounts in a terminal: list them, disconnect them, change their address."""

from __future__ import annotations

from nylasadmin.sandbox.testing import RunningSandbox
from tests.cli.shell import Shell


def test_accounts_are_listed_renamed_and_disconnected(linked: Shell, box: RunningSandbox) -> None:
    one, two = sorted(linked("account", "list", "--json").json, key=lambda row: row["id"])
    assert (one["target"], one["state"], one["email"]) == ("Box", "connected", box.grants[0].email)
    assert one["links"] > 0
    assert one["policy"]["sync_days"] == 30

    renamed = linked("account", "rename", str(one["id"]), "new@brightwater.example")
    assert (renamed.code, "new@brightwater.example now" in renamed.out) == (0, True)
    taken = linked("account", "rename", str(one["id"]), two["email"])
    assert (taken.code, "email: Another account of this target has that address" in taken.err) == (2, True)
    assert [row["id"] for row in linked("account", "list", "--search", "new@bright", "--json").json] == [one["id"]]

    wrong = linked("account", "disconnect", str(two["id"]), "--confirm", "somebody@else.example")
    assert (wrong.code, wrong.err.startswith("nylasadmin: confirm: Type ")) == (2, True)
    assert linked("account", "disconnect", str(two["id"]), "--confirm", two["email"]).code == 0
    gone = linked("account", "list", "--target", "Box", "--state", "disconnected")
    assert two["email"] in gone.out
    assert one["user_name"] not in gone.out
    assert [grant.id for grant in box.grants] == [one["grant_id"]]
    assert linked("account", "disconnect", "99", "--confirm", "x").code == 2


def test_a_grant_that_is_still_to_be_revoked_ends_the_command_with_a_failure(
    linked: Shell, box: RunningSandbox
) -> None:
    box.sandbox.faults.add({"kind": "status", "status": 503, "method": "DELETE", "count": None})

    ended = linked("account", "disconnect", "1", "--confirm", box.grants[0].email)

    assert (ended.code, "still to be revoked at Nylas" in ended.err) == (1, True)
