"""Links: list them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import msgspec

from nylasadmin.cli.exits import Exit
from nylasadmin.cli.parsing import Verbs, add_installation, add_json, add_noun, add_verb
from nylasadmin.cli.products import opened
from nylasadmin.cli.terminals import Terminal
from nylasadmin.services import Services
from nylasadmin.services.views import LinkQuery, LinkRow
from nylasadmin.services.wording import folder_name

_PAGE = 1000
_HEADINGS = ("ID", "TARGET", "USER", "FOLDER", "OWNER", "INBOUND", "OUTBOUND", "ITEMS", "STATE")
_SHAPE = """JSON: [{"target", "id", "user_name", "folder_name", "item_type", "folder_owner", "inbound", "outbound",
       "items", "last_get_at", "last_send_at": Unix seconds or null, "state"}]"""


def add_to(nouns: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the noun's commands."""
    verbs = add_noun(nouns, "link", "folders that take part")
    listing = add_verb(verbs, "list", list_all, "list links", details=_SHAPE)
    listing.add_argument("--target", metavar="NAME", help="of this target only")
    add_json(listing)
    add_installation(listing)


def list_all(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """List links."""
    with opened(options) as product:
        rows = list(_rows(product.services, options.target))
    if options.json:
        terminal.say_json([{"target": name, **msgspec.to_builtins(row)} for name, row in rows])
    else:
        terminal.say_table(_HEADINGS, [_cells(name, row) for name, row in rows])
    return Exit.DONE


def _rows(services: Services, chosen: str | None) -> Iterator[tuple[str, LinkRow]]:
    targets = [services.targets.by_name(chosen)] if chosen is not None else services.console.targets()
    for target in targets:
        query = LinkQuery(target_id=target.id, size=_PAGE)
        while rows := services.console.links(query).rows:
            yield from ((target.name, row) for row in rows)
            query = msgspec.structs.replace(query, page=query.page + 1)


def _cells(target: str, row: LinkRow) -> tuple[str, ...]:
    inbound, outbound = ("on" if is_on else "off" for is_on in (row.inbound, row.outbound))
    state = row.state.replace("_", " ")
    return (
        str(row.id),
        target,
        row.user_name,
        folder_name(row.folder_name),
        row.folder_owner,
        inbound,
        outbound,
        str(row.items),
        state,
    )
