"""A listing may keep occurrences back as it may keep items back: who seems to have lost some is read again by id.

An item that a listing lacks is looked up before it counts as deleted; so is a series whose copy knows changed or
cancelled occurrences that the listing does not show. Only then may a Get take them from the copy.
"""

from __future__ import annotations

from nylasadmin.domain.items import ItemId, Moment, ScheduleItem
from nylasadmin.domain.kinds import Item
from nylasadmin.domain.plan import Direction
from nylasadmin.services.observing import Facts
from nylasadmin.services.ports import ItemReader
from nylasadmin.services.rows import ItemScope
from nylasadmin.services.storage import Storage
from nylasadmin.services.watermarks import read_again


def resolve_doubts(storage: Storage, scope: ItemScope, facts: Facts, nylas: ItemReader) -> None:
    """Read again the series of a Get that seem to have lost occurrences. Raises ``NylasError``."""
    if facts.direction is not Direction.GET:
        return  # a Send reads every item again before it writes it
    differing = _differing_series(facts)
    if not differing:
        return
    listed = nylas.load(list(differing))
    with storage.read() as tx:
        copies = tx.items.store(scope).load(list(differing.values()))
    lost = [i for i, copy in differing.items() if i in listed and copy in copies and _lacks(listed[i], copies[copy])]
    if lost:
        read_again(facts, nylas, lost)


def _differing_series(facts: Facts) -> dict[ItemId, ItemId]:
    """Give the pairs of which the copy is a series that differs."""
    found: dict[ItemId, ItemId] = {}
    for pair in facts.pairs:
        copy = facts.destination.get(pair.destination)
        if copy is None or not copy.is_recurring:
            continue
        listed = facts.source.get(pair.source)
        if listed is not None and listed.fingerprint != copy.fingerprint:
            found[pair.source] = pair.destination
    return found


def _lacks(listed: Item, copy: Item) -> bool:
    return bool(_special(copy) - _special(listed))


def _special(item: Item) -> set[Moment]:
    if not isinstance(item, ScheduleItem):
        return set()  # nothing else has occurrences
    return {*item.cancelled, *(changed.original_start for changed in item.exceptions)}
