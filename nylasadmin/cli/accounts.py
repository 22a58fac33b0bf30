"""Accounts: list them, invite users to connect them, disconnect them, change their address."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from nylasadmin.cli import invitations
from nylasadmin.cli.exits import Exit
from nylasadmin.cli.parsing import Verbs, add_installation, add_json, add_noun, add_verb, row
from nylasadmin.cli.products import opened
from nylasadmin.cli.terminals import Terminal, number_of
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.services import Services
from nylasadmin.services.account_views import AccountQuery, AccountRow, AccountStatus
from nylasadmin.services.account_wording import STATUS, policy_words

_PAGE = 1000
_HEADINGS = ("ID", "TARGET", "USER", "E-MAIL", "PROVIDER", "STATE", "LINKS", "SYNCED", "ITEMS", "CONNECTED", "POLICY")
_SHAPE = """JSON: [{"id", "target", "target_id", "user_id", "user_name", "email", "former_emails": [], "provider",
       "grant_id", "state", "state_at", "connected_at", "synced_at", "last_success_at": Unix seconds or null, "links",
       "links_inbound", "links_synced", "items", "parked": runs, "policy": {"sync_days", "webhook_days", "zone",
       "is_legacy", "sync_from", "webhook_from": Unix seconds or null},
       "revoke_due_at": since when the grant is to be revoked at Nylas, or null, "revoke_problem"}]"""


def add_to(nouns: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the noun's commands."""
    verbs = add_noun(nouns, "account", "users' connections to Nylas")
    invitations.add_to(verbs)
    listing = add_verb(verbs, "list", list_all, "list accounts, by address", details=_SHAPE)
    listing.add_argument("--target", metavar="NAME", help="of this target only")
    listing.add_argument("--state", choices=[str(s) for s in AccountStatus], help="in this state only")
    listing.add_argument("--search", default="", metavar="WORDS", help="with these words in name or address")
    ending = add_verb(verbs, "disconnect", disconnect, "remove an account's links and revoke its grant at Nylas")
    ending.add_argument("--confirm", required=True, metavar="ADDRESS", help="the account's address, to be sure")
    renaming = add_verb(verbs, "rename", rename, "give an account another address; links and pairs stay")
    for verb in (ending, renaming):
        verb.add_argument("account", type=row, help="the account's number, as `account list` says it")
    renaming.add_argument("address", metavar="NEW@ADDRESS", help="its address at the provider from now on")
    for verb in (listing, ending, renaming):
        add_installation(verb)
    add_json(listing)


def list_all(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """List accounts."""
    with opened(options) as product:
        target = product.services.targets.by_name(options.target) if options.target is not None else None
        query = AccountQuery(
            target_id=target.id if target else None,
            status=AccountStatus(options.state) if options.state else None,
            search=options.search,
            size=_PAGE,
        )
        rows = list(account_rows(product.services, query))
    if options.json:
        terminal.say_json([_as_json(row) for row in rows])
    else:
        terminal.say_table(_HEADINGS, [_cells(row) for row in rows])
    return Exit.DONE


def disconnect(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Disconnect an account."""
    with opened(options) as product:
        ended = product.services.accounts.disconnect(COMMAND_LINE, options.account, typed=options.confirm)
    terminal.say(f"{ended.account.email} is disconnected.")
    if ended.account.revoke_due_at is None:
        return Exit.DONE
    terminal.complain(f"its grant is still to be revoked at Nylas: {ended.account.revoke_problem}")
    return Exit.FAILED


def rename(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Change the address of an account."""
    with opened(options) as product:
        renamed = product.services.accounts.rename(COMMAND_LINE, options.account, options.address)
    terminal.say(
        f"Account {renamed.account.id} is {renamed.account.email} now, with {number_of(renamed.links, 'link')}."
    )
    return Exit.DONE


def account_rows(services: Services, query: AccountQuery) -> Iterator[AccountRow]:
    """Give the accounts of all pages."""
    page = services.accounts.rows(query)
    yield from page.rows
    for number in range(2, page.pages + 1):
        yield from services.accounts.rows(msgspec.structs.replace(query, page=number)).rows


def _as_json(row: AccountRow) -> dict[str, Any]:
    account: dict[str, Any] = msgspec.to_builtins(row.account)
    del account["first_snapshot_id"]
    counts = ("links", "links_inbound", "links_synced", "items", "parked", "last_success_at")
    said = {"target": row.target_name, "user_name": row.user_name, "state": row.status.value}
    return account | said | {name: getattr(row, name) for name in counts}


def _cells(row: AccountRow) -> tuple[str, ...]:
    account = row.account
    state = STATUS[row.status] + (", to be revoked" if account.revoke_due_at is not None else "")
    return (
        str(account.id),
        row.target_name,
        row.user_name,
        account.email,
        account.provider,
        state,
        str(row.links),
        f"{row.links_synced} of {row.links_inbound}",
        str(row.items),
        f"{datetime.fromtimestamp(account.connected_at, UTC):%Y-%m-%d}" if account.connected_at else "not known",
        "; ".join(policy_words(account.policy)),
    )
