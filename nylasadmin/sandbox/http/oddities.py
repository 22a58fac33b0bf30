"""Legal and illegal oddities of JSON answers, put in on command. Each tells whether it found anything to change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from nylasadmin.sandbox.faults import FaultList
from nylasadmin.sandbox.wire import Json

Oddity = Callable[[Json, FaultList], bool]

_MAY_BE_MISSING = frozenset(
    (
        *(
            "description",
            "location",
            "status",
            "visibility",
            "html_link",
            "creator",
            "organizer",
            "ical_uid",
            "sequence",
        ),
        *("created_at", "updated_at", "metadata", "reminders", "is_primary", "timezone", "hex_color"),
        *("from", "reply_to", "draft_ids", "earliest_message_date", "latest_message_received_date"),
    )
)

_NOT_A_USERS = frozenset(("grant_status", "webhook_url", "application_id", "platform"))
"""What objects have that belong to the application. Those of a user may lack `grant_id`, if only some are selected."""


def _repeat_item(body: Json, faults: FaultList) -> bool:
    """Have the next page begin with the last object of this one."""
    if not body.get("next_cursor") or not body.get("data"):
        return False
    faults.owe(body["next_cursor"], body["data"][-1])
    return True


def _skip_item(body: Json, _faults: FaultList) -> bool:
    """Show the last object neither on this page nor on the next."""
    if not body.get("next_cursor") or not body.get("data"):
        return False
    body["data"].pop()
    return True


def _null_lists(body: Json, _faults: FaultList) -> bool:
    return sum(_replace_empty(one) for one in _objects(body)) > 0


def _replace_empty(value: object) -> bool:
    """Write null for the empty lists of an object and of all objects in it."""
    if isinstance(value, list):
        return sum(_replace_empty(one) for one in value) > 0
    if not isinstance(value, dict):
        return False
    empty = [name for name, inner in value.items() if inner == []]
    value.update(dict.fromkeys(empty))
    return sum(_replace_empty(inner) for inner in value.values()) + len(empty) > 0


def _sparse(body: Json, _faults: FaultList) -> bool:
    return sum(_leave_out(one) for one in _objects(body) if one.keys().isdisjoint(_NOT_A_USERS)) > 0


def _leave_out(value: Json) -> int:
    """Take the optional fields out of an object and of the objects right in it; return how many there were."""
    found = [name for name in value if name in _MAY_BE_MISSING]
    for name in found:
        del value[name]
    return len(found) + sum(_leave_out(inner) for inner in value.values() if isinstance(inner, dict))


def _when_without_object(body: Json, _faults: FaultList) -> bool:
    whens = [one["when"] for one in _objects(body) if isinstance(one.get("when"), dict)]
    return sum(when.pop("object", None) is not None for when in whens) > 0


def _empty_conferencing(body: Json, _faults: FaultList) -> bool:
    events = [one for one in _objects(body) if one.get("object") == "event"]
    for event in events:
        event["conferencing"] = {}
    return bool(events)


def _objects(body: Json) -> Iterator[Json]:
    """Yield the objects an answer is about."""
    data = body.get("data")
    yield from (one for one in (data if isinstance(data, list) else [data]) if isinstance(one, dict))


ODDITIES: Mapping[str, Oddity] = {
    "repeat_item": _repeat_item,
    "skip_item": _skip_item,
    "null_lists": _null_lists,
    "sparse": _sparse,
    "when_without_object": _when_without_object,
    "empty_conferencing": _empty_conferencing,
}
