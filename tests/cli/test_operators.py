"""``nylasadmin operator``."""

from __future__ import annotations

from nylasadmin import bootstrap, settings
from tests.cli.shell import Shell

PASSWORD = "four easy words here"


def test_an_operator_is_added_with_privileges_and_listed(shell: Shell) -> None:
    added = shell("operator", "add", "olga", "--password", PASSWORD, "--privilege", "NylasManage")
    assert (added.code, added.out) == (0, "Operator olga added, nylas:NylasManage.\n")
    (row,) = shell("operator", "list", "--json").json
    assert (row["username"], row["privileges"]) == ("olga", ["nylas:NylasManage"])


def test_a_password_may_come_from_standard_input(shell: Shell) -> None:
    assert shell("operator", "add", "vera", "--password-stdin", stdin=PASSWORD + "\n").code == 0
    product = bootstrap.build(settings.load())
    assert product.services.operators.sign_in("vera", PASSWORD, "here").username == "vera"
    product.close()


def test_a_short_password_is_refused_with_the_name_of_the_option(shell: Shell) -> None:
    refused = shell("operator", "add", "vera", "--password", "short")
    assert refused.code == 2
    assert refused.err.startswith("nylasadmin: password: Use at least")
    assert shell("operator", "list", "--json").json == []


def test_a_privilege_is_granted_and_revoked(shell: Shell) -> None:
    shell("operator", "add", "vera", "--password", PASSWORD)
    assert shell("operator", "grant", "vera", "nylas:NylasView").out == "Operator vera: nylas:NylasView.\n"
    assert shell("operator", "revoke", "vera", "nylas:NylasView").out == "Operator vera: no privilege.\n"


def test_an_unknown_privilege_is_answered_with_those_there_are(shell: Shell) -> None:
    refused = shell("operator", "grant", "vera", "nylas:Everything")
    assert refused.code == 2
    assert "nylas:NylasManage" in refused.err


def test_an_unknown_operator_is_named(shell: Shell) -> None:
    refused = shell("operator", "grant", "nobody", "NylasView")
    assert refused.code == 2
    assert "There is no operator nobody." in refused.err


def test_the_last_administrator_keeps_the_privilege(shell: Shell) -> None:
    shell("operator", "add", "adam", "--password", PASSWORD, "--privilege", "OperatorManage")
    refused = shell("operator", "revoke", "adam", "OperatorManage")
    assert refused.code == 1
    assert "You are the last one who may manage operators." in refused.err


def test_every_change_is_in_the_audit_trail_under_the_command_line(shell: Shell) -> None:
    shell("operator", "add", "vera", "--password", PASSWORD)
    shell("operator", "grant", "vera", "NylasView")
    product = bootstrap.build(settings.load())
    rows = product.services.audit.rows()
    product.close()
    assert {(row.actor, row.action) for row in rows} == {
        ("(command line)", "operator.add"),
        ("(command line)", "operator.privileges"),
    }
