"""Real Chromium for the browser tests.

`browser_page`: a page in a fresh context. `serve`: a WSGI application on loopback. `axe_findings`: accessibility.

Without Chromium these tests are skipped with the reason; with CI=true they fail instead.
"""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from tests.web.fixtures import app, clock, product, seeded
from tests.web.stage import box, stage

__all__ = ["app", "box", "clock", "product", "seeded", "stage"]

EXECUTABLES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
PATIENCE_MS = 10_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder as a browser test."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def find_chromium() -> str | None:
    """Return the first Chromium on the search path."""
    return next((path for path in map(shutil.which, EXECUTABLES) if path), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start one Chromium for all browser tests, unable to reach another machine."""
    executable = find_chromium()
    if executable is None and os.environ.get("CI") == "true":
        pytest.fail("Chromium is missing, and with CI=true browser tests may not be skipped")
    if executable is None:
        pytest.skip("Chromium is not installed (looked for: " + ", ".join(EXECUTABLES) + ")")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def browser_page(chromium: Browser) -> Iterator[Page]:
    """Open a page with its own cookies, 1440 x 900; fails the test if a script of the page raised."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    raised: list[str] = []
    page.on("pageerror", lambda error: raised.append(str(error)))
    yield page
    context.close()
    assert raised == [], "a script of the page raised"


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    """Return a function that serves a WSGI application on a free loopback port and returns its address."""
    servers = []

    def start(application: Any) -> str:
        server = make_server("127.0.0.1", 0, application, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def axe_findings() -> Callable[[Page], list[str]]:
    """Return a function that lists a page's accessibility faults (WCAG 2.2 A and AA), one line each."""
    source = AXE.read_text(encoding="utf-8")
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}

    def findings(page: Page) -> list[str]:
        page.evaluate(source)
        faults = page.evaluate("options => axe.run(document, options)", options)["violations"]
        return [
            f"{fault['id']}: {fault['help']} ({', '.join(str(n['target']) for n in fault['nodes'])})"
            for fault in faults
        ]

    return findings
