"""Signed links: what they are good for, how long, and how a CRM makes them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

import pytest

from nylasadmin.adapters.invitations import SignedInvitations
from nylasadmin.domain.sign_ins import Invitation
from nylasadmin.errors import InvalidInput, NotFound, Refused
from tests.services.doors import Door
from tests.services.worlds import OLGA

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a key for tests only, 32 letters or more"


def test_a_link_names_who_may_connect_where(door: Door) -> None:
    invited = door.connecting.look(door.token(1))
    assert (invited.user.id, invited.target.name, invited.email) == ("u1", "Sandbox", door.email(1))
    assert invited.account is None


def test_a_user_is_invited_by_address_as_well_as_by_id(door: Door) -> None:
    path = door.connecting.invite(OLGA, door.target.id, door.email(1).upper())
    assert door.connecting.look(path.removeprefix("/connect/")).user.id == "u1"


def test_a_link_ends_when_it_says(door: Door) -> None:
    token = door.token(lives_s=3600)
    door.clock.move(3599)
    door.connecting.look(token)
    door.clock.move(1)
    with pytest.raises(Refused, match="invitation_expired"):
        door.connecting.look(token)


def test_a_crm_signs_links_with_the_key_of_invitations_and_nothing_of_this_program(door: Door) -> None:
    until = int(door.clock.now()) + 600
    payload = {"target": "Sandbox", "user": door.email(1), "until": until}
    text = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=")
    signature = hmac.new(door.connecting.key(OLGA).encode(), text, hashlib.sha256).digest()
    token = (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()
    assert door.connecting.look(token).user.id == "u1"


def test_the_example_of_the_documentation_makes_a_link_that_works(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    example = re.search(r"```python\n(import hashlib.*?)```", (ROOT / "docs" / "crm.md").read_text("utf-8"), re.DOTALL)
    assert example
    names: dict[str, Any] = {}
    exec(example[1], names)
    monkeypatch.setattr("time.time", door.clock.now)
    link = names["connect_link"]("https://crm.example", door.connecting.key(OLGA), "Sandbox", "u1")
    invited = door.connecting.look(link.removeprefix("https://crm.example/connect/"))
    assert (invited.user.id, invited.until) == ("u1", int(door.clock.now()) + 3600)


def test_a_crm_cannot_make_links_that_live_for_ever(door: Door) -> None:
    made = SignedInvitations(SECRET).sign(Invitation(target="Sandbox", user="u1", until=2**40))
    with pytest.raises(Refused, match="invitation_long"):
        door.connecting.look(made)


@pytest.mark.parametrize("change", [lambda t: t[:-2], lambda t: "x" + t, lambda t: "", lambda t: t.replace(".", "")])
def test_a_damaged_link_is_refused(door: Door, change: object) -> None:
    assert callable(change)
    with pytest.raises(Refused, match="invitation_unreadable"):
        door.connecting.look(change(door.token()))


def test_a_link_of_another_installation_is_refused(door: Door) -> None:
    made = SignedInvitations(SECRET + "!").sign(Invitation(target="Sandbox", user="u1", until=1_790_000_600))
    with pytest.raises(Refused, match="invitation_unreadable"):
        door.connecting.look(made)


def test_links_stay_good_while_the_secret_key_rotates() -> None:
    made = SignedInvitations("the old key").sign(Invitation(target=1, user="u1", until=5))
    assert SignedInvitations("the new key", "the old key").read(made).user == "u1"
    with pytest.raises(Refused, match="invitation_unreadable"):
        SignedInvitations("the new key").read(made)


def test_showing_the_key_is_in_the_audit_trail_and_the_key_is_not(door: Door) -> None:
    key = door.connecting.key(OLGA)
    (row,) = door.audit("account.invite_key")
    assert (row.actor, key in row.new + row.subject) == ("olga", False)


def test_the_key_of_invitations_does_not_tell_the_secret_key() -> None:
    key = SignedInvitations(SECRET).key()
    assert SECRET not in key
    assert len(key) == 43


@pytest.mark.parametrize(
    ("target", "user", "account"), [("Gone", "u1", None), ("Sandbox", "nobody", None), (1, "u1", 9)]
)
def test_a_link_whose_target_user_or_account_is_gone_leads_nowhere(
    door: Door, target: int | str, user: str, account: int | None
) -> None:
    until = int(door.clock.now()) + 60
    token = SignedInvitations(SECRET).sign(Invitation(target=target, user=user, until=until, account=account))
    with pytest.raises(Refused, match="invitation_gone"):
        door.connecting.look(token)


def test_nobody_is_invited_to_sign_in_somebody_elses_account_again(door: Door) -> None:
    door.connect(0)
    with pytest.raises(NotFound):
        door.token(1, account_id=door.account(0).id)


@pytest.mark.parametrize("hours", [0, -1, 24 * 7 + 1])
def test_a_link_lives_from_an_hour_to_a_week(door: Door, hours: int) -> None:
    with pytest.raises(InvalidInput) as wrong:
        door.token(lives_s=hours * 3600)
    assert set(wrong.value.fields) == {"hours"}


def test_a_refused_invitation_is_in_the_audit_trail(door: Door) -> None:
    with pytest.raises(NotFound):
        door.connecting.invite(OLGA, door.target.id, "nobody")
    (row,) = door.audit("account.invite")
    assert (row.outcome, row.subject) == ("refused", "CRM user nobody at target Sandbox")
