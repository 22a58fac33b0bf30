"""Ids of CRM items: sorted by time of making, unique over processes."""

from __future__ import annotations

import itertools
import os
import time

from nylasadmin.domain.items import ItemId

_counter = itertools.count(int.from_bytes(os.urandom(2), "big"))


def new_item_id() -> ItemId:
    """Make an id: microseconds, a counter and random bits, in hexadecimal (25 characters)."""
    return new_item_ids(1)[0]


def new_item_ids(count: int) -> list[ItemId]:
    """Make many ids: the system is asked for its randomness once."""
    chance = os.urandom(4 * count).hex()
    return [
        ItemId(f"{time.time_ns() // 1000:013x}{next(_counter) & 0xFFFF:04x}{chance[at : at + 8]}")
        for at in range(0, 8 * count, 8)
    ]
