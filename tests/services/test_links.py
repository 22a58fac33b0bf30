"""Links: their two switches, and removing them."""

from __future__ import annotations

import pytest

from nylasadmin.domain.plan import Direction
from nylasadmin.errors import NotFound, StaleVersion
from tests.services.conftest import Worlds
from tests.services.worlds import OLGA, World


def test_both_switches_are_set_at_once(world: World) -> None:
    changed = world.services.links.edit(OLGA, 1, 1, inbound=False, outbound=True)

    assert (changed.inbound, changed.outbound, changed.version) == (False, True, 2)


def test_a_stale_form_is_refused_with_the_stored_values(world: World) -> None:
    world.services.links.edit(OLGA, 1, 1, inbound=False, outbound=True)

    with pytest.raises(StaleVersion) as stale:
        world.services.links.edit(OLGA, 1, 1, inbound=True, outbound=False)
    with pytest.raises(StaleVersion):
        world.services.links.remove(OLGA, 1, 1)

    assert stale.value.current == {"inbound": False, "outbound": True, "version": 2}


def test_a_direction_of_many_links_is_switched_at_once(worlds: Worlds) -> None:
    world = worlds(users=3)
    first, second, third = (x["id"] for x in world.rows("links"))
    world.services.links.edit(OLGA, first, 1, inbound=True, outbound=False)

    assert world.services.links.switch_many(OLGA, [first, second, third, 99], Direction.SEND, False) == 2
    assert world.services.links.switch_many(OLGA, [], Direction.SEND, False) == 0

    assert [(x["inbound"], x["outbound"]) for x in world.rows("links")] == [(True, False)] * 3


def test_a_link_named_twice_or_unknown_is_not_counted(worlds: Worlds) -> None:
    world = worlds(users=3)

    first, second, _ = (x["id"] for x in world.rows("links"))

    world.services.links.switch_many(OLGA, [second, first, second, 99], Direction.SEND, False)

    row = world.services.audit.rows()[0]
    assert (row.subject, f'"links":[{first},{second}]' in row.new) == ("2 links", True)


def test_a_removed_link_is_gone_and_its_pairs_are_remembered(world: World) -> None:
    world.event("One")
    world.get()
    link = world.link()

    world.services.links.remove(OLGA, link.id, link.version)

    for ask in (
        lambda: world.services.console.link(link.id),
        lambda: world.services.links.edit(OLGA, link.id, link.version + 1, inbound=True, outbound=True),
        lambda: world.get(link_id=link.id),
    ):
        with pytest.raises(NotFound):
            ask()
    assert len(world.rows("pairs")) == 1
