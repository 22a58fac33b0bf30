"""The console under a sub-path and behind proxies: every address it writes stays below the path it is mounted at."""

from __future__ import annotations

import re
import threading

import pytest
import requests
from flask import Flask

from nylasadmin.bootstrap import Product, web_settings
from nylasadmin.cli.web_servers import WebServer
from nylasadmin.web import create_app
from tests.web.test_headers import console
from tests.web.visitor import Visitor, htmx

ADDRESS = re.compile(r'\s(?:href|src|action|hx-get|hx-post)="([^"#][^"]*)"')
PAGES = ("/", "/operators", "/operators/add", "/audit", "/audit?page=1", "/targets", "/targets/add", "/snapshots")


@pytest.fixture
def mounted(app: Flask) -> Visitor:
    """The console as a server mounts it at /crm/nylas."""
    return Visitor(app, environ_overrides={"SCRIPT_NAME": "/crm/nylas"})


@pytest.mark.parametrize("name", ["adam", "olga"])
def test_every_address_on_every_page_is_below_the_sub_path(mounted: Visitor, name: str) -> None:
    mounted.sign_in(name)
    for path in PAGES:
        found = ADDRESS.findall(mounted.get(path).text)
        assert [address for address in found if not address.startswith("/crm/nylas/")] == [], path


def test_signing_in_leads_back_below_the_sub_path(mounted: Visitor) -> None:
    assert mounted.get("/audit?page=2").location == "/crm/nylas/sign-in?next=/audit?page%3D2"
    assert mounted.sign_in("adam", next="/audit?page=2").location == "/crm/nylas/audit?page=2"


def test_a_panel_below_the_sub_path_finds_the_way_back_to_its_page(mounted: Visitor) -> None:
    answer = mounted.get("/panels/audit", headers=htmx(page="http://localhost/crm/nylas/audit?page=2"))
    assert answer.headers["HX-Redirect"] == "/crm/nylas/sign-in?next=/audit?page%3D2&ended=yes"


def test_the_cookie_is_kept_to_the_sub_path(mounted: Visitor) -> None:
    assert "Path=/crm/nylas;" in mounted.sign_in("olga").headers["Set-Cookie"] + ";"


FORWARDED = {
    "X-Forwarded-Prefix": "/crm/nylas",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "crm.example",
    "X-Forwarded-For": "203.0.113.9",
}


def test_a_trusted_proxy_may_say_where_the_console_is_mounted_and_who_asks(product: Product) -> None:
    person = Visitor(console(product, trusted_proxies=1))
    page = person.get("/sign-in", headers=FORWARDED).text
    assert 'action="/crm/nylas/sign-in"' in page
    cookie = person.client.get_cookie("nylasadmin", path="/crm/nylas")
    assert cookie
    person.client.set_cookie("nylasadmin", cookie.value)  # the proxy takes the prefix off the path
    form = {"csrf_token": token(page), "username": "olga", "password": "not it at all"}
    person.client.post("/sign-in", data=form, headers={**FORWARDED, "Origin": "https://crm.example"})
    assert product.services.audit.rows(size=1)[0].address == "203.0.113.9"


def test_without_a_trusted_proxy_nobody_may_claim_another_address(product: Product) -> None:
    app = create_app(product.services, web_settings(product.settings))
    person = Visitor(app)
    page = person.get("/sign-in", headers=FORWARDED).text
    assert 'action="/sign-in"' in page
    form = {"csrf_token": token(page), "username": "olga", "password": "not it at all"}
    person.client.post("/sign-in", data=form, headers=FORWARDED)
    assert product.services.audit.rows(size=1)[0].address == "127.0.0.1"


@pytest.mark.parametrize(("trusted", "address"), [(1, "203.0.113.9"), (0, "127.0.0.1")])
def test_the_server_inside_hands_on_what_a_trusted_proxy_says(product: Product, trusted: int, address: str) -> None:
    server, stop = WebServer(console(product, trusted_proxies=trusted), "127.0.0.1", 0, 2), threading.Event()
    thread = threading.Thread(target=server.serve, args=(stop,))
    thread.start()
    try:
        with requests.Session() as browser:
            headers = {"X-Forwarded-For": "203.0.113.9"}
            page = browser.get(f"{server.url}sign-in", headers=headers, timeout=10).text
            form = {"csrf_token": token(page), "username": "olga", "password": "not it at all"}
            browser.post(f"{server.url}sign-in", data=form, headers=headers, timeout=10)
    finally:
        stop.set()
        thread.join()
        server.close()
    assert product.services.audit.rows(size=1)[0].address == address


def token(page: str) -> str:
    return page.split('name="csrf_token" value="')[1].split('"')[0]
