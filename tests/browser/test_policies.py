"""The advanced settings in a real browser: the picture follows the typing, counting says that it works, Enter saves."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from nylasadmin.bootstrap import Product
from nylasadmin.domain.policies import Policies
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.services.policies import Policies as PolicyService
from nylasadmin.services.policy_views import Changes
from tests.browser.test_shell import sign_in
from tests.web.stage import Stage

Serve = Callable[[Any], str]


def test_the_settings_are_typed_counted_and_saved(
    stage: Stage, product: Product, app: Flask, browser_page: Page, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_answer = Event()

    def count(*_: object) -> Changes:
        assert may_answer.wait(20)
        return Changes(accounts=(), untouched=3)

    monkeypatch.setattr(PolicyService, "count", count)
    product.services.policies.save(COMMAND_LINE, stage.target.id, stage.target.version, Policies())
    sign_in(browser_page, console := serve(app), "olga")
    browser_page.goto(f"{console}/targets/{stage.target.id}")
    browser_page.get_by_role("button", name="Advanced settings").click()
    picture, form = browser_page.locator("#policy-picture"), browser_page.locator("#policy-form")

    browser_page.locator("#f-sync_days").fill("7")
    expect(picture.get_by_text("7 days before")).to_be_visible()
    browser_page.locator("#f-sync_days").fill("31")
    expect(picture.get_by_text("the plan entry allows no more")).to_be_visible()
    browser_page.locator("#f-sync_days").fill("9")

    form.get_by_role("button", name="Count what would change").click()
    expect(form.get_by_text("Asking Nylas")).to_be_visible()
    may_answer.set()
    expect(form.get_by_text("every account that is connected has these settings already")).to_be_visible()
    expect(form.get_by_text("Asking Nylas")).to_be_hidden()

    browser_page.locator("#f-sync_days").press("Enter")
    expect(form).to_have_count(0)
    assert product.services.targets.get(stage.target.id).policies.sync_days == 9


def test_the_dialog_and_the_time_line_are_accessible_and_fit_a_phone(
    stage: Stage, app: Flask, browser_page: Page, serve: Serve, axe_findings: Callable[[Page], list[str]]
) -> None:
    browser_page.set_viewport_size({"width": 390, "height": 844})
    sign_in(browser_page, console := serve(app), "olga")
    browser_page.goto(f"{console}/targets/{stage.target.id}")
    expect(browser_page.locator("section.history svg")).to_be_attached()
    assert axe_findings(browser_page) == []

    browser_page.get_by_role("button", name="Advanced settings").click()
    expect(browser_page.locator("#policy-picture svg")).to_be_attached()

    assert axe_findings(browser_page) == []
    assert browser_page.evaluate("document.documentElement.scrollWidth") <= 390
    assert browser_page.evaluate("document.querySelector('#policy-form').scrollWidth") <= 390
