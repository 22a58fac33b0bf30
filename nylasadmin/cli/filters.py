"""The options that let only some items take part in a snapshot."""

from __future__ import annotations

import argparse

from nylasadmin.cli.problems import UnusableInput
from nylasadmin.domain.filter_forms import FilterForm, problems, read
from nylasadmin.domain.filters import By, Filter, Kinds
from nylasadmin.domain.items import ItemType

_ABOUT = (
    "Without these everything takes part. An item counts by its version at the source; one that is gone there, by its "
    "version at the receiver. What lies outside is neither created, overwritten nor deleted. Days are spelled "
    "YYYY-MM-DD, first and last day included."
)


def add_filter(verb: argparse.ArgumentParser) -> None:
    """Add the filter's options."""
    group = verb.add_argument_group("filter", _ABOUT)
    group.add_argument(
        "--start-from", default="", metavar="DAY", help="single items that begin on that day or later, and series ..."
    )
    group.add_argument("--start-until", default="", metavar="DAY", help="... any part of which lies within these days")
    group.add_argument(
        "--modified-from",
        default="",
        metavar="DAY",
        help="items that changed on that day or later (or nobody knows when)",
    )
    group.add_argument("--modified-until", default="", metavar="DAY", help="items that changed on that day or before")
    group.add_argument("--zone", default="", metavar="ZONE", help="time zone of the days, such as Europe/Berlin (UTC)")
    group.add_argument("--only", choices=[Kinds.SINGLE.value, Kinds.RECURRING.value], help="one kind of items only")
    group.add_argument(
        "--type",
        action="append",
        choices=[t.value for t in ItemType],
        dest="item_types",
        help="links of that type only; may be given several times",
    )


def filter_of(options: argparse.Namespace) -> Filter | None:
    """Read the filter; ``None``: everything takes part. Raises :class:`UnusableInput` that names the options."""
    by_start = bool(options.start_from or options.start_until)
    by_change = bool(options.modified_from or options.modified_until)
    if by_start and by_change:
        raise UnusableInput("Give a range of --start-... or one of --modified-..., not both.")
    if options.zone and not (by_start or by_change):
        raise UnusableInput("--zone says whose days are meant: give a range of days too.")
    form = FilterForm(
        by=By.MODIFIED if by_change else By.START,
        since=options.modified_from or options.start_from,
        until=options.modified_until or options.start_until,
        zone=options.zone,
        kinds=options.only or Kinds.BOTH,
        item_types=tuple(options.item_types or ()),
    )
    wrong = problems(form)
    if wrong:
        raise UnusableInput("\n".join(f"{_option(form, field)}: {what}" for field, what in wrong.items()))
    return read(form)


def _option(form: FilterForm, field: str) -> str:
    names = {"since": "from", "until": "until"}
    word = "modified" if form.by == By.MODIFIED else "start"
    return f"--{word}-{names[field]}" if field in names else f"--{field}"
