"""The CRM side as JSON lines: export and import."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from nylasadmin.cli.exits import Exit
from nylasadmin.cli.parsing import Verbs, add_installation, add_noun, add_verb
from nylasadmin.cli.problems import UnusableInput
from nylasadmin.cli.products import opened
from nylasadmin.cli.terminals import Terminal, number_of
from nylasadmin.domain.privileges import COMMAND_LINE

_SHAPE = """A line is {"type": "user", "id", "name", "email"}
or {"type": "event", "id": left out for a new item, "user": a user's id,
"collection": "primary" if left out, "item": {}},
and the same with "contact", "message" or "thread" for "event",
"collection" being "contacts", "mail" or "threads" if left out.
Users come before their items."""


def add_to(nouns: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the noun's commands."""
    verbs = add_noun(nouns, "crm", "the CRM's users and items")
    writing = add_verb(verbs, "export", export, "write users and items as JSON lines", details=_SHAPE)
    writing.add_argument("--user", metavar="U", help="of this user only, by id or e-mail address")
    reading = add_verb(verbs, "import", load, "take users and items from JSON lines", details=_SHAPE)
    reading.add_argument("file", metavar="FILE", help="file to read, - for standard input")
    for verb in (writing, reading):
        add_installation(verb)


def export(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Write users and items."""
    with opened(options) as product:
        for line in product.services.crm.export(options.user):
            terminal.say_bytes(line)
    return Exit.DONE


def load(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Take users and items; damaged lines are named, the rest is taken."""
    with _lines(options.file) as lines, opened(options) as product:
        report = product.services.crm.load(COMMAND_LINE, lines)
    for number, what in report.problems:
        terminal.complain(f"line {number}: {what}")
    taken = f"{number_of(report.users, 'user')} and {number_of(report.items, 'item')} imported"
    terminal.say(f"{taken}, {number_of(len(report.problems), 'line')} damaged.")
    return Exit.FAILED if report.problems else Exit.DONE


@contextmanager
def _lines(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        file = open(name, "rb")  # noqa: SIM115 - closed below; only opening may fail with this sentence
    except OSError as error:
        raise UnusableInput(f"{name} cannot be read ({error.strerror}).") from error
    with file:
        yield file
