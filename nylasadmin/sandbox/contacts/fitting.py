"""Making a contact fit what its provider can keep: lists cut to limits, unknown types made others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from nylasadmin.sandbox.contacts.fields import PARTS, limits_of, types_of
from nylasadmin.sandbox.contacts.rules import ContactRules
from nylasadmin.sandbox.wire import Json

Lost = Callable[[str, str], None]


def fitted(contact: Json, rules: ContactRules, lost: Lost = lambda _what, _why: None) -> Json:
    """Return the contact as the provider keeps it; `lost(what, why)` hears of everything that has no place."""
    kept = dict(contact)
    if kept.get("suffix") and not rules.has_suffix:
        lost("suffix", "has no place at this provider")
        del kept["suffix"]
    for name in PARTS:
        if kept.get(name):
            kept[name] = _fitted_list(name, kept[name], rules, lost)
    return kept


def _fitted_list(name: str, parts: list[Json], rules: ContactRules, lost: Lost) -> list[Json]:
    typed = [_fitted_type(name, one, rules) for one in parts]
    if name == "emails" and not rules.email_has_type:
        typed = [{"email": one["email"]} for one in typed]
    most, of_types, of_any = limits_of(name, rules)
    kept: list[Json] = []
    counts: Counter[str] = Counter()
    for one in typed:
        kind = one.get("type", "work")
        limit = of_types.get(kind, of_any)
        if (most is not None and len(kept) >= most) or (limit is not None and counts[kind] >= limit):
            lost(name, f"{next(iter(one.values()))}: more than this provider keeps")
            continue
        counts[kind] += 1
        kept.append(one)
    return kept


def _fitted_type(name: str, part: Json, rules: ContactRules) -> Json:
    allowed = types_of(name, rules)
    if allowed is None or part.get("type") in (None, *allowed):
        return part
    return part | {"type": "other" if "other" in allowed else allowed[0]}
