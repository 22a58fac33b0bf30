"""The snapshot dialog's filter in a real browser: the plan follows it, and what is wrong is said at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from playwright.sync_api import Page, expect

from tests.browser.test_shell import sign_in
from tests.web.stage import Stage

Serve = Callable[[Any], str]


def opened(page: Page, app: Flask, serve: Serve) -> None:
    """Sign in and open the Get dialog of the whole target with its filter unfolded."""
    sign_in(page, console := serve(app), "olga")
    page.goto(console + "/targets")
    page.locator("section.server").get_by_role("button", name="Get snapshot").click()
    page.locator("#snapshot-filter > summary").click()


def test_the_plan_follows_the_filter(stage: Stage, app: Flask, browser_page: Page, serve: Serve) -> None:
    opened(browser_page, app, serve)
    plan = browser_page.locator("#snapshot-plan")

    browser_page.get_by_label("Items", exact=True).select_option("recurring")

    expect(plan.get_by_text("recurring items only")).to_be_visible(timeout=20_000)
    expect(plan.get_by_text("outside the filter")).to_be_visible()
    expect(browser_page.locator("#snapshot-filter")).to_have_attribute("open", "")


def test_days_the_wrong_way_round_are_named_and_nothing_can_be_started(
    stage: Stage, app: Flask, browser_page: Page, serve: Serve
) -> None:
    opened(browser_page, app, serve)

    browser_page.get_by_label("First day").fill("2026-10-02")
    browser_page.get_by_label("Last day").fill("2026-10-01")

    expect(browser_page.get_by_role("alert")).to_contain_text("The last day lies before the first one.")
    expect(browser_page.locator("#snapshot-confirm")).to_be_disabled()
    expect(browser_page.get_by_label("First day")).to_have_value("2026-10-02")

    browser_page.get_by_label("Last day").fill("2026-10-31")
    expect(browser_page.locator("#snapshot-plan").get_by_text("start from 2 Oct 2026 to 31 Oct 2026")).to_be_visible()


def test_the_dialog_with_its_filter_is_accessible_and_fits_a_phone(
    stage: Stage, app: Flask, browser_page: Page, serve: Serve, axe_findings: Callable[[Page], list[str]]
) -> None:
    browser_page.set_viewport_size({"width": 390, "height": 844})
    opened(browser_page, app, serve)
    browser_page.get_by_text("What counts as inside").click()
    expect(browser_page.locator("#snapshot-plan[data-state=done]")).to_be_attached()

    assert axe_findings(browser_page) == []
    assert browser_page.evaluate("document.documentElement.scrollWidth") <= 390
    assert browser_page.evaluate("document.querySelector('#snapshot-form').scrollWidth") <= 390


def test_only_address_books_are_chosen(stage: Stage, app: Flask, browser_page: Page, serve: Serve) -> None:
    stage.discover(contacts=True, mail=True)
    opened(browser_page, app, serve)

    browser_page.locator("#filter-item-types").get_by_label("Contacts").check()

    expect(browser_page.locator("#snapshot-plan").get_by_text("contacts only")).to_be_visible(timeout=20_000)
