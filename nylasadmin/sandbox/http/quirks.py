"""Faults of objects: legal oddities of real answers, null for empty lists and optional fields left out, on command."""

from __future__ import annotations

from flask import g

from nylasadmin.sandbox.faults import Fault
from nylasadmin.sandbox.wire import Json

_OPTIONAL = ("from", "earliest_message_date", "latest_message_received_date", "draft_ids", "metadata", "reply_to")


def as_ordered(obj: Json) -> Json:
    """Return an object as the fault that hit this request wants it, or as it is."""
    fault: Fault | None = g.get("fault")
    if fault is not None and fault.kind == "null_lists":
        return _with_nulls(obj)
    if fault is not None and fault.kind == "sparse":
        return _sparse(obj)
    return obj


def _with_nulls(obj: Json) -> Json:
    """Write null for every empty list, as the service may."""
    return {
        name: None if value == [] else _with_nulls(value) if isinstance(value, dict) else value
        for name, value in obj.items()
    }


def _sparse(obj: Json) -> Json:
    """Leave out every field that the service has been seen to leave out."""
    return {
        name: _sparse(value) if isinstance(value, dict) else value
        for name, value in obj.items()
        if name not in _OPTIONAL
    }
