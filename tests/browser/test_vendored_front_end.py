"""The vendored front-end in a real browser, under the console's kind of content security policy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request
from playwright.sync_api import Page, expect

STATIC = Path(__file__).resolve().parents[2] / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'"
)
PANEL = """<section id="links" hx-get="/panels/links" hx-trigger="linkChanged from:document" hx-swap="outerMorph">
<h1>Links</h1><p>Refreshed {times} times</p><label>Search <input id="search" name="search"></label></section>"""
PAGE = """<!doctype html><html lang="en"><head><title>Links</title>
<meta name="htmx-config" content='{"extensions": "none"}'>
<link rel="stylesheet" href="/static/vendor/pico-2.1.1.min.css">
<script src="/static/vendor/htmx-4.0.1.min.js"></script></head><body><main>%s
<form hx-post="/links" hx-target="#answer" hx-swap="innerHTML">
<label>Name <input name="name"></label><button>Save</button></form><p id="answer"></p>
<button hx-on:click="document.title = 'evaluated'">Evaluate</button></main></body></html>"""


@pytest.fixture
def console() -> Flask:
    """Build the smallest console that uses what ours relies on: a panel, an event, an error answer."""
    app = Flask(__name__, static_folder=str(STATIC))
    refreshed = iter(range(1, 100))

    @app.get("/")
    def page() -> str:
        return PAGE % PANEL.format(times=0)

    @app.get("/panels/links")
    def panel() -> str:
        return PANEL.format(times=next(refreshed))

    @app.post("/links")
    def save() -> Any:
        if not request.form["name"]:
            return "A name is needed.", 422
        return "Saved.", 200, {"HX-Trigger": "linkChanged"}

    @app.after_request
    def protect(answer: Any) -> Any:
        answer.headers["Content-Security-Policy"] = POLICY
        return answer

    return app


@pytest.fixture
def page(console: Flask, browser_page: Page, serve: Callable[[Any], str]) -> Page:
    browser_page.goto(serve(console))
    return browser_page


def test_an_unprocessable_form_is_answered_in_place(page: Page) -> None:
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#answer")).to_have_text("A name is needed.")


def test_a_panel_follows_an_event_and_keeps_what_the_operator_typed(page: Page) -> None:
    page.locator("#search").fill("anna")
    page.get_by_label("Name").fill("Berlin")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Refreshed 1 times")).to_be_visible()
    expect(page.locator("#search")).to_have_value("anna")


def test_nothing_vendored_needs_an_exception_from_the_policy(page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.reload()
    assert [text for text in complaints if "Content Security Policy" in text] == []


def test_no_text_of_a_page_is_ever_evaluated_as_a_script(page: Page) -> None:
    with page.expect_console_message(lambda message: "htmx:error" in message.text):
        page.get_by_role("button", name="Evaluate").click()
    expect(page).to_have_title("Links")


def test_the_accessibility_check_sees_a_field_without_a_label(
    page: Page, axe_findings: Callable[[Page], list[str]]
) -> None:
    assert axe_findings(page) == []
    page.evaluate("document.querySelector('#search').closest('label').replaceWith(document.querySelector('#search'))")
    assert [finding.split(":")[0] for finding in axe_findings(page)] == ["label"]
