"""A small world to run snapshots in: the product on a database of its own, a sandbox, and CRM users with links."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from sqlalchemy import delete, func, select, update

from nylasadmin import bootstrap
from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.adapters.storage.tables import metadata
from nylasadmin.bootstrap import Product
from nylasadmin.domain.items import ItemId, ItemType, ScheduleItem, Timed
from nylasadmin.domain.links import PRIMARY, Link
from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.domain.policies import EVERYTHING
from nylasadmin.domain.privileges import Actor
from nylasadmin.domain.targets import Target, TargetForm
from nylasadmin.sandbox.calendars import Calendar
from nylasadmin.sandbox.testing import RunningSandbox
from nylasadmin.services import Services
from nylasadmin.services.rows import CrmItem
from nylasadmin.services.storage import Clock
from nylasadmin.services.views import RunRow, SnapshotView
from nylasadmin.settings import Settings
from tests.made_once import QUICK, put_tables
from tests.sandbox.openapi import judged_sandbox

OLGA = Actor(name="olga", address="10.0.0.7")
HOUR, DAY = 3600, 86_400
NOON = 1_790_000_000 // DAY * DAY + 12 * HOUR
MAIL_TYPES = (ItemType.MESSAGE, ItemType.THREAD)

Json = dict[str, Any]
SPAN: Json = {"object": "timespan", "start_time": NOON, "end_time": NOON + HOUR}


def settings_in(folder: Path, **more: Any) -> Settings:
    values = {"secret_key": "a key for tests only, 32 letters or more", "data_dir": str(folder), "runner": "inline"}
    return Settings(**(values | more))


@dataclass
class World:
    """What tests do and see: edits at either side, snapshots, and both sides' contents."""

    box: RunningSandbox
    product: Product
    target: Target

    @property
    def services(self) -> Services:
        return self.product.services

    # the sandbox's side

    def calendar(self, user: int = 0, name: str = "primary") -> Calendar:
        return self.box.calendar(self.box.grants[user].id, name)

    def event(self, title: str, user: int = 0, calendar: str = "primary", **fields: Any) -> str:
        """Make an event at Nylas, by its owner or with a UID or organizer of somebody else, and give its id."""
        body = {"title": title, "when": SPAN} | fields
        if "ical_uid" in fields or "organizer" in fields:
            return str(self.box.add_event(self.calendar(user, calendar), body)["id"])
        return str(self.box.create_event(self.calendar(user, calendar), body)["id"])

    def events(self, user: int = 0, calendar: str = "primary") -> dict[str, Json]:
        """Give the stored events by id."""
        return {e["id"]: e for e in stored(self.calendar(user, calendar))}

    def titles_at_nylas(self, user: int = 0, calendar: str = "primary") -> list[str]:
        return sorted(e["title"] for e in self.events(user, calendar).values())

    def fault(self, kind: str, **fields: Any) -> None:
        self.box.sandbox.faults.add({"kind": kind, **fields})

    def heal(self) -> None:
        self.box.sandbox.faults.clear()

    def writing_requests(self) -> list[Json]:
        return [e for e in self.box.sandbox.requests.entries() if e["method"] != "GET"]

    def forget_requests(self) -> None:
        self.box.sandbox.requests.clear()

    @property
    def mailed(self) -> list[Json]:
        return self.box.sandbox.mailed.entries

    # the CRM's side

    def user_id(self, user: int = 0) -> str:
        return f"u{user}"

    def items(self, user: int = 0) -> dict[ItemId, CrmItem]:
        with self.product.storage.read() as tx:
            return {i.id: i for i in tx.items.page(self.user_id(user), "", 10_000)}

    def titles_in_crm(self, user: int = 0) -> list[str]:
        return sorted(i.item.title for i in self.items(user).values())

    def named(self, title: str, user: int = 0) -> CrmItem:
        (found,) = [i for i in self.items(user).values() if i.item.title == title]
        return found

    def put(self, title: str, user: int = 0, item_id: str = "", collection: str = PRIMARY, **fields: Any) -> ItemId:
        """Make an item in the CRM."""
        item = ScheduleItem(**({"when": timed(0), "title": title} | fields))
        made = CrmItem(
            id=ItemId(item_id or f"crm-{title}"), user_id=self.user_id(user), collection=collection, item=item
        )
        self.services.crm.put(OLGA, made)
        return made.id

    def edit(self, item: CrmItem, **fields: Any) -> None:
        self.services.crm.put(OLGA, replace(item, item=replace(item.item, **fields)))

    # snapshots

    def get(self, **options: Any) -> SnapshotView:
        return self.snapshot(Direction.GET, **options)

    def send(self, **options: Any) -> SnapshotView:
        return self.snapshot(Direction.SEND, **options)

    def snapshot(self, direction: Direction, *, remove: bool = False, **options: Any) -> SnapshotView:
        """Ask for a snapshot; the inline runner has ended it when this returns."""
        options.setdefault("receiver_only", ReceiverOnly.REMOVE if remove else ReceiverOnly.KEEP)
        if "link_id" not in options:
            options.setdefault("target_id", self.target.id)
        view = self.services.snapshots.request(OLGA, direction=direction, **options)
        return self.services.console.snapshot(view.id)

    def link(self, user: int = 0, calendar: str = "primary") -> Link:
        wanted = self.calendar(user, calendar).id
        with self.product.storage.read() as tx:
            (found,) = [
                x for x in tx.links.of_target(self.target.id) if x.folder_id == wanted and x.user_id == f"u{user}"
            ]
        return found

    def typed_link(self, item_type: ItemType, user: int = 0) -> Link:
        """Give a user's link of a type that there is one of."""
        with self.product.storage.read() as tx:
            links = tx.links.of_target(self.target.id)
        (found,) = [x for x in links if x.item_type is item_type and x.user_id == f"u{user}"]
        return found

    def run(self, view: SnapshotView, user: int = 0, calendar: str = "primary") -> RunRow:
        wanted = self.link(user, calendar).id
        (found,) = [r for r in self.services.console.runs(view.id, size=1000) if r.link_id == wanted]
        return found

    # the database

    def row_counts(self) -> dict[str, int]:
        with self.product.engine.connect() as connection:
            return {
                name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
                for name, table in metadata.tables.items()
            }

    def rows(self, table: str) -> list[Mapping[str, Any]]:
        chosen = metadata.tables[table]
        with self.product.engine.connect() as connection:
            rows = connection.execute(select(chosen).order_by(*chosen.primary_key.columns)).mappings()
            return [dict(row) for row in rows]


def timed(hours: int) -> Timed:
    return Timed(NOON + hours * HOUR, NOON + (hours + 1) * HOUR, "Europe/Berlin")


def stored(calendar: Calendar) -> list[Json]:
    """Give all that a calendar of the sandbox holds, cancelled events left out."""
    return [json.loads(row.body) for _, row in calendar.events.rows() if not row.cancelled]


@contextmanager
def opened(
    folder: Path,
    box: RunningSandbox,
    *,
    nylas: NylasHttpSide | None = None,
    contacts: bool = False,
    clock: Clock | None = None,
    mail: bool = False,
    **settings: Any,
) -> Iterator[World]:
    """Build the product on a folder and discover the sandbox; a folder that was used before is opened as it is."""
    side = nylas or NylasHttpSide(patience=QUICK)
    if "database_url" not in settings:
        put_tables(folder / "nylasadmin.db")
    product = bootstrap.build(settings_in(folder, **settings), nylas=side, clock=clock)
    known = {t.name: t for t in all_targets(product)}
    target = known.get("Sandbox") or add_target(product, box, contacts=contacts, mail=mail)
    try:
        yield World(box, product, target)
    finally:
        product.close()
        side.close()


def all_targets(product: Product) -> list[Target]:
    with product.storage.read() as tx:
        return tx.targets.all()


def add_target(
    product: Product,
    box: RunningSandbox,
    name: str = "Sandbox",
    *,
    contacts: bool = False,
    mail: bool = False,
    **fields: Any,
) -> Target:
    """Make CRM users of the sandbox's people, add it as a target and discover it.

    ``contacts`` and ``mail`` keep those links.
    """
    lines = [
        json.dumps({"type": "user", "id": f"u{n}", "name": g.name, "email": g.email}) for n, g in enumerate(box.grants)
    ]
    product.services.crm.load(OLGA, lines)
    values = {"read_timeout_s": 5.0, "requests_per_s": 200.0} | fields
    form = TargetForm(name=name, host="sandbox.example", base_url=box.url, api_key=box.api_key, **values)
    target = product.services.targets.add(OLGA, form, EVERYTHING)
    product.services.targets.discover(OLGA, target.id)
    only_calendars(product, *([ItemType.CONTACT] if contacts else []), *(MAIL_TYPES if mail else []))
    return product.services.targets.get(target.id)


def only_calendars(product: Product, *others: ItemType) -> None:
    """Leave no link but those of calendars and the other types named, numbered from 1.

    Most tests are about calendars, and count links.
    """
    links = metadata.tables["links"]
    kept = [str(item_type) for item_type in (ItemType.EVENT, *others)]
    with product.engine.begin() as connection:
        connection.execute(delete(links).where(links.c.item_type.not_in(kept)))
        for number, link_id in enumerate(
            connection.execute(select(links.c.id).order_by(links.c.id)).scalars().all(), 1
        ):
            if link_id != number:  # a new one: those that have runs and pairs come first
                connection.execute(update(links).where(links.c.id == link_id).values(id=number))


@contextmanager
def world_of(folder: Path, *, users: int = 1, events_per_user: int = 0, **options: Any) -> Iterator[World]:
    settings = options.pop("settings", {}) | {"clock": options.pop("clock", None)}
    kept = {name: options.pop(name, False) for name in ("contacts", "mail")}
    with (
        judged_sandbox(users=users, events_per_user=events_per_user, **options) as box,
        opened(folder, box, **kept, **settings) as world,
    ):
        yield world
