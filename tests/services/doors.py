"""A door for CRM users: a sandbox with people, a CRM that knows them, a target that nobody has connected to yet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from nylasadmin import bootstrap
from nylasadmin.adapters.clocks import FixedClock
from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.bootstrap import Product
from nylasadmin.domain.links import Account, Link
from nylasadmin.domain.policies import EVERYTHING, Policies
from nylasadmin.domain.targets import Target, TargetForm
from nylasadmin.sandbox.testing import RunningSandbox
from nylasadmin.services.connecting import Begun, Connecting
from nylasadmin.services.sign_in_views import Outcome
from nylasadmin.services.views import AuditRow
from tests.made_once import QUICK, put_tables
from tests.sandbox.openapi import judged_sandbox
from tests.services.worlds import OLGA, settings_in

BACK = "https://console.example/connect/return"
PHONE = "192.0.2.7"
STRANGER = "zoe.stranger@gmail.com"


@dataclass
class Door:
    """``users`` are called u0, u1 ... and have the addresses of the sandbox's accounts."""

    box: RunningSandbox
    product: Product
    target: Target
    clock: FixedClock

    @property
    def connecting(self) -> Connecting:
        return self.product.services.connecting

    def email(self, user: int = 0) -> str:
        return self.box.grants[user].email if user < len(self.box.grants) else f"u{user}@gmail.com"

    def token(self, user: int = 0, **options: Any) -> str:
        return self.connecting.invite(OLGA, self.target.id, f"u{user}", **options).removeprefix("/connect/")

    def begin(self, user: int = 0, email: str = "", **options: Any) -> Begun:
        return self.connecting.begin(PHONE, self.token(user, **options), email or self.email(user), BACK)

    def come_back(self, begun: Begun, who: str) -> Outcome:
        """Sign in at the sandbox as somebody and come back with what it gives."""
        brought = signed_in(begun.url, who)
        said = {"code": brought.get("code", ""), "error": brought.get("error", "")}
        self.connecting.come_back(PHONE, brought["state"], **said)
        return self.outcome(begun)

    def connect(self, user: int = 0, who: str = "", **options: Any) -> Outcome:
        return self.come_back(self.begin(user, **options), who or self.email(user))

    def outcome(self, begun: Begun) -> Outcome:
        return self.product.services.outcomes.of(begun.nonce)

    def account(self, user: int = 0) -> Account:
        with self.product.storage.read() as tx:
            (found,) = tx.accounts.of_user(self.target.id, f"u{user}")
        return found

    def links(self, user: int = 0) -> list[Link]:
        with self.product.storage.read() as tx:
            return tx.links.of_account(self.account(user).id)

    def audit(self, action: str) -> list[AuditRow]:
        """Give the rows of an action, the oldest first."""
        rows = self.product.services.audit.rows(size=200)
        return [row for row in reversed(rows) if row.action == action]

    def fault(self, kind: str, **fields: Any) -> None:
        self.box.sandbox.faults.add({"kind": kind, **fields})

    def heal(self) -> None:
        self.box.sandbox.faults.clear()


def signed_in(url: str, who: str) -> dict[str, str]:
    """Sign in at once as somebody, as Google; give what the browser brings back."""
    named = "" if "provider=" in url else "&provider=google"
    answer = requests.get(f"{url}{named}&sandbox_as={who}", allow_redirects=False, timeout=5)
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def register(box: RunningSandbox, url: str = BACK) -> None:
    """Register an address of return, as an administrator does."""
    headers = {"Authorization": f"Bearer {box.api_key}"}
    body = {"url": url, "platform": "web"}
    answer = requests.post(f"{box.url}/v3/applications/redirect-uris", json=body, headers=headers, timeout=5)
    assert answer.status_code == 200, answer.text


def add_target(product: Product, box: RunningSandbox, policies: Policies, users: int) -> Target:
    emails = [g.email for g in box.grants] + [f"u{n}@gmail.com" for n in range(len(box.grants), users)]
    lines = [json.dumps({"type": "user", "id": f"u{n}", "name": f"User {n}", "email": e}) for n, e in enumerate(emails)]
    product.services.crm.load(OLGA, lines)
    form = TargetForm(
        name="Sandbox",
        host="sandbox.example",
        base_url=box.url,
        api_key=box.api_key,
        read_timeout_s=5.0,
        requests_per_s=200.0,
    )
    return product.services.targets.add(OLGA, form, policies)


@contextmanager
def door_in(
    folder: Path, *, accounts: int = 1, users: int = 2, policies: Policies = EVERYTHING, **options: Any
) -> Iterator[Door]:
    """Build it; ``users`` counts CRM users, the first ``accounts`` of which the sandbox knows."""
    clock, side = FixedClock(), NylasHttpSide(patience=QUICK)
    with judged_sandbox(users=accounts, **({"events_per_user": 0} | options)) as box:
        register(box)
        put_tables(folder / "nylasadmin.db")
        product = bootstrap.build(settings_in(folder), nylas=side, clock=clock)
        try:
            yield Door(box, product, add_target(product, box, policies, users), clock)
        finally:
            product.close()
            side.close()
