"""A row of the audit trail for every try that is refused, in one place for the console and the command line.

A method of a use case that changes something is marked with :func:`noting_refusals`. What it raises has rolled its own
transaction back, and with it the row of the change; this writes the row of the try instead, so that each try leaves
exactly one. Shells note nothing themselves, except what never reaches a use case.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from nylasadmin.domain.plan import Direction
from nylasadmin.domain.privileges import Actor
from nylasadmin.errors import InvalidInput, NotFound, NylasAdminError, NylasError, Refused, StaleVersion
from nylasadmin.services import wording
from nylasadmin.services.audit import record
from nylasadmin.services.storage import Storage, UnitOfWork

_P = ParamSpec("_P")
_R = TypeVar("_R")

_REFUSALS = (InvalidInput, NotFound, NylasError, Refused, StaleVersion)


class _UseCases(Protocol):
    @property
    def _storage(self) -> Storage: ...


class _Wish(Protocol):
    @property
    def direction(self) -> Direction: ...
    @property
    def target_id(self) -> int | None: ...
    @property
    def link_id(self) -> int | None: ...


_S = TypeVar("_S", bound=_UseCases)
_Method = Callable[Concatenate[_S, Actor, _P], _R]


def noting_refusals(action: str, subject: str) -> Callable[[_Method[_S, _P, _R]], _Method[_S, _P, _R]]:
    """Note a refused try as ``action`` on ``subject``, a format over the method's arguments, ids given as names."""

    def mark(method: _Method[_S, _P, _R]) -> _Method[_S, _P, _R]:
        signature = inspect.signature(method)

        @functools.wraps(method)
        def noted(self: _S, actor: Actor, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
            try:
                return method(self, actor, *args, **kwargs)
            except _REFUSALS as error:
                given = signature.bind(self, actor, *args, **kwargs).arguments
                with self._storage.write() as tx:
                    name = subject.format(**_named(tx, given))
                    record(tx, actor, action, name, new=_why(error), outcome=_outcome(error))
                raise

        return noted

    return mark


def _named(tx: UnitOfWork, given: Mapping[str, Any]) -> dict[str, Any]:
    """Give the arguments with names in place of ids, as the rows of what was done have them."""
    return {key: _NAMES[key](tx, value) if key in _NAMES else value for key, value in given.items()}


def _target_name(tx: UnitOfWork, target_id: int) -> str:
    """Give a target's name; of one that is not there, its number."""
    try:
        return tx.targets.get(target_id).name
    except NotFound:
        return str(target_id)


def _link_name(tx: UnitOfWork, link_id: int) -> str:
    """Give a link's number, with its folder if it is there."""
    try:
        link = tx.links.get(link_id)
    except NotFound:
        return str(link_id)
    return f"{link.id} {link.folder_owner} · {link.folder_name}"


def _account_name(tx: UnitOfWork, account_id: int) -> str:
    """Give an account's address; of one that is not there, its number."""
    try:
        return tx.accounts.get(account_id).email
    except NotFound:
        return str(account_id)


def _operator_name(tx: UnitOfWork, operator_id: int) -> str:
    operator = tx.operators.get(operator_id)
    return operator.username if operator else str(operator_id)


def _snapshot_name(tx: UnitOfWork, snapshot_id: int) -> str:
    try:
        return f"{snapshot_id} of {tx.console.snapshot(snapshot_id).target_name}"
    except NotFound:
        return str(snapshot_id)


def _wish_name(tx: UnitOfWork, wish: _Wish) -> str:
    if wish.link_id is not None:
        return f"{wish.direction} snapshot of link {_link_name(tx, wish.link_id)}"
    return f"{wish.direction} snapshot of target {_target_name(tx, wish.target_id or 0)}"


_NAMES: dict[str, Callable[[UnitOfWork, Any], str]] = {
    "target_id": _target_name,
    "link_id": _link_name,
    "account_id": _account_name,
    "operator_id": _operator_name,
    "snapshot_id": _snapshot_name,
    "wish": _wish_name,
}


def _outcome(error: NylasAdminError) -> str:
    return "failed" if isinstance(error, NylasError) else "refused"


def _why(error: NylasAdminError) -> dict[str, object]:
    """Say why, without values: a field may hold a secret, a list of links may be long."""
    if isinstance(error, InvalidInput):
        return {"fields": sorted(error.fields)}
    if isinstance(error, Refused):
        return {"why": error.why} | {k: v for k, v in error.facts.items() if isinstance(v, int | str)}
    if isinstance(error, StaleVersion):
        return {"why": "changed meanwhile"}
    return {"why": "not there"} if isinstance(error, NotFound) else {"why": wording.explain(error).title}
