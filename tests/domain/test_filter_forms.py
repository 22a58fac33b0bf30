"""Reading what an operator types for a filter."""

from __future__ import annotations

from datetime import date

import pytest

from nylasadmin.domain.filter_forms import FilterForm, form_of, problems, read
from nylasadmin.domain.filters import By, Filter, Kinds
from nylasadmin.domain.items import ItemType


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        (FilterForm(), set()),
        (FilterForm(since=" 2026-10-01 ", until="2026-10-01"), set()),
        (FilterForm(since="2026-10-02", until="2026-10-01"), {"until"}),
        (FilterForm(since="1 October"), {"since"}),
        (FilterForm(since="20261001"), {"since"}),
        (FilterForm(since="2026-02-30", until="2026-13-01"), {"since", "until"}),
        (FilterForm(since="1899-12-31"), {"since"}),
        (FilterForm(until="2200-01-01"), {"until"}),
        (FilterForm(since="2026-10-01", zone="Europe/Berlin"), set()),
        (FilterForm(since="2026-10-01", zone="Berlin"), {"zone"}),
        (FilterForm(zone="../etc/passwd"), {"zone"}),
        (FilterForm(by="end", kinds="all", item_types=("calendar",)), {"by", "kinds", "item_types"}),
    ],
)
def test_each_field_that_makes_no_sense_is_named(form: FilterForm, fields: set[str]) -> None:
    assert set(problems(form)) == fields


@pytest.mark.parametrize(
    ("form", "asked"),
    [
        (FilterForm(), None),
        (FilterForm(by="modified", zone="Europe/Berlin"), None),
        (FilterForm(since="2026-10-01"), Filter(since=date(2026, 10, 1))),
        (FilterForm(by="modified", until="2026-10-01"), Filter(by=By.MODIFIED, until=date(2026, 10, 1))),
        (FilterForm(kinds="single", by="modified"), Filter(kinds=Kinds.SINGLE)),
        (FilterForm(item_types=("message", "event")), Filter(item_types=(ItemType.EVENT, ItemType.MESSAGE))),
    ],
)
def test_a_form_is_read_and_one_that_asks_for_nothing_is_no_filter(form: FilterForm, asked: Filter | None) -> None:
    assert read(form) == asked
    assert read(form_of(asked)) == asked
