"""Occurrences of a series: their ids, and the event that stands for one of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from nylasadmin.sandbox.events.whens import day_start, is_all_day, moved
from nylasadmin.sandbox.providers import ProviderRules
from nylasadmin.sandbox.wire import Json

_ID = re.compile(r"(?P<master>.+)_(?P<day>\d{8})(?:T(?P<time>\d{6})Z)?", re.DOTALL)
_NOT_INHERITED = ("recurrence", "metadata")


def occurrence_id(master: Json, start: int) -> str:
    """Return the id of the occurrence that originally begins at an instant."""
    return f"{master['id']}_{stamp(master, start)}"


def stamp(master: Json, start: int) -> str:
    """Write an original start the way ids carry it."""
    moment = datetime.fromtimestamp(start, UTC)
    return f"{moment:%Y%m%d}" if is_all_day(master["when"]) else f"{moment:%Y%m%dT%H%M%SZ}"


def parsed_id(event_id: str) -> tuple[str, int] | None:
    """Split an occurrence's id into the series' id and the original start; None for other ids."""
    found = _ID.fullmatch(event_id)
    if found is None:
        return None
    try:
        if found["time"] is None:
            return found["master"], day_start(f"{found['day'][:4]}-{found['day'][4:6]}-{found['day'][6:]}")
        moment = datetime.strptime(found["day"] + found["time"], "%Y%m%d%H%M%S")
    except ValueError:
        return None
    return found["master"], int(moment.replace(tzinfo=UTC).timestamp())


def occurrence(master: Json, start: int, rules: ProviderRules) -> Json:
    """Return the unchanged occurrence of a series that begins at an instant."""
    event = {key: value for key, value in master.items() if key not in _NOT_INHERITED}
    event["id"] = occurrence_id(master, start)
    event["when"] = moved(master["when"], start, end_exclusive=rules.end_date_exclusive)
    event["master_event_id"] = master["id"]
    event["original_start_time"] = start
    if rules.occurrence_has_own_uid and event.get("ical_uid"):
        event["ical_uid"] = f"{event['ical_uid']}-{stamp(master, start)}"
    return event
