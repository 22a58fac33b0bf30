"""A running Send in a real browser: paused, resumed, cancelled; and failed items, tried again and dismissed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.sync_api import Page, expect

from nylasadmin import bootstrap
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.privileges import COMMAND_LINE, Privilege
from nylasadmin.services.failed_views import FailedQuery
from nylasadmin.services.targets import form_of
from tests.browser.test_panels import sign_in
from tests.services.test_stopping import until
from tests.services.worlds import OLGA, World, timed, world_of
from tests.web.visitor import PASSWORD

Serve = Callable[[Any], str]
ITEMS = 60


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A CRM full of items, one request at a time, a fifth of a second each."""
    settings = {"runner": "threads", "workers": 2, "cookie_secure": False}
    with world_of(tmp_path, settings=settings) as world:
        world.services.operators.add(COMMAND_LINE, "olga", PASSWORD, {Privilege.MANAGE})
        for number in range(ITEMS):
            world.put(f"Meeting {number:02}", when=timed(number))
        target = world.services.console.target(world.target.id)
        world.services.targets.edit(OLGA, target.id, target.version, replace(form_of(target), concurrency=1))
        yield world


@pytest.fixture
def console(world: World, serve: Serve) -> str:
    address = serve(bootstrap.create_app(product=world.product))
    world.product.runner.start()
    return address


@pytest.fixture
def olga(console: str, browser_page: Page) -> Page:
    return sign_in(browser_page, console, "olga")


def begin(world: World) -> int:
    """Ask for a Send and give its number."""
    return world.services.snapshots.request(OLGA, direction=Direction.SEND, target_id=world.target.id).id


def button(page: Page, name: str) -> Any:
    return page.locator(".headline").get_by_role("button", name=name, exact=True)


def test_a_running_send_is_paused_resumed_and_cancelled(
    console: str, olga: Page, world: World, axe_findings: Callable[[Page], list[str]]
) -> None:
    world.fault("hang", method="POST", seconds=0.2, count=None)
    number = begin(world)
    olga.goto(f"{console}/snapshots/{number}")
    expect(olga.locator(".plot .wide-plot")).to_be_visible()
    olga.evaluate("document.body.dataset.neverReloaded = 'yes'")

    button(olga, "Pause").click()
    expect(olga.locator(".headline .chip")).to_have_text("Paused")
    expect(button(olga, "Pause")).to_have_count(0)
    olga.wait_for_timeout(800)
    written = len(world.events())
    olga.wait_for_timeout(800)
    assert 0 < len(world.events()) == written < ITEMS
    assert axe_findings(olga) == []

    button(olga, "Resume").click()
    expect(olga.locator(".headline .chip")).to_have_text("Running")
    until(lambda: len(world.events()) > written + 3)

    button(olga, "Cancel").click()
    expect(olga.locator(".headline .chip")).to_have_text("Cancelled")
    olga.wait_for_timeout(600)
    left = len(world.events())
    olga.wait_for_timeout(600)
    assert written < len(world.events()) == left < ITEMS
    assert olga.evaluate("document.body.dataset.neverReloaded") == "yes"


def test_failed_items_are_tried_again_one_by_one_and_dismissed_with_a_reason(
    console: str, olga: Page, world: World, axe_findings: Callable[[Page], list[str]]
) -> None:
    world.fault("status", status=400, method="POST", after=ITEMS - 3, count=3)
    number = begin(world)
    olga.goto(f"{console}/snapshots/{number}")
    expect(olga.locator(".headline .chip")).to_have_text("Failed", timeout=30_000)
    world.heal()

    olga.get_by_role("link", name="Those that still fail").click()
    rows = olga.locator("#failed tbody tr")
    expect(rows).to_have_count(3)
    assert axe_findings(olga) == []
    olga.evaluate("document.body.dataset.neverReloaded = 'yes'")

    rows.first.get_by_role("button").click()
    expect(olga.get_by_text("1 item will be tried again")).to_be_visible()
    expect(rows).to_have_count(2, timeout=20_000)
    assert len(world.events()) == ITEMS - 2

    olga.get_by_label("Select all items on this page").check()
    olga.get_by_label("Reason for dismissing").fill("  ")
    with olga.expect_response("**/panels/failed*"):
        pass  # the list follows the server, and what is typed and ticked stays
    olga.wait_for_timeout(300)
    expect(olga.get_by_label("Reason for dismissing")).to_have_value("  ")
    expect(rows.last.get_by_role("checkbox")).to_be_checked()
    olga.get_by_role("button", name="Dismiss").click()
    expect(olga.get_by_text("Say why these items need no more care")).to_be_visible()
    expect(rows.first.get_by_role("checkbox")).to_be_checked()
    olga.wait_for_timeout(5_500)
    expect(rows.last.get_by_role("checkbox")).to_be_checked()
    olga.get_by_label("Reason for dismissing").fill("not needed any more")
    olga.get_by_role("button", name="Dismiss").click()
    expect(olga.get_by_text("2 items dismissed")).to_be_visible()
    expect(rows).to_have_count(0)
    assert olga.evaluate("document.body.dataset.neverReloaded") == "yes"
    (one, two) = world.services.failed.page(FailedQuery(dismissed=True), is_masked=False).rows
    assert {one.dismissed_reason, two.dismissed_reason} == {"not needed any more"}
