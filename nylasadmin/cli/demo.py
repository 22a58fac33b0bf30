"""Everything at once, ready to click: a sandbox with a company inside, and a console that knows it."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import secrets
import shlex
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from nylasadmin import logs, settings
from nylasadmin.cli.companies import NEWCOMER, newcomers_link, settle, settle_operators
from nylasadmin.cli.companions import RunningSandbox, running_sandbox
from nylasadmin.cli.exits import Exit
from nylasadmin.cli.parsing import Verbs, add_verb, count, port
from nylasadmin.cli.problems import UnusableInput
from nylasadmin.cli.serve import listening
from nylasadmin.cli.terminals import Terminal
from nylasadmin.cli.web_servers import stopped_by_signals
from nylasadmin.errors import BadSettings

if TYPE_CHECKING:
    from nylasadmin.bootstrap import Product

PASSWORD = "password"
SECRET_KEY = "secret-key"
LOG = "sandbox.log"
_REPORTED = 8
_OTHER_FOLDERS = ("address book", "mail", "mail threads")
_FOLDERS = "calendars, address books and mailboxes (mail, threads)"
_DRAIN_S = 10.0
_ROLES = {
    "olga": "operates: sees and changes everything about targets",
    "vera": "views, changes nothing",
    "peter": "has no privilege",
    "adam": "administers operators",
}


def add_to(nouns: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    verb = add_verb(nouns, "demo", demo, "start a console and a sandbox, ready to click")
    verb.add_argument("--port", type=port, default=8080, help="the console's port (default: %(default)s)")
    verb.add_argument("--sandbox-port", type=port, default=8090, metavar="PORT", help="default: %(default)s")
    verb.add_argument("--data", metavar="DIR", default="data/demo", help="keeps its files here (default: %(default)s)")
    verb.add_argument("--users", type=count, default=5, metavar="N", help="people (default: %(default)s)")
    verb.add_argument("--ics", type=Path, metavar="DIR", help="fill the sandbox with the .ics files of a directory")
    verb.add_argument("--seed", type=int, default=1, metavar="N", help="same seed, same company (default: %(default)s)")
    verb.add_argument("--password", metavar="PW", help="of all four operators (default: made once, then kept)")


def demo(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Start everything, say what is where, serve until Ctrl-C."""
    from nylasadmin import bootstrap  # late, see products

    data = Path(options.data).absolute()
    with stopped_by_signals() as stop:
        product = bootstrap.build(_settings(data, options.port))
        logs.configure(product.settings.log_level)
        try:
            with listening(product) as server, _sandbox(options, server.url, data) as sandbox:
                _prepare(product, sandbox, data, options.password)
                _welcome(terminal, server.url, sandbox, data, newcomers_link(product.services))
                server.serve(stop)
                product.runner.stop(_DRAIN_S)  # while the sandbox still answers
        finally:
            product.close()
    terminal.say("Stopped. The next start with the same data directory goes on from here.")
    return Exit.DONE


def _sandbox(
    options: argparse.Namespace, console_url: str, data: Path
) -> contextlib.AbstractContextManager[RunningSandbox]:
    """Run the sandbox; sign-ins may return to the console under either name of this machine."""
    arguments = _sandbox_arguments(options)
    for url in (console_url, console_url.replace("127.0.0.1", "localhost")):
        arguments += ["--redirect-uri", f"{url}connect/return"]
    return running_sandbox(arguments, data / LOG)


def _prepare(product: Product, sandbox: RunningSandbox, data: Path, password: str | None) -> None:
    settle_operators(product.services, *_password(data, password))
    settle(product.services, sandbox)
    product.runner.start()


def _settings(data: Path, console_port: int) -> settings.Settings:
    """Make the demo's own settings; those of the environment belong to a real installation and are left alone."""
    secret = _kept(data, SECRET_KEY, lambda: secrets.token_urlsafe(48))
    return settings.load(
        {}, data_dir=str(data), port=console_port, cookie_secure=False, log_level="WARNING", secret_key=secret
    )


def _kept(data: Path, name: str, make: Callable[[], str]) -> str:
    """Give what a file of the data directory holds; make it at the first start, readable by its owner only."""
    file = data / name
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            with open(file, "x", encoding="utf-8", opener=_owner_only) as new:
                new.write(make())
        return file.read_text("utf-8").strip()
    except OSError as error:
        problem = f"--data: {data} cannot be used ({error.strerror}). Choose another directory."
        raise BadSettings([problem]) from error


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _password(data: Path, chosen: str | None) -> tuple[str, bool]:
    """Give the operators' password, and whether it is another one than at the last start."""
    is_first = not (data / PASSWORD).exists()
    kept = _kept(data, PASSWORD, lambda: chosen or secrets.token_urlsafe(9))
    if chosen is None or chosen == kept:
        return kept, is_first
    (data / PASSWORD).write_text(chosen, "utf-8")
    return chosen, True


def _sandbox_arguments(options: argparse.Namespace) -> list[str]:
    if options.ics is not None and not options.ics.is_dir():
        raise UnusableInput(f"--ics: {options.ics} is not a directory.")
    given = {"--port": options.sandbox_port, "--users": options.users, "--seed": options.seed, "--ics": options.ics}
    return [part for name, value in given.items() if value is not None for part in (name, str(value))]


def _welcome(terminal: Terminal, url: str, sandbox: RunningSandbox, data: Path, invitation: str) -> None:
    folders = sum(len(grant.calendars) + len(_OTHER_FOLDERS) for grant in sandbox.grants)
    terminal.say()
    terminal.say(f"  Console   {url}")
    for number, (name, role) in enumerate(_ROLES.items()):
        terminal.say(f"  {'' if number else 'Operators':9} {name:6} {role}")
    terminal.say(f"  Password  {_kept(data, PASSWORD, str)}   (the same for all four)")
    terminal.say(f"  Sandbox   {sandbox.url}   {len(sandbox.grants)} accounts, {folders} {_FOLDERS}")
    terminal.say(f"  Connect   {url.rstrip('/')}{invitation}")
    terminal.say(f"            {NEWCOMER.name} is in the CRM and has connected nothing; this link is hers, for a week")
    terminal.say(f"  CLI       {command_on(data, url)}")
    terminal.say("  Stop      Ctrl-C; the sandbox starts afresh each time, the console goes on where it was")
    terminal.say()
    _report(terminal, data / LOG)
    terminal.flush()


def command_on(data: Path, url: str) -> str:
    """Give a command line that works on the demo's data, as this one was started."""
    program = [sys.executable, "-m", "nylasadmin"] if sys.argv[0].endswith("__main__.py") else [sys.argv[0]]
    settings = {"NYLASADMIN_SECRET_KEY_FILE": str(data / SECRET_KEY), "NYLASADMIN_PUBLIC_URL": url.rstrip("/")}
    given = " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
    return f"{given} {shlex.join([*program, 'link', 'list', '--data', str(data)])}"


def _kind(line: str) -> str:
    """Give what was lost and why, without the file and how often."""
    what = line.split(": ", 2)[-1]
    return textwrap.shorten(re.sub(r" of [\d,]+ events?:", ":", what), 100, placeholder=" ...")


def _report(terminal: Terminal, log_file: Path) -> None:
    """Sum up what of the loaded calendars the sandbox could not represent."""
    lines = log_file.read_text("utf-8", "replace").splitlines()
    if not lines:
        return
    kinds = Counter(_kind(line) for line in lines)
    terminal.say(f"  {len(lines)} parts of the loaded calendars could not be represented as they are:")
    for kind, number in kinds.most_common(_REPORTED):
        terminal.say(f"  {number:6} x {kind}")
    if len(kinds) > _REPORTED:
        terminal.say(f"         ... and {len(kinds) - _REPORTED} other kinds")
    terminal.say(f"  Each one is in {log_file}")
    terminal.say()
