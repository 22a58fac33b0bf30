"""The CRM by hand: single items, export and import."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nylasadmin.errors import NotFound
from tests.services.conftest import Worlds
from tests.services.worlds import OLGA, World

USER = {"type": "user", "id": "anna", "name": "Anna", "email": "anna@brightwater.example"}
WHEN = {"kind": "timed", "start": 1, "end": 2}


def event(**fields: Any) -> dict[str, Any]:
    line = {"type": "event", "user": "anna", "item": {"when": WHEN} | fields.pop("item", {})}
    return line | fields


DAMAGED = {
    "no JSON": "{",
    "no text": b"\xff\xfe",
    "half a character": '{"type": "event", "user": "anna", "item": {"when": {}, "title": "\\ud800"}}',
    "no object": "5",
    "another type": json.dumps({"type": "thing"}),
    "a field that is missing": json.dumps({"type": "event", "user": "anna"}),
    "a field of another kind": json.dumps(event(item={"title": 5})),
    "an unknown user": json.dumps(event(user="nobody")),
    "no time there is": json.dumps(event(item={"when": WHEN | {"start": 10**30, "end": 10**30}})),
    "an end before its start": json.dumps(event(item={"when": WHEN | {"start": 3}})),
    "an id that is too long": json.dumps(event(id="x" * 81)),
    "a user without an id": json.dumps(USER | {"id": ""}),
    "a user without an address": json.dumps(USER | {"email": "anna"}),
    "somebody else's address": json.dumps(USER | {"id": "other"}),
    "somebody else's item": json.dumps(event(id="item-of-bruno")),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_line_is_reported_by_number_and_the_rest_is_taken(world: World, name: str) -> None:
    bruno = USER | {"id": "bruno", "email": "bruno@brightwater.example"}
    good = [json.dumps(x) for x in (USER, bruno, event(id="item-of-bruno", user="bruno"))]

    report = world.services.crm.load(OLGA, [*good, "", DAMAGED[name], json.dumps(event(id="last"))])

    assert (report.users, report.items) == (2, 2)
    assert [number for number, _ in report.problems] == [5]
    assert all(why for _, why in report.problems)
    assert world.services.crm.item("last").user_id == "anna"


def test_an_export_that_is_loaded_elsewhere_is_the_same(worlds: Worlds) -> None:
    first, second = worlds(users=3, events_per_user=40), worlds(users=0)
    first.get()
    lines = list(first.services.crm.export())

    report = second.services.crm.load(OLGA, lines)

    assert (report.problems, report.items) == ((), len(first.rows("crm_items")))
    assert list(second.services.crm.export()) == lines


def test_loading_twice_doubles_nothing(world: World) -> None:
    lines = [json.dumps(USER), json.dumps(event(id="one"))]
    world.services.crm.load(OLGA, lines)

    world.services.crm.load(OLGA, lines)

    assert [i["id"] for i in world.rows("crm_items")] == ["one"]
    assert [c["kind"] for c in world.rows("crm_changes")] == ["created", "updated"]


def test_one_user_is_exported_by_id_or_address(worlds: Worlds) -> None:
    world = worlds(users=2, events_per_user=5)
    world.get()

    by_id, by_address = (
        list(world.services.crm.export("u1")),
        list(world.services.crm.export(world.box.grants[1].email)),
    )

    assert by_id == by_address
    assert {json.loads(x).get("user", "u1") for x in by_id} == {"u1"}
    with pytest.raises(NotFound):
        list(world.services.crm.export("nobody"))


def test_an_item_that_is_not_there_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        world.services.crm.item("nothing")
    with pytest.raises(NotFound):
        world.services.crm.delete(OLGA, "nothing")
