"""The shell in a real browser: sign-in, dialogs, notices, theme, keyboard, accessibility; and all without scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from nylasadmin.bootstrap import Product
from nylasadmin.domain.privileges import COMMAND_LINE, Privilege
from nylasadmin.web.security import needs
from tests.web.visitor import PASSWORD

Serve = Callable[[Any], str]


@pytest.fixture
def console(app: Flask, serve: Serve) -> str:
    """The address of the running console."""
    return serve(app)


@pytest.fixture
def adam(console: str, browser_page: Page) -> Page:
    """Adam's browser on the operators page."""
    sign_in(browser_page, console, "adam")
    browser_page.goto(console + "/operators")
    return browser_page


def sign_in(page: Page, console: str, username: str) -> None:
    page.goto(console + "/sign-in")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "sign-in" not in url)


def test_a_dialog_opens_by_keyboard_and_gives_the_focus_back(adam: Page) -> None:
    opener = adam.get_by_role("button", name="Add operator")
    opener.focus()
    adam.keyboard.press("Enter")
    expect(adam.get_by_role("dialog", name="Add operator")).to_be_visible()
    expect(adam.get_by_label("Username")).to_be_focused()
    adam.keyboard.press("Escape")
    expect(adam.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()


def test_cancel_closes_the_dialog_without_leaving_the_page(adam: Page) -> None:
    adam.get_by_role("button", name="Add operator").click()
    adam.get_by_role("dialog").get_by_text("Cancel").click()
    expect(adam.get_by_role("dialog")).to_have_count(0)
    assert adam.url.endswith("/operators")


def test_a_new_operator_appears_in_the_list_without_a_reload(adam: Page) -> None:
    adam.evaluate("window.stays = true")
    adam.get_by_role("button", name="Add operator").click()
    dialog = adam.get_by_role("dialog")
    dialog.get_by_label("Username").fill("nora")
    dialog.get_by_label("Password", exact=True).fill("a long new password")
    dialog.get_by_label("The same password again").fill("a long new password")
    dialog.get_by_label("nylas:NylasView").check()
    dialog.get_by_role("button", name="Add operator").click()
    expect(adam.get_by_role("row", name="nora")).to_contain_text("nylas:NylasView")
    expect(adam.get_by_role("dialog")).to_have_count(0)
    expect(adam.locator("#toasts")).to_contain_text("nora can sign in now.")
    assert adam.evaluate("window.stays") is True


def test_wrong_input_stays_in_the_dialog_and_gets_the_focus(adam: Page) -> None:
    adam.get_by_role("button", name="Add operator").click()
    dialog = adam.get_by_role("dialog")
    dialog.get_by_label("Username").fill("nora")
    dialog.get_by_label("Password", exact=True).fill("short")
    dialog.get_by_label("The same password again").fill("short")
    dialog.get_by_role("button", name="Add operator").click()
    expect(dialog).to_contain_text("at least 10 characters")
    expect(dialog.get_by_label("Password", exact=True)).to_be_focused()
    expect(dialog.get_by_label("Username")).to_have_value("nora")


def test_a_refusal_is_told_inside_the_open_dialog(adam: Page, product: Product) -> None:
    number = product.services.operators.by_name("adam").id
    adam.locator(f"#operator-{number}-privileges").click()
    dialog = adam.get_by_role("dialog")
    dialog.get_by_label("admin:OperatorManage").uncheck()
    dialog.get_by_role("button", name="Save privileges").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Give admin:OperatorManage to somebody else first")


def test_a_fault_of_the_program_is_told_with_its_number_and_the_page_stays(adam: Page, app: Flask) -> None:
    @needs(Privilege.OPERATORS)
    def broken() -> str:
        raise ZeroDivisionError

    app.view_functions["operators.add_form"] = broken
    adam.get_by_role("button", name="Add operator").click()
    expect(adam.get_by_role("alert")).to_contain_text("tell your system administrator this number")
    expect(adam.get_by_role("row", name="olga")).to_be_visible()


def test_a_lost_connection_is_shown_and_so_is_its_return(adam: Page) -> None:
    live = adam.locator("#live")
    expect(live).to_have_text("Live")
    adam.route("**/operators/add", lambda route: route.abort())
    adam.get_by_role("button", name="Add operator").click()
    expect(live).to_have_text("No connection")
    expect(adam.get_by_role("alert")).to_contain_text("The console does not answer")
    adam.unroute("**/operators/add")
    adam.get_by_role("button", name="Add operator").click()
    expect(live).to_have_text("Live")
    expect(adam.get_by_role("alert")).to_have_count(0)


def test_a_session_that_ended_leads_to_the_sign_in_page_and_back(adam: Page, product: Product) -> None:
    number = product.services.operators.by_name("adam").id
    product.services.operators.set_password(COMMAND_LINE, number, PASSWORD)
    adam.get_by_role("button", name="Add operator").click()
    adam.wait_for_url("**/sign-in?next=/operators&ended=yes")
    adam.get_by_label("Username").fill("adam")
    adam.get_by_label("Password").fill(PASSWORD)
    adam.get_by_role("button", name="Sign in").click()
    adam.wait_for_url("**/operators")


def test_the_theme_is_remembered(adam: Page) -> None:
    switch = adam.locator("#theme")
    seen = []
    for _ in range(3):
        switch.click()
        adam.reload()
        seen.append(adam.locator("html").get_attribute("data-theme"))
    assert seen == ["light", "dark", None]


def test_the_audit_trail_is_searched_while_typing_and_the_address_follows(adam: Page, console: str) -> None:
    adam.goto(console + "/audit")
    search = adam.get_by_label("Find an entry")
    search.press_sequentially("operator vera")
    expect(adam.locator("#audit .count")).to_have_text("1")
    expect(search).to_be_focused()
    expect(search).to_have_value("operator vera")
    adam.wait_for_url("**/audit?page=1&search=operator+vera")


def test_the_chain_is_verified_on_the_spot(adam: Page, console: str) -> None:
    adam.goto(console + "/audit")
    adam.get_by_role("button", name="Verify chain").click()
    expect(adam.locator("#verification")).to_contain_text("The trail is whole")


PAGES = ("/sign-in", "/", "/operators", "/operators/add", "/audit", "/audit?search=nothing", "/no/such/page")


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits(
    console: str, browser_page: Page, axe_findings: Callable[[Page], list[str]], scheme: Any, width: int
) -> None:
    page = browser_page
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    blocked: list[str] = []
    page.on("console", lambda line: blocked.append(line.text) if "Content Security Policy" in line.text else None)
    sign_in(page, console, "adam")
    for path in PAGES:
        if path == "/sign-in":
            page.context.clear_cookies()
        page.goto(console + path)
        if path == "/sign-in":
            assert axe_findings(page) == []
            sign_in(page, console, "adam")
            continue
        assert axe_findings(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (
            f"{path} is wider than the screen"
        )
    assert blocked == []


def test_everything_works_without_scripts(console: str, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, console, "adam")
    page.goto(console + "/operators")
    page.get_by_role("button", name="Add operator").click()
    page.get_by_label("Username").fill("nora")
    page.get_by_label("Password", exact=True).fill("a long new password")
    page.get_by_label("The same password again").fill("a long new password")
    page.get_by_role("button", name="Add operator").click()
    expect(page.get_by_role("row", name="nora")).to_be_visible()
    page.get_by_role("link", name="Audit").click()
    page.get_by_label("Find an entry").fill("operator nora")
    page.keyboard.press("Enter")
    expect(page.locator("#audit .count")).to_have_text("1")
    page.get_by_role("button", name="Sign out").click()
    assert page.url.endswith("/sign-in")
    context.close()


def test_a_form_that_does_not_reach_the_server_says_so_in_its_dialog(adam: Page) -> None:
    adam.get_by_role("button", name="Add operator").click()
    dialog = adam.get_by_role("dialog")
    dialog.get_by_label("Username").fill("nora")
    adam.route("**/operators/add", lambda route: route.abort())
    dialog.get_by_role("button", name="Add operator").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The console does not answer")
    expect(dialog.get_by_label("Username")).to_have_value("nora")
