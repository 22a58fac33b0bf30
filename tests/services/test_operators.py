"""Operators: signing in, privileges, and never being left without an administrator."""

from __future__ import annotations

import pytest

from nylasadmin.domain.privileges import Privilege
from nylasadmin.errors import InvalidInput, NotFound, Refused
from nylasadmin.services import Services
from tests.services.worlds import OLGA, World

PASSWORD = "correct horse battery"


@pytest.fixture
def services(world: World) -> Services:
    world.services.operators.add(OLGA, "adam", PASSWORD, [Privilege.OPERATORS])
    return world.services


def test_a_new_operator_can_sign_in(services: Services) -> None:
    services.operators.add(OLGA, " vera ", PASSWORD, [Privilege.VIEW])

    vera = services.operators.sign_in("vera", PASSWORD, "10.0.0.9")

    assert (vera.username, vera.privileges) == ("vera", {Privilege.VIEW})
    assert next(r for r in services.operators.rows() if r.username == "vera").last_sign_in_at


@pytest.mark.parametrize(
    ("username", "password", "field"),
    [
        ("v", PASSWORD, "username"),
        ("vera vera", PASSWORD, "username"),
        ("adam", PASSWORD, "username"),
        ("ADAM", PASSWORD, "username"),
        ("vera", "short", "password"),
    ],
)
def test_a_name_or_password_that_will_not_do_is_refused(
    services: Services, username: str, password: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.operators.add(OLGA, username, password, [])

    assert list(refused.value.fields) == [field]


def test_a_disabled_operator_cannot_sign_in(services: Services) -> None:
    vera = services.operators.add(OLGA, "vera", PASSWORD, [])
    services.operators.set_disabled(OLGA, vera.id, True)

    with pytest.raises(InvalidInput):
        services.operators.sign_in("vera", PASSWORD, "10.0.0.9")


def test_a_new_password_ends_every_session(services: Services) -> None:
    vera = services.operators.add(OLGA, "vera", PASSWORD, [])

    services.operators.set_password(OLGA, vera.id, "another long password")

    now = services.operators.by_id(vera.id)
    assert now is not None
    assert now.sign_in_serial > vera.sign_in_serial
    with pytest.raises(InvalidInput):
        services.operators.sign_in("vera", PASSWORD, "")
    with pytest.raises(InvalidInput):
        services.operators.set_password(OLGA, vera.id, "short")


def test_privileges_are_given_and_taken_by_name(services: Services) -> None:
    services.operators.add(OLGA, "vera", PASSWORD, [])

    services.operators.grant(OLGA, "vera", Privilege.VIEW)
    given = services.operators.by_name("vera").privileges
    services.operators.revoke(OLGA, "vera", Privilege.VIEW)

    assert (given, services.operators.by_name("vera").privileges) == ({Privilege.VIEW}, set())


def test_the_last_administrator_stays_one(services: Services) -> None:
    adam = services.operators.by_name("adam")

    for take_away in (
        lambda: services.operators.revoke(OLGA, "adam", Privilege.OPERATORS),
        lambda: services.operators.set_privileges(OLGA, adam.id, []),
        lambda: services.operators.set_disabled(OLGA, adam.id, True),
    ):
        with pytest.raises(Refused) as refused:
            take_away()
        assert refused.value.why == "last_administrator"

    assert services.operators.holders(Privilege.OPERATORS) == ["adam"]


def test_an_operator_nobody_knows_is_not_found(services: Services) -> None:
    assert services.operators.by_id(99) is None
    for ask in (
        lambda: services.operators.by_name("nobody"),
        lambda: services.operators.grant(OLGA, "nobody", Privilege.VIEW),
        lambda: services.operators.set_privileges(OLGA, 99, []),
        lambda: services.operators.set_password(OLGA, 99, PASSWORD),
        lambda: services.operators.set_disabled(OLGA, 99, True),
    ):
        with pytest.raises(NotFound):
            ask()
