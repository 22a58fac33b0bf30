"""``nylasadmin target`` and ``nylasadmin link``."""

from __future__ import annotations

from pathlib import Path

from nylasadmin.sandbox.testing import RunningSandbox
from tests.cli.conftest import add_box
from tests.cli.shell import Shell


def test_a_target_is_added_with_a_key_from_a_file_and_the_key_is_never_shown(shell: Shell, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("nyk_secret_0123456789\n")
    added = shell("target", "add", "EU", "--host", "api.eu.nylas.com", "--api-key-file", str(key))
    listed = shell("target", "list")
    assert (added.code, listed.code) == (0, 0)
    assert "api.eu.nylas.com" in listed.out
    assert "nyk_secret" not in added.out + added.err + listed.out


def test_wrong_fields_are_named_and_nothing_is_added(shell: Shell) -> None:
    refused = shell("target", "add", "EU", "--host", "https://nylas/", "--api-key-stdin", stdin="\n")
    assert refused.code == 2
    assert {line.split(": ")[1] for line in refused.err.splitlines()} >= {"host", "api-key"}
    assert shell("target", "list", "--json").json == []


def test_a_key_file_that_is_not_there_is_named(shell: Shell, tmp_path: Path) -> None:
    refused = shell("target", "add", "EU", "--host", "a.example", "--api-key-file", str(tmp_path / "nowhere"))
    assert refused.code == 2
    assert "nowhere cannot be read" in refused.err


def test_a_good_connection_names_the_application(shell: Shell, box: RunningSandbox) -> None:
    add_box(shell, box)
    tested = shell("target", "test", "Box")
    assert tested.code == 0
    assert tested.out.startswith("Connected: application ")


def test_a_wrong_key_is_told_from_other_trouble(shell: Shell, box: RunningSandbox) -> None:
    add_box(shell, box, key="nyk_wrong")
    tested = shell("target", "test", "Box")
    assert tested.code == 1
    assert "did not accept the API key (401)" in tested.err


def test_discovering_at_a_closed_port_says_so_in_one_sentence(shell: Shell) -> None:
    shell(
        "target", "add", "Box", "--host", "a.example", "--base-url", "http://127.0.0.1:9", "--api-key-stdin", stdin="k"
    )
    found = shell("target", "discover", "Box")
    assert found.code == 1
    assert "Nothing answers at that address." in found.err
    assert "Traceback" not in found.err


def test_discovering_makes_links_once(shell: Shell, linked: Shell) -> None:
    links = shell("link", "list", "--json").json
    again = shell("target", "discover", "Box", "--json").json
    assert again["links_made"] == 0
    assert again["links_kept"] == len(links) > 0
    assert {link["target"] for link in links} == {"Box"}


def test_grants_without_a_crm_user_are_listed(shell: Shell, box: RunningSandbox) -> None:
    add_box(shell, box)
    found = shell("target", "discover", "Box")
    assert f"No CRM user has the address of: {', '.join(sorted(g.email for g in box.grants))}." in found.out


def test_an_unknown_target_is_named(shell: Shell) -> None:
    refused = shell("target", "test", "Nowhere")
    assert refused.code == 2
    assert "There is no target Nowhere. `nylasadmin target list`" in refused.err
