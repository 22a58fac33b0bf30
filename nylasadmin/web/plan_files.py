"""A plan as a file, item by item while it is sent: CSV for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from nylasadmin.domain.differences import Difference
from nylasadmin.domain.plan import Direction
from nylasadmin.services.plan_views import PlanItemView, PlanView
from nylasadmin.web import files, format
from nylasadmin.web.words import why

_COLUMNS = ("action", "item", "recurring", "user", "folder", "link", "why", "what", "state", "left_out_by", "changes")


def csv_lines(plan: PlanView, items: Iterable[PlanItemView]) -> Iterator[str]:
    """Write one line per item; what changes stands in one cell, a line per field."""
    yield files.line(_COLUMNS)
    for item in items:
        yield files.line(_cells(item, plan.preview.direction))


def json_parts(plan: PlanView, items: Iterable[PlanItemView], *, is_masked: bool) -> Iterator[bytes]:
    """Write ``{"plan": {...}, "items": [...]}``, an item per line."""
    head = msgspec.json.encode(_head(plan, is_masked))
    yield b'{"plan": ' + head + b', "items": ['
    is_first = True
    for item in items:
        yield (b"\n" if is_first else b",\n") + msgspec.json.encode(_item(item, plan.preview.direction))
        is_first = False
    yield b"\n]}\n"


def _cells(item: PlanItemView, direction: Direction) -> tuple[str, ...]:
    words = why(item, direction)
    return (
        str(item.kind),
        item.title,
        "yes" if item.is_recurring else "no",
        item.user_name,
        item.folder_name,
        str(item.link_id),
        words.title,
        words.advice,
        str(item.state),
        item.excluded_by,
        "\n".join(_change(d) for d in item.differences),
    )


def _change(difference: Difference) -> str:
    """Say a field's change in one line: location: Room 4.12 → Video call."""
    return f"{difference.field}: {', '.join(difference.old)} → {', '.join(difference.new)}"


def _head(plan: PlanView, is_masked: bool) -> dict[str, Any]:
    preview = plan.preview
    return {
        "id": preview.id,
        "target": preview.target_name,
        "link": preview.link_id,
        "direction": preview.direction,
        "receiver_only": preview.receiver_only,
        "planned_at": format.iso(preview.requested_at),
        "planned_by": preview.operator,
        "carried_out_as": plan.executed_by,
        "is_masked": is_masked,
        "counters": preview.counters,
        "to_write": plan.to_write,
        "left_out": plan.excluded,
        "moved": plan.moved,
    }


def _item(item: PlanItemView, direction: Direction) -> dict[str, Any]:
    words = why(item, direction)
    return {
        "action": item.kind,
        "title": item.title,
        "is_recurring": item.is_recurring,
        "link": item.link_id,
        "user": item.user_name,
        "folder": item.folder_name,
        "reason": item.reason,
        "why": words.title,
        "state": item.state,
        "left_out_by": item.excluded_by,
        "differences": [{"field": d.field, "old": d.old, "new": d.new} for d in item.differences],
    }
