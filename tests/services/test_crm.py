"""The CRM by hand: single items, export and import."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nylasadmin.domain.items import Timed
from nylasadmin.errors import InvalidInput, NotFound
from tests.services.conftest import Worlds
from tests.services.worlds import OLGA, World

USER = {"type": "user", "id": "anna", "name": "Anna", "email": "anna@brightwater.example"}
WHEN = {"kind": "timed", "start": 1, "end": 2}
DAYS = {"kind": "all_day", "start": "2026-01-05"}
SERIES = {"rules": ["RRULE:FREQ=DAILY"]}


def event(**fields: Any) -> dict[str, Any]:
    line = {"type": "event", "user": "anna", "item": {"when": WHEN} | fields.pop("item", {})}
    return line | fields


def changed(at: int = 1, start: int = 1, end: int = 2) -> dict[str, Any]:
    return {"original_start": at, "item": {"when": {"kind": "timed", "start": start, "end": end}}}


def contact(**item: Any) -> dict[str, Any]:
    return {"type": "contact", "user": "anna", "item": item}


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
    "an end before its start in whole days": json.dumps(event(item={"when": DAYS | {"end": "2026-01-04"}})),
    "no day at all": json.dumps(event(item={"when": DAYS | {"end": "2026-01-05"}})),
    "a zone there is not": json.dumps(event(item={"when": WHEN | {"zone": "Europe/Nowhere"}})),
    "a rule nobody can follow": json.dumps(event(item={"rules": ["RRULE:FREQ=BOGUS"]})),
    "a start beyond all numbers": json.dumps(event(item={"when": WHEN | {"start": 99999999999999999999}})),
    "a cancelled moment beyond": json.dumps(event(item=SERIES | {"cancelled": [10**30]})),
    "a change of a moment beyond": json.dumps(event(item=SERIES | {"exceptions": [changed(at=10**30)]})),
    "a change to a time beyond": json.dumps(event(item=SERIES | {"exceptions": [changed(start=1, end=10**30)]})),
    "an original start beyond": json.dumps(event(item={"original_start": 10**30})),
    "a field nobody knows": json.dumps(event(extra=1)),
    "a field of an item nobody knows": json.dumps(event(item={"titel": "Lunch"})),
    "a field of a time nobody knows": json.dumps(event(item={"when": WHEN | {"zoen": "UTC"}})),
    "a field of an attendee nobody knows": json.dumps(event(item={"attendees": [{"mail": "a@b.example"}]})),
    "a contact without any name": json.dumps(contact(notes="nobody")),
    "a birthday that is no day": json.dumps(contact(given_name="Anna", birthday="soon")),
    "a field of a contact nobody knows": json.dumps(contact(given_name="Anna", e_mail="a@b.example")),
    "a field of an address nobody knows": json.dumps(contact(emails=[{"value": "a@b.example", "kind": "work"}])),
    "an event among contacts": json.dumps(contact(title="Lunch", when=WHEN)),
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


def test_a_damaged_line_says_which_field_is_wrong(world: World) -> None:
    wrong = [event(extra=1, item={"titel": "Lunch"}), event(item={"when": WHEN | {"zone": "Europe/Nowhere"}})]

    report = world.services.crm.load(OLGA, [json.dumps(USER), *map(json.dumps, wrong)])

    assert [why for _, why in report.problems] == [
        "there is no field 'item.titel'; there is no field 'extra'",
        "zone: there is no time zone 'Europe/Nowhere'",
    ]


def test_an_item_that_no_calendar_can_have_is_refused(world: World) -> None:
    with pytest.raises(InvalidInput) as refused:
        world.put("Backwards", when=Timed(10, 5))

    assert refused.value.fields == {"item": "end: before the start"}
    assert world.titles_in_crm() == []


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
