"""Held runs in a real browser: approved, narrowed and rejected by keyboard; what vera sees and what peter does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from nylasadmin.services.views import SnapshotState
from tests.browser.test_panels import sign_in
from tests.web.stage import Stage
from tests.web.test_held import DELETES, Held, edit
from tests.web.visitor import PASSWORD

Serve = Callable[[Any], str]
Axe = Callable[[Page], list[str]]
WORK_MS = 30_000  # the runner works inline: an answer comes when the copying is over


@pytest.fixture
def held(stage: Stage) -> Held:
    held = Held(stage)
    assert held.snapshot.state is SnapshotState.HELD
    return held


@pytest.fixture
def console(app: Flask, held: Held, serve: Serve) -> str:
    return serve(app)


@pytest.fixture
def olga(console: str, held: Held, browser_page: Page) -> Page:
    page = sign_in(browser_page, console, "olga")
    page.goto(f"{console}/snapshots/{held.id}")
    return page


def press(page: Page, name: str) -> None:
    """Reach a button and press it without a mouse."""
    page.locator(f"#{name}").focus()
    page.keyboard.press("Enter")


def state_is(page: Page, word: str) -> None:
    expect(page.locator(".headline .chip")).to_have_text(word, timeout=WORK_MS)


def at_nylas(held: Held) -> int:
    """Count single items and series; the changed occurrences of a series go and come with it."""
    calendars = [calendar for grant in held.stage.box.grants for calendar in grant.calendars.values()]
    return sum(not row.cancelled and "_" not in row.id for each in calendars for _, row in each.events.rows())


def test_exactly_what_olga_types_is_deleted(olga: Page, held: Held) -> None:
    expect(olga.locator("#held")).to_contain_text("Nothing was written to these links. 2 links wait for a decision")
    press(olga, "approve")
    dialog = olga.get_by_role("dialog", name=f"Delete exactly these {DELETES}")
    number = dialog.get_by_label("Type the number of deletions")
    expect(number).to_be_focused()
    olga.keyboard.type("7")
    olga.keyboard.press("Tab")
    olga.keyboard.type("they left the company")
    olga.keyboard.press("Enter")
    expect(number).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_label("Reason")).to_have_value("they left the company")
    assert held.stage.items() == held.items

    number.fill(str(DELETES))
    olga.keyboard.press("Enter")
    expect(dialog).to_have_count(0, timeout=WORK_MS)
    state_is(olga, "Done")
    assert held.stage.items() == held.items - DELETES


def test_what_olga_keeps_comes_back_at_the_source(olga: Page, held: Held) -> None:
    before = at_nylas(held)
    press(olga, "reject")
    dialog = olga.get_by_role("dialog", name=f"Keep {DELETES} items in the CRM")
    expect(dialog).to_contain_text(f"creates {DELETES} items in Nylas again, as soon as this run is over")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    olga.keyboard.type("deleted by mistake")
    olga.keyboard.press("Enter")
    expect(dialog).to_have_count(0, timeout=WORK_MS)
    state_is(olga, "Done")
    assert (held.stage.items(), at_nylas(held)) == (held.items, before + DELETES)


def test_a_remembered_answer_is_shown_and_forgotten(olga: Page, console: str, held: Held, axe_findings: Axe) -> None:
    edit(held.stage, outbound=False)
    press(olga, "reject")
    olga.get_by_role("dialog").get_by_role("button", name="Keep").click()
    state_is(olga, "Done")
    olga.goto(f"{console}/targets/{held.stage.target.id}/links/{held.emptied[0]}")
    olga.get_by_role("link", name="3 items not to be deleted").click()
    rows = olga.locator("#rejections tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("while Outbound is off at the target")
    assert axe_findings(olga) == []
    rows.first.get_by_role("button", name="Forget this answer").click()
    expect(rows).to_have_count(2)


def test_an_item_is_spared_and_only_the_rest_is_deleted(olga: Page, held: Held) -> None:
    press(olga, "narrow")
    olga.wait_for_url("**/held")
    first = olga.locator("#held-items tbody").get_by_role("checkbox").first
    first.focus()
    olga.keyboard.press("Space")
    expect(olga.locator("#held-foot")).to_contain_text("5 of 6 deletions in the CRM are up for your decision")
    expect(olga.locator("#held-foot")).to_contain_text("1 left out")
    expect(first).to_be_focused()
    olga.get_by_role("button", name="Back to the decision").click()
    expect(olga.locator("#held")).to_contain_text("1 left out: an approval would delete 5.")

    press(olga, "approve")
    dialog = olga.get_by_role("dialog", name="Delete exactly these 5")
    dialog.get_by_label("Type the number of deletions").fill("5")
    dialog.get_by_label("Reason").fill("looked at each")
    olga.keyboard.press("Enter")
    state_is(olga, "Done")
    assert held.stage.items() == held.items - 5


def test_vera_reads_and_decides_nothing(console: str, held: Held, browser_page: Page) -> None:
    page = sign_in(browser_page, console, "vera")
    for path, listed in (
        (f"/snapshots/{held.id}", "#held"),
        (f"/snapshots/{held.id}/held", "#held-items"),
        ("/failed", "#failed"),
        (f"/links/{held.emptied[0]}/rejections", "#rejections"),
    ):
        page.goto(console + path)
        expect(page.locator(f"main {listed}")).to_be_visible()
        expect(page.locator("main form[method=post]")).to_have_count(0)
        expect(page.locator("main a[role=button][hx-get]")).to_have_count(0)
    token = page.locator("meta[name=csrf-token]").get_attribute("content") or ""
    for deed in ("approve", "reject", "held/items", "pause", "resume", "cancel", "retry", "undo"):
        answer = page.request.post(f"{console}/snapshots/{held.id}/{deed}", form={"csrf_token": token})
        assert (deed, answer.status) == (deed, 403)
    assert held.state is SnapshotState.HELD


def test_peter_sees_what_he_lacks_and_nothing_else(console: str, held: Held, browser_page: Page) -> None:
    page = browser_page
    page.goto(console + "/sign-in")
    page.get_by_label("Username").fill("peter")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    for path in ("/", f"/snapshots/{held.id}", f"/snapshots/{held.id}/held", "/failed", "/snapshots"):
        page.goto(console + path)
        expect(page.locator("main")).to_contain_text("is not assigned to you")
        expect(page.locator("main table")).to_have_count(0)
        expect(page.get_by_text(held.stage.target.name, exact=True)).to_have_count(0)
        expect(page.get_by_role("link", name="Failed items")).to_have_count(0)


def test_pages_of_held_runs_have_no_accessibility_fault(
    chromium: Browser, console: str, held: Held, axe_findings: Axe
) -> None:
    one = f"/snapshots/{held.id}"
    for scheme, width in (("light", 390), ("dark", 1440)):
        size: Any = {"width": width, "height": 844}
        context = chromium.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page = sign_in(context.new_page(), console, "olga")
        for path in (one, one + "/held", one + "/approve", one + "/reject", "/failed", "/failed?show=dismissed"):
            page.goto(console + path)
            assert axe_findings(page) == [], (path, scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        page.goto(console + one)
        for name in ("approve", "reject"):
            page.locator(f"#{name}").click()
            expect(page.get_by_role("dialog")).to_be_visible()
            assert axe_findings(page) == [], name
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)
        context.close()
