"""A world without a network and without waiting: the sandbox answers in the same process, which may be killed at will.

Killed means: at a chosen point (before a request, after it was carried out, before a commit) an exception that nobody
catches leaves everything, and from then on neither the database nor the sandbox can be reached by that product. What
was not committed is gone, what the sandbox has carried out is done. Then a new product opens the same database.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from flask import Flask
from requests.adapters import BaseAdapter
from sqlalchemy import delete, event
from urllib3 import HTTPResponse
from werkzeug.test import EnvironBuilder, run_wsgi_app

from nylasadmin import bootstrap
from nylasadmin.adapters.clocks import FixedClock
from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.adapters.nylas.http import Patience
from nylasadmin.adapters.storage.tables import metadata
from nylasadmin.bootstrap import Product
from nylasadmin.sandbox.filling import fill
from nylasadmin.sandbox.http.app import create_app
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.testing import RunningSandbox
from tests.made_once import put_tables
from tests.services.worlds import World, add_target, settings_in

LEASE_AND_MORE_S = 600
GUARD_DELETES = 3
_KEPT = {"alembic_version", "installation", "crm_users", "targets", "sender_channels", "notification_channels"}
_IMPATIENT = Patience(tries=2, first_wait_s=0.0, longest_wait_s=0.0)


class Killed(BaseException):
    """The process is gone."""


class Fate:
    """When the process dies: after so many points, ``None`` for never. Once dead it stays dead."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.is_dead = False
        self._requests: int | None = None
        self._deed: Callable[[], object] | None = None
        self._path = ""

    def meanwhile(self, requests: int | None, deed: Callable[[], object] | None = None, path: str = "") -> None:
        """Have something done while a later request whose path ends so is under way: after so many others."""
        self._requests, self._deed, self._path = requests, deed, path

    def request(self, method: str, path: str) -> None:
        """See to what is to be done while this request is under way."""
        if self._requests is None or self._deed is None or not f"{method} {path}".endswith(self._path):
            return
        self._requests -= 1
        if self._requests < 0:
            deed, self._deed = self._deed, None
            deed()

    def point(self) -> None:
        """Live through one point, or die at it."""
        if self.is_dead:
            raise Killed
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.is_dead = True
            raise Killed


class InProcess(BaseAdapter):
    """Carries requests to a WSGI application instead of a server. A connection that a fault cuts raises as usual."""

    def __init__(self, app: Flask, fate: Fate) -> None:
        super().__init__()
        self._app = app
        self.fate = fate

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.fate.point()
        answer = self._answer(request)
        self.fate.request(request.method or "GET", urlsplit(request.url or "").path)
        self.fate.point()
        return answer

    def _answer(self, request: requests.PreparedRequest) -> requests.Response:
        parts = urlsplit(request.url or "")
        body = request.body.encode() if isinstance(request.body, str) else request.body
        builder = EnvironBuilder(
            path=parts.path,
            query_string=parts.query,
            method=request.method or "GET",
            headers=dict(request.headers),
            input_stream=io.BytesIO(body or b""),
            content_length=len(body or b""),
        )
        environ = builder.get_environ()
        environ["REQUEST_URI"] = f"{parts.path}?{parts.query}"
        cuts: list[bool] = []
        environ["sandbox.reset"] = lambda: cuts.append(True)
        content, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        if cuts:
            raise requests.ConnectionError("connection reset", request=request)
        return self._response(request, b"".join(content), int(status.split()[0]), dict(headers))

    def _response(
        self, request: requests.PreparedRequest, body: bytes, status: int, headers: dict[str, str]
    ) -> requests.Response:
        raw = HTTPResponse(body=io.BytesIO(body), headers=headers, status=status, preload_content=False)
        response = requests.adapters.HTTPAdapter().build_response(request, raw)
        response.content  # noqa: B018 - read now, as a session does that does not stream
        return response

    def close(self) -> None:
        pass


class Lab:
    """One sandbox and one database for many stories; :meth:`fresh` empties both."""

    def __init__(self, folder: Path, provider: str = "google", users: int = 2) -> None:
        self.clock = FixedClock()
        self._folder = folder
        self._sandbox = Sandbox(seed=7, provider=provider, api_key="a key of the sandbox")
        fill(
            self._sandbox,
            users=users,
            events_per_user=0,
            contacts_per_user=0,
            messages_per_user=0,
            ics=None,
            vcard=None,
            mbox=None,
        )
        self._app = create_app(self._sandbox)
        self.box = RunningSandbox("http://localhost", self._sandbox)
        self.fate = Fate()
        put_tables(folder / "nylasadmin.db")
        self.product = self._built()
        self._target = add_target(
            self.product,
            self.box,
            read_timeout_s=0.1,
            guard_deletes=GUARD_DELETES,
            guard_share_percent=50,
            guard_share_from=6,
        )
        self._links = self._rows_to_keep()

    def _built(self) -> Product:
        self.fate = Fate()
        side = NylasHttpSide(
            patience=_IMPATIENT,
            transport=InProcess(self._app, self.fate),
            now=self.clock.now,
            sleep=lambda seconds: None,
        )
        product = bootstrap.build(settings_in(self._folder), nylas=side, clock=self.clock)
        fate = self.fate
        event.listen(product.engine, "commit", lambda connection: fate.point())
        event.listen(product.engine, "before_cursor_execute", lambda *_: _stay_dead(fate))
        return product

    def _rows_to_keep(self) -> dict[str, list[dict[str, Any]]]:
        with self.product.engine.connect() as connection:
            return {
                name: [dict(row) for row in connection.execute(metadata.tables[name].select()).mappings()]
                for name in ("accounts", "links")
            }

    @property
    def world(self) -> World:
        return World(self.box, self.product, self._target)

    def fresh(self) -> World:
        """Empty both sides and all that is remembered of runs; users, target and links are as they were first."""
        self.world.heal()
        for grant in self.box.grants:
            grant.is_valid = True
            for calendar in grant.calendars.values():
                for _, row in list(calendar.events.rows()):
                    calendar.events.remove(row.id)
        self.world.mailed.clear()
        self.world.forget_requests()
        with self.product.engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            for table in reversed(metadata.sorted_tables):
                if table.name not in _KEPT:
                    connection.execute(delete(table))
            for name, rows in self._links.items():
                connection.execute(metadata.tables[name].insert(), rows)
        return self.world

    def restart(self) -> World:
        """Open the database anew after a kill, late enough that the dead process's leases have ended."""
        self.fate.is_dead = True
        self.product.engine.dispose()
        self.clock.move(LEASE_AND_MORE_S)
        self.product = self._built()
        self.product.runner.start()
        return self.world

    def close(self) -> None:
        self.product.close()


def _stay_dead(fate: Fate) -> None:
    if fate.is_dead:
        raise Killed
