"""Rows of the embedded CRM store: an item's values in a table, and the item of a row."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Row

from nylasadmin.adapters.storage.bulk import storable
from nylasadmin.adapters.storage.tables import crm_items
from nylasadmin.domain.fidelity import FULL, Fidelity
from nylasadmin.domain.items import Moment
from nylasadmin.domain.kinds import (
    Item,
    decode_body,
    encode_body,
    fingerprint,
    outline,
)
from nylasadmin.domain.plan import Observed
from nylasadmin.domain.providers import alike_bit, alike_mask
from nylasadmin.services.ports import WriteOrder
from nylasadmin.services.rows import CrmItem

VALUE_COLUMNS = (
    "uid",
    "original_start",
    "title",
    "start",
    "end",
    "is_recurring",
    "fingerprint",
    "alike",
    "body",
    "updated_at",
)
PLANNING_COLUMNS = [crm_items.c[name] for name in ("id", *VALUE_COLUMNS[:8], "updated_at")]


def values_of(item: Item, now: int) -> tuple[object, ...]:
    """Give an item's part of a row, in the order of ``VALUE_COLUMNS``."""
    seen = outline(item)
    return (
        seen.uid,
        _moment_text(seen.original_start),
        storable(item.title),
        seen.start,
        seen.end,
        seen.is_recurring,
        fingerprint(item, FULL),
        alike_mask(item),
        encode_body(item),
        now,
    )


def values_of_new(order: WriteOrder, now: int) -> tuple[object, ...]:
    """Give a new item's part of a row; what its source has computed is taken over where it holds here too."""
    seen, body = order.seen, order.body
    if seen is not None and body is not None and seen.is_whole:
        return (
            seen.uid,
            _moment_text(seen.original_start),
            storable(seen.title),
            seen.start,
            seen.end,
            seen.is_recurring,
            seen.fingerprint,
            alike_bit(order.fidelity),
            body,
            now,
        )
    return values_of(order.item if order.item is not None else decode_body(body or b""), now)


def _moment_text(moment: Moment | None) -> str | None:
    if moment is None:
        return None
    return str(moment) if isinstance(moment, int) else moment.isoformat()


def _moment(text: str | None) -> Moment | None:
    if text is None:
        return None
    return date.fromisoformat(text) if "-" in text[1:] else int(text)


def observed(rows: Iterable[Any], fidelity: Fidelity, *, is_known_by_content: bool) -> list[Observed]:
    """Give items as planning sees them. Rows are taken apart by place: there are many of them."""
    return [
        Observed(
            id=item_id,
            fingerprint=full if not reduced or reduced[0] is None else fingerprint(decode_body(reduced[0]), fidelity),
            title=title,
            start=start,
            end=end,
            is_recurring=is_recurring,
            uid=uid,
            original_start=None if original_start is None else _moment(original_start),
            modified=modified or None,
            is_known_by_content=is_known_by_content,
        )
        for item_id, uid, original_start, title, start, end, is_recurring, full, _, modified, *reduced in rows
    ]


def crm_item(row: Row[Any]) -> CrmItem:
    """Give a whole item of a row."""
    return CrmItem(
        id=row.id,
        user_id=row.user_id,
        collection=row.collection,
        item=decode_body(bytes(row.body)),
        updated_at=row.updated_at,
    )
