"""A person with a browser, for tests of pages: keeps cookies, sends the CSRF token, and may ask the way htmx does."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

PASSWORD = "correct horse battery"
_TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)">')


class Visitor:
    """``environ`` goes with every request: for example the path the console is mounted under."""

    def __init__(self, app: Flask, **environ: Any) -> None:
        self.client = app.test_client()
        self._environ = environ
        self._tokens: dict[str, str] = {}

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, buffered=True, **self._environ, **options)

    def ask(self, path: str, *, source: str = "a#some", target: str = "section#panel", **options: Any) -> TestResponse:
        """GET the way htmx does."""
        return self.get(path, headers=htmx(source, target), **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """POST a form with the page's CSRF token."""
        form = {"csrf_token": self.token(), **(data or {})}
        return self.client.post(path, data=form, **self._environ, **options)

    def send(self, path: str, data: dict[str, Any] | None = None) -> TestResponse:
        """POST a form the way htmx does, from a dialog."""
        return self.post(path, data, headers=htmx("form#dialog-form", "form#dialog-form"))

    def token(self) -> str:
        """Give the token of the visitor's session, read from a page when the session has a new one."""
        with self.client.session_transaction() as session:
            secret = session.get("csrf_token", "")
        if secret not in self._tokens:
            token = self._token_of_page()
            with self.client.session_transaction() as session:
                secret = session.get("csrf_token", "")
            self._tokens = {secret: token} if secret else {}
            return token
        return self._tokens[secret]

    def _token_of_page(self) -> str:
        page = self.get("/sign-in", follow_redirects=True).text
        found = _TOKEN.search(page)
        assert found, page
        return found[1]

    def sign_in(self, username: str, password: str = PASSWORD, next: str = "") -> TestResponse:
        return self.post("/sign-in", {"username": username, "password": password, "next": next})


def htmx(source: str = "a#some", target: str = "section#panel", page: str = "http://localhost/audit") -> dict[str, str]:
    """Give the headers htmx sends."""
    return {"HX-Request": "true", "HX-Source": source, "HX-Target": target, "HX-Current-URL": page}
