"""How nouns and verbs are declared, and the options that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from nylasadmin.cli.exits import EXIT_CODES, Exit
from nylasadmin.cli.terminals import Terminal

Handler = Callable[[argparse.Namespace, Terminal], Exit]
Verbs = argparse._SubParsersAction  # argparse has no public name for what add_subparsers returns


def add_noun(nouns: Verbs[argparse.ArgumentParser], name: str, about: str) -> Verbs[argparse.ArgumentParser]:
    """Declare a noun; give the place for its verbs."""
    noun = nouns.add_parser(name, help=about, description=about)
    return noun.add_subparsers(metavar="COMMAND", required=True)


def add_verb(
    verbs: Verbs[argparse.ArgumentParser], name: str, handle: Handler, about: str, *, details: str = ""
) -> argparse.ArgumentParser:
    """Declare what is done by ``handle``."""
    verb = verbs.add_parser(
        name,
        help=about,
        description=about,
        epilog=f"{details}\n\n{EXIT_CODES}".strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.set_defaults(handle=handle)
    return verb


def add_installation(verb: argparse.ArgumentParser) -> None:
    """Add the options that say which installation is meant; without them the environment does."""
    verb.add_argument("--data", metavar="DIR", help="data directory (default: NYLASADMIN_DATA_DIR)")
    verb.add_argument("--config", metavar="FILE", help="TOML file with settings (default: NYLASADMIN_CONFIG)")


def add_json(verb: argparse.ArgumentParser) -> None:
    """Add the wish for JSON instead of a table."""
    verb.add_argument("--json", action="store_true", help="print JSON")


def port(text: str) -> int:
    """Read a port number; 0 lets the system choose."""
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError("use a number from 0 to 65535")
    return number


def count(text: str) -> int:
    """Read a whole number from 1 on."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("use a number from 1 on")
    return number


def row(text: str) -> int:
    """Read the number of a row, or a count of rows: from 0 to what a database holds."""
    number = int(text)
    if not 0 <= number < 2**63:
        raise argparse.ArgumentTypeError("there is no such number")
    return number


def days(text: str) -> int:
    """Read a number of days, 0 included."""
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise argparse.ArgumentTypeError("enter a whole number of days, for example 30")
    return int(text)
