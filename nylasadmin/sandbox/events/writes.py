"""Creating, changing and deleting events, single ones, series and occurrences, by the provider's rules.

The caller holds the sandbox's lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nylasadmin.sandbox.errors import bad_request, forbidden, not_found
from nylasadmin.sandbox.events.fields import checked_fields
from nylasadmin.sandbox.events.occurrences import occurrence, parsed_id, stamp
from nylasadmin.sandbox.events.recurrences import starts_between
from nylasadmin.sandbox.events.rows import row_of
from nylasadmin.sandbox.events.tables import StoredRow
from nylasadmin.sandbox.events.whens import is_all_day
from nylasadmin.sandbox.wire import Json, decoded

if TYPE_CHECKING:
    from nylasadmin.sandbox.calendars import Calendar
    from nylasadmin.sandbox.state import Sandbox


def read_event(calendar: Calendar, event_id: str) -> Json:
    """Return an event or an occurrence; 404 if there is none."""
    row = calendar.events.get(event_id)
    if row is not None:
        return decoded(row.body)
    master, start = _series_of(calendar, event_id)
    return occurrence(decoded(master.body), start, calendar.rules)


def create_event(sandbox: Sandbox, calendar: Calendar, body: Json) -> Json:
    """Store a new event and return it."""
    _refuse_read_only(calendar)
    if body.get("when") is None:
        raise bad_request("when is required", when="is required")
    now = sandbox.clock.now()
    event_id = sandbox.identifiers.fresh(calendar.rules.event_id_shape)
    event = calendar.blank_event(event_id, now) | _without_none(checked_fields(body, calendar.rules))
    _set_statuses(event, [], calendar.grant.email)
    _drop_empty_recurrence(event)
    store(calendar, event)
    sandbox.changes.announce("event.created", calendar.grant, event)
    return event


def update_event(sandbox: Sandbox, calendar: Calendar, event_id: str, body: Json) -> Json:
    """Change the fields that a body names, each replaced as a whole, and return the event."""
    _refuse_read_only(calendar)
    before = read_event(calendar, event_id)
    _refuse_deleted(before)
    fields = checked_fields(body, calendar.rules)
    if before.get("master_event_id") and fields.get("recurrence"):
        raise bad_request("an occurrence has no recurrence of its own", recurrence="belongs to the series")
    event = {**before, **fields, "updated_at": max(sandbox.clock.now(), before["updated_at"] + 1)}
    event = _without_none(event)
    if "participants" in fields:
        event["participants"] = event.get("participants", [])
        _set_statuses(event, before.get("participants") or [], calendar.grant.email)
    _drop_empty_recurrence(event)
    _follow_series(calendar, before, event)
    store(calendar, event)
    if set(fields) - {"metadata"}:
        sandbox.changes.announce("event.updated", calendar.grant, event)
    return event


def delete_event(sandbox: Sandbox, calendar: Calendar, event_id: str) -> Json:
    """Delete an event or an occurrence and return what it was."""
    _refuse_read_only(calendar)
    before = read_event(calendar, event_id)
    _refuse_deleted(before)
    now = max(sandbox.clock.now(), before["updated_at"] + 1)
    if before.get("master_event_id"):
        _delete_occurrence(sandbox, calendar, before, now)
        return before
    if calendar.rules.deletion_keeps_cancelled:
        calendar.events.remove_overrides(event_id)
        store(calendar, {**before, "status": "cancelled", "updated_at": now})
    else:
        calendar.events.remove(event_id)
    sandbox.changes.announce("event.deleted", calendar.grant, before)
    return before


def store(calendar: Calendar, event: Json, event_type: str | None = None) -> None:
    """Put an event into its calendar as it is, in the place of its predecessor."""
    old = calendar.events.get(event["id"])
    kind = event_type or (old.event_type if old else "default")
    calendar.events.put(row_of(event, end_exclusive=calendar.rules.end_date_exclusive, event_type=kind))


def exclude_occurrence(calendar: Calendar, master: Json, start: int, now: int) -> Json:
    """Take one occurrence out of a series by an EXDATE and return the series."""
    text = stamp(master, start)
    line = f"EXDATE;VALUE=DATE:{text}" if is_all_day(master["when"]) else f"EXDATE:{text}"
    changed = {**master, "recurrence": [*master["recurrence"], line], "updated_at": now}
    store(calendar, changed)
    return changed


def _delete_occurrence(sandbox: Sandbox, calendar: Calendar, event: Json, now: int) -> None:
    if calendar.rules.occurrence_deletion_cancels:
        store(calendar, {**event, "status": "cancelled", "updated_at": now})
        sandbox.changes.announce("event.deleted", calendar.grant, event)
        return
    if calendar.events.get(event["id"]) is not None:
        calendar.events.remove(event["id"])
    master = calendar.events.get(event["master_event_id"])
    if master is not None:
        series = exclude_occurrence(calendar, decoded(master.body), event["original_start_time"], now)
        sandbox.changes.announce("event.updated", calendar.grant, {**series, "cancelled_occurrences": [event["id"]]})


def _series_of(calendar: Calendar, event_id: str) -> tuple[StoredRow, int]:
    """Find the series and the original start that an occurrence's id means."""
    parsed = parsed_id(event_id)
    master = calendar.events.get(parsed[0]) if parsed else None
    if parsed is None or master is None or not master.recurring or master.cancelled:
        raise not_found("The event was not found")
    event, start = decoded(master.body), parsed[1]
    exclusive = calendar.rules.end_date_exclusive
    if not starts_between(event["when"], event["recurrence"], start, start + 1, end_exclusive=exclusive):
        raise not_found("The series has no such occurrence")
    return master, start


def _follow_series(calendar: Calendar, before: Json, event: Json) -> None:
    """Drop overrides where a changed series loses them."""
    rule_changed = any(before.get(key) != event.get(key) for key in ("recurrence", "when"))
    if not before.get("recurrence") or not rule_changed:
        return
    if not event.get("recurrence") and not calendar.rules.may_become_single:
        raise bad_request("a series cannot become a single event", recurrence="cannot be removed")
    if not event.get("recurrence") or calendar.rules.rule_change_drops_overrides:
        calendar.events.remove_overrides(event["id"])


def _set_statuses(event: Json, before: list[Json], own_address: str) -> None:
    """Give participants their answers: only the owner's own can be written, others keep theirs."""
    known = {_address(one): one.get("status", "noreply") for one in before}
    event["participants"] = [
        {**one, "status": _status(one, known, own_address)} for one in event.get("participants") or []
    ]


def _status(participant: Json, known: dict[str, str], own_address: str) -> str:
    address = _address(participant)
    written = participant.get("status")
    if address == own_address.casefold() and written in ("yes", "no", "maybe", "noreply"):
        return str(written)
    return known.get(address, "noreply")


def _address(participant: Json) -> str:
    return str(participant.get("email") or "").casefold()


def _without_none(event: Json) -> Json:
    return {key: value for key, value in event.items() if value is not None}


def _drop_empty_recurrence(event: Json) -> None:
    if not event.get("recurrence"):
        event.pop("recurrence", None)


def _refuse_deleted(event: Json) -> None:
    if event.get("status") == "cancelled":
        raise not_found("The event was deleted")


def _refuse_read_only(calendar: Calendar) -> None:
    if calendar.read_only:
        raise forbidden("The calendar is read-only")
