"""The main job as olga does it in a real browser: Get, watch, change an item in the CRM, Send, and see it at Nylas."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page, expect

from nylasadmin import bootstrap
from nylasadmin.bootstrap import Product
from nylasadmin.domain.items import ScheduleItem
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.sandbox.testing import RunningSandbox
from nylasadmin.services.rows import CrmItem
from nylasadmin.settings import Settings
from tests.browser.test_shell import sign_in
from tests.sandbox.openapi import judged_sandbox
from tests.web.stage import Stage

Serve = Callable[[Any], str]
CALENDARS = Path(os.environ.get("NYLASADMIN_ICS_DIR") or Path(__file__).parents[3] / "shared" / "data" / "ics")


@pytest.fixture
def working(seeded: Path, tmp_path: Path) -> Iterator[Product]:
    """The product as it really runs: the threads runner works beside the console."""
    (tmp_path / "nylasadmin.db").write_bytes((seeded / "nylasadmin.db").read_bytes())
    settings = Settings(
        secret_key="a key for tests only, 32 letters or more", data_dir=str(tmp_path), cookie_secure=False
    )
    product = bootstrap.build(settings)
    product.runner.start()
    yield product
    product.close()


@pytest.fixture(params=["generated", "real"])
def box(request: pytest.FixtureRequest) -> Iterator[RunningSandbox]:
    """A company that was made up, and the real calendars where they are."""
    if request.param == "real" and not CALENDARS.is_dir():
        pytest.skip(f"no calendars at {CALENDARS}")
    calendars = CALENDARS if request.param == "real" else None
    with judged_sandbox(users=3, events_per_user=0 if calendars else 60, ics=calendars) as running:
        yield running


@pytest.fixture
def stage(working: Product, box: RunningSandbox) -> Stage:
    stage = Stage(working, box)
    stage.discover()
    return stage


def test_olga_gets_watches_changes_sends_and_sees(stage: Stage, browser_page: Page, serve: Serve) -> None:
    console = serve(bootstrap.create_app(product=stage.product))
    sign_in(browser_page, console, "olga")
    browser_page.goto(console + "/targets")
    browser_page.evaluate("window.stillTheSamePage = true")

    take_snapshot(browser_page, "Get", "in the CRM")
    item = first_single(stage.product)
    changed = msgspec.structs.replace(item.item, title="Moved by olga's test")
    stage.product.services.crm.put(COMMAND_LINE, msgspec.structs.replace(item, item=changed))
    take_snapshot(browser_page, "Send", "in Nylas")

    assert browser_page.evaluate("window.stillTheSamePage"), "nothing may need a reload"
    assert "Moved by olga's test" in titles(stage.box)
    assert stage.box.sandbox.mailed.entries == []


def test_vera_looks_and_cannot_act(stage: Stage, browser_page: Page, serve: Serve) -> None:
    sign_in(browser_page, console := serve(bootstrap.create_app(product=stage.product)), "vera")
    browser_page.goto(console + "/targets")
    expect(browser_page.get_by_role("heading", name="Nylas Server")).to_be_visible()
    expect(browser_page.get_by_role("button", name="snapshot")).to_have_count(0)
    expect(browser_page.get_by_role("button", name="Edit")).to_have_count(0)


def test_peter_sees_the_page_and_what_he_lacks(stage: Stage, browser_page: Page, serve: Serve) -> None:
    sign_in(browser_page, console := serve(bootstrap.create_app(product=stage.product)), "peter")
    browser_page.goto(console + "/")
    expect(browser_page.get_by_text("is not assigned to you")).to_be_visible()
    expect(browser_page.get_by_text("adam")).to_be_visible()
    expect(browser_page.get_by_text(stage.target.host)).to_have_count(0)


def take_snapshot(page: Page, name: str, confirm: str) -> None:
    """Open the dialog of the server panel, wait for the plan's counts, confirm, and wait for the result."""
    server = page.locator("section.server")
    server.get_by_role("button", name=f"{name} snapshot").click()
    page.get_by_role("dialog").get_by_role("button", name=confirm).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    strip = server.locator(".strip")
    expect(strip.get_by_text(f"{name} snapshot", exact=True)).to_be_visible()
    expect(strip.get_by_text("Done", exact=True)).to_be_visible(timeout=20_000)


def first_single(product: Product) -> CrmItem:
    """Give an item that its owner may change: no series, organized by nobody else."""
    addresses = {user.id: user.email for user in product.services.crm.users()}
    with product.storage.read() as tx:
        found = tx.items.page(None, "", 500)
    return next(i for i in found if i.collection == "primary" and is_own_single(i.item, addresses[i.user_id]))


def is_own_single(item: ScheduleItem, address: str) -> bool:
    return not item.rules and (item.organizer is None or item.organizer.email == address)


def titles(box: RunningSandbox) -> str:
    """Give what the sandbox stores, as text."""
    calendars = [calendar for grant in box.grants for calendar in grant.calendars.values()]
    return "\n".join(row.body.decode() for calendar in calendars for _, row in calendar.events.rows())
