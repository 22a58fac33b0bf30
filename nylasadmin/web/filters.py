"""The filter's fields of the snapshot dialog: read with what was typed kept, and written into addresses again."""

from __future__ import annotations

import msgspec
from werkzeug.datastructures import MultiDict

from nylasadmin.domain import filter_forms
from nylasadmin.domain.filter_forms import FilterForm
from nylasadmin.domain.filters import Filter
from nylasadmin.domain.items import ItemType
from nylasadmin.domain.kinds import is_inbound_only, supported
from nylasadmin.domain.plan import Direction

FIELDS = {
    "by": "Date range on",
    "since": "First day",
    "until": "Last day",
    "zone": "Time zone",
    "kinds": "Items",
    "item_types": "Types",
}
"""Each field with its label; ``item_types`` may be sent several times."""


class AskedFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed, the filter it makes (``None``: all takes part), or what is wrong with it by field."""

    form: FilterForm
    filter: Filter | None
    wrong: dict[str, str]


def read(given: MultiDict[str, str]) -> AskedFilter:
    """Read the filter out of a form or an address; a field that is not there asks for nothing."""
    texts = {name: given[name] for name in FIELDS if name != "item_types" and given.get(name)}
    form = FilterForm(**texts, item_types=tuple(given.getlist("item_types")))
    wrong = filter_forms.problems(form)
    return AskedFilter(form=form, filter=None if wrong else filter_forms.read(form), wrong=wrong)


def plain(asked: Filter | None) -> dict[str, str | list[str]]:
    """Give the fields of a filter for an address, without those that ask for nothing."""
    form = msgspec.structs.asdict(filter_forms.form_of(asked))
    defaults = msgspec.structs.asdict(FilterForm())
    return {k: list(v) if isinstance(v, tuple) else str(v) for k, v in form.items() if v != defaults[k]}


def offered_types(direction: Direction) -> list[ItemType]:
    """Give the item types that can be chosen among, mail only for a Get; a choice of one is none."""
    is_get = direction is Direction.GET
    types = [t for t in ItemType if supported(t) and (is_get or not is_inbound_only(t))]
    return types if len(types) > 1 else []
