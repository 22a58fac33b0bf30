"""A plan in a real browser: look at every item, leave one out, carry it out, and see what changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from nylasadmin.domain.plan import ActionKind
from nylasadmin.services.plan_views import PlanQuery
from nylasadmin.services.views import SnapshotState
from tests.browser.test_panels import panel, sign_in, was_not_reloaded
from tests.web.stage import Stage
from tests.web.test_plans import edit, own_items
from tests.web.test_snapshots import planned

Serve = Callable[[Any], str]
TITLES = ("Board dinner (moved)", "Onboarding call", "Portfolio review")


@pytest.fixture
def console(app: Flask, stage: Stage, serve: Serve) -> str:
    """The address of a console whose CRM has three edits that Nylas has not."""
    stage.get()
    for item, title in zip(own_items(stage), TITLES, strict=False):
        edit(stage, item, title=title, location="Room 4.12")
    return serve(app)


@pytest.fixture
def olga(console: str, browser_page: Page) -> Page:
    return sign_in(browser_page, console, "olga")


def row(page: Page, title: str) -> Any:
    return page.locator("#plan-items tbody tr", has_text=title)


def named(stage: Stage, title: str) -> Any:
    return next(item for item in own_items(stage) if item.item.title == title)


def test_olga_looks_at_every_item_leaves_one_out_and_sends_the_rest(olga: Page, stage: Stage) -> None:
    panel(olga, "Nylas Server").get_by_role("button", name="Send snapshot").click()
    olga.get_by_role("dialog").get_by_role("link", name="See every item").click()
    olga.wait_for_url("**/plans/*")
    expect(row(olga, TITLES[0])).to_contain_text("Room 4.12")
    olga.evaluate("document.body.dataset.neverReloaded = 'yes'")

    row(olga, TITLES[0]).get_by_role("checkbox").uncheck()
    expect(row(olga, TITLES[0])).to_contain_text("Left out by olga")
    expect(olga.locator("#plan-go")).to_have_text("Send 2 to Nylas")
    assert was_not_reloaded(olga)

    edit(stage, named(stage, TITLES[1]), title="Onboarding call, edited meanwhile")
    olga.get_by_label("Reason, kept in the history").fill("after the merger")
    olga.locator("#plan-go").click()
    olga.wait_for_url("**/snapshots/*")
    expect(olga.get_by_text("1 item changed since the preview: nothing was written to it")).to_be_visible()
    expect(olga.get_by_text("after the merger")).to_be_visible()

    olga.get_by_role("button", name="Show it").click()
    expect(olga.locator("#plan-items tbody tr")).to_have_count(1)
    expect(row(olga, TITLES[1])).to_contain_text("Changed since the preview")
    at_nylas = titles_at_nylas(stage)
    assert [title in at_nylas for title in TITLES] == [False, False, True]


def titles_at_nylas(stage: Stage) -> str:
    calendars = [calendar for grant in stage.box.grants for calendar in grant.calendars.values()]
    return "\n".join(row.body.decode() for calendar in calendars for _, row in calendar.events.rows())


def test_all_items_of_a_page_are_left_out_and_taken_in_by_one_tick(console: str, olga: Page, stage: Stage) -> None:
    plan = planned(stage, "send")
    olga.goto(f"{console}/plans/{plan}")
    everything = olga.get_by_label("Include all items on this page")
    expect(everything).to_be_checked()
    everything.uncheck()
    expect(olga.locator("#plan-foot")).to_contain_text("every item is left out")
    expect(olga.locator("#plan-go")).to_have_count(0)
    everything.check()
    expect(olga.locator("#plan-go")).to_have_text("Send 3 to Nylas")
    assert stage.product.services.plans.get(plan).excluded == 0


def test_ticks_are_set_by_keyboard_and_the_focus_stays(console: str, olga: Page, stage: Stage) -> None:
    olga.goto(f"{console}/plans/{planned(stage, 'send')}")
    box = row(olga, TITLES[2]).get_by_role("checkbox")
    box.focus()
    olga.keyboard.press("Space")
    expect(row(olga, TITLES[2])).to_contain_text("Left out by olga")
    expect(box).to_be_focused()
    olga.keyboard.press("Space")
    expect(row(olga, TITLES[2])).not_to_contain_text("Left out by olga")


def test_a_tile_narrows_the_list_and_the_way_back_works(console: str, olga: Page, stage: Stage) -> None:
    plan = planned(stage, "send")
    olga.goto(f"{console}/plans/{plan}")
    count = olga.locator("#plan-items tbody tr").count()
    olga.locator("#tile-update").click()
    expect(olga.get_by_role("heading", name="To overwrite")).to_be_visible()
    expect(olga.locator("#plan-items tbody tr")).to_have_count(len(TITLES))
    assert olga.url.endswith(f"/plans/{plan}?kind=update")
    olga.go_back()
    expect(olga.locator("#plan-items tbody tr")).to_have_count(count)
    olga.get_by_label("Find an item").click()
    olga.keyboard.type("onboarding", delay=20)
    expect(olga.locator("#plan-items tbody tr")).to_have_count(1)
    expect(olga.get_by_label("Find an item")).to_be_focused()


def test_a_plan_that_is_finished_survives_its_dialog(olga: Page, stage: Stage) -> None:
    panel(olga, "Nylas Server").get_by_role("button", name="Send snapshot").click()
    link = olga.get_by_role("dialog").get_by_role("link", name="See every item")
    expect(link).to_be_visible()
    address = link.get_attribute("href") or ""
    olga.keyboard.press("Escape")
    expect(olga.get_by_role("dialog")).to_have_count(0)
    plan = stage.product.services.plans.get(int(address.rpartition("/")[2]))
    assert (plan.preview.state, plan.can_run) == (SnapshotState.DONE, True)


def test_vera_reveals_what_is_hidden(console: str, browser_page: Page, stage: Stage) -> None:
    plan = planned(stage, "send")
    page = sign_in(browser_page, console, "vera")
    page.goto(f"{console}/plans/{plan}?kind=update")
    expect(page.get_by_text(TITLES[0])).to_have_count(0)
    page.get_by_role("button", name="Reveal").click()
    expect(row(page, TITLES[0])).to_be_visible()
    expect(page.get_by_role("checkbox")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_plan_has_no_accessibility_fault(
    chromium: Browser, console: str, stage: Stage, scheme: Any, width: int, axe_findings: Callable[[Page], list[str]]
) -> None:
    plan = planned(stage, "send")
    first = stage.product.services.plans.page(PlanQuery(plan_id=plan, kind=ActionKind.UPDATE), is_masked=False).rows[0]
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = sign_in(context.new_page(), console, "olga")
    page.goto(f"{console}/plans/{plan}?kind=update")
    page.locator(f"#include-{first.run_id}-{first.seq}").uncheck()
    expect(page.get_by_text("Left out by olga")).to_be_visible()
    page.locator("#plan-links > summary").click()
    assert axe_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    context.close()
