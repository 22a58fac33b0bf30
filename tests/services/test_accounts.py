"""Accounts: disconnected and connected again, signed in again, renamed; nothing is doubled, nothing is lost."""

from __future__ import annotations

from typing import Any

import nylas
import pytest
from msgspec.structs import replace

from nylasadmin.adapters.clocks import FixedClock
from nylasadmin.domain.directory import Grant
from nylasadmin.domain.links import Account, AccountState, CrmUser
from nylasadmin.domain.policies import EVERYTHING, Policies, freeze
from nylasadmin.domain.runs import RunState
from nylasadmin.domain.tries import LONGEST_REVOKE_WAIT_S, revoke_wait_s
from nylasadmin.errors import InvalidInput, Refused
from nylasadmin.sandbox.connect.accounts import Account as Person
from nylasadmin.sandbox.connect.lifecycles import remove_grant, sign_in
from nylasadmin.sandbox.events.writes import store
from nylasadmin.services import wording
from nylasadmin.services.account_views import AccountQuery, AccountRow, AccountStatus
from nylasadmin.services.account_wording import policy_words
from nylasadmin.services.discovering import matched
from nylasadmin.services.views import Discovery, SnapshotState
from tests.services.conftest import Worlds
from tests.services.undone import undo_plan
from tests.services.worlds import DAY, NOON, OLGA, World, only_calendars, stored


def only(world: World) -> AccountRow:
    (row,) = world.services.accounts.rows(AccountQuery()).rows
    return row


def connect_again(world: World, email: str) -> None:
    """Sign in at Nylas after the grant was deleted: a new grant for the same address."""
    with world.box.sandbox.lock:
        sign_in(world.box.sandbox, Person(email, "google"))


def discover(world: World) -> Discovery:
    found = world.services.targets.discover(OLGA, world.target.id)
    only_calendars(world.product)
    return found


def as_the_sdk_reads(world: World) -> dict[str, str]:
    client = nylas.Client(api_key=world.box.api_key, api_uri=world.box.url)
    grant = world.box.grants[0].id
    asked: Any = {"calendar_id": world.calendar().id, "limit": 200, "start": NOON - DAY, "end": NOON + DAY}
    found = client.events.list(grant, query_params=asked).data
    return {event.id: event.title for event in found}


def actions(world: World) -> list[str]:
    return [row["action"] for row in world.rows("audit")]


def test_disconnecting_and_connecting_again_creates_nothing_on_either_side(world: World) -> None:
    world.event("Made at Nylas")
    world.put("Made in the CRM")
    world.get()
    world.send()
    before, email, first = as_the_sdk_reads(world), only(world).account.email, only(world).account
    assert sorted(before.values()) == ["Made at Nylas", "Made in the CRM"]

    ended = world.services.accounts.disconnect(OLGA, first.id)

    assert (ended.status, ended.links, ended.account.revoke_due_at) == (AccountStatus.DISCONNECTED, 0, None)
    assert world.box.grants == []
    assert [a for a in actions(world) if a.startswith("account.")] == ["account.disconnect", "account.revoke"]
    world.services.accounts.disconnect(OLGA, first.id)
    connect_again(world, email)
    changed = Policies(sync_days=7)
    with world.product.storage.write() as tx:
        tx.targets.set_policies(world.target.id, world.services.targets.get(world.target.id).version, changed)
    assert discover(world).accounts_made == 1
    again = only(world).account
    assert (again.id, again.policy.sync_days) == (first.id, 7)
    assert again.grant_id != first.grant_id
    assert (world.get().counters.created, world.send().counters.created) == (0, 0)
    assert as_the_sdk_reads(world) == before
    assert world.titles_in_crm() == ["Made at Nylas", "Made in the CRM"]


def test_a_grant_that_cannot_be_revoked_is_tried_again_until_it_is_and_not_connected_meanwhile(worlds: Worlds) -> None:
    clock = FixedClock()
    world = worlds(clock=clock)
    world.fault("status", status=503, method="DELETE", path_contains="/grants/", count=None)

    ended = world.services.accounts.disconnect(OLGA, only(world).account.id)

    assert ended.account.revoke_due_at == int(clock.now())
    assert "is in trouble" in ended.account.revoke_problem
    found = discover(world)
    assert (found.accounts_made, found.links_made, only(world).links) == (0, 0, 0)
    assert found.problems == (wording.BEING_REVOKED.format(email=ended.account.email),)
    with pytest.raises(Refused) as refused:
        world.services.targets.remove(OLGA, world.target.id, "Sandbox")
    assert refused.value.why == "grants_to_revoke"
    world.heal()
    assert world.product.revoking.try_due() == 0  # not due yet
    clock.move(revoke_wait_s(1))
    assert world.product.revoking.try_due() == 1
    assert (world.box.grants, only(world).account.revoke_due_at) == ([], None)


def test_a_process_that_ends_before_the_grant_is_revoked_leaves_that_to_the_next_one(world: World) -> None:
    with world.product.storage.write() as tx:
        tx.accounts.disconnect(only(world).account.id)

    assert world.product.revoking.try_due() == 1

    assert world.box.grants == []
    assert world.product.revoking.try_due() == 0


def test_disconnecting_ends_the_runs_of_its_links(world: World) -> None:
    world.event("One")
    world.box.grants[0].is_valid = False
    parked = world.get()

    world.services.accounts.disconnect(OLGA, only(world).account.id)

    assert world.services.console.snapshot(parked.id).state is SnapshotState.CANCELLED
    assert only(world).parked == 0


def test_a_grant_that_expires_parks_its_runs_and_they_go_on_after_a_new_sign_in(worlds: Worlds) -> None:
    world = worlds(users=2)
    for user in (0, 1):
        for number in range(12):
            world.put(f"{user}-{number}", user=user)
    world.fault("status", status=401, grant=world.box.grants[1].email, method="POST", after=5, count=None)

    view = world.send()

    assert (world.run(view, user=0).state, world.run(view, user=1).state) == (RunState.DONE, RunState.PAUSED)
    assert world.rows("failed_items") == []
    rows = world.services.accounts.rows(AccountQuery(status=AccountStatus.NEEDS_SIGN_IN))
    assert [(row.account.user_id, row.parked) for row in rows.rows] == [("u1", 1)]
    assert world.services.pauses.resume(OLGA, view.id) == 1
    assert world.services.console.snapshot(view.id).state is SnapshotState.PAUSED, "nobody has signed in: parked again"
    world.heal()
    missed = world.event("Made meanwhile", user=1)
    before = rows.rows[0].account
    discover(world)
    after = world.services.console.snapshot(view.id)
    assert (after.state, after.counters.created) == (SnapshotState.DONE, 24)
    assert len(world.events(user=1)) == 13
    assert missed in world.events(user=1)
    assert "Made meanwhile" in world.titles_in_crm(user=1)
    assert [(s["reason"], s["operator"]) for s in world.rows("snapshots")][-1][0] == wording.AFTER_SIGN_IN
    now = world.services.accounts.get(before.id).account
    assert (now.state, now.policy, now.connected_at) == (AccountState.CONNECTED, before.policy, before.connected_at)


def test_a_grant_deleted_at_nylas_parks_the_run_and_another_grant_of_the_address_continues_it(world: World) -> None:
    world.event("Made at Nylas")
    world.get()
    world.put("Made in the CRM")
    account = only(world).account
    with world.box.sandbox.lock:
        remove_grant(world.box.sandbox, world.box.grants[0])

    view = world.send()

    assert (view.state, only(world).status) == (SnapshotState.PAUSED, AccountStatus.NEEDS_SIGN_IN)
    connect_again(world, account.email)
    discover(world)
    assert world.services.console.snapshot(view.id).counters.created == 1
    assert world.titles_at_nylas() == world.titles_in_crm() == ["Made at Nylas", "Made in the CRM"]
    assert (only(world).account.id, only(world).account.connected_at) == (account.id, account.connected_at)


def test_other_links_do_not_wait_with_their_deletes_for_one_that_is_parked(worlds: Worlds) -> None:
    world = worlds(users=2)
    events = [world.event(f"Meeting {number}", user=user) for user in (0, 1) for number in range(4)]
    world.get()
    world.box.delete_event(world.calendar(0), events[0])
    world.box.grants[1].is_valid = False

    view = world.get()

    assert (world.run(view, user=0).state, len(world.items(0))) == (RunState.DONE, 3)
    assert world.run(view, user=1).state is RunState.PAUSED


def test_a_preview_of_an_expired_account_ends_and_says_why(world: World) -> None:
    world.event("One")
    world.box.grants[0].is_valid = False

    view = world.get(is_preview=True)

    assert (world.run(view).state, world.run(view).cause) == (RunState.FAILED, wording.NEEDS_SIGN_IN)
    assert only(world).status is AccountStatus.NEEDS_SIGN_IN


def test_an_undo_of_an_expired_account_goes_on_after_the_sign_in(world: World) -> None:
    world.put("One")
    sent = world.send()
    plan = undo_plan(world, sent)
    world.box.grants[0].is_valid = False
    undo = world.services.plans.run(OLGA, plan.preview.id)
    assert world.services.console.snapshot(undo.id).state is SnapshotState.PAUSED

    world.box.grants[0].is_valid = True
    discover(world)

    assert world.services.console.snapshot(undo.id).state is SnapshotState.DONE
    assert world.titles_at_nylas() == []


def rename_at_provider(world: World, email: str) -> None:
    """Give an account of the sandbox another address, as a provider does: its primary calendar bears it, too."""
    sandbox = world.box.sandbox
    grant, calendar = world.box.grants[0], world.calendar()
    with sandbox.lock:
        sandbox.grants.remove(grant)
        grant.calendars = {email: calendar} | {k: c for k, c in grant.calendars.items() if c is not calendar}
        grant.email = calendar.id = email
        for event in stored(calendar):
            store(calendar, event | {"calendar_id": email})
        sandbox.grants.add(grant)


def test_an_address_that_changes_at_the_provider_and_in_the_crm_keeps_pairs_and_own_meetings(world: World) -> None:
    world.event("Made at Nylas")
    world.put("Made in the CRM")
    world.get()
    world.send()
    before = only(world)
    link_id = world.link().id
    new = "anna.new@brightwater.example"
    user = f'{{"type": "user", "id": "u0", "name": "Anna", "email": "{new}"}}'
    world.services.crm.load(OLGA, [user])
    assert discover(world).unmatched == ()
    rename_at_provider(world, new)

    assert discover(world).accounts_made == 0

    after = only(world)
    assert (after.account.id, after.account.email) == (before.account.id, new)
    assert after.account.former_emails == (before.account.email,)
    assert (world.link().id, after.links) == (link_id, before.links)
    assert (world.get().counters.created, world.send().counters.created) == (0, 0)
    world.edit(world.named("Made at Nylas"), location="Room 9")
    assert world.send().counters.updated == 1, "what was organized under the former address is still its own"


def test_an_operator_changes_an_address_and_the_next_discover_does_not_change_it_back(world: World) -> None:
    old = only(world).account.email

    renamed = world.services.accounts.rename(OLGA, 1, " New@Brightwater.example ")

    assert (renamed.account.email, renamed.account.former_emails) == ("new@brightwater.example", (old,))
    discover(world)
    assert only(world).account.email == "new@brightwater.example"
    back = world.services.accounts.rename(OLGA, 1, old)
    assert (back.account.email, back.account.former_emails) == (old, ("new@brightwater.example",))


@pytest.mark.parametrize(
    "email", ["", "anna", "an na@example.com", "a@b@c", "x" * 320 + "@example.com", "{other}", "{own}"]
)
def test_an_address_that_cannot_be_is_refused_by_its_field(worlds: Worlds, email: str) -> None:
    world = worlds(users=2)
    own, other = (row.account for row in world.services.accounts.rows(AccountQuery()).rows)

    with pytest.raises(InvalidInput) as refused:
        world.services.accounts.rename(OLGA, own.id, email.format(other=other.email, own=own.email))

    assert list(refused.value.fields) == ["email"]
    assert world.rows("audit")[-1]["outcome"] == "refused"


# --- without a world ---------------------------------------------------------------------------------------------


def test_waits_to_revoke_grow_and_are_bounded() -> None:
    assert [revoke_wait_s(n) for n in (1, 2, 3)] == [60, 120, 240]
    assert revoke_wait_s(1000) == LONGEST_REVOKE_WAIT_S


def grant(grant_id: str, email: str, **more: Any) -> Grant:
    return Grant(id=grant_id, provider="google", email=email, **more)


ANNA, BRUNO = (CrmUser(id=name, name=name.title(), email=f"{name}@x.example") for name in ("anna", "bruno"))
HERS = Account(id=7, target_id=1, user_id="anna", email="anna@x.example", provider="google", grant_id="g1")


@pytest.mark.parametrize(
    ("grants", "accounts", "users", "expected"),
    [
        ([grant("g1", "anna@x.example")], [], [ANNA], [("g1", "anna", None)]),
        ([grant("g1", "carol@x.example")], [], [ANNA], []),
        ([grant("g1", "new@x.example")], [HERS], [ANNA], [("g1", "anna", 7)]),
        ([grant("g2", "anna@x.example")], [HERS], [ANNA], [("g2", "anna", 7)]),
        ([grant("g1", "anna@x.example")], [HERS], [replace(ANNA, email="b@x"), BRUNO], [("g1", "anna", 7)]),
        (
            [grant("g1", "anna@x.example", is_valid=False, created_at=9), grant("g3", "anna@x.example", created_at=5)],
            [HERS],
            [ANNA],
            [("g3", "anna", 7)],
        ),
        (
            [grant("g1", ""), grant("g4", "bruno@x.example")],
            [HERS],
            [ANNA, BRUNO],
            [("g1", "anna", 7), ("g4", "bruno", None)],
        ),
    ],
)
def test_whose_grant_it_is(
    grants: list[Grant], accounts: list[Account], users: list[CrmUser], expected: list[tuple[str, str, int | None]]
) -> None:
    found = matched(grants, accounts, users)

    assert sorted((m.grant.id, m.user.id, m.known.id if m.known else None) for m in found) == sorted(expected)


@pytest.mark.parametrize(
    ("policies", "takes_part", "notifies"),
    [
        (Policies(sync_days=30), "items from 22 Aug 2026 on (30 days)", "notifies from 21 Sep 2026 on"),
        (Policies(sync_days=1, is_legacy=True), "items from 20 Sep 2026 on (1 day)", "notifies of all of them"),
        (Policies(sync_days=0), "items from 21 Sep 2026 on (0 days)", "notifies of all of them"),
        (EVERYTHING, "all items", "notifies of all of them"),
    ],
)
def test_policies_in_words(policies: Policies, takes_part: str, notifies: str) -> None:
    assert policy_words(freeze(policies, 1_790_000_000)) == (takes_part, notifies)
