"""A CRM user connects: the grant becomes an account with links, policies freeze, the first synchronization runs."""

from __future__ import annotations

import json

import nylas as official
import pytest
from msgspec.structs import replace

from nylasadmin.adapters.processes import ThisProcess
from nylasadmin.domain.items import ItemType
from nylasadmin.domain.links import AccountState
from nylasadmin.domain.policies import Policies, freeze
from nylasadmin.domain.sign_ins import SignInProblem
from nylasadmin.errors import ConnectionRefused, InvalidInput, Refused
from nylasadmin.services.sign_in_views import Step
from nylasadmin.services.targets import form_of
from tests.services.conftest import Doors
from tests.services.doors import BACK, PHONE, STRANGER, Door, signed_in
from tests.services.worlds import OLGA


def test_a_user_who_signs_in_has_an_account_links_and_a_first_synchronization(doors: Doors) -> None:
    door = doors(events_per_user=5)
    outcome = door.connect()
    account = door.account()
    assert (outcome.step, account.state, account.email) == (Step.DONE, AccountState.CONNECTED, door.email())
    assert account.first_snapshot_id is not None
    assert account.synced_at is not None
    assert outcome.snapshot is not None
    assert outcome.snapshot.counters.created > 0
    assert outcome.snapshot.reason == f"first synchronization of {door.email()}"
    assert outcome.snapshot.operator == "(engine)"


def test_the_official_client_finds_the_grant_of_a_new_account(door: Door) -> None:
    door.connect(1)
    client = official.Client(api_key=door.box.api_key, api_uri=door.box.url)
    found = client.grants.find(door.account(1).grant_id).data
    assert (found.email, found.grant_status) == (door.email(1), "valid")


def test_primary_calendar_and_address_book_start_on_and_all_else_is_offered(door: Door) -> None:
    outcome = door.connect()
    links = door.links()
    on = {(link.item_type, link.is_primary) for link in links if link.inbound and link.outbound}
    off = [link.folder_name for link in links if not link.inbound and not link.outbound]
    assert on == {(ItemType.EVENT, True), (ItemType.CONTACT, False)}
    assert {"Mail", "Mail threads"} <= set(off)
    assert list(outcome.offered) == off
    assert len(on) + len(off) == len(links)


def test_policies_are_frozen_when_a_user_connects(doors: Doors) -> None:
    policies = Policies(sync_days=14, webhook_days=3, zone="Europe/Vienna")
    door = doors(policies=policies)
    now = int(door.clock.now())
    door.connect()
    assert door.account().connected_at == now
    assert door.account().policy == freeze(policies, now)


def test_an_application_that_was_never_asked_for_is_read_once(door: Door) -> None:
    assert door.target.application_id == ""
    door.begin()
    assert door.product.services.targets.get(door.target.id).application_id == door.box.sandbox.application_id


def test_every_step_is_in_the_audit_trail_with_the_user_as_actor(door: Door) -> None:
    door.connect()
    (invited,), (begun,), (connected,) = map(door.audit, ("account.invite", "account.sign_in", "account.connect"))
    assert (invited.actor, begun.actor, connected.actor) == ("olga", f"user:{door.email()}", f"user:{door.email()}")
    assert (begun.address, connected.address, connected.outcome) == (PHONE, PHONE, "done")
    assert json.loads(connected.new)["grant"] == door.account().grant_id
    assert "token" not in invited.new


# --- what goes wrong on the way -----------------------------------------------------------------------------------


def test_another_account_than_the_one_asked_for_is_refused_and_its_new_grant_revoked(door: Door) -> None:
    outcome = door.connect(who=STRANGER)
    assert (outcome.step, outcome.sign_in.problem) == (Step.FAILED, SignInProblem.WRONG_ACCOUNT)
    assert outcome.sign_in.detail == STRANGER
    assert STRANGER not in [g.email for g in door.box.grants]
    (row,) = door.audit("account.connect")
    assert (row.outcome, json.loads(row.new)) == ("refused", {"why": "wrong_account", "detail": STRANGER})
    assert len(door.audit("grant.revoke")) == 1


def test_the_grant_of_one_of_our_accounts_is_not_revoked_when_somebody_picks_it(doors: Doors) -> None:
    door = doors(accounts=2)
    door.connect(1)
    assert door.connect(0, who=door.email(1)).sign_in.problem is SignInProblem.WRONG_ACCOUNT
    assert door.account(1).grant_id in [g.id for g in door.box.grants]


def test_a_grant_that_was_there_before_is_not_revoked_when_somebody_picks_it(doors: Doors) -> None:
    door = doors(accounts=2)
    door.box.grants[1].created_at -= 86_400
    door.connect(0, who=door.email(1))
    assert len(door.box.grants) == 2
    assert door.audit("grant.revoke") == []


def test_who_refuses_at_the_provider_has_connected_nothing(door: Door) -> None:
    outcome = door.connect(who="refuse")
    assert (outcome.step, outcome.sign_in.problem) == (Step.FAILED, SignInProblem.REFUSED)
    (row,) = door.audit("account.connect")
    assert row.outcome == "refused"


def test_coming_back_twice_shows_what_the_first_time_led_to(door: Door) -> None:
    begun = door.begin()
    brought = signed_in(begun.url, door.email())
    for _ in range(2):
        door.connecting.come_back(PHONE, begun.nonce, code=brought["code"])
    assert door.outcome(begun).step is Step.DONE
    assert len(door.audit("account.connect")) == 1


def test_a_refusal_that_comes_after_success_changes_nothing(door: Door) -> None:
    begun = door.begin()
    door.come_back(begun, door.email())
    door.connecting.come_back(PHONE, begun.nonce, error="access_denied")
    assert door.outcome(begun).step is Step.DONE


def test_words_of_the_provider_are_kept_whatever_they_hold(door: Door) -> None:
    begun = door.begin()
    door.connecting.come_back(PHONE, begun.nonce, error="server_error", said="no\0 " + "x" * 900)
    kept = door.outcome(begun).sign_in
    assert (kept.problem, len(kept.detail) <= 300, "\0" in kept.detail) == (SignInProblem.PROVIDER, True, False)


def test_a_made_up_code_is_refused(door: Door) -> None:
    begun = door.begin()
    door.connecting.come_back(PHONE, begun.nonce, code="made up")
    assert door.outcome(begun).sign_in.problem is SignInProblem.CODE_REFUSED


def test_an_unknown_attempt_cannot_be_come_back_to(door: Door) -> None:
    with pytest.raises(Refused, match="sign_in_unknown"):
        door.connecting.come_back(PHONE, "nobody's", code="c")


def test_nylas_that_is_down_at_the_exchange_is_told_and_a_second_try_works(door: Door) -> None:
    begun = door.begin()
    door.fault("status", status=503, path_contains="/v3/connect/token")
    assert door.come_back(begun, door.email()).sign_in.problem is SignInProblem.UNREACHABLE
    door.heal()
    assert door.connect().step is Step.DONE


def test_nylas_that_is_down_at_the_beginning_is_told_at_once(door: Door) -> None:
    token = door.token()
    form = replace(form_of(door.target), base_url="http://127.0.0.1:9")
    door.product.services.targets.edit(OLGA, door.target.id, door.target.version, form)
    with pytest.raises(ConnectionRefused):
        door.connecting.begin(PHONE, token, door.email(), BACK)
    assert [row.outcome for row in door.audit("account.sign_in")] == ["failed"]


def test_an_address_of_return_that_is_not_registered_is_told_exactly(door: Door) -> None:
    with pytest.raises(Refused, match="return_not_registered"):
        door.connecting.begin(PHONE, door.token(), door.email(), "https://other.example/connect/return")
    (row,) = door.audit("account.sign_in")
    assert json.loads(row.new)["address"] == "https://other.example/connect/return"


@pytest.mark.parametrize(
    "typed",
    ["", "anna", "anna@", "anna@firm", "an na@firm.example", "an\0na@firm.example", "a" * 320 + "@firm.example"],
)
def test_what_is_no_address_is_refused_with_the_field_named(door: Door, typed: str) -> None:
    with pytest.raises(InvalidInput) as wrong:
        door.connecting.begin(PHONE, door.token(), typed, BACK)
    assert set(wrong.value.fields) == {"email"}


def test_the_address_of_another_user_cannot_be_connected(door: Door) -> None:
    with pytest.raises(Refused, match="connect_taken"):
        door.begin(0, email=door.email(1))


def test_a_user_who_is_connected_disconnects_before_another_address_is_connected(door: Door) -> None:
    door.connect()
    with pytest.raises(Refused, match="connect_other"):
        door.begin(0, email=STRANGER)


def test_a_user_may_connect_an_address_that_the_crm_does_not_know(door: Door) -> None:
    outcome = door.come_back(door.begin(0, email=STRANGER), STRANGER)
    assert (outcome.step, door.account().email) == (Step.DONE, STRANGER)


def test_a_target_out_of_use_takes_nobody(door: Door) -> None:
    form = replace(form_of(door.target), is_disabled=True)
    door.product.services.targets.edit(OLGA, door.target.id, door.target.version, form)
    with pytest.raises(Refused, match="connect_disabled"):
        door.begin()


# --- again --------------------------------------------------------------------------------------------------------


def test_signing_in_again_keeps_policy_and_connecting_day_and_catches_up(door: Door) -> None:
    door.connect()
    before = door.account()
    with door.product.storage.write() as tx:
        tx.accounts.set_state(before.id, AccountState.NEEDS_SIGN_IN)
    door.clock.move(5 * 86_400)
    assert door.connect(account_id=before.id).step is Step.DONE
    after = door.account()
    assert (after.id, after.state, after.policy) == (before.id, AccountState.CONNECTED, before.policy)
    assert (after.connected_at, after.first_snapshot_id) == (before.connected_at, before.first_snapshot_id)
    assert [row.action for row in door.audit("account.sign_in_again")] == ["account.sign_in_again"]
    newest = door.product.services.console.last_snapshot(door.target.id)
    assert newest is not None
    assert newest.reason == "after sign-in again"


def test_a_link_to_connect_also_signs_an_account_in_again(door: Door) -> None:
    door.connect()
    with door.product.storage.write() as tx:
        tx.accounts.set_state(door.account().id, AccountState.NEEDS_SIGN_IN)
    door.connect()
    assert door.account().state is AccountState.CONNECTED
    assert len(door.audit("account.sign_in_again")) == 1


def test_signing_in_again_as_somebody_else_is_refused(door: Door) -> None:
    door.connect()
    outcome = door.connect(account_id=door.account().id, who=STRANGER)
    assert outcome.sign_in.problem is SignInProblem.WRONG_ACCOUNT
    assert STRANGER not in [g.email for g in door.box.grants]
    assert door.account().email == door.email()


def test_the_page_to_sign_in_again_takes_no_other_address(door: Door) -> None:
    door.connect()
    begun = door.begin(email=STRANGER, account_id=door.account().id)
    assert door.outcome(begun).sign_in.email == door.email()


def test_connecting_again_after_a_disconnect_freezes_anew_doubles_nothing_and_keeps_the_switches(
    doors: Doors,
) -> None:
    door = doors(events_per_user=5)
    door.connect()
    before, links = door.account(), {x.folder_id: (x.inbound, x.outbound) for x in door.links()}
    count = door.product.services.console.snapshot(before.first_snapshot_id or 0).counters.created
    with door.product.storage.write() as tx:
        tx.accounts.set_state(before.id, AccountState.DISCONNECTED)
        for link in tx.links.of_account(before.id):
            tx.links.remove(link.id, link.version)
    door.clock.move(86_400)
    outcome = door.connect()
    assert door.account().connected_at == before.connected_at + 86_400
    assert outcome.snapshot is not None
    assert (outcome.snapshot.counters.created, outcome.snapshot.counters.unchanged) == (0, count)
    assert {x.folder_id: (x.inbound, x.outbound) for x in door.links()} == links


# --- the process ends in between ----------------------------------------------------------------------------------


class Died(BaseException):
    """Stands for the end of the process."""


def test_a_process_that_dies_after_the_exchange_leaves_a_user_who_can_connect_again(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = door.begin()

    def die(*_: object) -> None:
        raise Died

    monkeypatch.setattr("nylasadmin.services.connecting.store", die)
    with pytest.raises(Died):
        door.come_back(begun, door.email())
    assert door.outcome(begun).step is Step.READING
    monkeypatch.undo()
    door.clock.move(301)
    outcome = door.outcome(begun)
    assert (outcome.step, outcome.sign_in.problem) == (Step.FAILED, SignInProblem.INTERRUPTED)
    assert door.connect().step is Step.DONE
    assert [g.email for g in door.box.grants].count(door.email()) == 1
    assert next((row.actor, row.outcome) for row in door.audit("account.connect")) == ("(engine)", "failed")


def test_a_restart_is_told_at_once_where_the_process_is_known_to_have_ended(door: Door) -> None:
    begun = door.begin()
    with door.product.storage.write() as tx:
        tx.sign_ins.returned(door.outcome(begun).sign_in.id, ThisProcess().name())  # of this machine, and not this one
    assert door.outcome(begun).sign_in.problem is SignInProblem.INTERRUPTED


def test_a_late_end_of_an_attempt_that_was_given_up_stores_nothing(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process was only slow: what it finds is rolled back, the person was told to connect again."""
    begun = door.begin()
    brought = signed_in(begun.url, door.email())
    real = door.connecting._stored

    def slow(*given: object) -> object:
        door.clock.move(301)
        door.outcome(begun)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(door.connecting, "_stored", slow)
    door.connecting.come_back(PHONE, begun.nonce, code=brought["code"])
    assert door.outcome(begun).sign_in.problem is SignInProblem.INTERRUPTED
    with door.product.storage.read() as tx:
        assert tx.accounts.of_target(door.target.id) == []
