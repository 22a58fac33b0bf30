"""Invitations of the ``account`` commands: links with which CRM users connect, and the key a CRM signs them with."""

from __future__ import annotations

import argparse

from nylasadmin.cli.exits import Exit
from nylasadmin.cli.parsing import Verbs, add_installation, add_json, add_verb, count
from nylasadmin.cli.products import opened, read_settings
from nylasadmin.cli.terminals import Terminal, number_of
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.domain.sign_ins import DEFAULT_HOURS, HOUR_S, MOST_HOURS
from nylasadmin.settings import Settings

_SHAPE = 'JSON: {"link", "user", "target", "hours", "return_address": to be registered at the Nylas application}'
_KEY_SHAPE = "docs/crm.md says how a CRM makes links with it."
RETURN_PATH = "/connect/return"


def add_to(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the commands."""
    inviting = add_verb(verbs, "invite", invite, "make a link with which a CRM user connects", details=_SHAPE)
    inviting.add_argument("--target", required=True, metavar="NAME", help="what the user connects to")
    inviting.add_argument("--user", required=True, metavar="ID", help="the CRM user's id or e-mail address")
    hours = f"how long the link works, 1 to {MOST_HOURS} (default: %(default)s)"
    inviting.add_argument("--hours", type=count, default=DEFAULT_HOURS, metavar="N", help=hours)
    inviting.add_argument("--again", action="store_true", help="to sign the connected account in again")
    add_json(inviting)
    showing = add_verb(verbs, "invite-key", show_key, "show the key with which a CRM makes links", details=_KEY_SHAPE)
    for verb in (inviting, showing):
        add_installation(verb)


def invite(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Make a link."""
    root = public_url(read_settings(options))
    with opened(options) as product:
        connecting = product.services.connecting
        target = product.services.targets.by_name(options.target)
        user = connecting.user(options.user)
        account_id = connecting.account(target.id, user.id).id if options.again else None
        path = connecting.invite(
            COMMAND_LINE, target.id, user.id, account_id=account_id, lives_s=options.hours * HOUR_S
        )
    facts = {"link": root + path, "user": user.id, "target": target.name, "hours": options.hours}
    if options.json:
        terminal.say_json(facts | {"return_address": root + RETURN_PATH})
        return Exit.DONE
    terminal.say(root + path)
    terminal.note(f"For {user.name} only; works for {number_of(options.hours, 'hour')}.")
    terminal.note(f"Registered once as a callback URI of the Nylas application: {root}{RETURN_PATH}")
    return Exit.DONE


def public_url(settings: Settings) -> str:
    """Give where browsers find the console: as the settings say, else where it listens."""
    return settings.public_url or f"http://{settings.host}:{settings.port}"


def show_key(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Show the key of invitations; that is noted in the audit trail."""
    with opened(options) as product:
        key = product.services.connecting.key(COMMAND_LINE)
    terminal.say(key)
    terminal.note("Whoever has it can make links for every CRM user. It changes with the secret key.")
    return Exit.DONE
