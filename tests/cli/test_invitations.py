"""``nylasadmin account invite`` and ``invite-key``."""

from __future__ import annotations

import re

import pytest

from nylasadmin.adapters.invitations import SignedInvitations
from tests.cli.shell import SECRET, Shell

INVITE = ("account", "invite", "--target", "EU", "--user", "u0")


@pytest.fixture
def known(shell: Shell) -> Shell:
    """A shell whose installation has a target and a CRM user."""
    user = '{"type":"user","id":"u0","name":"Anna Berg","email":"anna@firm.example"}\n'
    assert shell("crm", "import", "-", stdin=user).code == 0
    assert shell("target", "add", "EU", "--host", "api.eu.nylas.com", "--api-key-stdin", stdin="nyk_1\n").code == 0
    return shell


def test_a_link_is_printed_alone_so_that_it_can_be_piped(known: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NYLASADMIN_PUBLIC_URL", "https://portal.example/nylas/")
    made = known(*INVITE, "--hours", "2")
    link = re.fullmatch(r"https://portal\.example/nylas/connect/(\S+)\n", made.out)
    assert link, made.out
    assert SignedInvitations(SECRET).read(link[1]).user == "u0"
    assert "https://portal.example/nylas/connect/return" in made.err


def test_json_names_link_and_return_address(known: Shell) -> None:
    said = known("account", "invite", "--target", "EU", "--user", "anna@firm.example", "--json").json
    assert (said["user"], said["target"], said["hours"]) == ("u0", "EU", 24)
    assert said["link"].startswith("http://127.0.0.1:8080/connect/")
    assert said["return_address"] == "http://127.0.0.1:8080/connect/return"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--target", "EU", "--user", "nobody"), "There is no user nobody"),
        (("--target", "US", "--user", "u0"), "There is no target US"),
        (("--target", "EU", "--user", "u0", "--hours", "200"), "hours: Enter a number of hours from 1 to 168."),
        (("--target", "EU", "--user", "u0", "--again"), "There is no account of anna@firm.example"),
    ],
)
def test_what_cannot_be_invited_is_said(known: Shell, arguments: tuple[str, ...], words: str) -> None:
    refused = known("account", "invite", *arguments)
    assert (refused.code, words in refused.err) == (2, True), refused.err


def test_the_key_is_the_one_whose_links_the_console_accepts(known: Shell) -> None:
    assert known("account", "invite-key").out.strip() == SignedInvitations(SECRET).key()


def test_an_address_that_is_none_is_refused_in_the_settings(known: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NYLASADMIN_PUBLIC_URL", "portal.example")
    refused = known("check-config")
    assert refused.code == 2
    assert "NYLASADMIN_PUBLIC_URL: 'portal.example' is not the address of a console" in refused.err
