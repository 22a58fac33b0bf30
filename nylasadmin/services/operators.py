"""Operators: who may sign in, with which privileges."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

from nylasadmin.domain import limits
from nylasadmin.domain.privileges import Actor, Operator, Privilege
from nylasadmin.errors import InvalidInput, NotFound, Refused
from nylasadmin.services.audit import record
from nylasadmin.services.refusals import noting_refusals
from nylasadmin.services.storage import Passwords, Storage, UnitOfWork
from nylasadmin.services.views import OperatorRow

_LEAST_PASSWORD = 10


class Operators:
    def __init__(self, storage: Storage, passwords: Passwords) -> None:
        self._storage = storage
        self._passwords = passwords

    @cached_property
    def _nobody(self) -> str:
        """Give what unknown names are compared against, so that they take as long. Made late: it takes 0.1 s."""
        return self._passwords.hashed("no such operator")

    def sign_in(self, username: str, password: str, address: str) -> Operator:
        """Check name and password. Raises :class:`InvalidInput` without saying which of both is wrong."""
        nobody = self._nobody  # asked for whatever the name: the first sign-in of a process tells nothing either
        with self._storage.read() as tx:
            operator = tx.operators.by_name(username.strip())
            stored = tx.operators.password_hash(operator.id) if operator else nobody
        is_right = self._passwords.matches(stored, password)
        actor = Actor(name=operator.username if operator else username.strip(), address=address)
        if operator is None or operator.is_disabled or not is_right:
            with self._storage.write() as tx:
                record(tx, actor, "operator.sign_in", f"operator {actor.name}", outcome="denied")
            raise InvalidInput({"password": "User name or password is wrong. Try again, or ask an administrator."})
        with self._storage.write() as tx:
            tx.operators.signed_in(operator.id)
            record(tx, actor, "operator.sign_in", f"operator {operator.username}")
        return operator

    def sign_out(self, actor: Actor) -> None:
        with self._storage.write() as tx:
            record(tx, actor, "operator.sign_out", f"operator {actor.name}")

    def by_id(self, operator_id: int) -> Operator | None:
        with self._storage.read() as tx:
            return tx.operators.get(operator_id)

    def by_name(self, username: str) -> Operator:
        """Give an operator by name. Raises :class:`NotFound`."""
        with self._storage.read() as tx:
            return _named(tx, username)

    def holders(self, privilege: Privilege) -> list[str]:
        with self._storage.read() as tx:
            return tx.operators.holders(privilege)

    def rows(self) -> list[OperatorRow]:
        with self._storage.read() as tx:
            return tx.operators.rows()

    @noting_refusals("operator.add", "operator {username}")
    def add(self, actor: Actor, username: str, password: str, privileges: Iterable[Privilege]) -> Operator:
        """Add an operator. Raises :class:`InvalidInput` for a name in use or a password that is too short."""
        username, chosen = username.strip(), sorted(set(privileges))
        problems = _name_problems(username) | _password_problems(password)
        hashed = "" if problems else self._passwords.hashed(password)
        with self._storage.write() as tx:
            if not problems and (same := tx.operators.by_name(username)):
                problems = {"username": f"There is an operator {same.username} already; choose another name."}
            if problems:
                raise InvalidInput(problems)
            operator_id = tx.operators.add(username, hashed)
            tx.operators.set_privileges(operator_id, chosen)
            record(tx, actor, "operator.add", f"operator {username}", new={"privileges": chosen})
            return _with_id(tx, operator_id)

    @noting_refusals("operator.privileges", "operator {username}")
    def grant(self, actor: Actor, username: str, privilege: Privilege) -> None:
        with self._storage.write() as tx:
            operator = _named(tx, username)
            self._set_privileges(tx, actor, operator, operator.privileges | {privilege})

    @noting_refusals("operator.privileges", "operator {username}")
    def revoke(self, actor: Actor, username: str, privilege: Privilege) -> None:
        with self._storage.write() as tx:
            operator = _named(tx, username)
            self._set_privileges(tx, actor, operator, operator.privileges - {privilege})

    @noting_refusals("operator.privileges", "operator {operator_id}")
    def set_privileges(self, actor: Actor, operator_id: int, privileges: Iterable[Privilege]) -> None:
        with self._storage.write() as tx:
            self._set_privileges(tx, actor, _with_id(tx, operator_id), frozenset(privileges))

    def _set_privileges(
        self, tx: UnitOfWork, actor: Actor, operator: Operator, privileges: frozenset[Privilege]
    ) -> None:
        if Privilege.OPERATORS in operator.privileges - privileges:
            _keep_an_administrator(tx, operator)
        tx.operators.set_privileges(operator.id, privileges)
        record(
            tx,
            actor,
            "operator.privileges",
            f"operator {operator.username}",
            old=sorted(operator.privileges),
            new=sorted(privileges),
        )

    @noting_refusals("operator.password", "operator {operator_id}")
    def set_password(self, actor: Actor, operator_id: int, password: str) -> None:
        """Set a password; every session of the operator ends. Raises :class:`InvalidInput`."""
        problems = _password_problems(password)
        if problems:
            raise InvalidInput(problems)
        hashed = self._passwords.hashed(password)
        with self._storage.write() as tx:
            operator = _with_id(tx, operator_id)
            tx.operators.set_password(operator.id, hashed)
            record(tx, actor, "operator.password", f"operator {operator.username}")

    @noting_refusals("operator.disable", "operator {operator_id}")
    def set_disabled(self, actor: Actor, operator_id: int, is_disabled: bool) -> None:
        with self._storage.write() as tx:
            operator = _with_id(tx, operator_id)
            if is_disabled and Privilege.OPERATORS in operator.privileges:
                _keep_an_administrator(tx, operator)
            tx.operators.set_disabled(operator.id, is_disabled)
            record(
                tx,
                actor,
                "operator.disable" if is_disabled else "operator.enable",
                f"operator {operator.username}",
                old={"is_disabled": operator.is_disabled},
                new={"is_disabled": is_disabled},
            )


def _keep_an_administrator(tx: UnitOfWork, operator: Operator) -> None:
    if tx.operators.holders(Privilege.OPERATORS) == [operator.username]:
        raise Refused("last_administrator")


def _named(tx: UnitOfWork, username: str) -> Operator:
    operator = tx.operators.by_name(username.strip())
    if operator is None:
        raise NotFound("operator", username)
    return operator


def _with_id(tx: UnitOfWork, operator_id: int) -> Operator:
    operator = tx.operators.get(operator_id)
    if operator is None:
        raise NotFound("operator", operator_id)
    return operator


def _name_problems(username: str) -> dict[str, str]:
    if re.fullmatch(r"[A-Za-z0-9._@-]{2,80}", username):
        return {}
    return {"username": "Use 2 to 80 letters, digits, dots, dashes, underscores or @."}


def _password_problems(password: str) -> dict[str, str]:
    if len(password) >= _LEAST_PASSWORD:
        return limits.problems({"password": (password, limits.PASSWORD)})
    return {"password": f"Use at least {_LEAST_PASSWORD} characters; several words are easy to remember."}
