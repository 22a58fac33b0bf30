"""Targets: add, list, test the connection, discover accounts and links."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from nylasadmin.cli import policies
from nylasadmin.cli.exits import Exit
from nylasadmin.cli.parsing import Verbs, add_installation, add_json, add_noun, add_verb
from nylasadmin.cli.problems import UnusableInput
from nylasadmin.cli.products import opened
from nylasadmin.cli.terminals import Terminal, number_of
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.domain.targets import TargetForm
from nylasadmin.services.views import Discovery, Probe, TargetRow

_HEADINGS = ("ID", "NAME", "HOST", "INBOUND", "OUTBOUND", "LINKS", "STATE")
_LIST_SHAPE = """JSON: [{"id", "name", "host", "inbound", "outbound", "is_disabled", "links", "need_sign_in", "failing",
       "held", "last_activity": Unix seconds or null, "percent": of the snapshot that runs, or null}]"""
_TEST_SHAPE = """JSON: {"took_ms", "application_name", "application_id", "region", "problem": empty when all is well,
       "advice", "is_slow"}"""
_DISCOVER_SHAPE = """JSON: {"grants", "accounts_made", "links_made", "links_kept", "unmatched": [addresses],
       "problems": []}"""


def add_to(nouns: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the noun's commands."""
    verbs = add_noun(nouns, "target", "Nylas applications the CRM synchronizes with")
    adding = add_verb(verbs, "add", add, "add a target")
    _add_form(adding)
    listing = add_verb(verbs, "list", list_all, "list targets", details=_LIST_SHAPE)
    testing = add_verb(verbs, "test", test, "ask Nylas for the application", details=_TEST_SHAPE)
    finding = add_verb(
        verbs,
        "discover",
        discover,
        "make accounts and links of CRM users",
        details=_DISCOVER_SHAPE,
    )
    policies.add_to(verbs)
    for verb in (testing, finding):
        verb.add_argument("name")
    for verb in (listing, testing, finding):
        add_json(verb)
    for verb in (adding, listing, testing, finding):
        add_installation(verb)


def _add_form(adding: argparse.ArgumentParser) -> None:
    adding.add_argument("name")
    adding.add_argument("--host", required=True, help="fully qualified domain name, for example api.us.nylas.com")
    key = adding.add_mutually_exclusive_group(required=True)
    key.add_argument("--api-key-file", metavar="FILE", type=Path, help="file that holds the application's API key")
    key.add_argument("--api-key-stdin", action="store_true", help="read the API key from standard input")
    adding.add_argument("--base-url", default="", metavar="URL", help="address of the API (default: https://HOST)")


def add(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Add a target."""
    form = TargetForm(name=options.name, host=options.host, base_url=options.base_url, api_key=_key(options))
    with opened(options) as product:
        target = product.services.targets.add(COMMAND_LINE, form)
    terminal.say(f"Target {target.name} added. Next: nylasadmin target test {target.name!r}")
    return Exit.DONE


def _key(options: argparse.Namespace) -> str:
    if options.api_key_stdin:
        return sys.stdin.readline().strip()
    try:
        return str(options.api_key_file.read_text("utf-8").strip())
    except (OSError, ValueError) as error:
        raise UnusableInput(f"{options.api_key_file} cannot be read ({error}).") from error


def list_all(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """List targets."""
    with opened(options) as product:
        rows = product.services.console.targets()
    if options.json:
        terminal.say_json(rows)
    else:
        terminal.say_table(_HEADINGS, [_cells(row) for row in rows])
    return Exit.DONE


def _cells(row: TargetRow) -> tuple[str, ...]:
    inbound, outbound = ("on" if is_on else "off" for is_on in (row.inbound, row.outbound))
    return str(row.id), row.name, row.host, inbound, outbound, str(row.links), _state(row)


def _state(row: TargetRow) -> str:
    words = (
        (row.is_disabled, "disabled"),
        (row.percent is not None, f"snapshot {row.percent} %"),
        (row.held, f"{row.held} held"),
        (row.failing, f"{row.failing} failing"),
        (row.need_sign_in, f"{row.need_sign_in} need{'s' if row.need_sign_in == 1 else ''} sign-in"),
    )
    return ", ".join(word for applies, word in words if applies) or _calm(row)


def _calm(row: TargetRow) -> str:
    """Say what nothing is the matter with, as the console does."""
    if not row.links:
        return "no links"
    return "ready" if row.last_activity is None else "idle"


def test(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Test the connection."""
    with opened(options) as product:
        targets = product.services.targets
        probe = targets.test(COMMAND_LINE, targets.by_name(options.name).id)
    if options.json:
        terminal.say_json(probe)
    else:
        _say_probe(probe, terminal)
    return Exit.FAILED if probe.problem else Exit.DONE


def _say_probe(probe: Probe, terminal: Terminal) -> None:
    if probe.problem:
        terminal.complain(f"{probe.problem} {probe.advice}")
        return
    name = probe.application_name or probe.application_id
    slow = " That is slow." if probe.is_slow else ""
    terminal.say(f"Connected: application {name}, region {probe.region or 'unknown'}, {probe.took_ms} ms.{slow}")


def discover(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Make accounts and links."""
    with opened(options) as product:
        targets = product.services.targets
        found = targets.discover(COMMAND_LINE, targets.by_name(options.name).id)
    if options.json:
        terminal.say_json(found)
    else:
        _say_discovery(found, terminal)
    return Exit.FAILED if found.problems else Exit.DONE


def _say_discovery(found: Discovery, terminal: Terminal) -> None:
    made = f"{number_of(found.accounts_made, 'account')} and {number_of(found.links_made, 'link')} made"
    terminal.say(f"{number_of(found.grants, 'grant')}: {made}, {found.links_kept:,} kept.")
    if found.unmatched:
        terminal.say(f"No CRM user has the address of: {', '.join(found.unmatched)}.")
    for problem in found.problems:
        terminal.complain(problem)
