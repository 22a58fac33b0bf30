"""Errors in the sentences of :mod:`nylasadmin.services.wording`, each with its exit code. Never a traceback."""

from __future__ import annotations

from nylasadmin.cli.exits import Exit
from nylasadmin.cli.terminals import Terminal
from nylasadmin.errors import BadSettings, InvalidInput, NotFound, NylasAdminError, NylasError
from nylasadmin.services.wording import raw, sentence

_OPTIONS = {"username": "name", "typed_deletes": "deletes", "typed": "confirm"}
_LISTED_BY = {
    "account": "account list",
    "target": "target list",
    "link": "link list",
    "operator": "operator list",
    "user": "crm export",
}


class UnusableInput(NylasAdminError):
    """What a command was given cannot be used: a file that is not there, an empty key, a port in use."""


def explained(error: NylasAdminError, terminal: Terminal) -> Exit:
    """Say what went wrong; give the exit code."""
    for line in _lines(error):
        terminal.complain(line)
    is_usage = isinstance(error, UnusableInput | InvalidInput | BadSettings | NotFound)
    return Exit.USAGE if is_usage else Exit.FAILED


def _lines(error: NylasAdminError) -> list[str]:
    if isinstance(error, UnusableInput):
        return [str(error)]
    if isinstance(error, BadSettings):
        return error.problems
    if isinstance(error, InvalidInput):
        return [f"{_OPTIONS.get(field, field).replace('_', '-')}: {what}" for field, what in error.fields.items()]
    if isinstance(error, NotFound):
        return [f"There is no {error.kind} {error.key}.{_advice(error.kind)}"]
    if isinstance(error, NylasError):
        return [sentence(error), *([f"Nylas said: {raw(error)}"] if raw(error) else [])]
    return [sentence(error)]


def _advice(kind: str) -> str:
    command = _LISTED_BY.get(kind)
    return f" `nylasadmin {command}` shows what there is." if command else ""
