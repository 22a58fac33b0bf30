"""An undo in a real browser: from the snapshot to the plan of its way back, and to what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from nylasadmin.services.views import SnapshotView
from tests.browser.test_panels import sign_in
from tests.web.stage import Stage
from tests.web.test_plans import edit, own_items

Serve = Callable[[Any], str]
TITLES = ("Board dinner (moved)", "Onboarding call", "Portfolio review")


@pytest.fixture
def done(stage: Stage) -> SnapshotView:
    """A Get that has overwritten three edits of the CRM; one of them was edited again since."""
    stage.get()
    chosen = own_items(stage)[:3]
    for item, title in zip(chosen, TITLES, strict=True):
        edit(stage, item, title=title, location="Room 4.12")
    view = stage.get()
    edit(stage, chosen[2], title="Edited since")
    return view


@pytest.fixture
def olga(app: Flask, serve: Serve, done: SnapshotView, browser_page: Page) -> Page:
    return sign_in(browser_page, serve(app), "olga")


def at(page: Page, path: str) -> None:
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + path)


def test_olga_takes_a_snapshot_back(
    olga: Page, stage: Stage, done: SnapshotView, axe_findings: Callable[[Page], list[str]]
) -> None:
    at(olga, f"/snapshots/{done.id}")
    olga.get_by_role("button", name="Undo…").click()
    olga.wait_for_url("**/plans/*")
    said = "2 items get their earlier version; 1 was changed since and is left as it is."
    expect(olga.locator("#takes-back")).to_contain_text(said)
    expect(olga.locator("#plan-items tbody tr", has_text=TITLES[0])).to_contain_text("Room 4.12")
    expect(olga.locator("#plan-items tbody tr", has_text="Changed since the snapshot")).to_have_count(1)
    assert axe_findings(olga) == []

    olga.get_by_label("Reason, kept in the history").fill("wrong side")
    olga.locator("#plan-go").click()
    olga.wait_for_url("**/snapshots/*")
    expect(olga.get_by_role("heading", name=f"Undo of snapshot {done.id}")).to_be_visible()
    assert {TITLES[0], TITLES[1], "Edited since"} <= {i.item.title for i in own_items(stage)}

    olga.get_by_role("link", name=f"Snapshot {done.id}", exact=True).click()
    expect(olga.get_by_role("link", name="by snapshot")).to_be_visible()
    expect(olga.get_by_role("button", name="Undo the rest…")).to_be_visible()
    assert axe_findings(olga) == []


def test_the_history_offers_an_undo_and_says_what_was_taken_back(olga: Page, done: SnapshotView) -> None:
    at(olga, "/snapshots")
    olga.locator(f"#undo-{done.id}").click()
    olga.wait_for_url("**/plans/*")
    olga.locator("#plan-go").click()
    olga.wait_for_url("**/snapshots/*")
    at(olga, "/snapshots")
    expect(olga.get_by_text("taken back by snapshot")).to_be_visible()
