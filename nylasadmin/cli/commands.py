"""All commands: finds the one that is meant, runs it, turns errors into sentences and exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from nylasadmin import __version__
from nylasadmin.cli import (
    accounts,
    crm,
    demo,
    explain,
    failed,
    links,
    maintenance,
    operators,
    problems,
    serve,
    snapshots,
    targets,
)
from nylasadmin.cli.exits import EXIT_CODES, Exit
from nylasadmin.cli.terminals import Terminal
from nylasadmin.errors import NylasAdminError

_NOUNS = (demo, serve, operators, targets, accounts, links, explain, snapshots, failed, crm, maintenance)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; give its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["sandbox"]:
        from nylasadmin.cli import sandbox  # late: it parses by itself and nothing else needs it

        return sandbox.serve(arguments[1:])
    try:
        options = parser().parse_args(arguments)
    except SystemExit as end:  # argparse has said what it had to say
        return int(end.code or 0)
    return int(_run(options, Terminal()))


def _run(options: argparse.Namespace, terminal: Terminal) -> Exit:
    try:
        code: Exit = options.handle(options, terminal)
        terminal.flush()
    except NylasAdminError as error:
        return problems.explained(error, terminal)
    except KeyboardInterrupt:
        terminal.complain("interrupted")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        return _reader_has_gone()
    return code


def _reader_has_gone() -> Exit:
    """End quietly when the output's reader (head, less) has enough; the interpreter must not write at its own end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.FAILED


def parser() -> argparse.ArgumentParser:
    """Make the parser of all commands."""
    made = argparse.ArgumentParser(
        prog="nylasadmin",
        description="Keeps a CRM and its users' calendars and contacts in step through Nylas.",
        epilog=EXIT_CODES,
    )
    made.add_argument("--version", action="version", version=f"nylasadmin {__version__}")
    nouns = made.add_subparsers(metavar="COMMAND", required=True)
    for noun in _NOUNS:
        noun.add_to(nouns)
    nouns.add_parser("sandbox", help="serve a Nylas v3 look-alike with believable calendars", add_help=False)
    return made
