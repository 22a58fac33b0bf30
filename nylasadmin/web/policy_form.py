"""The form of the advanced settings: from typed text to both policies and back, keeping exactly what was typed."""

from __future__ import annotations

from collections.abc import Mapping

from nylasadmin.domain.policies import PlanLevel, Policies

BEFORE, THE_DAY = "before", "day"
"""The two choices of each policy: days before the account is connected, or the day it is connected."""

CHOICES = {"sync": "sync_days", "webhook": "webhook_days"}
FIELDS = ("plan", *CHOICES, *CHOICES.values(), "zone", "is_legacy")
_ASK = "Enter a whole number of days, for example 30."


def parse(typed: Mapping[str, str]) -> tuple[Policies | None, dict[str, str]]:
    """Read the typed text. Fields that make no sense are named with what to enter; then there is no value."""
    wrong: dict[str, str] = {}
    days = {field: _days(typed, choice, field, wrong) for choice, field in CHOICES.items()}
    plan = typed.get("plan", "")
    if plan not in list(PlanLevel):
        wrong["plan"] = "Choose one of the plans."
    if wrong:
        return None, wrong
    zone = typed.get("zone", "").strip() or "UTC"
    return Policies(plan=PlanLevel(plan), zone=zone, is_legacy="is_legacy" in typed, **days), {}


def _days(typed: Mapping[str, str], choice: str, field: str, wrong: dict[str, str]) -> int:
    if typed.get(choice) == THE_DAY:
        return 0
    text = typed.get(field, "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        wrong[field] = _ASK
        return 0
    return int(text)


def stored(policies: Policies) -> dict[str, str]:
    """Write both policies as text to edit; a legacy flag that is off is left out, as in a form."""
    texts = {"plan": str(policies.plan), "zone": policies.zone} | ({"is_legacy": "on"} if policies.is_legacy else {})
    for choice, field in CHOICES.items():
        days = getattr(policies, field)
        texts |= {choice: BEFORE if days else THE_DAY, field: str(days) if days else ""}
    return texts


def differing(typed: Mapping[str, str], policies: Policies) -> dict[str, str]:
    """Name the fields where what is stored differs from what was typed, with the stored text ("" for off)."""
    mine, _ = parse(typed)
    ours = {field: typed.get(field, "").strip() for field in FIELDS} if mine is None else stored(mine)
    theirs = stored(policies)
    return {field: theirs.get(field, "") for field in FIELDS if ours.get(field, "") != theirs.get(field, "")}
