"""What an operator types for a filter, read with care: each field that makes no sense is named."""

from __future__ import annotations

import re
from datetime import date

import msgspec

from nylasadmin.domain.filters import By, Filter, Kinds
from nylasadmin.domain.items import ItemType
from nylasadmin.domain.zones import is_known_zone

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199


class FilterForm(msgspec.Struct, frozen=True, kw_only=True):
    """The typed texts; an empty one asks for nothing. Days are spelled YYYY-MM-DD."""

    by: str = By.START
    since: str = ""
    until: str = ""
    zone: str = ""
    kinds: str = Kinds.BOTH
    item_types: tuple[str, ...] = ()


def problems(form: FilterForm) -> dict[str, str]:
    """Name each field that cannot be read, with what to enter instead. Empty: all is well."""
    found = {name: _DAY_ADVICE for name in ("since", "until") if not _is_day(getattr(form, name))}
    if form.by not in list(By):
        found["by"] = "Choose start or last modified."
    if form.kinds not in list(Kinds):
        found["kinds"] = "Choose both, single or recurring."
    if not set(form.item_types) <= set(ItemType):
        found["item_types"] = f"Choose among {', '.join(ItemType)}."
    if form.zone.strip() and not is_known_zone(form.zone.strip()):
        found["zone"] = "Enter a time zone such as Europe/Berlin, or leave it empty for UTC."
    if not found and form.since.strip() and form.until.strip() and _day(form.until) < _day(form.since):
        found["until"] = "The last day lies before the first one."
    return found


def read(form: FilterForm) -> Filter | None:
    """Read a form without :func:`problems`; ``None`` when everything takes part."""
    has_range = bool(form.since.strip() or form.until.strip())
    asked = Filter(
        by=By(form.by) if has_range else By.START,
        since=_day(form.since) if form.since.strip() else None,
        until=_day(form.until) if form.until.strip() else None,
        zone=(form.zone.strip() or "UTC") if has_range else "UTC",
        kinds=Kinds(form.kinds),
        item_types=tuple(t for t in ItemType if t in form.item_types),
    )
    return None if asked == Filter() else asked


def form_of(asked: Filter | None) -> FilterForm:
    """Spell a filter as somebody would type it; the inverse of :func:`read`."""
    if asked is None:
        return FilterForm()
    return FilterForm(
        by=asked.by,
        since=asked.since.isoformat() if asked.since else "",
        until=asked.until.isoformat() if asked.until else "",
        zone=asked.zone if asked.has_range else "",
        kinds=asked.kinds,
        item_types=tuple(asked.item_types),
    )


_DAY_ADVICE = f"Enter a day as YYYY-MM-DD, from {_FIRST_YEAR} to {_LAST_YEAR}."


def _day(text: str) -> date:
    return date.fromisoformat(text.strip())


def _is_day(text: str) -> bool:
    """Say whether a text is empty or a day. Python reads more spellings, such as 20261001, than people do."""
    if not text.strip():
        return True
    try:
        return bool(_DAY.fullmatch(text.strip())) and _FIRST_YEAR <= _day(text).year <= _LAST_YEAR
    except ValueError:
        return False
