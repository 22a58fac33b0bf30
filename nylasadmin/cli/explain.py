"""Explain: why an item is not where somebody looks for it."""

from __future__ import annotations

import argparse
from typing import Any

import msgspec

from nylasadmin.cli.exits import Exit
from nylasadmin.cli.parsing import Verbs, add_installation, add_json, row
from nylasadmin.cli.problems import UnusableInput
from nylasadmin.cli.products import opened
from nylasadmin.cli.terminals import Terminal
from nylasadmin.domain.differences import Difference
from nylasadmin.services.explain_views import Candidate, Change, Explained
from nylasadmin.services.verdict_wording import moment
from nylasadmin.services.wording import DIRECTIONS

_SHAPE = """JSON: {"link", "wanted", "nylas_error": empty if Nylas answered, "finding": null or one of a closed set,
       "direction": null, "get" or "send", "also": [{"finding", "direction"}], "headline", "advice",
       "crm_id": null if it never was there, "nylas_id", "title", "in_crm", "at_nylas",
       "sync", "webhook": null or {"takes_part", "rule", "date", "cut_off", "days_needed", ...}, Unix seconds,
       "checks": [{"subject", "weight", "text", "snapshot_id"}],
       "now": {"get", "send": {"kind": null or what a snapshot would do, "reason", "title", "advice"}},
       "versions": [{"field", "crm", "nylas", "differs"}],
       "history": [{"snapshot_id", "run_id", "direction", "operator", "at", "kind", "differences", ...}],
       "candidates": [{"key": what --item takes to mean this one, "title", "when", "in_crm", "at_nylas", ...}]}"""
_WEIGHTS = {"ok": "ok", "this is why": "WHY", "also": "also", "missing": "missing", "not asked": "?"}


def add_to(nouns: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    about = "say why an item is not where somebody looks for it; nothing is written"
    verb = nouns.add_parser(
        "explain",
        help=about,
        description=about,
        epilog=f"{_SHAPE}\n\nExit code 1: several items may be meant, or none was found.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument("--link", type=row, required=True, metavar="ID", help="the link, as `link list` says it")
    verb.add_argument(
        "--item", required=True, metavar="ID|UID|TITLE", help="its id at either side, its UID, or words of its title"
    )
    add_json(verb)
    add_installation(verb)
    verb.set_defaults(handle=explain)


def explain(options: argparse.Namespace, terminal: Terminal) -> Exit:
    """Say why an item is where it is."""
    if not options.item.strip():
        raise UnusableInput("Say which item is meant: --item takes an id, a UID or words of a title.")
    with opened(options) as product:
        found = product.services.explaining.item(options.link, options.item)
    if options.json:
        terminal.say_json(_as_json(found))
    elif found.candidates:
        _say_candidates(found, terminal)
    else:
        _say(found, terminal)
    return Exit.DONE if found.item is not None and found.item.ids else Exit.FAILED


def _say(found: Explained, terminal: Terminal) -> None:
    terminal.say(found.headline)
    if found.advice:
        terminal.say(found.advice)
    _note_silence(found, terminal)
    terminal.say("")
    terminal.say_table(("CHECK", "", "FOUND"), [(c.subject, _WEIGHTS[c.weight], c.text) for c in found.checks])
    terminal.say("")
    for doing in found.doings:
        terminal.say(f"{DIRECTIONS[doing.direction].name} now: {doing.title} ({doing.advice}).")
    for change in found.history:
        terminal.say(_change_line(change))
        for difference in change.differences:
            terminal.say(f"    {_difference_line(difference)}")


def _note_silence(found: Explained, terminal: Terminal) -> None:
    if found.nylas_error:
        terminal.note(f"Nylas could not be asked. {found.nylas_error}")


def _change_line(change: Change) -> str:
    when = moment(change.at) if change.at is not None else "under way"
    name = f"{DIRECTIONS[change.direction].name} {change.snapshot_id}"
    return f"{when}: {name} of {change.operator}: {change.kind}"


def _difference_line(difference: Difference) -> str:
    return f"{difference.field}: {', '.join(difference.old) or '(empty)'} -> {', '.join(difference.new) or '(empty)'}"


def _say_candidates(found: Explained, terminal: Terminal) -> None:
    _note_silence(found, terminal)
    terminal.say("Several items may be meant. Say --item with the id of one:")
    terminal.say_table(("ID", "TITLE", "BEGINS", "WHERE"), [_candidate_cells(one) for one in found.candidates])


def _candidate_cells(one: Candidate) -> tuple[str, ...]:
    places = [place for place, is_there in (("Nylas", one.at_nylas), ("CRM", one.in_crm)) if is_there]
    begins = moment(one.when) if one.when is not None else ""
    return (one.key, one.title or "(no title)", begins, " and ".join(places) or "gone")


def _as_json(found: Explained) -> dict[str, Any]:
    facts, explanation = found.facts, found.explanation
    whole: dict[str, Any] = msgspec.to_builtins(
        {
            "link": found.link.link.id,
            "wanted": found.wanted,
            "nylas_error": found.nylas_error,
            "finding": explanation.headline.finding if explanation else None,
            "direction": explanation.headline.direction if explanation else None,
            "also": explanation.others if explanation else (),
            "headline": found.headline,
            "advice": found.advice,
            "crm_id": found.crm_id,
            "nylas_id": found.nylas_id,
            "title": found.item_title,
            "in_crm": facts.at_crm is not None,
            "at_nylas": None if facts.nylas_problem else facts.at_nylas is not None,
            "sync": facts.sync,
            "webhook": facts.webhook,
            "checks": found.checks,
            "now": {doing.direction: _doing(found, doing.direction) for doing in found.doings},
            "versions": found.versions,
            "history": found.history,
            "candidates": found.candidates,
        }
    )
    return whole


def _doing(found: Explained, direction: Any) -> dict[str, Any]:
    action = found.facts.way(direction).action
    (doing,) = [d for d in found.doings if d.direction is direction]
    reason = action.reason if action else None
    return {"kind": doing.kind, "reason": reason, "title": doing.title, "advice": doing.advice}
