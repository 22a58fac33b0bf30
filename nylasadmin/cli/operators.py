"""Operators: who may sign in to the console, with which privileges."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from nylasadmin.cli.exits import Exit
from nylasadmin.cli.parsing import Verbs, add_installation, add_json, add_noun, add_verb
from nylasadmin.cli.products import opened
from nylasadmin.cli.terminals import Terminal
from nylasadmin.domain.privileges import COMMAND_LINE, Privilege

_HEADINGS = ("NAME", "PRIVILEGES", "STATE", "LAST SIGN-IN")
_LIST_SHAPE = 'JSON: [{"id", "username", "privileges": [], "is_disabled", "last_sign_in_at": Unix seconds or null}]'


def add_to(nouns: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the noun's commands."""
    verbs = add_noun(nouns, "operator", "who may sign in to the console")
    adding = add_verb(verbs, "add", add, "add an operator")
    adding.add_argument("name")
    given = adding.add_mutually_exclusive_group(required=True)
    given.add_argument("--password", metavar="PW", help="visible to others on this machine while the command runs")
    given.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    adding.add_argument("--privilege", action="append", default=[], type=privilege, metavar="P", help=_privileges())
    listing = add_verb(verbs, "list", list_all, "list operators", details=_LIST_SHAPE)
    add_json(listing)
    verb_parsers = [adding, listing]
    for word, handle in (("grant", grant), ("revoke", revoke)):
        verb = add_verb(verbs, word, handle, f"{word} an operator a privilege".replace("revoke an", "revoke from an"))
        verb.add_argument("name")
        verb.add_argument("privilege", type=privilege, help=_privileges())
        verb_parsers.append(verb)
    for verb in verb_parsers:
        add_installation(verb)


def privilege(text: str) -> Privilege:
    """Read a privilege, by its whole name or what follows the colon."""
    for known in Privilege:
        if text.lower() in (known.lower(), known.rpartition(":")[2].lower()):
            return known
    raise argparse.ArgumentTypeError(f"there is no privilege {text}; use {_privileges()}")


def _privileges() -> str:
    return ", ".join(Privilege)


def add(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Add an operator."""
    password = sys.stdin.readline().rstrip("\r\n") if options.password_stdin else options.password
    with opened(options) as product:
        made = product.services.operators.add(COMMAND_LINE, options.name, password, options.privilege)
    terminal.say(f"Operator {made.username} added, {_held(made.privileges)}.")
    return Exit.DONE


def list_all(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """List operators."""
    with opened(options) as product:
        rows = product.services.operators.rows()
    if options.json:
        terminal.say_json(rows)
        return Exit.DONE
    cells = [
        (
            row.username,
            ", ".join(row.privileges) or "-",
            "disabled" if row.is_disabled else "",
            _day(row.last_sign_in_at),
        )
        for row in rows
    ]
    terminal.say_table(_HEADINGS, cells)
    return Exit.DONE


def _day(at: int | None) -> str:
    return "never" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def grant(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Grant a privilege."""
    with opened(options) as product:
        product.services.operators.grant(COMMAND_LINE, options.name, options.privilege)
        now = product.services.operators.by_name(options.name)
    terminal.say(f"Operator {now.username}: {_held(now.privileges)}.")
    return Exit.DONE


def revoke(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Revoke a privilege."""
    with opened(options) as product:
        product.services.operators.revoke(COMMAND_LINE, options.name, options.privilege)
        now = product.services.operators.by_name(options.name)
    terminal.say(f"Operator {now.username}: {_held(now.privileges)}.")
    return Exit.DONE


def _held(privileges: frozenset[Privilege]) -> str:
    return ", ".join(sorted(privileges)) or "no privilege"
