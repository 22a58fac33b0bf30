"""Faults of lists: how long a page may be and whether it leads on, where a fault has a say in it."""

from __future__ import annotations

from flask import g

from nylasadmin.sandbox.faults import Fault


def page_size(limit: int) -> int:
    """Return how many objects this answer may hold: fewer or none if a fault says so."""
    fault = _list_fault()
    if fault is None:
        return limit - 1 if "owed" in g else limit
    return 0 if fault.kind == "empty_list" else min(limit, fault.items)


def leading_on(next_cursor: str | None) -> str | None:
    """Return the token of the next page, or None if a fault makes this page look like the last."""
    fault = _list_fault()
    if fault is None:
        return next_cursor
    leads_on = fault.kind == "short_list" if fault.cursor is None else fault.cursor
    return next_cursor if leads_on else None


def _list_fault() -> Fault | None:
    fault: Fault | None = g.get("fault")
    return fault if fault is not None and fault.kind in ("short_list", "empty_list") else None
