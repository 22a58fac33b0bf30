"""The form of a target: from typed text to a value and back, so that a refused form keeps exactly what was typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nylasadmin.domain.targets import Target, TargetForm
from nylasadmin.services.targets import form_of
from nylasadmin.web.numbers import decimal, whole

TEXTS = ("name", "host", "sender_name", "base_url", "notification_name", "notification_path")
SWITCHES = ("inbound", "outbound", "is_disabled")
SECRETS = ("api_key", "notification_secret")
NUMBERS: dict[str, Callable[[str], float]] = {
    "connect_timeout_s": decimal,
    "read_timeout_s": decimal,
    "concurrency": whole,
    "requests_per_s": decimal,
    "guard_deletes": whole,
    "guard_share_percent": whole,
    "guard_share_from": whole,
    "guard_shrink_percent": whole,
    "four_eyes_deletes": whole,
    "keep_older_days": whole,
    "undo_days": whole,
}
MAY_BE_EMPTY = frozenset({"four_eyes_deletes", "keep_older_days"})
"""Numbers that mean "never" when nothing is entered."""


def parse(typed: Mapping[str, str]) -> tuple[TargetForm | None, dict[str, str]]:
    """Read the typed text. Fields that are no numbers are named with what to enter; then there is no value."""
    numbers: dict[str, int | float | None] = {}
    wrong: dict[str, str] = {}
    for field, read in NUMBERS.items():
        text = typed.get(field, "").strip()
        try:
            numbers[field] = None if not text and field in MAY_BE_EMPTY else read(text)
        except ValueError:
            wrong[field] = _ask_for(field)
    if wrong:
        return None, wrong
    texts = {field: typed.get(field, "").strip() for field in (*TEXTS, *SECRETS)}
    switches = {field: field in typed for field in SWITCHES}
    return TargetForm(**texts, **switches, **numbers), {}  # type: ignore[arg-type]


def _ask_for(field: str) -> str:
    if NUMBERS[field] is decimal:
        return "Enter a number, for example 5 or 0.5."
    return "Enter a whole number, or leave it empty for never." if field in MAY_BE_EMPTY else "Enter a whole number."


def told(wrong: Mapping[str, str], typed: Mapping[str, str]) -> dict[str, str]:
    """Give the problems to show: an address that only follows from a wrong host is no problem of its own."""
    return {f: w for f, w in wrong.items() if f != "base_url" or typed.get("base_url", "").strip()}


def stored(target: Target) -> dict[str, str]:
    """Write a stored target as text to edit: without secrets, and without the switches that are off, as in a form."""
    return as_text(form_of(target))


def blank() -> dict[str, str]:
    """Give the text of a form for a new target."""
    return as_text(TargetForm(name="", host=""))


def as_text(form: TargetForm) -> dict[str, str]:
    texts = {field: getattr(form, field) for field in TEXTS}
    numbers = {field: _number(getattr(form, field)) for field in NUMBERS}
    switches = {field: "on" for field in SWITCHES if getattr(form, field)}
    return texts | numbers | switches


def _number(value: float | None) -> str:
    """Write a number as people type it: 1000000, 0.5; nothing for never."""
    if value is None:
        return ""
    return str(int(value)) if value == int(value) else str(value)


def differing(typed: Mapping[str, str], stored: Mapping[str, str]) -> dict[str, str]:
    """Name the fields where the stored row differs from what was typed, with the stored text ("" for a switch off)."""
    fields = (*TEXTS, *NUMBERS, *SWITCHES)
    return {f: stored.get(f, "") for f in fields if typed.get(f, "").strip() != stored.get(f, "")}
