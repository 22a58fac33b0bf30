"""Failed items: list them, try them again, put them aside."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from nylasadmin.cli import pauses
from nylasadmin.cli.exits import Exit
from nylasadmin.cli.parsing import Verbs, add_installation, add_json, add_noun, add_verb, row
from nylasadmin.cli.problems import UnusableInput
from nylasadmin.cli.products import opened
from nylasadmin.cli.terminals import Terminal, number_of
from nylasadmin.cli.working import work_through
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.services.failed_views import FailedQuery, FailedRow
from nylasadmin.services.wording import DIRECTIONS, folder_name

if TYPE_CHECKING:
    from nylasadmin.bootstrap import Product

_PAGE = 1000
_HEADINGS = ("ID", "TARGET", "LINK", "DIRECTION", "TITLE", "ACTION", "TRIES", "SINCE", "NEXT TRY", "CAUSE")
_SHAPE = """JSON: [{"id", "target_id", "target_name", "link_id", "user_name", "folder_name", "item_type", "direction",
       "title", "action", "cause", "detail", "run_id", "snapshot_id", "first_at", "last_at", "attempts",
       "next_try_at": Unix seconds or null, "dismissed_at": the same, "dismissed_by", "dismissed_reason"}]"""


def add_to(nouns: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the noun's commands."""
    verbs = add_noun(nouns, "failed", "items that could not be written")
    listing = add_verb(verbs, "list", list_all, "list failed items, the last failure first", details=_SHAPE)
    listing.add_argument("--dismissed", action="store_true", help="those that were dismissed")
    retrying = add_verb(verbs, "retry", retry, "try items again, and work through that")
    dismissing = add_verb(verbs, "dismiss", dismiss, "put items aside; the next failure of an item brings it back")
    dismissing.add_argument("--reason", required=True, help="why they need no more care; kept in the audit trail")
    for verb in (retrying, dismissing):
        verb.add_argument("item", type=row, nargs="*", help="an item's number, as `failed list` says it")
        verb.add_argument("--all", action="store_true", help="all failed items that --target and --search leave")
    for verb in (listing, retrying, dismissing):
        verb.add_argument("--target", metavar="NAME", help="of this target only")
        verb.add_argument("--search", default="", metavar="WORDS", help="with these words in title, user or folder")
        add_installation(verb)
    for verb in (listing, retrying):
        add_json(verb)
    retrying.set_defaults(work_through=work_through)


def list_all(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """List failed items."""
    with opened(options) as product:
        query = msgspec.structs.replace(_filtered(product, options), dismissed=options.dismissed, size=_PAGE)
        rows = list(_rows(product, query))
    if options.json:
        terminal.say_json(msgspec.to_builtins(rows))
    else:
        terminal.say_table(_HEADINGS, [_cells(row) for row in rows])
    return Exit.DONE


def retry(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Try items again and work through their snapshots."""
    with opened(options, runner="threads") as product:
        asked = product.services.failed.retry(COMMAND_LINE, _chosen(product, options))
        if asked.left_out:
            terminal.note(f"{number_of(len(asked.left_out), 'link')} cannot be copied now; their items stay failed.")
        return pauses.work_on(product, asked.snapshots, options, terminal)


def dismiss(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Put items aside."""
    with opened(options) as product:
        count = product.services.failed.dismiss(COMMAND_LINE, _chosen(product, options), options.reason)
    terminal.say(f"{number_of(count, 'item')} dismissed.")
    return Exit.DONE


def _filtered(product: Product, options: argparse.Namespace) -> FailedQuery:
    target = product.services.targets.by_name(options.target) if options.target is not None else None
    return FailedQuery(target_id=target.id if target else None, search=options.search)


def _chosen(product: Product, options: argparse.Namespace) -> FailedQuery:
    """Read which items are meant: numbers, or all of them."""
    if bool(options.item) == options.all:
        raise UnusableInput("Name the items by their numbers, or say --all.")
    query = _filtered(product, options)
    return query if options.all else msgspec.structs.replace(query, ids=tuple(options.item))


def _rows(product: Product, query: FailedQuery) -> Iterator[FailedRow]:
    page = product.services.failed.page(query, is_masked=False)
    yield from page.rows
    for number in range(2, page.pages + 1):
        yield from product.services.failed.page(msgspec.structs.replace(query, page=number), is_masked=False).rows


def _cells(row: FailedRow) -> tuple[str, ...]:
    return (
        str(row.id),
        row.target_name,
        f"{row.link_id} {row.user_name} · {folder_name(row.folder_name)}",
        DIRECTIONS[row.direction].route,
        row.title or "(no title)",
        row.action,
        str(row.attempts),
        _moment(row.first_at),
        _moment(row.next_try_at) if row.next_try_at is not None else "none by itself",
        row.cause,
    )


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"
