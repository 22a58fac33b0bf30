"""From the folder panel to the reason in two clicks, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from playwright.sync_api import Page, expect

from tests.browser.test_shell import sign_in
from tests.web.stage import Stage

Serve = Callable[[Any], str]
Findings = Callable[[Page], list[str]]


def test_two_clicks_lead_from_a_missing_event_to_the_reason(
    stage: Stage, app: Flask, browser_page: Page, serve: Serve, axe_findings: Findings
) -> None:
    stage.get()
    calendar = stage.box.calendar(stage.box.grants[0].id, stage.link.folder_id)
    when = {"start_time": 1_790_000_000, "end_time": 1_790_003_600}
    for title in ("Budget round", "Budget vote"):
        stage.box.create_event(calendar, {"title": title, "when": when})
    sign_in(browser_page, console := serve(app), "olga")
    browser_page.goto(console + f"/targets/{stage.target.id}?link_id={stage.link.id}")

    browser_page.get_by_label("Why is an item not here?").fill("budget")
    browser_page.get_by_role("button", name="Explain").click()
    browser_page.get_by_role("link", name="Budget vote").click()

    answer = browser_page.get_by_role("heading", name="This event is not in the CRM because")
    expect(answer).to_be_visible()
    expect(browser_page.locator("#now-get")).to_contain_text("Create it in the CRM")
    expect(browser_page.locator("#check-work")).to_contain_text("This is why")
    assert axe_findings(browser_page) == []
