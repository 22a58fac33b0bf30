"""The four panels in a real browser: they follow the server, select, search, switch, plan and copy without a reload."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect

from nylasadmin import bootstrap
from nylasadmin.bootstrap import Product
from nylasadmin.domain.links import AccountState
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.domain.runs import Counters, RunState
from nylasadmin.services.targets import form_of
from nylasadmin.services.views import SnapshotState
from tests.web.fixtures import settings_in
from tests.web.stage import Stage
from tests.web.visitor import PASSWORD

Serve = Callable[[Any], str]
HEARTBEAT_MS = 10_000  # idle panels ask every 5 s


def sign_in(page: Page, console: str, username: str) -> Page:
    page.goto(console + "/sign-in")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/targets")
    page.evaluate("document.body.dataset.neverReloaded = 'yes'")
    return page


def was_not_reloaded(page: Page) -> bool:
    return bool(page.evaluate("document.body.dataset.neverReloaded") == "yes")


@pytest.fixture
def console(app: Flask, stage: Stage, serve: Serve) -> str:
    """The address of a console with discovered links behind it."""
    return serve(app)


@pytest.fixture
def olga(console: str, browser_page: Page) -> Page:
    return sign_in(browser_page, console, "olga")


def panel(page: Page, name: str) -> Any:
    return page.get_by_role("region", name=name, exact=True)


# --- selecting, searching, switching -----------------------------------------------------------------------------


def test_a_link_is_selected_by_keyboard_and_the_way_back_works(olga: Page, stage: Stage) -> None:
    second = stage.rows[1]
    olga.locator(f"#link-{second.id} a").focus()
    olga.keyboard.press("Enter")
    expect(olga.locator(f"#folder-{second.id}")).to_be_visible()
    assert olga.url.endswith(f"/targets/{stage.target.id}/links/{second.id}")
    assert was_not_reloaded(olga)
    olga.go_back()
    expect(olga.locator(f"#folder-{stage.rows[0].id}")).to_be_visible()


def test_a_search_narrows_the_list_while_one_types(olga: Page, stage: Stage) -> None:
    name = stage.rows[-1].user_name
    olga.get_by_label("Find a link").click()
    olga.keyboard.type(name.lower(), delay=20)
    expect(olga.locator(".links tbody tr")).to_have_count(sum(row.user_name == name for row in stage.rows))
    expect(olga.get_by_label("Find a link")).to_be_focused()
    expect(olga.get_by_label("Find a link")).to_have_value(name.lower())
    assert "search=" in olga.url


def test_a_direction_is_switched_for_all_links_that_are_ticked(olga: Page, stage: Stage) -> None:
    olga.get_by_label("Select all links on this page").check()
    expect(olga.get_by_text(f"{len(stage.rows)} selected")).to_be_visible()
    olga.locator("button[value=inbound-off]").click()
    expect(olga.locator("[title='Inbound off']")).to_have_count(len(stage.rows))
    assert not any(row.inbound for row in stage.rows)
    assert was_not_reloaded(olga)


def test_ticks_and_typed_words_survive_a_panel_that_follows_the_server(olga: Page, stage: Stage) -> None:
    row = stage.rows[0]
    olga.locator(f"#link-{row.id} input").check()
    stage.product.services.links.switch_many(COMMAND_LINE, [row.id], Direction.GET, False)
    expect(olga.locator(f"#link-{row.id} [title='Inbound off']")).to_be_visible(timeout=HEARTBEAT_MS)
    expect(olga.locator(f"#link-{row.id} input")).to_be_checked()


def test_what_others_change_appears_in_every_panel_by_itself(olga: Page, stage: Stage) -> None:
    form = form_of(stage.target)
    stage.product.services.targets.edit(COMMAND_LINE, stage.target.id, 1, replace(form, name="Renamed by vera"))
    expect(olga.locator("#targets")).to_contain_text("Renamed by vera", timeout=HEARTBEAT_MS)
    expect(olga.locator(f"#server-{stage.target.id}")).to_contain_text("Renamed by vera", timeout=HEARTBEAT_MS)
    assert was_not_reloaded(olga)


# --- dialogs -----------------------------------------------------------------------------------------------------


def test_a_stale_dialog_shows_both_values_and_stays_open(olga: Page, stage: Stage) -> None:
    panel(olga, "Nylas Server").get_by_role("button", name="Edit").click()
    dialog = olga.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Mine")
    stage.product.services.targets.edit(COMMAND_LINE, stage.target.id, 1, replace(form_of(stage.target), name="Theirs"))
    dialog.get_by_role("button", name="Save target").click()
    expect(dialog).to_contain_text("Stored now Theirs")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("Mine")
    dialog.get_by_role("button", name="Save over it").click()
    expect(olga.locator("#targets")).to_contain_text("Mine")
    expect(olga.get_by_role("dialog")).to_have_count(0)


def test_the_warning_of_a_stale_dialog_is_in_sight_and_has_the_focus(olga: Page, stage: Stage) -> None:
    olga.set_viewport_size({"width": 1280, "height": 720})
    panel(olga, "Nylas Server").get_by_role("button", name="Edit").click()
    dialog = olga.get_by_role("dialog")
    dialog.get_by_label("Largest share of a folder").fill("30")
    stage.product.services.targets.edit(COMMAND_LINE, stage.target.id, 1, replace(form_of(stage.target), name="Theirs"))
    dialog.get_by_role("button", name="Save target").click()
    warning = dialog.get_by_role("alert")
    expect(warning).to_contain_text("Somebody else saved this target")
    expect(warning).to_be_focused()
    expect(warning).to_be_in_viewport(ratio=1)
    expect(dialog.get_by_text("Stored now").first).to_be_in_viewport()
    expect(dialog.get_by_role("button", name="Save target")).to_have_count(0)


def test_how_many_fields_are_wrong_stays_in_sight(olga: Page) -> None:
    olga.set_viewport_size({"width": 1280, "height": 720})
    panel(olga, "Nylas Server").get_by_role("button", name="Edit").click()
    dialog = olga.get_by_role("dialog")
    for label in ("Requests per second, per account", "Largest share of a folder", "Most deletions"):
        dialog.get_by_label(label).fill("none")
    dialog.get_by_role("button", name="Save target").click()
    expect(dialog.get_by_text("3 fields need a correction")).to_be_in_viewport(ratio=1)
    expect(dialog.get_by_label("Requests per second, per account")).to_be_focused()


def test_a_panel_behind_the_dialog_leaves_the_focus_where_it_is(olga: Page) -> None:
    panel(olga, "Nylas Server").get_by_role("button", name="Edit").click()
    dialog = olga.get_by_role("dialog")
    dialog.get_by_label("Most deletions").fill("none")
    dialog.get_by_role("button", name="Save target").click()
    expect(dialog.get_by_label("Most deletions")).to_be_focused()
    dialog.get_by_label("Name", exact=True).focus()
    with olga.expect_response("**/panels/targets*"):
        olga.evaluate("htmx.trigger(document, 'targetsChanged')")
    olga.wait_for_timeout(300)
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()


def test_enter_in_the_dialog_that_removes_a_target_does_not_disable_it(olga: Page, stage: Stage) -> None:
    panel(olga, "Nylas Server").get_by_role("button", name="Remove target").click()
    expect(olga.get_by_role("dialog").get_by_text("Cancel")).to_be_focused()
    olga.keyboard.press("Enter")
    expect(olga.get_by_role("dialog")).to_have_count(0)
    assert not stage.product.services.targets.get(stage.target.id).is_disabled


def test_a_session_that_ends_during_a_dialog_keeps_what_was_typed(olga: Page, stage: Stage) -> None:
    operators = stage.product.services.operators
    panel(olga, "Nylas Server").get_by_role("button", name="Edit").click()
    dialog = olga.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Typed before")
    operators.set_password(COMMAND_LINE, operators.by_name("olga").id, PASSWORD)
    dialog.get_by_role("button", name="Save target").click()
    expect(dialog.get_by_role("alert")).to_contain_text("You are signed out Nothing was saved.")
    olga.keyboard.type("not it")
    with olga.expect_response("**/panels/targets*"):
        olga.evaluate("htmx.trigger(document, 'targetsChanged')")
    expect(dialog.get_by_label("Password")).to_have_value("not it")
    olga.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("is wrong")
    dialog.get_by_label("Password").fill(PASSWORD)
    olga.keyboard.press("Enter")
    expect(dialog).to_contain_text("You are signed in again")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("Typed before")
    dialog.get_by_role("button", name="Save target").click()
    expect(olga.get_by_role("dialog")).to_have_count(0)
    expect(olga.locator("#targets")).to_contain_text("Typed before")
    assert was_not_reloaded(olga)


def test_a_session_that_ended_without_a_dialog_says_so_at_the_door(olga: Page, stage: Stage) -> None:
    operators = stage.product.services.operators
    operators.set_password(COMMAND_LINE, operators.by_name("olga").id, PASSWORD)
    olga.wait_for_url(lambda url: "/sign-in?" in url)
    expect(olga.get_by_text("You were signed out")).to_be_visible()


def test_the_connection_test_answers_in_the_panel_and_the_answer_stays(olga: Page, stage: Stage) -> None:
    panel(olga, "Nylas Server").get_by_role("button", name="Test connection").click()
    expect(panel(olga, "Nylas Server")).to_contain_text("Connected to")
    with olga.expect_response("**/server"):  # the panel's heartbeat
        pass
    expect(panel(olga, "Nylas Server")).to_contain_text("Connected to")


# --- snapshots ---------------------------------------------------------------------------------------------------


def test_olga_plans_looks_at_the_counts_and_copies(olga: Page, stage: Stage) -> None:
    panel(olga, "Nylas Server").get_by_role("button", name="Get snapshot").click()
    dialog = olga.get_by_role("dialog", name="Get snapshot · Nylas → CRM")
    confirm = dialog.locator("#snapshot-confirm")
    expect(confirm).to_contain_text("in the CRM")
    planned = confirm.inner_text()
    with olga.expect_response("**/snapshots/plan"):
        dialog.get_by_label("Remove them").check()
    expect(dialog.locator("#snapshot-plan[data-state=done]")).to_be_visible()
    expect(confirm).to_have_text(planned)
    confirm.click()
    expect(olga.get_by_role("dialog")).to_have_count(0)
    expect(panel(olga, "Nylas Server").locator(".strip.done")).to_be_visible()
    expect(olga.locator(".links .chip", has_text="Healthy")).to_have_count(len(stage.rows))
    assert was_not_reloaded(olga)


def test_a_direction_that_is_off_explains_instead_of_copying(olga: Page, stage: Stage) -> None:
    stage.product.services.links.switch_many(COMMAND_LINE, [stage.link.id], Direction.GET, False)
    panel(olga, "Nylas Folder").get_by_role("button", name="Get snapshot").click()
    dialog = olga.get_by_role("dialog")
    expect(dialog).to_contain_text("Inbound is off at this link")
    expect(dialog.locator("#snapshot-confirm")).to_have_count(0)


@pytest.fixture
def resting(product: Product, stage: Stage) -> Stage:
    """The same stage with a runner that never starts: what is asked for stays in the queue."""
    settings = settings_in(Path(product.settings.data_dir))
    stage.product = bootstrap.build(replace(settings, runner="threads"), clock=product.clock)
    return stage


def test_the_progress_of_a_run_is_followed_to_its_end(resting: Stage, serve: Serve, browser_page: Page) -> None:
    asked = resting.get(resting.link.id)
    page = sign_in(browser_page, serve(bootstrap.create_app(product=resting.product)), "vera")
    strip = panel(page, "Nylas Server").locator(f"#strip-{asked.id}")
    expect(strip).to_contain_text("0 of 1 link")
    with resting.product.storage.write() as tx:
        run = tx.runs.claim(tx.console.runs(asked.id, (), 0, 1)[0].id, "test", resting.product.clock.now(), 60)
        assert run is not None
        tx.runs.planned(run, Counters(read=40, to_create=40), RunState.RUNNING)
        tx.runs.add_counts(run, Counters(created=12))
    expect(strip).to_contain_text("12 created")
    with resting.product.storage.write() as tx:
        tx.runs.finish(run, RunState.DONE)
    expect(strip).to_contain_text("Done")
    assert was_not_reloaded(page)


def test_closing_the_dialog_gives_up_the_plan(resting: Stage, serve: Serve, browser_page: Page) -> None:
    page = sign_in(browser_page, serve(bootstrap.create_app(product=resting.product)), "olga")
    panel(page, "Nylas Server").get_by_role("button", name="Get snapshot").click()
    expect(page.locator("#snapshot-plan[data-state=planning]")).to_be_visible()
    with page.expect_response("**/cancel"):
        page.keyboard.press("Escape")
    assert resting.product.services.console.snapshot(1).state is SnapshotState.CANCELLED


# --- for everybody -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_panels_and_dialogs_have_no_accessibility_fault(
    chromium: Browser,
    console: str,
    stage: Stage,
    scheme: Any,
    width: int,
    axe_findings: Callable[[Page], list[str]],
) -> None:
    stage.get()
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = sign_in(context.new_page(), console, "olga")
    found = {"panels": axe_findings(page), "width": page.evaluate("document.documentElement.scrollWidth")}
    for opener in ("add-target", "edit-target", "edit-link", "remove-link", "get-links"):
        page.locator(f"#{opener}").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        found[opener] = axe_findings(page)
        page.keyboard.press("Escape")
    for path in ("/snapshots", "/snapshots/1"):
        page.goto(console + path)
        found[path] = axe_findings(page)
    context.close()
    assert {name: faults for name, faults in found.items() if faults} == {"width": width}


# --- what a person sees at once -----------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1440, 1280, 1100])
def test_no_state_is_cut_and_every_owner_is_readable(olga: Page, stage: Stage, width: int) -> None:
    with stage.product.storage.write() as tx:
        tx.accounts.set_state(stage.link.account_id, AccountState.NEEDS_SIGN_IN)
    olga.set_viewport_size({"width": width, "height": 800})
    olga.reload()
    for list_of in (".links .rows-form", ".targets .scroll"):
        assert olga.locator(list_of).evaluate("list => list.scrollWidth <= list.clientWidth")
    cells = ".links :is(td, th):is(.owner, .mid, .state, .sync), .links td:last-child"
    cut = "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.innerText)"
    assert olga.locator(cells).evaluate_all(cut) == []


def test_columns_stay_where_they_are_when_texts_change(olga: Page, stage: Stage) -> None:
    places = "cells => cells.map(cell => Math.round(cell.getBoundingClientRect().x))"
    before = olga.locator(".console thead th").evaluate_all(places)
    with stage.product.storage.write() as tx:
        tx.accounts.set_state(stage.link.account_id, AccountState.NEEDS_SIGN_IN)
    olga.reload()
    expect(olga.locator(".links")).to_contain_text("Needs sign-in")
    assert olga.locator(".console thead th").evaluate_all(places) == before


def test_a_link_low_in_the_list_is_in_sight_when_its_address_is_opened(olga: Page, stage: Stage, console: str) -> None:
    for number in range(30):
        stage.box.add_calendar(stage.box.grants[0].id, f"Room {number:02}")
    stage.discover()
    last = stage.rows[-1].id
    olga.goto(f"{console}/targets/{stage.target.id}/links/{last}")
    expect(olga.locator(f"#link-{last}")).to_be_in_viewport(ratio=1)


def test_a_toast_covers_no_button_that_starts_something(olga: Page, stage: Stage) -> None:
    stage.product.services.links.edit(COMMAND_LINE, stage.link.id, 1, inbound=True, outbound=False)
    olga.locator("#edit-link").click()
    olga.get_by_role("dialog").get_by_label("Outbound").check()
    olga.get_by_role("dialog").get_by_role("button", name="Save link").click()
    expect(olga.locator(".toast")).to_contain_text("A Send snapshot closes the gap")
    panel(olga, "Nylas Folder").get_by_role("button", name="Send snapshot (selected link only)").click()
    expect(olga.get_by_role("dialog", name="Send snapshot")).to_be_visible()


def test_both_panels_say_what_their_snapshots_are_of(olga: Page) -> None:
    for name, scope in (("Nylas Server", "(all links)"), ("Nylas Folder", "(selected link only)")):
        for what in ("Get snapshot", "Send snapshot"):
            expect(panel(olga, name).get_by_role("button", name=f"{what} {scope}", exact=True)).to_be_visible()


def test_on_a_phone_every_number_of_a_run_has_its_label(olga: Page, stage: Stage, console: str) -> None:
    stage.get()
    snapshot = stage.get()
    olga.set_viewport_size({"width": 390, "height": 844})
    olga.goto(f"{console}/snapshots/{snapshot.id}")
    unlabelled = "cells => cells.filter(c => c.offsetParent && !c.dataset.label && !c.querySelector('a')).length"
    assert olga.locator("#runs td").evaluate_all(unlabelled) == 0
    expect(olga.locator("#runs td[data-label=Unchanged]:visible").first).to_be_visible()
