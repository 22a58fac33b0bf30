"""Targets: what is refused, what a connection test says, what discovering makes."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from nylasadmin.domain.links import AccountState
from nylasadmin.errors import InvalidInput, NotFound, NylasError, Refused, StaleVersion
from nylasadmin.services.targets import form_of
from tests.services.conftest import Worlds
from tests.services.worlds import OLGA, World


def form(world: World, **fields: Any) -> Any:
    return replace(form_of(world.services.console.target(world.target.id)), **fields)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("name", "x" * 81),
        ("host", "https://api.us.nylas.com"),
        ("host", ""),
        ("host", "nylas"),
        ("host", "1.2.3.4.5"),
        ("host", "1.2.3.400"),
        ("host", "::1"),
        ("host", "api.us.nylas.com:0"),
        ("base_url", "http://api.us.nylas.com"),
        ("base_url", "https://api.us.nylas.com/v3"),
        ("connect_timeout_s", 0.0),
        ("read_timeout_s", 1000.0),
        ("concurrency", 5),
        ("requests_per_s", -1.0),
        ("guard_deletes", 0),
        ("guard_share_percent", 101),
        ("notification_path", "no slash"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(world: World, field: str, value: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        world.services.targets.edit(OLGA, 1, 1, form(world, **{field: value}))

    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize(
    "host", ["api.us.nylas.com", "localhost:8090", "127.0.0.1", "10.0.0.7:443", "[::1]:8090", "xn--bcher-kva.example"]
)
def test_a_host_is_a_full_name_an_address_or_this_machine(world: World, host: str) -> None:
    assert world.services.targets.edit(OLGA, 1, 1, form(world, host=host, api_key="")).host == host


@pytest.mark.parametrize(("key", "shown"), [("nyk_v0_0123456789abcdef", "cdef"), ("secret", ""), ("key", "")])
def test_of_a_short_api_key_nothing_is_shown(world: World, key: str, shown: str) -> None:
    assert world.services.targets.edit(OLGA, 1, 1, form(world, api_key=key)).sender.key_tail == shown


def test_a_channel_is_named_by_how_it_is_reached(world: World) -> None:
    typed = form(world, host="127.0.0.1:8090", base_url="http://127.0.0.1:8090", sender_name="", api_key="")

    assert world.services.targets.edit(OLGA, 1, 1, typed).sender.name == "127.0.0.1 http"


def test_limits_are_written_as_people_write_numbers(world: World) -> None:
    with pytest.raises(InvalidInput) as refused:
        world.services.targets.edit(OLGA, 1, 1, form(world, guard_deletes=0, requests_per_s=0.0))

    assert refused.value.fields == {
        "guard_deletes": "Enter a number from 1 to 1,000,000 (items).",
        "requests_per_s": "Enter a number from 0.1 to 200 (requests per second and account).",
    }


def test_two_targets_cannot_have_one_name(world: World) -> None:
    with pytest.raises(InvalidInput) as refused:
        world.services.targets.add(OLGA, form(world, api_key="nyk_1"))

    assert list(refused.value.fields) == ["name"]


def test_names_that_differ_only_in_case_are_one_name(world: World) -> None:
    with pytest.raises(InvalidInput) as refused:
        world.services.targets.add(OLGA, form(world, name=" sandBOX ", api_key="key"))

    assert refused.value.fields == {"name": "There is a target “Sandbox” already; choose another name."}
    assert world.services.targets.by_name("SANDBOX").id == world.target.id


def test_a_target_may_change_the_case_of_its_own_name(world: World) -> None:
    assert world.services.targets.edit(OLGA, 1, 1, form(world, name="SANDBOX", api_key="")).name == "SANDBOX"


def test_a_new_target_needs_a_key_and_an_edited_one_keeps_its_own(world: World) -> None:
    with pytest.raises(InvalidInput) as refused:
        world.services.targets.add(OLGA, form(world, name="New", api_key=""))
    world.services.targets.edit(OLGA, 1, 1, form(world, name="Renamed", api_key=""))

    assert list(refused.value.fields) == ["api_key"]
    assert world.services.targets.test(OLGA, 1).problem == ""


def test_a_stale_form_is_refused_with_the_stored_values(world: World) -> None:
    world.services.targets.edit(OLGA, 1, 1, form(world, name="Theirs"))

    with pytest.raises(StaleVersion) as stale:
        world.services.targets.edit(OLGA, 1, 1, form(world, name="Mine"))

    assert (stale.value.current["name"], stale.value.current["version"]) == ("Theirs", 2)
    assert world.services.targets.get(1).name == "Theirs"


def test_a_target_with_links_is_not_removed(world: World) -> None:
    with pytest.raises(Refused) as refused:
        world.services.targets.remove(OLGA, 1, "Sandbox")

    assert (refused.value.why, refused.value.facts) == ("target_has_links", {"links": 1})


def test_a_target_is_removed_only_by_its_typed_name_and_with_all_its_history(world: World) -> None:
    world.event("One")
    world.services.plans.run(OLGA, world.get(is_preview=True).id)
    world.fault("status", status=400, method="POST")
    world.put("Two")
    world.send()
    link = world.link()
    world.services.links.remove(OLGA, link.id, link.version)
    with pytest.raises(InvalidInput) as refused:
        world.services.targets.remove(OLGA, 1, "sandbox")

    world.services.targets.remove(OLGA, 1, "Sandbox")

    assert list(refused.value.fields) == ["typed_name"]
    kept = {"crm_users", "crm_items", "crm_changes", "audit", "installation"}
    assert {name for name, count in world.row_counts().items() if count} == kept
    with pytest.raises(NotFound):
        world.services.targets.get(1)


def test_a_target_nobody_knows_is_not_found(world: World) -> None:
    for ask in (
        lambda: world.services.targets.by_name("nothing"),
        lambda: world.services.targets.get(9),
        lambda: world.services.targets.test(OLGA, 9),
        lambda: world.services.console.target(9),
        lambda: world.services.console.link(9),
        lambda: world.services.console.snapshot(9),
    ):
        with pytest.raises(NotFound):
            ask()


def test_a_connection_test_names_the_application(world: World) -> None:
    probe = world.services.targets.test(OLGA, 1)

    assert (probe.problem, probe.application_id) == ("", world.box.sandbox.application_id)
    assert world.services.targets.get(1).application_id == world.box.sandbox.application_id


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"api_key": "nyk_wrong"}, "did not accept the API key"),
        ({"base_url": "https://nowhere.invalid"}, "cannot be found"),
        ({"base_url": "http://127.0.0.1:1"}, "Nothing answers"),
    ],
)
def test_a_connection_test_says_what_failed(world: World, fields: dict[str, str], words: str) -> None:
    world.services.targets.edit(OLGA, 1, 1, form(world, **fields))

    probe = world.services.targets.test(OLGA, 1)

    assert words in probe.problem
    assert probe.advice


def test_a_key_of_another_application_is_noticed(world: World) -> None:
    with world.product.storage.write() as tx:
        tx.targets.set_application(1, "the-application-of-last-year")

    assert "another application" in world.services.targets.test(OLGA, 1).problem


def test_discovering_makes_accounts_and_links_of_people_with_the_same_address(worlds: Worlds) -> None:
    world = worlds(users=3, events_per_user=5)
    world.box.sandbox.add_grant("stranger@elsewhere.example", "Stranger")

    again = world.services.targets.discover(OLGA, world.target.id)

    assert (again.grants, again.accounts_made, again.links_made) == (
        4,
        0,
        9,
    )  # address books and mailboxes, see the world
    assert again.links_kept + again.links_made == len(world.rows("links")) > 6
    assert again.unmatched == ("stranger@elsewhere.example",)


def test_discovering_finds_new_calendars_and_keeps_switches(world: World) -> None:
    link = world.link()
    world.services.links.edit(OLGA, link.id, link.version, inbound=False, outbound=True)
    world.box.add_calendar(world.box.grants[0].id, "Team")

    found = world.services.targets.discover(OLGA, world.target.id)

    assert (found.links_made, found.links_kept) == (4, 1)  # an address book and a mailbox among them
    assert world.link().inbound is False


def test_one_account_whose_calendars_cannot_be_read_does_not_stop_discovering(worlds: Worlds) -> None:
    world = worlds(users=2)
    world.box.add_calendar(world.box.grants[1].id, "Team")
    world.fault("status", status=403, grant=world.box.grants[0].email, path_contains="/calendars", count=None)

    found = world.services.targets.discover(OLGA, world.target.id)

    assert found.links_made == 7  # both address books and mailboxes, and the other one's calendar
    assert [p.split(":")[0] for p in found.problems] == [world.box.grants[0].email]


def test_grants_that_cannot_be_read_are_an_error(world: World) -> None:
    world.fault("status", status=502, body="html", path_contains="/grants", count=None)

    with pytest.raises(NylasError):
        world.services.targets.discover(OLGA, world.target.id)


def test_an_older_expired_grant_of_the_same_address_stays_behind(world: World) -> None:
    newer = world.box.grants[0]
    older = world.box.sandbox.add_grant("other@brightwater.example", "Old")
    older.email, older.is_valid, older.created_at = newer.email, False, newer.created_at + 1

    world.services.targets.discover(OLGA, world.target.id)

    (account,) = world.rows("accounts")
    assert (account["grant_id"], account["state"]) == (newer.id, AccountState.CONNECTED)
