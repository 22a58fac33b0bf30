"""The command that starts a sandbox: fills it, says where it is in one line of JSON, serves until told to stop."""

from __future__ import annotations

import argparse
import gc
import json
import os
import signal
import sys
import threading
from pathlib import Path

from nylasadmin.sandbox.clocks import FrozenClock
from nylasadmin.sandbox.filling import fill
from nylasadmin.sandbox.server import SandboxServer
from nylasadmin.sandbox.state import Sandbox

_DEFAULT_EVENTS, _DEFAULT_CONTACTS, _DEFAULT_MESSAGES = 120, 40, 60
"""More accounts than this make the start line longer than anybody reads; the API lists them all."""


def main(argv: list[str] | None = None) -> int:
    """Run the command; return 0 after a clean stop, 1 if the address cannot be used, 2 on wrong usage."""
    options = _parser().parse_args(argv)
    wrong = _wrong_path(options)
    if wrong is not None:
        print(f"sandbox: {wrong}", file=sys.stderr)  # noqa: T201
        return 2
    clock = None if options.clock is None else FrozenClock(options.clock)
    sandbox = Sandbox(seed=options.seed, provider=options.provider, api_key=options.api_key, clock=clock)
    _register(sandbox, options.redirect_uri)
    _fill(sandbox, options)
    # What is loaded lives as long as the process: collections need not walk through it again and again.
    gc.freeze()
    _print_report(sandbox)
    return _serve(sandbox, options)


def _wrong_path(options: argparse.Namespace) -> str | None:
    if options.ics is not None and not options.ics.is_dir():
        return f"{options.ics} is not a directory"
    missing = [one for one in (options.vcard, options.mbox) if one is not None and not one.exists()]
    return f"{missing[0]} does not exist" if missing else None


def _fill(sandbox: Sandbox, options: argparse.Namespace) -> None:
    """Fill as told; where files are named, nothing is made up beside them unless asked for."""
    has_files = any((options.ics, options.vcard, options.mbox))

    def number(wanted: int | None, default: int) -> int:
        return wanted if wanted is not None else 0 if has_files else default

    fill(
        sandbox,
        users=options.users,
        events_per_user=number(options.events_per_user, _DEFAULT_EVENTS),
        contacts_per_user=number(options.contacts_per_user, _DEFAULT_CONTACTS),
        messages_per_user=number(options.messages_per_user, _DEFAULT_MESSAGES),
        ics=options.ics,
        vcard=options.vcard,
        mbox=options.mbox,
    )


def _watch_input(server: SandboxServer) -> None:
    """Stop when whoever started the command is gone, however it went."""
    descriptor = sys.stdin.fileno()  # read without Python's buffer: its lock must be free when the interpreter ends
    while os.read(descriptor, 4096):
        pass
    server.stop()


def _serve(sandbox: Sandbox, options: argparse.Namespace) -> int:
    try:
        server = SandboxServer(sandbox, options.host, options.port)
    except OSError as problem:
        print(f"sandbox: {options.host}:{options.port} cannot be used: {problem.strerror}", file=sys.stderr)  # noqa: T201
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: server.stop())
    if options.until_input_ends:
        threading.Thread(target=_watch_input, args=(server,), name="input", daemon=True).start()
    print(_start_line(sandbox, server.url), flush=True)  # noqa: T201
    server.serve()
    return 0


def _start_line(sandbox: Sandbox, url: str) -> str:
    return json.dumps(
        {
            "url": url,
            "api_key": sandbox.api_key,
            "application_id": sandbox.application_id,
            "grants": sandbox.directory(),
        },
        ensure_ascii=False,
    )


def _register(sandbox: Sandbox, addresses: list[str]) -> None:
    for address in dict.fromkeys(addresses):
        sandbox.application.add_uri({"url": address, "platform": "web"})


def _print_report(sandbox: Sandbox) -> None:
    for entry in sandbox.report:
        about = f" {entry['uid']}" if entry["uid"] else ""
        print(f"sandbox: {entry['file']}{about}: {entry['what']}: {entry['why']}", file=sys.stderr)  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nylasadmin sandbox", description="Serve a Nylas v3 look-alike.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8090, help="port, 0 for a free one (default: %(default)s)")
    parser.add_argument("--ics", type=Path, metavar="DIR", help="load the .ics files of a directory")
    parser.add_argument("--users", type=_count, default=5, metavar="N", help="number of users (default: %(default)s)")
    parser.add_argument(
        "--events-per-user",
        type=_count,
        metavar="M",
        help=f"generated events per user (default: {_DEFAULT_EVENTS}, with files 0)",
    )
    _add_people(parser)
    parser.add_argument("--provider", choices=("google", "microsoft", "icloud"), default="google")
    parser.add_argument("--api-key", metavar="KEY", help="key that clients send (default: made from the seed)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="same seed, same data (default: %(default)s)")
    parser.add_argument("--clock", type=int, metavar="SECONDS", help="stop the clock at a Unix time")
    returns = "an address that sign-ins may return to; may be given several times"
    parser.add_argument("--redirect-uri", action="append", default=[], type=_address, metavar="URL", help=returns)
    parser.add_argument("--until-input-ends", action="store_true", help="stop when standard input is closed")
    return parser


def _add_people(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--vcard", type=Path, metavar="PATH", help="load a .vcf file, or those of a directory")
    parser.add_argument("--mbox", type=Path, metavar="PATH", help="load an mbox file, or those of a directory")
    for name, default in (("contacts", _DEFAULT_CONTACTS), ("messages", _DEFAULT_MESSAGES)):
        text = f"generated {name} per user (default: {default}, with files 0)"
        parser.add_argument(f"--{name}-per-user", type=_count, metavar="N", help=text)


def _address(text: str) -> str:
    if "://" not in text or "#" in text:
        raise argparse.ArgumentTypeError("must be an address without a fragment")
    return text


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number
