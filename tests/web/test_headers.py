"""What browsers are told: which scripts may run, who may frame the console, what may be kept, how cookies travel."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
import pytest
from flask import Flask

from nylasadmin import resources
from nylasadmin.bootstrap import Product, web_settings
from nylasadmin.web import WebSettings, create_app
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]
PAGES = ("/", "/targets", "/snapshots", "/operators", "/audit", "/no/such/page")


def console(product: Product, **changes: object) -> Flask:
    settings: WebSettings = msgspec.structs.replace(web_settings(product.settings), **changes)
    return create_app(product.services, settings, clock=product.clock.now)


@pytest.mark.parametrize("path", ["/sign-in", "/healthz", "/no/such/page", "/static/console.js"])
def test_every_answer_forbids_scripts_and_frames_from_elsewhere(visit: Visit, path: str) -> None:
    headers = visit().get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"


def test_the_origins_of_the_settings_may_frame_the_console(product: Product) -> None:
    origins = ("https://crm.example", "https://intranet.example")
    headers = Visitor(console(product, allowed_frame_ancestors=origins)).get("/sign-in").headers
    assert "frame-ancestors https://crm.example https://intranet.example" in headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in headers


@pytest.mark.parametrize("name", ["olga", "adam", "peter"])
def test_no_page_has_a_script_style_or_handler_that_the_policy_would_block(visit: Visit, name: str) -> None:
    person = visit(name)
    for path in PAGES:
        page = person.get(path, follow_redirects=True).text
        assert not re.search(r"<script(?![^>]* src=)", page), path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|hx-on", page), path


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(visit: Visit) -> None:
    cookie = visit().sign_in("olga").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_the_cookie_travels_by_https_only_where_the_settings_say_so(product: Product) -> None:
    person = Visitor(console(product, cookie_secure=True), base_url="https://console.example")
    assert "Secure" in person.sign_in("olga").headers["Set-Cookie"]


def test_pages_and_panels_are_not_kept_by_browsers(visit: Visit) -> None:
    person = visit("adam")
    assert person.get("/audit").headers["Cache-Control"] == "no-store"
    assert person.ask("/panels/audit").headers["Cache-Control"] == "no-store"


def test_static_files_are_kept_for_good_because_their_address_names_their_content(visit: Visit) -> None:
    person = visit()
    page = person.get("/sign-in").text
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(addresses) >= 5
    for address in addresses:
        answer = person.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"], address


def test_a_static_file_without_its_content_in_the_address_is_asked_for_again(visit: Visit) -> None:
    assert visit().get("/static/console.css").headers["Cache-Control"] == "no-cache"


def test_a_poll_that_changes_nothing_sends_no_cookie(visit: Visit) -> None:
    answer = visit("adam").ask("/panels/operators", source="section#operators", target="section#operators")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_templates_and_static_files_are_found() -> None:
    assert (resources.folder("templates") / "base.html").is_file()
    assert (resources.folder("static") / "console.css").is_file()
