"""A console with one target behind it: a sandbox with three accounts, their CRM users and their discovered links."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from nylasadmin.bootstrap import Product
from nylasadmin.domain.items import ItemType
from nylasadmin.domain.links import Link
from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.domain.policies import EVERYTHING
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.domain.targets import Target, TargetForm
from nylasadmin.sandbox.testing import RunningSandbox
from nylasadmin.services.views import LinkQuery, LinkRow, SnapshotView
from tests.sandbox.openapi import judged_sandbox
from tests.services.worlds import MAIL_TYPES, only_calendars

CHANNEL = {
    "connect_timeout_s": "5",
    "read_timeout_s": "95",
    "concurrency": "4",
    "requests_per_s": "10",
    "guard_deletes": "50",
    "guard_share_percent": "20",
    "guard_share_from": "20",
    "guard_shrink_percent": "50",
    "four_eyes_deletes": "",
    "keep_older_days": "",
    "undo_days": "30",
}


def form(**fields: str) -> dict[str, str]:
    """Give what a browser sends for a target; a switch that is off is left out."""
    return {"name": "Nylas US", "host": "api.us.nylas.com", "inbound": "on", "outbound": "on", **CHANNEL, **fields}


class Stage:
    """``box`` is the sandbox behind ``target``."""

    def __init__(self, product: Product, box: RunningSandbox) -> None:
        self.product, self.box = product, box
        self.target = self.add_target()

    def add_target(self, name: str = "Sandbox") -> Target:
        host = self.box.url.removeprefix("http://")
        form = TargetForm(name=name, host=host, base_url=self.box.url, api_key=self.box.api_key)
        return self.product.services.targets.add(COMMAND_LINE, form, EVERYTHING)

    def add_users(self) -> None:
        """Give the CRM a user for every account."""
        users = [{"type": "user", "id": g.id, "name": g.name, "email": g.email} for g in self.box.grants]
        report = self.product.services.crm.load(COMMAND_LINE, [json.dumps(user) for user in users])
        assert not report.problems

    def discover(self, *, contacts: bool = False, mail: bool = False) -> None:
        """Discover accounts and links; those of contacts and mail stay only if asked for."""
        self.add_users()
        found = self.product.services.targets.discover(COMMAND_LINE, self.target.id)
        assert found.links_made
        assert not found.problems
        only_calendars(self.product, *([ItemType.CONTACT] if contacts else []), *(MAIL_TYPES if mail else []))

    @property
    def rows(self) -> tuple[LinkRow, ...]:
        return self.product.services.console.links(LinkQuery(target_id=self.target.id)).rows

    @property
    def link(self) -> Link:
        """Give the first link, as the panel selects it."""
        return self.product.services.console.link(self.rows[0].id).link

    def get(self, link_id: int | None = None, *, remove: bool = False) -> SnapshotView:
        """Get a snapshot and give its result (the runner works inline)."""
        return self._snapshot(Direction.GET, link_id, remove)

    def send(self, link_id: int | None = None, *, remove: bool = False) -> SnapshotView:
        return self._snapshot(Direction.SEND, link_id, remove)

    def _snapshot(self, direction: Direction, link_id: int | None, remove: bool) -> SnapshotView:
        asked = self.product.services.snapshots.request(
            COMMAND_LINE,
            direction=direction,
            target_id=None if link_id else self.target.id,
            link_id=link_id,
            receiver_only=ReceiverOnly.REMOVE if remove else ReceiverOnly.KEEP,
        )
        return self.product.services.console.snapshot(asked.id)

    def items(self) -> int:
        """Count the items of the CRM."""
        return sum(b'"type":"event"' in line for line in self.product.services.crm.export())


@pytest.fixture
def box() -> Iterator[RunningSandbox]:
    with judged_sandbox(users=3, events_per_user=30) as running:
        yield running


@pytest.fixture
def stage(product: Product, box: RunningSandbox) -> Stage:
    """A target whose links are discovered."""
    stage = Stage(product, box)
    stage.discover()
    return stage


@pytest.fixture
def bare(product: Product, box: RunningSandbox) -> Stage:
    """A target without links; the CRM has no users."""
    return Stage(product, box)
