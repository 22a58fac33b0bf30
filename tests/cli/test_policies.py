"""``nylasadmin target policy``."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, update

from nylasadmin.adapters.storage.tables import accounts
from tests.cli.shell import Shell
from tests.domain.policies import at


@pytest.fixture
def us(shell: Shell) -> Shell:
    """A shell whose installation has the target US."""
    options = ("--host", "a.example", "--base-url", "http://127.0.0.1:9", "--api-key-stdin")
    assert shell("target", "add", "US", *options, stdin="nyk_1").code == 0
    return shell


def test_what_is_set_is_shown_and_what_is_not_given_stays(us: Shell) -> None:
    days = ("--plan", "core", "--sync-days", "60", "--webhook-days", "0", "--zone", "Europe/Berlin")
    first = us("target", "policy", "US", *days)
    second = us("target", "policy", "us", "--legacy")
    shown = us("target", "policy", "US", "--json").json
    assert (first.code, second.code) == (0, 0)
    assert "Sync policy: 60 days before the account is connected (plan core, days of Europe/Berlin)" in first.out
    assert "Webhook policy: the day it is connected" in first.out
    assert "does not apply (legacy application)" in second.out
    kept = {"plan": "core", "sync_days": 60, "webhook_days": 0, "zone": "Europe/Berlin", "is_legacy": True}
    assert shown == kept | {"frozen": []}
    assert us("target", "policy", "US", "--no-legacy", "--json").json["is_legacy"] is False


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (["--sync-days", "31"], "sync-days: "),
        (["--sync-days", "5", "--webhook-days", "6"], "webhook-days: "),
        (["--zone", "Berlin"], "zone: "),
        (["--sync-days", "-1"], "--sync-days: enter a whole number of days, for example 30"),
    ],
)
def test_what_cannot_be_is_named_and_nothing_is_set(us: Shell, options: list[str], field: str) -> None:
    refused = us("target", "policy", "US", *options)
    assert refused.code == 2
    assert field in refused.err
    assert us("target", "policy", "US", "--json").json["sync_days"] == 30


def test_a_target_that_is_not_there_is_named(us: Shell) -> None:
    refused = us("target", "policy", "EU")
    assert (refused.code, "There is no target EU." in refused.err) == (2, True)


def test_what_would_change_is_counted_and_nothing_set(linked: Shell) -> None:
    connect_in_march(linked)
    wanted = ("--plan", "core", "--sync-days", "60")
    counted = linked("target", "policy", "Box", *wanted, "--count")
    told = linked("target", "policy", "Box", *wanted, "--count", "--json").json
    assert counted.code == 0
    assert f"{len(told['accounts'])} of {len(told['accounts'])} accounts counted. Nothing was set." in counted.out
    assert all(account["problem"] is None for account in told["accounts"])
    assert linked("target", "policy", "Box", "--json").json["sync_days"] == 30


def connect_in_march(shell: Shell) -> None:
    """Let all accounts have connected on 3 March 2026."""
    engine = create_engine(f"sqlite:///{next(shell.data.glob('*.db'))}")
    with engine.begin() as connection:
        connected = {"connected_at": at("2026-03-03T14:20"), "sync_from": at("2026-02-01")}
        connection.execute(update(accounts).values(webhook_from=at("2026-03-03"), **connected))
    engine.dispose()
