"""A row of the audit trail for every try that is refused, in one place for the console and the command line.

A method of a use case that changes something is marked with :func:`noting_refusals`. What it raises has rolled its own
transaction back, and with it the row of the change; this writes the row of the try instead, so that each try leaves
exactly one. Shells note nothing themselves, except what never reaches a use case.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from nylasadmin.domain.privileges import Actor
from nylasadmin.errors import InvalidInput, NotFound, NylasAdminError, NylasError, Refused, StaleVersion
from nylasadmin.services import wording
from nylasadmin.services.audit import record
from nylasadmin.services.storage import Storage

_P = ParamSpec("_P")
_R = TypeVar("_R")

_REFUSALS = (InvalidInput, NotFound, NylasError, Refused, StaleVersion)


class _UseCases(Protocol):
    @property
    def _storage(self) -> Storage: ...


_S = TypeVar("_S", bound=_UseCases)
_Method = Callable[Concatenate[_S, Actor, _P], _R]


def noting_refusals(action: str, subject: str) -> Callable[[_Method[_S, _P, _R]], _Method[_S, _P, _R]]:
    """Note a refused try as ``action`` on ``subject``, a format over the method's arguments by name."""

    def mark(method: _Method[_S, _P, _R]) -> _Method[_S, _P, _R]:
        signature = inspect.signature(method)

        @functools.wraps(method)
        def noted(self: _S, actor: Actor, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
            try:
                return method(self, actor, *args, **kwargs)
            except _REFUSALS as error:
                given = signature.bind(self, actor, *args, **kwargs).arguments
                with self._storage.write() as tx:
                    record(tx, actor, action, subject.format(**given), new=_why(error), outcome=_outcome(error))
                raise

        return noted

    return mark


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
