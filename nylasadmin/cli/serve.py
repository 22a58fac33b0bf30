"""The console and its runner in one process."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nylasadmin import logs
from nylasadmin.cli.exits import Exit
from nylasadmin.cli.parsing import Verbs, add_installation, add_verb, port
from nylasadmin.cli.products import opened
from nylasadmin.cli.terminals import Terminal
from nylasadmin.cli.web_servers import WebServer, stopped_by_signals

if TYPE_CHECKING:
    from nylasadmin.bootstrap import Product

log = logging.getLogger(__name__)


def add_to(nouns: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    verb = add_verb(nouns, "serve", serve, "serve the console and work on snapshots")
    verb.add_argument("--host", help="address to listen on (default: NYLASADMIN_HOST or 127.0.0.1)")
    verb.add_argument("--port", type=port, help="port to listen on (default: NYLASADMIN_PORT or 8080)")
    add_installation(verb)


def serve(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Serve until SIGTERM or Ctrl-C; runs under way get time to end, the rest is continued by the next start."""
    with stopped_by_signals() as stop, opened(options, host=options.host, port=options.port) as product:
        logs.configure(product.settings.log_level)
        with listening(product) as server:
            product.runner.start()
            terminal.say(f"nylasadmin serves {server.url}")
            terminal.flush()
            server.serve(stop)
        log.info("stopping: no new runs, waiting for those under way")
    return Exit.DONE


@contextmanager
def listening(product: Product) -> Iterator[WebServer]:
    """Listen at the console's address as long as the block runs. Raises when it is in use."""
    from nylasadmin import bootstrap  # late, see products

    settings = product.settings
    server = WebServer(bootstrap.create_app(product=product), settings.host, settings.port, settings.web_threads)
    try:
        yield server
    finally:
        server.close()
