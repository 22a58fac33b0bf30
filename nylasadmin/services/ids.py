"""Ids of CRM items: sorted by time of making, unique over processes."""

from __future__ import annotations

import itertools
import os
import time

from nylasadmin.domain.items import ItemId

_counter = itertools.count(int.from_bytes(os.urandom(2), "big"))


def new_item_id() -> ItemId:
    """Make an id: microseconds, a counter and random bits, in hexadecimal (25 characters)."""
    return ItemId(f"{time.time_ns() // 1000:013x}{next(_counter) & 0xFFFF:04x}{os.urandom(4).hex()}")
