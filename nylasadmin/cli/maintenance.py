"""Looking after an installation: check its configuration, bring its database to the present tables."""

from __future__ import annotations

import argparse

import msgspec

from nylasadmin.cli.exits import Exit
from nylasadmin.cli.parsing import Verbs, add_installation, add_verb
from nylasadmin.cli.products import read_settings
from nylasadmin.cli.terminals import Terminal

_SECRET = ("secret_key", "secret_key_previous", "database_url")


def add_to(nouns: Verbs[argparse.ArgumentParser]) -> None:
    """Declare both commands."""
    upgrading = add_verb(nouns, "upgrade", upgrade, "bring the database to the present tables, after copying it")
    checking = add_verb(nouns, "check-config", check_config, "list every problem of the configuration")
    for verb in (upgrading, checking):
        add_installation(verb)


def upgrade(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Upgrade the database."""
    from nylasadmin import bootstrap  # late, see products

    copy = bootstrap.upgrade_database(read_settings(options))
    terminal.say("The database has the present tables." if copy is None else f"Upgraded. The former database: {copy}")
    return Exit.DONE


def check_config(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Show the settings in force, and whether the database answers; nothing is made. Problems are raised together."""
    from nylasadmin import bootstrap  # late, see products

    settings = read_settings(options)
    about_database = bootstrap.check_database(settings)
    for name, value in msgspec.structs.asdict(settings).items():
        terminal.say(f"{name} = {_shown(name, value)}")
    terminal.say(about_database)
    terminal.say("The configuration can be used.")
    return Exit.DONE


def _shown(name: str, value: object) -> str:
    if name in _SECRET:
        return "(set)" if value else "(not set)"
    return str(value)
