"""What comes again byte for byte is not looked at again, and whatever has changed always is."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from nylasadmin.adapters.nylas import reading
from nylasadmin.domain.items import ScheduleItem
from nylasadmin.domain.providers import GOOGLE
from tests.services.conftest import Worlds
from tests.services.worlds import World, timed

CHANGES: dict[str, Any] = {"title": "Lunch at one", "location": "Room 9", "busy": False, "description": "Bring figures"}


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The titles of single events that were converted, in order."""
    titles: list[str] = []
    convert = reading.item_of

    def noting(event: Any, rules: Any) -> ScheduleItem:
        titles.append(event.title)
        return convert(event, rules)

    monkeypatch.setattr(reading, "item_of", noting)
    return titles


@pytest.mark.parametrize("provider", ["google", "microsoft", "icloud"])
def test_a_get_again_looks_at_nothing_and_writes_nothing(worlds: Worlds, provider: str, looked_at: list[str]) -> None:
    world = worlds(provider=provider)
    for title in ("Lunch", "Review"):
        world.event(title)
    world.get()
    pairs = world.rows("pairs")
    looked_at.clear()

    again = world.get()

    assert looked_at == []
    assert (again.counters.read, again.counters.unchanged, again.counters.to_write) == (2, 2, 0)
    assert world.rows("pairs") == pairs


@pytest.mark.parametrize("field", CHANGES)
def test_an_event_that_changed_is_looked_at(world: World, looked_at: list[str], field: str) -> None:
    world.event("Review")
    event_id = world.event("Lunch")
    world.get()
    looked_at.clear()
    world.box.change_event(world.calendar(), event_id, {field: CHANGES[field]})

    changed = world.get()

    assert len(looked_at) == 1
    assert (changed.counters.updated, changed.counters.unchanged) == (1, 1)
    assert world.get().counters.unchanged == 2


def test_an_item_that_changed_in_the_crm_is_overwritten_although_its_event_did_not(world: World) -> None:
    world.event("Lunch")
    world.get()
    world.edit(world.named("Lunch"), title="Mine")

    changed = world.get()

    assert changed.counters.updated == 1
    assert world.titles_in_crm() == ["Lunch"]


def test_an_item_deleted_in_the_crm_comes_back_although_its_event_did_not_change(world: World) -> None:
    world.event("Lunch")
    world.get()
    (item,) = world.items().values()
    with world.product.storage.write() as tx:
        tx.items.delete(item.id, "somebody")

    assert world.get().counters.created == 1
    assert world.titles_in_crm() == ["Lunch"]


def test_another_rule_of_the_provider_makes_everything_be_looked_at(
    world: World, looked_at: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.event("Lunch")
    world.get()
    looked_at.clear()
    monkeypatch.setattr(reading, "rules_for", lambda _: replace(GOOGLE, popup="display"))

    world.get()
    assert looked_at == ["Lunch"]

    world.get()  # and what was understood anew is known from then on
    assert looked_at == ["Lunch"]


def test_what_a_send_has_written_is_known_after_the_next_get(world: World, looked_at: list[str]) -> None:
    world.put("Mine", when=timed(3))
    world.send()
    world.get()
    looked_at.clear()

    assert world.get().counters.unchanged == 1
    assert looked_at == []


def test_what_is_known_does_not_hide_items_that_only_the_crm_has(world: World) -> None:
    world.event("Lunch")
    world.get()
    world.put("Only here")

    assert world.get(remove=True).counters.deleted == 1
    assert world.titles_in_crm() == ["Lunch"]
