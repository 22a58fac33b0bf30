"""Both policies of a target: show, set, and count what other settings would change."""

from __future__ import annotations

import argparse

import msgspec

from nylasadmin.cli.exits import Exit
from nylasadmin.cli.parsing import Verbs, add_installation, add_json, add_verb, days
from nylasadmin.cli.products import opened
from nylasadmin.cli.terminals import Terminal, number_of
from nylasadmin.domain.policies import PlanLevel, Policies
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.services.policy_views import Changes, Frozen
from nylasadmin.services.policy_wording import change_words, counted_words, frozen_words

_SETTINGS = ("plan", "sync_days", "webhook_days", "zone", "is_legacy")
_SHAPE = """Without options the settings are shown; a setting that is not given stays as it is.

JSON: {"plan", "sync_days", "webhook_days", "zone", "is_legacy", "frozen": [{"sync_days", "webhook_days", "zone",
       "notifies_of_all", "accounts"}]}; with --count: {"accounts": [{"user_name", "email", "more", "fewer",
       "more_notify", "fewer_notify", "is_at_least", "problem": null or {"title", "advice"}}], "left_out",
       "untouched"}"""


def add_to(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Declare ``target policy``."""
    verb = add_verb(verbs, "policy", policy, "show or set how far back items take part and notify", details=_SHAPE)
    verb.add_argument("name")
    verb.add_argument("--plan", choices=[str(plan) for plan in PlanLevel], help="plan of the application")
    verb.add_argument("--sync-days", type=days, metavar="N", help="days before connecting; 0: the day of connecting")
    verb.add_argument("--webhook-days", type=days, metavar="N", help="the same for notifications")
    verb.add_argument("--zone", metavar="ZONE", help="whose midnights begin the days, for example Europe/Berlin")
    verb.add_argument(
        "--legacy",
        dest="is_legacy",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="whether the webhook policy does not apply to this application",
    )
    verb.add_argument("--count", action="store_true", help="set nothing; count what would change, by account")
    add_json(verb)
    add_installation(verb)


def policy(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Show, set or count."""
    given = {name: getattr(options, name) for name in _SETTINGS if getattr(options, name) is not None}
    with opened(options) as product:
        services = product.services
        target = services.targets.by_name(options.name)
        wanted = _with(target.policies, given)
        if options.count:
            return _say_changes(services.policies.count(COMMAND_LINE, target.id, wanted), options, terminal)
        if given:
            target = services.policies.save(COMMAND_LINE, target.id, target.version, wanted)
        frozen = services.policies.frozen(target.id)
    if options.json:
        terminal.say_json(msgspec.to_builtins(target.policies) | {"frozen": msgspec.to_builtins(frozen)})
    else:
        _say(target.policies, frozen, terminal)
    return Exit.DONE


def _with(policies: Policies, given: dict[str, object]) -> Policies:
    plan = PlanLevel(str(given.get("plan", policies.plan)))
    return msgspec.structs.replace(policies, **given | {"plan": plan})


def _say(policies: Policies, frozen: list[Frozen], terminal: Terminal) -> None:
    webhook = "does not apply (legacy application)" if policies.is_legacy else _days(policies.webhook_days)
    terminal.say(f"Sync policy: {_days(policies.sync_days)} (plan {policies.plan}, days of {policies.zone})")
    terminal.say(f"Webhook policy: {webhook}")
    for group in frozen:
        terminal.say(frozen_words(group))


def _days(days: int) -> str:
    return f"{number_of(days, 'day')} before the account is connected" if days else "the day it is connected"


def _say_changes(changes: Changes, options: argparse.Namespace, terminal: Terminal) -> Exit:
    if options.json:
        terminal.say_json(changes)
    else:
        for account in changes.accounts:
            terminal.say(change_words(account))
        terminal.say(f"{counted_words(changes)}. Nothing was set.")
    return Exit.FAILED if changes.failed else Exit.DONE
