"""A CRM user connects in a real browser: wrong account first, then the right one, then once more in a frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page, expect

from nylasadmin.adapters.clocks import FixedClock
from nylasadmin.bootstrap import Product, web_settings
from nylasadmin.domain.links import AccountState
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.policies import EVERYTHING
from nylasadmin.services.views import SnapshotState
from nylasadmin.web import create_app
from tests.sandbox.openapi import judged_sandbox
from tests.services.doors import STRANGER, Door, add_target, register
from tests.services.worlds import OLGA

Serve = Callable[[Any], str]


@pytest.fixture
def door(product: Product, clock: FixedClock) -> Iterator[Door]:
    with judged_sandbox(users=1, events_per_user=5) as box:
        yield Door(box, product, add_target(product, box, EVERYTHING, 2), clock)


@pytest.fixture
def address(door: Door, serve: Serve, product: Product) -> str:
    """Serve the console; pages of this machine may show it in a frame."""
    settings = msgspec.structs.replace(web_settings(product.settings), allowed_frame_ancestors=("http://127.0.0.1:*",))
    found = serve(create_app(product.services, settings, clock=product.clock.now))
    register(door.box, f"{found}/connect/return")
    return found


def sign_in(page: Page, who: str) -> None:
    """Do what a person does on the sandbox's page."""
    page.get_by_label("Provider").select_option("google")
    page.get_by_label("Account").fill(who)
    page.get_by_role("button", name="Sign in").click()


def sign_in_again(page: Page) -> None:
    """Go on with what the page of a known account offers."""
    page.get_by_role("button", name="Sign in").click()


def heading(page: Page) -> Any:
    return page.get_by_role("heading", level=1)


def test_wrong_account_right_account_and_again(
    browser_page: Page, address: str, door: Door, axe_findings: Callable[[Page], list[str]]
) -> None:
    page = browser_page
    page.goto(f"{address}/connect/{door.token()}")
    assert axe_findings(page) == []
    page.get_by_role("button", name="Connect").click()
    sign_in(page, STRANGER)
    expect(heading(page)).to_have_text("You signed in with another account")
    assert axe_findings(page) == []
    page.get_by_role("button", name="Connect again").click()
    page.get_by_role("button", name="Connect").click()
    sign_in(page, door.email())
    expect(heading(page)).to_have_text("Connected")
    assert axe_findings(page) == []
    door.clock.move(60)
    page.goto(f"{address}/connect/{door.token(account_id=door.account().id)}")
    page.get_by_role("button", name="Sign in again").click()
    sign_in_again(page)
    expect(page.get_by_text("Everything is as you had set it")).to_be_visible()
    assert [g.email for g in door.box.grants] == [door.email()]


def test_in_a_frame_the_sign_in_has_a_tab_of_its_own(
    browser_page: Page, address: str, door: Door, serve: Serve
) -> None:
    def portal(environ: Any, start: Any) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/html")])
        return [f'<iframe src="{address}/connect/{door.token()}" width=600 height=700></iframe>'.encode()]

    page = browser_page
    page.goto(serve(portal))
    with page.context.expect_page() as opened:
        page.frame_locator("iframe").get_by_role("button", name="Connect").click()
    sign_in(opened.value, door.email())
    expect(heading(opened.value)).to_have_text("Connected")


def test_disconnected_connected_again_expired_and_signed_in_again(
    browser_page: Page, address: str, door: Door, axe_findings: Callable[[Page], list[str]]
) -> None:
    page, email = browser_page, door.email()
    connect(page, address, door, email)
    first = door.account().grant_id
    page.goto(f"{address}/connect/{door.token()}")
    page.get_by_role("link", name="Disconnect").click()
    assert axe_findings(page) == []
    page.get_by_role("button", name="Disconnect").click()
    expect(heading(page)).to_have_text("Disconnected")
    assert (axe_findings(page), door.box.grants) == ([], [])

    connect(page, address, door, email)
    assert door.account().grant_id != first

    door.clock.move(60)
    door.box.grants[0].is_valid = False
    view = door.product.services.snapshots.request(OLGA, direction=Direction.GET, target_id=door.target.id)
    assert door.account().state is AccountState.NEEDS_SIGN_IN
    page.goto(f"{address}/connect/{door.token(account_id=door.account().id)}")
    page.get_by_role("button", name="Sign in again").click()
    sign_in_again(page)
    expect(page.get_by_text("Everything is as you had set it")).to_be_visible()
    assert door.product.services.console.snapshot(view.id).state is SnapshotState.DONE


def connect(page: Page, address: str, door: Door, email: str) -> None:
    page.goto(f"{address}/connect/{door.token()}")
    page.get_by_role("button", name="Connect").click()
    sign_in(page, email)
    expect(heading(page)).to_have_text("Connected")
