"""Recurrence lines as text: one spelling for rules that mean the same."""

from __future__ import annotations

import re

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BY_DAY = re.compile(r"\+?(-?\d+)?(MO|TU|WE|TH|FR|SA|SU)")


def normalized_rule(line: str) -> str:
    """Spell a rule one way: upper case, no blanks, FREQ first, parts and their values sorted, defaults left out.

    The ``RRULE:`` prefix is always there; ``INTERVAL=1`` and a ``WKST`` that changes nothing are dropped. Lines of
    another kind (``RDATE``, ``EXRULE``) keep their text.
    """
    if property_of(line) != "RRULE":
        return line.strip()
    text = "".join(line.split()).upper().rpartition(":")[2]
    parts = {key: _normalized_value(key, value) for key, _, value in (p.partition("=") for p in text.split(";")) if key}
    if parts.get("INTERVAL") == "1":
        del parts["INTERVAL"]
    if parts.get("WKST") == "MO" or not {"INTERVAL", "BYWEEKNO"} & parts.keys():
        parts.pop("WKST", None)
    return "RRULE:" + ";".join(f"{k}={parts[k]}" for k in sorted(parts, key=lambda k: (k != "FREQ", k)))


def property_of(line: str) -> str:
    """Give the name of a line's property; a line without one is a rule."""
    head, colon, _ = line.partition(":")
    return head.partition(";")[0].strip().upper() if colon else "RRULE"


def _normalized_value(key: str, value: str) -> str:
    if key == "BYDAY":
        days = [_BY_DAY.fullmatch(v) for v in value.split(",")]
        known = {(int(d[1] or 0), WEEKDAYS.index(d[2])) for d in days if d}
        return ",".join(f"{n or ''}{WEEKDAYS[d]}" for n, d in sorted(known)) if all(days) else value
    if key in ("COUNT", "INTERVAL") or key.startswith("BY"):
        return _sorted_numbers(value)
    return value


def _sorted_numbers(value: str) -> str:
    try:
        return ",".join(map(str, sorted({int(v) for v in value.split(",")})))
    except ValueError:
        return value
