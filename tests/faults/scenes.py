"""What a process is killed in: both sides before it, what is wished for, and what an undisturbed one changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from nylasadmin.domain.contacts import Contact, Labelled
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.links import CONTACTS
from nylasadmin.services.rows import CrmItem
from nylasadmin.services.targets import form_of
from tests.services.undone import undo_plan
from tests.services.worlds import OLGA, World, timed

USERS = 3
LOST_AFTER_S = 1.0

Prepare = Callable[[World], str]
"""Prepares both sides and gives the wish, as :mod:`tests.faults.driver` knows it."""


class Scene(NamedTuple):
    """``go_on``: the wish of the process that comes after a kill, once the first wish was committed."""

    prepare: Prepare
    changes: dict[str, int]
    go_on: str = "go-on"
    users: int = 1
    contacts: bool = False


def equal_sides(world: World, users: int = 1) -> None:
    for user in range(users):
        for number in range(5):
            world.event(f"Meeting {user}{number}", user)
        world.event(f"Weekly {user}", user, recurrence=["RRULE:FREQ=WEEKLY;COUNT=5"])
    world.get()
    world.send()


def change_at_nylas(world: World) -> None:
    """One is new at Nylas, one changed, one deleted; the CRM has one of its own."""
    ids = {e["title"]: e["id"] for e in world.events().values()}
    world.event("New")
    world.box.change_event(world.calendar(), ids["Meeting 01"], {"location": "Room 1"})
    world.box.change_event(world.calendar(), ids["Weekly 0"], {"location": "Room 2"})
    world.box.delete_event(world.calendar(), ids["Meeting 02"])
    world.put("Only in the CRM")


def change_in_the_crm(world: World) -> None:
    """One is new in the CRM, one changed, one deleted, a series too; Nylas has one of its own."""
    world.put("New", when=timed(5))
    world.put("New series", when=timed(7), rules=("RRULE:FREQ=DAILY;COUNT=3",))
    world.edit(world.named("Meeting 01"), location="Room 1")
    world.edit(world.named("Weekly 0"), location="Room 2")
    world.services.crm.delete(OLGA, world.named("Meeting 02").id)
    world.event("Only at Nylas")


def a_get(world: World) -> str:
    equal_sides(world)
    change_at_nylas(world)
    return "get"


def a_plan(world: World) -> str:
    a_get(world)
    return "plan"


def a_send(world: World) -> str:
    equal_sides(world)
    change_in_the_crm(world)
    return "send"


def an_undo_of_a_get(world: World) -> str:
    a_get(world)
    return f"run-plan-{undo_plan(world, world.get()).preview.id}"


def an_undo_of_a_send(world: World) -> str:
    a_send(world)
    return f"run-plan-{undo_plan(world, world.send()).preview.id}"


def limited(world: World, deletes: int) -> None:
    target = world.services.console.target(world.target.id)
    form = replace(form_of(target), guard_deletes=deletes, guard_share_percent=100, guard_share_from=1000)
    world.services.targets.edit(OLGA, target.id, target.version, form)


def a_held_get(world: World) -> str:
    a_get(world)
    limited(world, 1)
    world.box.delete_event(world.calendar(), next(i for i, e in world.events().items() if e["title"] == "Meeting 03"))
    return "get-and-approve"


def a_held_send(world: World) -> str:
    a_send(world)
    limited(world, 1)
    world.services.crm.delete(OLGA, world.named("Meeting 03").id)
    return "send-and-approve"


def links_that_wait(world: World) -> str:
    """Every link deletes, so each waits until all are planned; together they stay within the limit."""
    equal_sides(world, USERS)
    for user in range(USERS):
        world.services.crm.delete(OLGA, world.named(f"Meeting {user}2", user).id)
        world.put(f"New {user}", user, when=timed(5))
    return "send"


def a_retry_of_failed_items(world: World) -> str:
    """Two items could not be created; an item that has not been tried is none of the retry's business."""
    equal_sides(world)
    world.put("Refused 1", when=timed(5))
    world.put("Refused 2", when=timed(6))
    world.fault("status", status=400, method="POST", count=2)
    assert world.send().counters.failed == 2
    world.heal()
    world.put("Not tried", when=timed(7))
    return "retry-failed"


def contacts_sent(world: World) -> str:
    """Contacts carry no marker at Nylas: a create whose answer is lost is known by its content."""
    for name in ("Anna", "Boris", "Clara"):
        _put_contact(world, name)
    world.send()
    _put_contact(world, "Dora")
    _put_contact(world, "Emil")
    _put_contact(world, "Boris", note="on leave")
    world.services.crm.delete(OLGA, ItemId("crm-Clara"))
    return "send"


def _put_contact(world: World, name: str, note: str = "") -> None:
    contact = Contact(given_name=name, emails=(Labelled(f"{name.lower()}@client.example", "work"),), notes=note)
    item = CrmItem(id=ItemId(f"crm-{name}"), user_id="u0", collection=CONTACTS, item=contact)
    world.services.crm.put(OLGA, item)


SCENES: dict[str, Scene] = {
    "get": Scene(a_get, {"created": 1, "updated": 2, "deleted": 1}),
    "send": Scene(a_send, {"created": 2, "updated": 2, "deleted": 1}),
    "plan": Scene(a_plan, {"created": 1, "updated": 2, "deleted": 1}),
    "undo of a get": Scene(an_undo_of_a_get, {"created": 1, "updated": 2, "deleted": 1}),
    "undo of a send": Scene(an_undo_of_a_send, {"created": 1, "updated": 2, "deleted": 2}),
    "held get": Scene(a_held_get, {"created": 1, "updated": 2, "deleted": 2}, go_on="approve"),
    "held send": Scene(a_held_send, {"created": 2, "updated": 2, "deleted": 2}, go_on="approve"),
    "links that wait": Scene(links_that_wait, {"created": USERS, "deleted": USERS}, users=USERS),
    "retry": Scene(a_retry_of_failed_items, {"created": 2}),
    "contacts": Scene(contacts_sent, {"created": 2, "updated": 1, "deleted": 1}, contacts=True),
}
