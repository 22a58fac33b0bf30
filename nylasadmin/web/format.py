"""How values are written for people: numbers, counts, times. Jinja filters, pure but for the clock they are given."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

_SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"))
_IRREGULAR = {"try": "tries", "entry": "entries"}


def filters(now: Callable[[], int]) -> dict[str, Callable[..., object]]:
    """Give the Jinja filters by name; ``now`` is asked at each use."""
    return {
        "number": number,
        "plural": plural,
        "moment": moment,
        "iso": iso,
        "duration": duration,
        "changes": lambda row: changes(row.old, row.new),
        "ago": lambda at: ago(at, now()),
        "in_future": lambda at: in_future(at, now()),
    }


def number(value: float) -> str:
    """1234567 -> 1,234,567."""
    return f"{value:,.0f}"


def plural(count: int, noun: str, many: str = "") -> str:
    """(1, "link") -> 1 link; (1200, "link") -> 1,200 links."""
    return f"{number(count)} {noun if count == 1 else many or _IRREGULAR.get(noun, noun + 's')}"


def ago(at: int | None, now: int) -> str:
    """Say how long ago: 12 s ago, 3 min ago, 2 d ago; a date from 30 days on."""
    if at is None:
        return "never"
    past = now - at
    if past < 2:
        return "just now"
    if past >= 30 * 86_400:
        return _date(at)
    return f"{duration(past)} ago"


def in_future(at: int, now: int) -> str:
    """Say how long from now: in 12 s, in 3 min; now, where the time has come."""
    return f"in {duration(at - now)}" if at > now else "now"


def duration(seconds: float) -> str:
    """Say a span in its largest unit: 45 s, 3 min, 2 h, 5 d."""
    for size, unit in _SPANS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def moment(at: int | None) -> str:
    """Say a date and time: 1 Feb 2026, 09:14 UTC."""
    return "never" if at is None else f"{_date(at)}, {datetime.fromtimestamp(at, UTC):%H:%M} UTC"


def iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Change(NamedTuple):
    """One field of an audit entry: its name, the old and the new value; None where there was none."""

    name: str
    old: str | None
    new: str | None


def changes(old: str, new: str) -> list[Change]:
    """Take the JSON texts of an audit entry apart, field by field; what stayed the same is left out."""
    before, after = _parts(old), _parts(new)
    return [
        Change(name.replace("_", " "), before.get(name), after.get(name))
        for name in before | after
        if before.get(name) != after.get(name)
    ]


def _parts(text: str) -> dict[str, str]:
    if not text:
        return {}
    value = json.loads(text)
    fields = value if isinstance(value, dict) else {"": value}
    return {str(name): _plain(part) for name, part in fields.items()}


def _date(at: int) -> str:
    day = datetime.fromtimestamp(at, UTC)
    return f"{day.day} {day:%b %Y}"


def _plain(value: object) -> str:
    if value is None or value in ("", [], {}):
        return "(empty)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_plain(part) for part in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
