"""Privileges and who holds them. Which route needs which is declared at the route and checked by one guard."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Privilege(StrEnum):
    VIEW = "nylas:NylasView"
    MANAGE = "nylas:NylasManage"
    OPERATORS = "admin:OperatorManage"


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """A person who may sign in. ``sign_in_serial`` rises when every session of the person must end."""

    id: int
    username: str
    privileges: frozenset[Privilege] = frozenset()
    is_disabled: bool = False
    sign_in_serial: int = 1

    def may(self, privilege: Privilege) -> bool:
        """Say whether the operator holds a privilege; managing includes viewing."""
        if privilege is Privilege.VIEW and Privilege.MANAGE in self.privileges:
            return not self.is_disabled
        return privilege in self.privileges and not self.is_disabled


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who does something, and from where: an operator at an address, or the command line."""

    name: str
    address: str = ""


ENGINE = Actor(name="(engine)")
COMMAND_LINE = Actor(name="(command line)", address="local")
